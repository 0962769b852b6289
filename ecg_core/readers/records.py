"""Which files form one record: a WFDB header and the files that it names, or a single file.

Uploads, folders and the S3 drop all use record() and group(). All files of a record are in one folder. Stems must be
equal; the case of an extension does not matter.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ecg_core.errors import FileTooLarge, HeaderInvalid, SeveralRecords
from ecg_core.readers.budget import Budget
from ecg_core.readers.names import Listing, Names, find, is_header, split
from ecg_core.readers.source import Bytes
from ecg_core.readers.wfdb.header import Header
from ecg_core.recording import MAX_BYTES, LargeFiles, Source

# Signals of all segments of a record together. A thousand segments of ten signals reach it.
MAX_SEGMENT_SIGNALS = 10_000
# A format of fixed layout is recognised from these bytes of a file that is not in memory.
LARGE_LOOK_BYTES = 65_536


@dataclass(frozen=True)
class Group:
    """names: the files of one record that exist, header first. A single file has header None.

    missing: names, with their folder, of files that the record needs and that do not exist.
    """

    names: tuple[str, ...]
    header: str | None = None
    missing: tuple[str, ...] = ()


class Bundle(Mapping[str, bytes]):
    """The files of one request by name, with or without folders. Each header is parsed once, within the budget."""

    def __init__(self, files: LargeFiles, budget: Budget | None = None) -> None:
        self._files = files
        self._headers: dict[str, Header | HeaderInvalid] = {}
        self.budget = budget or Budget()
        self.listing = Listing(files)

    def __getitem__(self, name: str) -> bytes:
        """The bytes of a file. Raises FileTooLarge for a file that is not in memory."""
        file = self._files[name]
        if not isinstance(file, bytes):
            raise too_large()
        return file

    def source(self, name: str) -> Source:
        """The file for random access."""
        file = self._files[name]
        return Bytes(file) if isinstance(file, bytes) else file

    def is_large(self, name: str) -> bool:
        """Whether a file is not in memory."""
        return not isinstance(self._files[name], bytes)

    def look(self, name: str) -> bytes:
        """The bytes of a file. Of a file that is not in memory, its first LARGE_LOOK_BYTES."""
        file = self._files[name]
        return file if isinstance(file, bytes) else file.read(0, LARGE_LOOK_BYTES)

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def header(self, name: str) -> Header:
        """The parsed header of this name. Raises HeaderInvalid, FileTooLarge."""
        if name not in self._headers:
            self.budget.spend_header(self[name])
            try:
                self._headers[name] = Header(self[name])
            except HeaderInvalid as invalid:
                self._headers[name] = invalid
        header = self._headers[name]
        if isinstance(header, HeaderInvalid):
            raise header
        return header

    def signals(self) -> set[str]:
        """The names of all files that valid headers name."""
        asked: set[str] = set()
        for name in self.listing.headers:
            try:
                wanted = self.header(name).asks_for
            except HeaderInvalid:
                continue
            folder = split(name)[0]
            asked.update(found for other in wanted if (found := find(folder + other, self.listing)))
        return asked

    def only_record(self) -> tuple[str | None, list[str]]:
        """(the header of the record among the files, the single files). Raises SeveralRecords."""
        header, singles = None, []
        for found in group(self.listing, self.header):
            if found.header is None:
                singles.append(found.names[0])
            elif header is not None:
                raise SeveralRecords("Several records came at once.")
            else:
                header = found.header
        return header, singles


def too_large() -> FileTooLarge:
    """The error for files that were not read to their end."""
    return FileTooLarge(f"More than {MAX_BYTES // 1_000_000} MB are read only of formats with a fixed layout.")


def record(header: str, among: Names, header_of: Callable[[str], Header]) -> Group:
    """The record of one header. among: the names that exist. header_of: returns the parsed header of a name.

    Raises HeaderInvalid.
    """
    folder = split(header)[0]
    names: dict[str, None] = {header: None}
    missing: dict[str, None] = {}
    signals = 0
    for name in header_of(header).asks_for:
        found = find(folder + name, among)
        (missing if found is None else names)[found or folder + name] = None
        if not found or not is_header(found):
            continue
        segment = header_of(found)
        if segment.is_master:
            raise HeaderInvalid("A segment of the record is made of segments itself.")
        for signal in segment.asks_for:
            there = find(folder + signal, among)
            (missing if there is None else names)[there or folder + signal] = None
            signals += 1
            if signals > MAX_SEGMENT_SIGNALS:
                raise HeaderInvalid(f"The segments have more than {MAX_SEGMENT_SIGNALS:,} signals.")
    return Group(tuple(names), header, tuple(missing))


def group(listing: Listing, header_of: Callable[[str], Header]) -> Iterator[Group]:
    """The records among the names, then the single files. Noise is left out.

    An invalid header keeps the files of its stem, so that reading them reports what is wrong.
    """
    headers: dict[str, Header | None] = {}
    for name in listing.headers:
        try:
            header = header_of(name)
            # Raises HeaderInvalid for a name outside the header's folder.
            _ = header.asks_for
            headers[name] = header
        except HeaderInvalid:
            headers[name] = None

    def valid(name: str) -> Header:
        header = headers[name]
        if header is None:
            raise HeaderInvalid("A header of the record is invalid.")
        return header

    segments = set()
    for name, master in headers.items():
        for asked in master.asks_for if master and master.is_master else ():
            found = find(split(name)[0] + asked, listing)
            segment = headers[found] if found else None
            if found and not (segment and segment.is_master):
                segments.add(found)
    taken: set[str] = set(segments)
    headed: dict[tuple[str, str], bool] = {}
    for name in headers:
        if name not in segments:
            try:
                whole = record(name, listing, valid)
            except HeaderInvalid:
                whole = Group((name,), name)
            taken.update(whole.names)
            headed[split(name)[:2]] = len(whole.names) == 1 and not whole.missing
            yield whole
    yield from (Group((name,)) for name in listing.singles(taken, headed))

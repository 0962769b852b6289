"""Which names form one record: a WFDB header and the files that it asks for, or a single file.

Pure functions over names and headers. Uploads, folders and the S3 drop all use these. A record never leaves its folder.
A stem must match exactly, an extension in any case.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ecg_core.errors import HeaderInvalid
from ecg_core.readers.names import Names, find, index, is_file_of_its_own, is_header, is_junk, is_noise, split
from ecg_core.readers.wfdb.header import Header

# The signals of all segments of a record together: a thousand segments of ten signals.
MAX_SEGMENT_SIGNALS = 10_000


@dataclass(frozen=True)
class Group:
    """names: the files of one record that exist, its header first, or one single file (header is None then).

    missing: the names that the record asks for and that are not there, with its folder.
    """

    names: tuple[str, ...]
    header: str | None = None
    missing: tuple[str, ...] = ()


def record(header: str, among: Names, header_of: Callable[[str], Header]) -> Group:
    """The record of one header. among: the names that exist. header_of: the header of a name.

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
        if segment.segmented and segment.asks_for:
            raise HeaderInvalid("A segment of the record is made of segments itself.")
        for signal in segment.asks_for:
            there = find(folder + signal, among)
            (missing if there is None else names)[there or folder + signal] = None
            signals += 1
            if signals > MAX_SEGMENT_SIGNALS:
                raise HeaderInvalid(f"The segments have more than {MAX_SEGMENT_SIGNALS:,} signals.")
    return Group(tuple(names), header, tuple(missing))


def group(names: Iterable[str], header_of: Callable[[str], Header]) -> Iterator[Group]:
    """The records among names, then the single files; noise is left out.

    An invalid header keeps the files of its stem: reading it tells what is wrong.
    """
    names = [name for name in names if not is_junk(name)]
    among = index(names)
    headers = {name: _valid(name, header_of) for name in names if is_header(name)}

    def valid(name: str) -> Header:
        header = headers[name]
        if header is None:
            raise HeaderInvalid("A header of the record is invalid.")
        return header

    segments = set(_segments(headers, among))
    taken: set[str] = set(segments)
    # Of each stem with a header: whether that header has no files at all.
    lonely: dict[tuple[str, str], bool] = {}
    for header in (name for name in headers if name not in segments):
        try:
            whole = record(header, among, valid)
        except HeaderInvalid:
            whole = Group((header,), header)
        taken.update(whole.names)
        lonely[split(header)[:2]] = len(whole.names) == 1 and not whole.missing
        yield whole
    for name in names:
        if name not in taken and not is_noise(name):
            folder, stem, suffix = split(name)
            invalid = lonely.get((folder, stem))
            if invalid is None or (not invalid and is_file_of_its_own(suffix)):
                yield Group((name,))


def _valid(name: str, header_of: Callable[[str], Header]) -> Header | None:
    """The header, or None if it is invalid or names files outside its folder."""
    try:
        header = header_of(name)
        return header if header.asks_for is not None else None
    except HeaderInvalid:
        return None


def _segments(headers: dict[str, Header | None], among: Names) -> Iterator[str]:
    """The headers that others ask for. One that has segments itself is never a segment."""
    for name, header in headers.items():
        for asked in header.asks_for if header and header.segmented else ():
            found = find(split(name)[0] + asked, among)
            segment = headers[found] if found else None
            if found and not (segment and segment.segmented and segment.asks_for):
                yield found

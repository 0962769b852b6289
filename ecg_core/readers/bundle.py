"""The files of one request: unpacked once, each header parsed once, with one budget for all of it."""

from collections.abc import Iterator, Mapping

from ecg_core.errors import ArchiveUnsafe, EmptyFile, FileTooLarge, HeaderInvalid, SeveralRecords
from ecg_core.readers.budget import Budget
from ecg_core.readers.names import find, index, is_header, is_noise, split
from ecg_core.readers.records import Group, group
from ecg_core.readers.wfdb.header import Header
from ecg_core.recording import MAX_BYTES, Files


class Bundle(Mapping[str, bytes]):
    """name -> bytes. Names may carry folders."""

    def __init__(self, files: Files, budget: Budget | None = None) -> None:
        self._files = files
        self._headers: dict[str, Header | HeaderInvalid] = {}
        self.budget = budget or Budget()
        self.names = index(files)

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def header(self, name: str) -> Header:
        """The parsed header of this name. Raises HeaderInvalid, FileTooLarge."""
        if name not in self._headers:
            self.budget.parse(self._files[name])
            try:
                self._headers[name] = Header(self._files[name])
            except HeaderInvalid as invalid:
                self._headers[name] = invalid
        header = self._headers[name]
        if isinstance(header, HeaderInvalid):
            raise header
        return header

    def groups(self) -> Iterator[Group]:
        """The records, then the single files."""
        return group(self, self.header)


def bundled(files: Files) -> Bundle:
    """The files themselves, or those of the zip archive that came.

    Raises EmptyFile, FileTooLarge, ArchiveUnsafe, SeveralRecords.
    """
    if not any(files.values()):
        raise EmptyFile("There is nothing to read: no byte arrived.")
    if sum(map(len, files.values())) > MAX_BYTES:
        raise FileTooLarge(f"More than {MAX_BYTES // 1_000_000} MB are not read.")
    bundle = Bundle(files)
    if not (archives := _archives(bundle)):
        return bundle
    from ecg_core.readers import archive

    if sum(len(files) == 1 or not is_noise(name) for name in files) > 1:
        raise SeveralRecords(
            "An archive came together with other files.", "Send one archive, or the files of one record."
        )
    unpacked = Bundle(archive.extract(files[archives[0]]), bundle.budget)
    if not any(unpacked.values()):
        raise EmptyFile("The files of the archive are empty.")
    if _archives(unpacked):
        raise ArchiveUnsafe("The archive holds another archive.", "Send the record's files in one plain zip.")
    return unpacked


def _archives(bundle: Bundle) -> list[str]:
    """The names of zip archives. What a header asks for is a signal, whatever its first samples look like."""
    if not any(data.startswith(b"PK") for data in bundle.values()):
        return []
    from ecg_core.readers import archive

    found = [name for name in bundle if archive.sniff(bundle[name]) and (len(bundle) == 1 or not is_noise(name))]
    if not found or len(bundle) == 1:
        return found
    signals = set(_asked_for(bundle))
    return [name for name in found if name not in signals]


def _asked_for(bundle: Bundle) -> Iterator[str]:
    """The files that any header asks for."""
    for name in filter(is_header, bundle):
        try:
            asked = bundle.header(name).asks_for
        except HeaderInvalid:
            continue
        yield from (found for other in asked if (found := find(split(name)[0] + other, bundle.names)))

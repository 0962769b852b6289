"""The formats that are read, one entry each. Every list of formats in the project is made from here.

A format is one module with two functions, `sniff(data)` and `read(name, bundle, options)`. It is imported only when a
file may have this format. To add a format, add its module and its entry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Protocol, cast

from ecg_core.errors import RecordIncomplete, SeveralRecords, UnsupportedFormat
from ecg_core.recording import Files, Recording

if TYPE_CHECKING:
    from ecg_core.readers.options import Options
    from ecg_core.readers.records import Bundle

# Readers see this much of a file to recognise it. Text begins within a few kB; magic numbers are within it too.
LOOK_BYTES = 8_192
# Every reader looks at each single file, which takes some milliseconds. An export has a table and a few other files.
MAX_SINGLE_FILES = 8
# Extensions of WFDB signal files. A .mat file that MATLAB itself wrote begins with _MATLAB and is not one.
WFDB_SIGNALS = (".dat", ".mat")
_MATLAB = b"MATLAB "


class Reader(Protocol):
    def sniff(self, data: bytes) -> bool:
        """Whether a file has this format. Only the content decides."""

    def read(self, name: str, bundle: "Bundle", options: "Options") -> Recording:
        """The recording in the file of this name. Raises EcgError."""


@dataclass(frozen=True)
class Format:
    """A file format.

    name: Recording.format. title: how hints and documentation name it, after "Send". module: its reader. suffixes: of
    its files, for listings only. may_be: a quick check of a file's first LOOK_BYTES; None for a format that is found by
    its header. example: a file of examples/.
    """

    name: str
    title: str
    module: str
    suffixes: tuple[str, ...]
    may_be: Callable[[bytes], bool] | None
    example: str

    def reader(self) -> Reader:
        return cast("Reader", import_module(self.module))


def _is_text(look: bytes) -> bool:
    from ecg_core.readers.text import is_text

    return is_text(look)


WFDB = Format(
    "wfdb",
    "a WFDB record (.hea with its .dat or .mat, or a zip of them)",
    "ecg_core.readers.wfdb.reader",
    (".hea", ".dat"),
    None,
    "normal.hea",
)
# From general to special: if several readers accept a file, the last of them reads it.
FORMATS = (
    WFDB,
    Format(
        "csv",
        "a CSV with lead names",
        "ecg_core.readers.table.reader",
        (".csv", ".tsv", ".txt"),
        _is_text,
        "st_depression.csv",
    ),
    Format("apple_csv", "an Apple Watch ECG export", "ecg_core.readers.apple", (".csv",), _is_text, "watch_lead_i.csv"),
)


def reader_of(data: bytes) -> Reader | None:
    """The reader of a single file. None if no reader accepts its content."""
    look = data[:LOOK_BYTES]
    for format_ in reversed(FORMATS):
        if format_.may_be and format_.may_be(look):
            reader = format_.reader()
            if reader.sniff(data):
                return reader
    return None


def choose(header: str | None, singles: Sequence[str], files: Files) -> tuple[str, Reader, int]:
    """(the header or file to read, its reader, the number of files that belong to no record).

    header: of the record that was sent. singles: the files that belong to no record. Raises SeveralRecords,
    RecordIncomplete, UnsupportedFormat.
    """
    if header is not None:
        if any(reader_of(files[name]) for name in singles[:MAX_SINGLE_FILES]):
            raise SeveralRecords("A record came together with another file that holds one.")
        return header, WFDB.reader(), len(singles)
    # If only one file was sent, its name does not matter: ".hidden" and "README" are read too.
    singles = singles or list(files)
    if len(singles) > MAX_SINGLE_FILES:
        raise SeveralRecords(f"More than {MAX_SINGLE_FILES} files came that are not part of one record.")
    found = _readable(singles, files)
    if len(found) > 1:
        raise SeveralRecords("Several files came that each hold a record.")
    if found:
        return *found[0], len(singles) - 1
    if any(name.lower().endswith(WFDB_SIGNALS) and not files[name].startswith(_MATLAB) for name in singles):
        raise RecordIncomplete("A signal file came without its header.", "Send the .hea file together with it.")
    # What is named like a document or an annotation may still be the one ECG that came.
    found = _readable([name for name in files if name not in singles][:MAX_SINGLE_FILES], files)
    if len(found) == 1:
        return *found[0], len(singles)
    raise unsupported("No ECG format that is read here was recognised.")


def _readable(names: Sequence[str], files: Files) -> list[tuple[str, Reader]]:
    """The first two that a reader takes."""
    return list(islice(((name, reader) for name in names if (reader := reader_of(files[name]))), 2))


def formats() -> str:
    """The formats as words: "a WFDB record (...), ... or an Apple Watch ECG export"."""
    *others, last = (format_.title for format_ in FORMATS)
    return f"{', '.join(others)}, or {last}"


def unsupported(message: str) -> UnsupportedFormat:
    """An UnsupportedFormat error whose hint names every format."""
    return UnsupportedFormat(message, f"Send {formats()}.")

"""The formats that are read, one entry each. Every list of formats in the project is made from here.

A format is one module with two functions, `sniff(data)` and `read(name, bundle, options)`. It is imported only when a
file may have this format. To add a format, add its module and its entry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

from ecg_core.errors import UnsupportedFormat
from ecg_core.recording import Recording

if TYPE_CHECKING:
    from ecg_core.readers.options import Options
    from ecg_core.readers.records import Bundle

# Readers see this much of a file to recognise it. Text begins within a few kB; magic numbers are within it too.
LOOK_BYTES = 8_192
# Extensions of WFDB signal files.
WFDB_SIGNALS = (".dat", ".mat")


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
    its header. example: a file of examples/, if there is one. package: what the reader needs beside the packages of the
    service; if it is not installed, hints do not offer the format, and its files are refused by name.
    """

    name: str
    title: str
    module: str
    suffixes: tuple[str, ...]
    may_be: Callable[[bytes], bool] | None
    example: str | None = None
    package: str | None = None

    def reader(self) -> Reader:
        return cast("Reader", import_module(self.module))


def _is_text(look: bytes) -> bool:
    from ecg_core.readers.text import is_text

    return is_text(look)


def _may_be_workbook(look: bytes) -> bool:
    return look.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))


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
    Format(
        "spreadsheet",
        "a workbook of Excel or LibreOffice (.xlsx, .ods)",
        "ecg_core.readers.spreadsheet.reader",
        (".xlsx", ".xlsm", ".ods", ".xls"),
        _may_be_workbook,
    ),
    Format(
        "parquet",
        "a Parquet table (.parquet)",
        "ecg_core.readers.extras.parquet",
        (".parquet", ".pq"),
        lambda look: look.startswith((b"PAR1", b"PARE")),
        package="pyarrow",
    ),
    Format(
        "hdf5",
        "an HDF5 or MATLAB 7.3 file (.h5, .mat)",
        "ecg_core.readers.extras.hdf5",
        (".h5", ".hdf5", ".hdf", ".mat"),
        lambda look: look.startswith(b"\x89HDF") or look.startswith(b"\x89HDF", 512),
        package="pyfive",
    ),
    Format(
        "pdf",
        "a PDF of Kardia or the Apple Watch",
        "ecg_core.readers.extras.pdf",
        (".pdf",),
        lambda look: b"%PDF-" in look[:1024],
        package="pypdf",
    ),
)


def formats() -> str:
    """The formats as words: "a WFDB record (...), ... or an Apple Watch ECG export"."""
    *others, last = (format_.title for format_ in FORMATS if not format_.package or find_spec(format_.package))
    return f"{', '.join(others)}, or {last}"


def unsupported(message: str) -> UnsupportedFormat:
    """An UnsupportedFormat error whose hint names every format."""
    return UnsupportedFormat(message, f"Send {formats()}.")

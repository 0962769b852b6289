"""The formats that are read, one entry each. Every list of formats in the project is made from here.

A format is one module with two functions, `sniff(data)` and `read(name, bundle, options)`. It is imported only when a
file may have this format. To add a format, add its module and its entry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
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
    its header. example: a file of examples/, if there is one.
    """

    name: str
    title: str
    module: str
    suffixes: tuple[str, ...]
    may_be: Callable[[bytes], bool] | None
    example: str | None = None

    def reader(self) -> Reader:
        return cast("Reader", import_module(self.module))


def _is_text(look: bytes) -> bool:
    from ecg_core.readers.text import is_text

    return is_text(look)


def _is_npy(look: bytes) -> bool:
    """An array of NumPy, or a zip whose first member is named like one."""
    zipped = look.startswith(b"PK\x03\x04") and look[30 : 30 + int.from_bytes(look[26:28], "little")].endswith(b".npy")
    return zipped or look.startswith(b"\x93NUMPY")


def _is_mat(look: bytes) -> bool:
    """The text of version 5, or the five numbers of version 4: type, rows, columns, complex, length of the name."""
    from struct import unpack

    if look.startswith(b"MATLAB") or len(look) < 20:
        return len(look) >= 20
    order = "<" if look[3] == 0 and look[2] == 0 and look[1] == 0 else ">"
    type_, _, _, complex_, length = unpack(f"{order}5I", look[:20])
    return bool(type_ < 1100 and complex_ < 2 and length < 64)


def _is_contec(look: bytes) -> bool:
    """A date and a time in the header, between zero bytes."""
    return look[8:10] == b"\0\0" and look[14:15] == look[17:18] == b"-" and look[23:24] == look[26:27] == b":"


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
    Format("npy", "a NumPy array (.npy, .npz)", "ecg_core.readers.arrays.npy", (".npy", ".npz"), _is_npy),
    Format("contec", "a Contec ECG90A recording (.ECG)", "ecg_core.readers.contec", (".ecg",), _is_contec),
    Format(
        "mfer",
        "an MFER file (.mwf)",
        "ecg_core.readers.mfer.reader",
        (".mwf", ".mfer", ".mfr"),
        lambda look: look[:1] == b"@" and look[2:6] == b"MFR ",
    ),
    Format("mat", "a MATLAB file (.mat, version 5)", "ecg_core.readers.arrays.matlab", (".mat",), _is_mat),
)


def formats() -> str:
    """The formats as words: "a WFDB record (...), ... or an Apple Watch ECG export"."""
    *others, last = (format_.title for format_ in FORMATS)
    return f"{', '.join(others)}, or {last}"


def unsupported(message: str) -> UnsupportedFormat:
    """An UnsupportedFormat error whose hint names every format."""
    return UnsupportedFormat(message, f"Send {formats()}.")

"""The formats that are read, one entry each. Every list of formats in the project is made from here.

A format is one module with two functions, `sniff(data)` and `read(name, bundle, options)`. It is imported only when a
file may have this format. To add a format, add its module and its entry.
"""

import re
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


def _is_table(look: bytes) -> bool:
    """Whether this is text that may be a table: it does not begin like JSON, XML or another text without rows."""
    return _is_text(look) and not _NO_TABLE.match(look)


# A list or object of JSON, XML, HTML, RTF, HL7 version 2, headers of BrainVision and LabSystem Pro, a script. Their
# numbers stand in lines too, and would be read as a table.
_NO_TABLE = re.compile(
    rb"""[\xef\xbb\xbf\s]*(?:\{\s*["}]|\[\s*(?:[\[{"]|-?\d[\d.eE+-]{0,30}\s*[,\]])|<\?xml|<!doctype|<html|<svg|\{\\rtf"""
    rb"""|MSH\||Brain\ ?Vision\ Data\ Exchange|\[Header\]\s+File\ Type:|\#!/)""",
    re.IGNORECASE | re.VERBOSE,
)


def _is_json(look: bytes) -> bool:
    """Whether the first character opens an object or a list. Byte order marks and UTF-16 are passed over."""
    return look.lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n")[:1] in (b"{", b"[")


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
        _is_table,
        "st_depression.csv",
    ),
    Format("apple_csv", "an Apple Watch ECG export", "ecg_core.readers.apple", (".csv",), _is_text, "watch_lead_i.csv"),
    Format(
        "kardia_atc",
        "a Kardia recording (.atc)",
        "ecg_core.readers.kardia.atc",
        (".atc",),
        lambda look: look.startswith(b"ALIVE\0\0\0"),
    ),
    Format("kardia_json", "Kardia JSON", "ecg_core.readers.kardia.api", (".json",), _is_json),
    Format(
        "fhir",
        "a FHIR Observation with SampledData (JSON)",
        "ecg_core.readers.fhir.reader",
        (".json",),
        _is_json,
    ),
)


def formats() -> str:
    """The formats as words: "a WFDB record (...), ... or an Apple Watch ECG export"."""
    *others, last = (format_.title for format_ in FORMATS)
    return f"{', '.join(others)}, or {last}"


def unsupported(message: str) -> UnsupportedFormat:
    """An UnsupportedFormat error whose hint names every format."""
    return UnsupportedFormat(message, f"Send {formats()}.")

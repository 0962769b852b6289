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
from ecg_core.readers import looks
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
        looks.is_table,
        "st_depression.csv",
    ),
    Format(
        "apple_csv", "an Apple Watch ECG export", "ecg_core.readers.apple", (".csv",), looks.is_text, "watch_lead_i.csv"
    ),
    Format("npy", "a NumPy array (.npy, .npz)", "ecg_core.readers.arrays.npy", (".npy", ".npz"), looks.is_npy),
    Format("mat", "a MATLAB file (.mat, version 5)", "ecg_core.readers.arrays.matlab", (".mat",), looks.is_mat),
    Format("dicom", "a DICOM ECG (.dcm)", "ecg_core.readers.dicom.reader", (".dcm",), looks.is_dicom),
    Format("muse_xml", "GE MUSE XML", "ecg_core.readers.xml.muse", (".xml",), looks.is_markup),
    Format("hl7_aecg", "an HL7 aECG (FDA XML)", "ecg_core.readers.xml.aecg", (".xml",), looks.is_markup),
    Format("philips_xml", "Philips XML", "ecg_core.readers.xml.philips", (".xml",), looks.is_markup),
    Format("cardiosoft_xml", "GE CardioSoft XML", "ecg_core.readers.xml.cardiosoft", (".xml",), looks.is_markup),
    Format("schiller_xml", "Schiller XML", "ecg_core.readers.xml.schiller", (".xml",), looks.is_markup),
    Format("mortara_xml", "Mortara ELI XML", "ecg_core.readers.xml.mortara", (".xml",), looks.is_markup),
    Format("scp", "an SCP-ECG file (.scp)", "ecg_core.readers.scp.reader", (".scp",), looks.is_scp),
    Format("mfer", "an MFER file (.mwf)", "ecg_core.readers.mfer.reader", (".mwf", ".mfer", ".mfr"), looks.is_mfer),
    Format("contec", "a Contec ECG90A recording (.ECG)", "ecg_core.readers.contec", (".ecg",), looks.is_contec),
    Format("edf", "an EDF or EDF+ file (.edf)", "ecg_core.readers.edf.reader", (".edf",), looks.is_edf),
    Format("bdf", "a BDF or BDF+ file (.bdf)", "ecg_core.readers.edf.bdf", (".bdf",), looks.is_bdf),
    Format("ishne", "an ISHNE Holter file (.ecg)", "ecg_core.readers.ishne", (".ecg",), looks.is_ishne),
    Format("kardia_atc", "a Kardia recording (.atc)", "ecg_core.readers.kardia.atc", (".atc",), looks.is_kardia),
    Format("kardia_json", "Kardia JSON", "ecg_core.readers.kardia.api", (".json",), looks.is_json),
    Format(
        "fhir", "a FHIR Observation with SampledData (JSON)", "ecg_core.readers.fhir.reader", (".json",), looks.is_json
    ),
    Format(
        "spreadsheet",
        "a workbook of Excel or LibreOffice (.xlsx, .ods)",
        "ecg_core.readers.spreadsheet.reader",
        (".xlsx", ".xlsm", ".ods", ".xls"),
        looks.is_workbook,
    ),
    Format(
        "parquet",
        "a Parquet table (.parquet)",
        "ecg_core.readers.extras.parquet",
        (".parquet", ".pq"),
        looks.is_parquet,
        package="pyarrow",
    ),
    Format(
        "hdf5",
        "an HDF5 or MATLAB 7.3 file (.h5, .mat)",
        "ecg_core.readers.extras.hdf5",
        (".h5", ".hdf5", ".hdf", ".mat"),
        looks.is_hdf5,
        package="pyfive",
    ),
    Format(
        "pdf",
        "a PDF of Kardia or the Apple Watch",
        "ecg_core.readers.extras.pdf",
        (".pdf",),
        looks.is_pdf,
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

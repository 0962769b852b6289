"""Files that are no ECG, or an ECG in a format that is not read, as far as their bytes say it: a magic number.

Nothing here is opened or decoded. It serves one purpose: the refusal names what was sent, and says what to do instead.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """name: after "This is". hint: what the sender can do. formats: whether the hint ends with the list of formats."""

    name: str
    hint: str
    formats: bool = True


_EXPORT = "Export the ECG as a file of samples from the electrocardiograph or its archive."
_CONVERT = "Convert it to a format that is read, such as EDF or WFDB."
_PICTURE = f"A picture holds no samples. {_EXPORT}"
_UNPACK = "Unpack it and send the files of one record, or pack them into a plain zip."
_PROGRAM = "It is not opened here."
_SAVE = "Save the table as CSV and send that."

PDF = Kind(
    "a PDF document",
    f"A scanned ECG is a picture, and a drawn one states its scale only on paper. {_EXPORT} "
    "From a watch: export the CSV of Apple Health.",
)
PICTURE = Kind("a picture", _PICTURE)
EXCEL = Kind("an Excel workbook", _SAVE)
WORD = Kind("a Word document", _EXPORT)
SLIDES = Kind("a PowerPoint presentation", _EXPORT)
OPEN_DOCUMENT = Kind("an OpenDocument file", f"{_SAVE} A text document holds no samples.")
LOCKED = Kind("an Office document that is locked by a password", f"Remove the password. {_SAVE}")
OLD_OFFICE = Kind("a document of an old Office program", _SAVE)
MAIL = Kind("an e-mail of Outlook", "Save its attachment, and send that.")
AUDIO = Kind("a sound recording", _CONVERT)
VIDEO = Kind("a video", _EXPORT)
PROGRAM = Kind("a program", _PROGRAM)
PICKLE = Kind("a Python pickle", "Reading it could run a program in it. Save the samples as CSV or .npy and send that.")
OTHER_ARCHIVE = Kind("an archive of a kind that is not read", _UNPACK, formats=False)
HDF5 = Kind(
    "an HDF5 file, or a MATLAB file of version 7.3", "In MATLAB, save with the option -v7. Else write CSV or WFDB."
)
MATLAB = Kind("a MATLAB file without an ECG that is read here", "Save the samples as CSV, with the names of the leads.")
PARQUET = Kind("a table in the format Parquet or Arrow", _SAVE)
DATABASE = Kind("a database", "Export the samples of one ECG as CSV and send that.")
GDF = Kind("a GDF recording", _CONVERT)
NIHON_KOHDEN = Kind("a recording of a Nihon Kohden electroencephalograph", _CONVERT)
EDAN = Kind("a Holter recording of an Edan recorder", "Export it from the Holter software as EDF or ISHNE.")
LABCHART = Kind("a recording of LabChart or LabVIEW", _CONVERT)
AXON = Kind("a recording of an Axon amplifier", _CONVERT)
ACTIVITY = Kind(
    "an activity of a sports watch (FIT)", "It holds heart rates, not an ECG. Send the recording of the ECG itself."
)

# Each has at least four bytes, so that the samples of a signal file do not begin like this by chance.
_AT_START: tuple[tuple[bytes, Kind], ...] = (
    *((magic, PICTURE) for magic in (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"8BPS\0\1")),
    *((b"\xff\xd8\xff" + bytes([marker]), PICTURE) for marker in (*range(0xE0, 0xF0), 0xDB, 0xC0, 0xFE)),
    *((magic, PICTURE) for magic in (b"\0\0\0\x0cjP  \r\n", b"AT&TFORM", b"\xd7\xcd\xc6\x9a\0\0", b"II+\0\x08\0")),
    *((magic, OTHER_ARCHIVE) for magic in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")),
    *((magic, OTHER_ARCHIVE) for magic in (b"\x04\x22\x4d\x18", b"MSCF\0\0\0\0", b"xar!\0\x1c")),
    *((magic, AUDIO) for magic in (b"ID3\2\0", b"ID3\3\0", b"ID3\4\0", b"fLaC\0\0\0\x22", b"OggS\0", b"#!AMR")),
    *(
        (magic, VIDEO)
        for magic in (b"\x1aE\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1", b"\x30\x26\xb2\x75\x8e\x66")
    ),
    *((magic, PROGRAM) for magic in (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")),
    *((magic, PARQUET) for magic in (b"PAR1", b"ARROW1", b"FEA1")),
    *((magic, HDF5) for magic in (b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")),
    *((magic, NIHON_KOHDEN) for magic in (b"EEG-1100", b"EEG-1200", b"EEG-2100", b"QI-403A ", b"DAE-2100")),
    *((magic, LABCHART) for magic in (b"CFWB\1\0\0\0", b"TDSm")),
    *((magic, AXON) for magic in (b"ABF2", b"ABF ")),
    (b"MATLAB 5.0", MATLAB),
    (b"SQLite format 3\0", DATABASE),
    (b"bplist00", Kind("a property list of macOS or iOS", _EXPORT)),
    (b"\x4c\0\0\0\x01\x14\x02\0", Kind("a shortcut of Windows", "Send the file that it leads to.", formats=False)),
)
_BRANDS = {b"heic": PICTURE, b"heix": PICTURE, b"mif1": PICTURE, b"msf1": PICTURE, b"avif": PICTURE, b"M4A ": AUDIO}
_RIFF = {b"WEBP": PICTURE, b"WAVE": AUDIO, b"AVI ": VIDEO}
_HDF5_AT = (512, 1024, 2048)
# A PDF may have some bytes before its mark.
_PDF_WITHIN = 1_024
_EDAN_AT, _EDAN_MARK = 4, b"NEUTRAL HOLTER RECORDING"
# The directory of a compound file is near its start or its end.
MAX_DIRECTORY_BYTES = 1_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _ole(data: bytes) -> Kind:
    """A compound file of old Office programs. The names of its streams are in UTF-16."""
    head = data[:MAX_DIRECTORY_BYTES]
    for name, kind in (
        ("EncryptedPackage", LOCKED),
        ("Workbook", EXCEL),
        ("WordDocument", WORD),
        ("PowerPoint Document", SLIDES),
        ("__substg1.0_", MAIL),
    ):
        if name.encode("utf-16-le") in head or name.encode("utf-16-le") in data[-MAX_DIRECTORY_BYTES:]:
            return kind
    return OLD_OFFICE


def _zip(data: bytes) -> Kind | None:
    """An Office document that was not unpacked as an archive."""
    if data.startswith(b"mimetypeapplication/vnd.oasis.opendocument", 30):
        return OPEN_DOCUMENT
    marks = ((b"xl/workbook", EXCEL), (b"word/document", WORD), (b"ppt/presentation", SLIDES))
    return next((kind for mark, kind in marks if mark in data), None)


def _windows_program(data: bytes) -> bool:
    at = int.from_bytes(data[60:64], "little")
    return data.startswith(b"MZ") and data[at : at + 4] == b"PE\0\0"


def _bitmap(data: bytes) -> bool:
    return (
        data.startswith(b"BM")
        and data[6:10] == bytes(4)
        and data[14:18] in (b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0")
    )


_MP3 = re.compile(rb"\xff[\xfa\xfb\xf2\xf3][\x10-\xee]")


def _mp3(data: bytes) -> bool:
    """Whether two frames of MPEG layer 3 follow each other at the start."""
    if not _MP3.match(data):
        return False
    return data.find(data[:2], 96, 1_500) > 0 and data.count(data[:2], 0, 20_000) >= 10


_TESTS: tuple[tuple[Callable[[bytes], bool], Kind], ...] = (
    (lambda data: b"%PDF-" in data[:_PDF_WITHIN], PDF),
    (lambda data: any(data.startswith(b"\x89HDF\r\n\x1a\n", at) for at in _HDF5_AT), HDF5),
    (lambda data: data.startswith(_EDAN_MARK, _EDAN_AT), EDAN),
    (lambda data: re.match(rb"GDF [12]\.\d\d", data) is not None, GDF),
    (lambda data: data[8:12] == b".FIT", ACTIVITY),
    (lambda data: data.startswith(b"FORM") and data[8:12] in (b"AIFF", b"AIFC"), AUDIO),
    (lambda data: re.match(rb"\x80[\x02-\x05]", data) is not None and data.rstrip(b"\0").endswith(b"."), PICKLE),
    (lambda data: data[40:44] == b" EMF" and data.startswith(b"\1\0\0\0"), PICTURE),
    (_windows_program, PROGRAM),
    (_bitmap, PICTURE),
    (_mp3, AUDIO),
)


def kind_of(data: bytes) -> Kind | None:
    """What a file is by its magic number. None if it has none that is known here."""
    for magic, kind in _AT_START:
        if data.startswith(magic):
            return kind
    if data.startswith(_OLE):
        return _ole(data)
    if data.startswith(b"PK\x03\x04"):
        return _zip(data)
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12])
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], VIDEO)
    return next((kind for test, kind in _TESTS if test(data)), None)

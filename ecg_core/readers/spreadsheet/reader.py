"""Workbooks: finds the one sheet that holds a table of samples and reads it with the rules of text tables.

Names of columns, units, rate and refusals are those of the table reader. No package is used to read the sheets:
python-calamine ends the whole process if the cells A1 and XFD1048576 are filled, and openpyxl takes 1.5 s for ten
seconds of ECG.
"""

import hashlib
from dataclasses import replace

from ecg_core.errors import SeveralRecords, UnsupportedFormat
from ecg_core.readers import archive
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.spreadsheet import ods, xlsx
from ecg_core.readers.spreadsheet.lines import Budget
from ecg_core.readers.table import reader as table
from ecg_core.readers.table.columns import NAMES_HINT
from ecg_core.readers.table.several import MIN_BLOCK_ROWS
from ecg_core.recording import MAX_BYTES, Recording

# Old Excel, and new Excel with a password: a container of streams. Names of streams are UTF-16, filled up with zeros.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PROTECTED, *_OLD = (name.encode("utf-16-le") + bytes(8) for name in ("EncryptedPackage", "Workbook", "Book"))


def sniff(data: bytes) -> bool:
    if data.startswith(OLE):
        return any(name in data for name in (_PROTECTED, *_OLD))
    return archive.is_workbook(data)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a workbook.

    Raises ArchiveUnsafe, HeaderInvalid, FileTooLarge, SeveralRecords, UnsupportedFormat, and what the table reader
    raises.
    """
    data = bundle[name]
    if data.startswith(OLE):
        if _PROTECTED in data:
            raise UnsupportedFormat(
                "The workbook is protected by a password.", "Save it without a password, or as CSV."
            )
        raise UnsupportedFormat("This is a workbook of an old Excel (.xls).", "Save it as .xlsx or as CSV.")
    members = archive.extract(data, MAX_BYTES)
    read_sheets = ods.sheets if "content.xml" in members else xlsx.sheets
    texts = [sheet.text() for sheet in read_sheets(members, Budget())]
    del members
    tables = [text for text, longest in texts if longest >= MIN_BLOCK_ROWS and table.sniff(text)]
    if len(tables) > 1:
        raise SeveralRecords(
            "Several sheets of the workbook hold a table of samples.",
            "Save the sheet with the ECG as a workbook of its own, or as CSV.",
        )
    if not tables:
        raise UnsupportedFormat("No sheet of the workbook holds a table of samples.", NAMES_HINT)
    recording = table.read(name, Bundle({name: tables[0]}, bundle.budget), options)
    said = recording.corrections
    if others := sum(bool(text) for text, _ in texts) - 1:
        said = (*said, f"sheets that hold no table of samples not read: {others}")
    return replace(recording, format="spreadsheet", sha256=hashlib.sha256(data).hexdigest(), corrections=said)

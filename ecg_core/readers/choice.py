"""Chooses the reader of the files of a request: by the record's header, else by the content of each file."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, repeat

from ecg_core.errors import EcgError, RecordIncomplete, SeveralRecords
from ecg_core.readers import registry
from ecg_core.readers.records import Bundle, too_large
from ecg_core.readers.registry import LOOK_BYTES, WFDB, WFDB_SIGNALS, Reader, unsupported

# Every reader looks at each single file, which takes some milliseconds. An export has a table and a few other files.
MAX_SINGLE_FILES = 8
# 5 s at 50 Hz, the shortest ECG that is read. A text with fewer numbers is a report or a list beside the ECG.
MIN_NUMBERS = 250
# A .mat file that MATLAB itself wrote begins with this. It is no WFDB signal file.
MATLAB = b"MATLAB "
_NUMBER = re.compile(rb"\d+")
_BETWEEN_TAGS = re.compile(rb">[^<]+")


def reader_of(data: bytes) -> Reader | None:
    """The reader of a single file. None if no reader accepts its content."""
    look = data[:LOOK_BYTES]
    for format_ in reversed(registry.FORMATS):
        if format_.may_be and format_.may_be(look):
            reader = format_.reader()
            if reader.sniff(data):
                return reader
    return None


def choose(header: str | None, singles: Sequence[str], files: Bundle) -> tuple[str, Reader, int]:
    """(the header or file to read, its reader, the number of files that belong to no record).

    header: of the record that was sent. singles: the files that belong to no record. Raises SeveralRecords,
    RecordIncomplete, UnsupportedFormat.
    """
    if header is not None:
        beside = map(files.look, singles[:MAX_SINGLE_FILES])
        if any((reader := reader_of(data)) and _may_hold_ecg(reader, data) for data in beside):
            raise SeveralRecords("A record came together with another file that holds one.")
        return header, WFDB.reader(), len(singles)
    # If only one file was sent, its name does not matter: ".hidden" and "README" are read too.
    singles = singles or list(files)
    if len(singles) > MAX_SINGLE_FILES:
        _refuse_package(files)
        raise SeveralRecords(f"More than {MAX_SINGLE_FILES} files came that are not part of one record.")
    found = _readable(singles, files)
    if len(found) > 1:
        found = [one for one in found if _may_hold_ecg(one[1], files.look(one[0]))] or found
    if len(found) > 1:
        raise SeveralRecords("Several files came that each hold a record.")
    if found:
        return *found[0], len(singles) - 1
    if any(name.lower().endswith(WFDB_SIGNALS) and _may_be_samples(files.look(name)) for name in singles):
        raise RecordIncomplete("A signal file came without its header.", "Send the .hea file together with it.")
    # What is named like a document or an annotation may still be the one ECG that came.
    found = _readable([name for name in files if name not in singles][:MAX_SINGLE_FILES], files)
    if len(found) == 1:
        return *found[0], len(singles)
    if any(map(files.is_large, files)):
        raise too_large()
    from ecg_core.readers.recognised import refusal

    raise refusal(singles, files) or unsupported("No ECG format that is read here was recognised.")


def _refuse_package(files: Bundle) -> None:
    """Raises UnsupportedFormat if the files are those of one document that is a zip: an Office document."""
    from ecg_core.readers.recognised import package, refusal

    if package(files) and (refused := refusal((), files)):
        raise refused


def _may_be_samples(data: bytes) -> bool:
    """Whether a file may be the signal of a WFDB record: nothing says that it is something else."""
    from ecg_core.readers.magic_numbers import kind_of

    return not data.startswith(MATLAB) and kind_of(data) is None


def _readable(names: Sequence[str], files: Bundle) -> list[tuple[str, Reader]]:
    """Those that a reader takes, up to the second one that may hold an ECG."""
    found, long = [], 0
    for name in names:
        data = files.look(name)
        if reader := reader_of(data):
            found.append((name, reader))
            long += _may_hold_ecg(reader, data)
        if long > 1:
            break
    return found


def _may_hold_ecg(reader: Reader, data: bytes) -> bool:
    """Whether a file beside others is long enough. The readers of tables take any that has a few numbers."""
    found: Iterator[object]
    if _is(reader, "csv"):
        found = _NUMBER.finditer(data)
    elif data.startswith(b"PK") and _is(reader, "spreadsheet"):
        found = _numbers_in_workbook(data)
    else:
        return True
    return len(list(islice(found, MIN_NUMBERS))) == MIN_NUMBERS


def _is(reader: Reader, name: str) -> bool:
    return any(format_.name == name and format_.reader() is reader for format_ in registry.FORMATS)


def _numbers_in_workbook(data: bytes) -> Iterator[object]:
    """The numbers between the tags of a workbook of Excel. Endless if it cannot be unpacked or is of another kind."""
    from ecg_core.readers.archive import extract

    try:
        members = extract(data)
    except EcgError:
        return repeat(None)
    # OpenDocument writes values as attributes, and a cell once that is repeated.
    if "[Content_Types].xml" not in members or "content.xml" in members:
        return repeat(None)
    texts = (text for member in members.values() for text in _BETWEEN_TAGS.finditer(member))
    return (number for text in texts for number in _NUMBER.finditer(text[0]))

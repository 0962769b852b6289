"""Files -> the one recording in them. Content decides, never the name.

registry.py lists the formats. A format's reader is imported when a file of it may be here, so that a WFDB record costs
no table reader's start-up time.
"""

from collections.abc import Sequence
from dataclasses import replace

from ecg_core.errors import RecordIncomplete, SeveralRecords
from ecg_core.readers.bundle import Bundle, bundled
from ecg_core.readers.names import SIGNAL_SUFFIXES, split
from ecg_core.readers.options import Options
from ecg_core.readers.registry import Reader, reader_of, unsupported
from ecg_core.recording import Files, Recording

# Each is looked at by every reader, for some milliseconds. An export brings a table, and a few notes and settings.
MAX_SINGLE_FILES = 8

# What MATLAB itself writes begins so; the .mat files of WFDB records are of an older version.
_MATLAB = b"MATLAB "


def read(files: Files, *, fs_hz: float | None = None, units: str | None = None) -> Recording:
    """The one record among files: name (with or without folders) to bytes.

    fs_hz (Hz) and units (nV, uV, mV, V) fill in what the file leaves open; where the file states them, it counts and a
    correction says so. Raises EmptyFile, FileTooLarge, ArchiveUnsafe, UnsupportedFormat, SeveralRecords, and what the
    readers raise.
    """
    options = Options(fs_hz, units)
    bundle = bundled(files)
    name, reader, others = _only_record(bundle)
    recording = reader.read(name, bundle, options)
    if not others:
        return recording
    ignored = f"files that belong to no record not read: {others}"
    return replace(recording, corrections=(*recording.corrections, ignored))


def _only_record(bundle: Bundle) -> tuple[str, Reader, int]:
    """(its header or file, its reader, the number of files that belong to no record).

    Raises SeveralRecords, RecordIncomplete, UnsupportedFormat.
    """
    header, singles = None, []
    for group in bundle.groups():
        if group.header is None:
            singles.append(group.names[0])
        elif header is not None:
            raise SeveralRecords("Several records came at once.")
        else:
            header = group.header
    if header is None:
        return _only_single(singles or list(bundle), bundle)
    if any(reader_of(bundle[name]) for name in singles[:MAX_SINGLE_FILES]):
        raise SeveralRecords("A record came together with another file that holds one.")
    from ecg_core.readers.wfdb import reader

    return header, reader, len(singles)


def _only_single(names: Sequence[str], bundle: Bundle) -> tuple[str, Reader, int]:
    if len(names) > MAX_SINGLE_FILES:
        raise SeveralRecords(f"More than {MAX_SINGLE_FILES} files came that are not part of one record.")
    found: tuple[str, Reader, int] | None = None
    for name in names:
        if reader := reader_of(bundle[name]):
            if found:
                raise SeveralRecords("Several files came that each hold a record.")
            found = name, reader, len(names) - 1
    if found:
        return found
    if any(split(name)[2].lower() in SIGNAL_SUFFIXES and not bundle[name].startswith(_MATLAB) for name in names):
        raise RecordIncomplete("A signal file came without its header.", "Send the .hea file together with it.")
    raise unsupported("No ECG format that is read here was recognised.")

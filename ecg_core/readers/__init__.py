"""One module per file format: sniff() and read(). Dispatches on content, never on trust.

Readers are imported when a file of their format may be here: a WFDB record costs no table reader's start-up time.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from itertools import islice
from typing import Protocol, cast

from ecg_core.errors import (
    ArchiveUnsafe,
    EmptyFile,
    FileTooLarge,
    RecordIncomplete,
    SamplingRateOutOfRange,
    SeveralRecords,
    UnsupportedFormat,
)
from ecg_core.readers import records
from ecg_core.recording import MAX_BYTES, MAX_FS_HZ, MIN_FS_HZ, Files, Recording

# Readers of single files; the first whose sniff() says yes reads.
SINGLE_FILE_READERS = ("apple", "csv")
# Of all headers together; a record of a thousand segments has half of it.
MAX_HEADERS_BYTES = 1_000_000
# Each is looked at by every reader, for some milliseconds. An export brings a table, and a few notes and settings.
MAX_SINGLE_FILES = 8

# What MATLAB itself writes begins so; the .mat files of WFDB records are of an older version.
_MATLAB = b"MATLAB "


class _Reader(Protocol):
    def sniff(self, data: bytes) -> bool: ...
    def read(self, name: str, data: bytes, *, fs_hz: float | None, units: str | None) -> Recording: ...


def read(files: Files, *, fs_hz: float | None = None, units: str | None = None) -> Recording:
    """The one record among files: name (with or without folders) to bytes.

    fs_hz and units (nV, uV, mV, V) fill in what the file does not state; where it states them, the file counts and the
    corrections say so; words above a table must not contradict them. Raises EmptyFile, FileTooLarge,
    UnsupportedFormat, SeveralRecords, and what the readers raise.
    """
    if not any(files.values()):
        raise EmptyFile("There is nothing to read: no byte arrived.")
    if sum(map(len, files.values())) > MAX_BYTES:
        raise FileTooLarge(f"More than {MAX_BYTES // 1_000_000} MB are not read.")
    if fs_hz is not None and not (math.isfinite(fs_hz) and MIN_FS_HZ <= fs_hz <= MAX_FS_HZ):
        raise SamplingRateOutOfRange("The sampling rate that was given is not that of an electrocardiogram.")
    files = _unpacked(files)
    _check_headers(files)

    record, singles = None, []
    for group in records.group(files, files.__getitem__):
        if group.header is None:
            singles.append(group.names[0])
        elif record is not None:
            raise SeveralRecords("Several records came at once.")
        else:
            record = group
    if record is not None and record.header is not None:
        if any(_readable(singles[:MAX_SINGLE_FILES], files)):
            raise SeveralRecords("A record came together with another file that holds one.")
        from ecg_core.readers import wfdb

        recording = wfdb.read(record.header, files, fs_hz=fs_hz, units=units)
        return _with_ignored(recording, len(singles))
    return _read_single(singles or list(files), files, fs_hz, units)


def _check_headers(files: Files) -> None:
    if sum(len(data) for name, data in files.items() if records.is_header(name)) > MAX_HEADERS_BYTES:
        raise FileTooLarge(f"The headers hold more than {MAX_HEADERS_BYTES:,} bytes.")


def _unpacked(files: Files) -> Files:
    """The contents of the zip archive, if that is what came."""
    if not any(data.startswith(b"PK") for data in files.values()):
        return files
    from ecg_core.readers import archive

    archives = _archives(files, archive.sniff)
    if not archives:
        return files
    if sum(len(files) == 1 or not records.is_noise(name) for name in files) > 1:
        raise SeveralRecords(
            "An archive came together with other files.", "Send one archive, or the files of one record."
        )
    files = archive.extract(files[archives[0]])
    if not any(files.values()):
        raise EmptyFile("The files of the archive are empty.")
    if _archives(files, archive.sniff):
        raise ArchiveUnsafe("The archive holds another archive.", "Send the record's files in one plain zip.")
    return files


def _archives(files: Files, sniff: Callable[[bytes], bool]) -> list[str]:
    """The names of zip archives. What a header asks for is a signal, whatever its first samples look like."""
    found = [name for name, data in files.items() if sniff(data) and (len(files) == 1 or not records.is_noise(name))]
    if not found or len(files) == 1:
        return found
    _check_headers(files)
    signals = {name for group in records.group(files, files.__getitem__) if group.header for name in group.names[1:]}
    return [name for name in found if name not in signals]


def _readable(names: Sequence[str], files: Files) -> Iterator[tuple[str, _Reader]]:
    """The files that a reader of single files takes, with that reader; each is looked at when it is asked for."""
    for name in names:
        readers = (cast("_Reader", import_module(f"{__name__}.{module}")) for module in SINGLE_FILE_READERS)
        reader = next((reader for reader in readers if reader.sniff(files[name])), None)
        if reader is not None:
            yield name, reader


def _read_single(names: Sequence[str], files: Files, fs_hz: float | None, units: str | None) -> Recording:
    if len(names) > MAX_SINGLE_FILES:
        raise SeveralRecords(f"More than {MAX_SINGLE_FILES} files came that are not part of one record.")
    readable = list(islice(_readable(names, files), 2))
    if len(readable) > 1:
        raise SeveralRecords("Several files came that each hold a record.")
    if readable:
        name, reader = readable[0]
        return _with_ignored(reader.read(name, files[name], fs_hz=fs_hz, units=units), len(names) - 1)
    if any(_is_signal_file(name, files[name]) for name in names):
        raise RecordIncomplete("A signal file came without its header.", "Send the .hea file together with it.")
    raise UnsupportedFormat("No ECG format that is read here was recognised.")


def _is_signal_file(name: str, data: bytes) -> bool:
    return records.split(name)[2].lower() in records.SIGNAL_SUFFIXES and not data.startswith(_MATLAB)


def _with_ignored(recording: Recording, ignored: int) -> Recording:
    if not ignored:
        return recording
    return replace(
        recording, corrections=(*recording.corrections, f"files that belong to no record not read: {ignored}")
    )

"""Files -> the one recording in them. Content decides, never the name.

registry.py lists the formats. A format's reader is imported when a file of it may be here, so that a WFDB record costs
no table reader's start-up time.
"""

from collections.abc import Sequence
from dataclasses import replace

from ecg_core.errors import EmptyFile, FileTooLarge
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.registry import choose
from ecg_core.recording import MAX_BYTES, Files, Recording

# How zip, gzip and bzip2 begin; a tar says so within its first block.
_ARCHIVES = (b"PK", b"\x1f\x8b\x08", b"BZh")


def read(
    files: Files,
    *,
    fs_hz: float | None = None,
    units: str | None = None,
    leads: Sequence[str] | str | None = None,
    gain: float | None = None,
) -> Recording:
    """The one record among files: name (with or without folders) to bytes.

    fs_hz (Hz), units (nV, uV, mV, V), leads (names of the channels in order, "-" for one that is no lead) and gain
    (counts per mV of raw converter values) fill in what the file leaves open; where the file states them, it counts and
    a correction says so. Raises EmptyFile, FileTooLarge, ArchiveUnsafe, UnsupportedFormat, SeveralRecords, and what the
    readers raise.
    """
    options = Options(fs_hz, units, leads, gain)
    if not any(files.values()):
        raise EmptyFile("There is nothing to read: no byte arrived.")
    if sum(map(len, files.values())) > MAX_BYTES:
        raise FileTooLarge(f"More than {MAX_BYTES // 1_000_000} MB are not read.")
    bundle = Bundle(files)
    if any(data.startswith(_ARCHIVES) or data[257:262] == b"ustar" for data in files.values()):
        from ecg_core.readers.archive import unpacked

        bundle = unpacked(bundle)
    header, singles = bundle.only_record()
    name, reader, others = choose(header, singles, bundle)
    recording = reader.read(name, bundle, options)
    if not others:
        return recording
    ignored = f"files that belong to no record not read: {others}"
    return replace(recording, corrections=(*recording.corrections, ignored))

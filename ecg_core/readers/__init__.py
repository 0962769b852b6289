"""Reads files and returns the one recording in them. The content of a file decides its format, not its name.

registry.py lists the formats. The module of a format is imported only when a file may have this format. So a WFDB
record does not pay for the import of the table reader.
"""

from collections.abc import Sequence
from dataclasses import replace

from ecg_core.errors import EmptyFile, FileTooLarge
from ecg_core.readers.choice import choose
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.recording import MAX_BYTES, LargeFiles, Recording

# The first bytes of zip, gzip and bzip2. A tar archive has its mark within its first block.
_ARCHIVES = (b"PK", b"\x1f\x8b\x08", b"BZh")


def read(
    files: LargeFiles,
    *,
    fs_hz: float | None = None,
    units: str | None = None,
    leads: Sequence[str] | str | None = None,
    gain: float | None = None,
) -> Recording:
    """The one record among the files. files: name (with or without folders) to bytes, or to a Source if it is large.

    fs_hz (Hz), units (nV, uV, mV, V), leads (names of the channels in order, "-" for a channel that is not a lead) and
    gain (counts per mV of raw converter values) state what the files do not. If the files state it too, the files count
    and a correction says so. Raises EmptyFile, FileTooLarge, ArchiveUnsafe, UnsupportedFormat, SeveralRecords, and what
    the readers raise.
    """
    options = Options(fs_hz, units, leads, gain)
    held = [data for data in files.values() if isinstance(data, bytes)]
    if not any(held) and len(held) == len(files):
        raise EmptyFile("There is nothing to read: no byte arrived.")
    if sum(map(len, held)) > MAX_BYTES:
        raise FileTooLarge(f"More than {MAX_BYTES // 1_000_000} MB are not read.")
    bundle = Bundle(files)
    if len(held) == len(files) and any(data.startswith(_ARCHIVES) or data[257:262] == b"ustar" for data in held):
        from ecg_core.readers.archive import unpacked

        bundle = unpacked(bundle)
    header, singles = bundle.only_record()
    name, reader, others = choose(header, singles, bundle)
    if header is None and bundle.is_large(name):
        from ecg_core.readers.long import read_large

        recording = read_large(reader, bundle.source(name), options)
    else:
        recording = reader.read(name, bundle, options)
    if not others:
        return recording
    ignored = f"files that belong to no record not read: {others}"
    return replace(recording, corrections=(*recording.corrections, ignored))

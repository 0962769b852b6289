"""WFDB records: a header with its signal files, or with the headers and signal files of its segments.

Everything that the headers say is verified against the files before memory for the signal is taken; the sums of the raw
samples are verified while they are decoded.
"""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from ecg_core import records
from ecg_core.errors import FileTooLarge, HeaderInvalid, NoEcgLeads, RecordIncomplete, SamplingRateUnknown
from ecg_core.readers.wfdb_header import Header, parse
from ecg_core.readers.wfdb_leads import lead_positions
from ecg_core.readers.wfdb_segment import Part, decode, verified
from ecg_core.recording import MAX_BYTES, MAX_VALUES, Files, Recording

# As many samples, of all channels, as MAX_BYTES hold in the densest format (three in four bytes): bounds the work.
MAX_DECODED = MAX_BYTES // 4 * 3


def read(header: str, files: Files, *, fs_hz: float | None = None, units: str | None = None) -> Recording:
    """The record of this header among files. fs_hz and units only fill in what the header does not state.

    Raises RecordIncomplete, HeaderInvalid, SignalTruncated, SignalInvalid, ChecksumMismatch, FileTooLarge, NoEcgLeads,
    DuplicateLeads, UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, UnsupportedFormat.
    """
    corrections: dict[str, None] = {}
    folder = _Folder(files, records.split(header)[0], records.index(files))
    folder.used[header] = None
    master = parse(files[header])
    _check_size(sum(segment.frames for segment in master.segments))
    segments = _segments(master, folder)
    if folder.missing:
        raise RecordIncomplete(
            f"The record is incomplete: files that its header asks for are missing ({len(folder.missing)}).",
            missing=tuple(folder.missing),
        )
    rate = _rate([master, *(segment.header for segment in segments)], fs_hz, corrections)

    variable = bool(master.segments) and master.segments[0].frames == 0 and master.segments[0].name is not None
    layout = segments.pop(0).header if variable else None
    parts = [
        verified(segment.start, segment.frames, segment.header, segment.data, units, corrections)
        for segment in segments
    ]
    frames = sum(segment.frames for segment in master.segments) or sum(part.frames for part in parts)
    names = _names(layout, parts)
    if not names:
        raise NoEcgLeads("No channel of the record is named as an ECG lead.")
    _check_size(frames * len(names))
    _check_size(sum(part.samples for part in parts), MAX_DECODED)
    if others := len((layout or segments[0].header).signals) - len(names):
        corrections[f"channels that are none of the twelve leads left out: {others}"] = None
    if gap := frames - sum(part.frames for part in parts):
        corrections[f"samples without a value in gaps between segments: {gap}"] = None

    signal = np.empty((len(names), frames), np.float32)
    if master.segments:
        signal.fill(np.nan)
    for part in parts:
        decode(part, signal[:, part.start : part.start + part.frames], names, corrections)
    digest = hashlib.sha256()
    for name in folder.used:
        digest.update(files[name])
    return Recording(signal, rate, tuple(names), "wfdb", digest.hexdigest(), tuple(corrections))


@dataclass
class _Folder:
    """The folder of a header: finds files, and keeps which ones were used or missing, in the record's order."""

    files: Files
    path: str
    names: dict[str, str]
    used: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)

    def get(self, name: str) -> bytes | None:
        found = records.find(self.path + name, self.names)
        (self.missing if found is None else self.used)[found or self.path + name] = None
        return None if found is None else self.files[found]


@dataclass(frozen=True, slots=True)
class _Segment:
    """frames: by the master header. data: the signal files' bytes by their names in the header."""

    start: int
    frames: int | None
    header: Header
    data: dict[str, bytes]


def _check_size(values: int, limit: int = MAX_VALUES) -> None:
    if values > limit:
        raise FileTooLarge(f"The record holds more than {limit:,} samples.")


def _rate(headers: list[Header], given: float | None, corrections: dict[str, None]) -> float:
    rates = {header.fs_hz for header in headers} - {None}
    if len(rates) > 1:
        raise HeaderInvalid("The segments differ in their sampling rates.")
    stated = rates.pop() if rates else None
    if stated is None:
        if given is None:
            raise SamplingRateUnknown("The header states no sampling rate.")
        corrections[f"sampling rate as given with the file: {given:.6g} Hz"] = None
        return given
    if given is not None and given != stated:
        corrections["sampling rate given with the file not used: the file states another"] = None
    return stated


def _segments(master: Header, folder: _Folder) -> list[_Segment]:
    """The record itself, or its layout and every segment that holds samples, with the signal files that are there."""
    if not master.segments:
        return [_Segment(0, None, master, _data(master, folder))]
    found: list[_Segment] = []
    start = signals = 0
    for position, segment in enumerate(master.segments):
        if segment.name is not None and (segment.frames or position == 0):
            data = folder.get(segment.name)
            if data is not None:
                header = parse(data)
                signals += len(header.signals)
                if header.segments:
                    raise HeaderInvalid("A segment of the record is made of segments itself.")
                if signals > records.MAX_SEGMENT_SIGNALS:
                    raise HeaderInvalid("The segments of the record have too many signals.")
                found.append(_Segment(start, segment.frames, header, _data(header, folder)))
        start += segment.frames
    if master.frames not in (None, start):
        raise HeaderInvalid("The segments are not as long as the record.")
    return found


def _data(header: Header, folder: _Folder) -> dict[str, bytes]:
    return {signal.file: folder.get(signal.file) or b"" for signal in header.signals if signal.file != records.NULL}


def _names(layout: Header | None, parts: list[Part]) -> list[str]:
    """The leads of the whole record: those of its layout, or those of every segment alike."""
    own = [[lead.name for lead in part.leads] for part in parts]
    if layout is None:
        names = own[0] if own else []
        contradiction = any(leads != names for leads in own)
    else:
        names = list(lead_positions(layout.signals))
        contradiction = any(not set(leads) <= set(names) for leads in own)
    if contradiction:
        raise HeaderInvalid("The segments do not hold the leads of their record.")
    return names

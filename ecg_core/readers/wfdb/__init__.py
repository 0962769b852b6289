"""WFDB records: a header with its signal files, or with the headers and signal files of its segments.

Everything that the headers say is verified against the files before memory for the signal is taken; the sums of the raw
samples are verified while they are decoded.
"""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from ecg_core.errors import (
    FileTooLarge,
    HeaderInvalid,
    NoEcgLeads,
    RecordIncomplete,
    SamplingRateOutOfRange,
    SamplingRateUnknown,
)
from ecg_core.readers import records
from ecg_core.readers.wfdb.header import Header, parse
from ecg_core.readers.wfdb.leads import lead_positions
from ecg_core.readers.wfdb.segment import Part, decode, verified
from ecg_core.recording import MAX_BYTES, MAX_FS_HZ, MAX_VALUES, MIN_FS_HZ, Files, Recording

# Of all channels: as many as MAX_BYTES hold at one byte each, the densest that is not FLAC. Bounds the work on FLAC,
# and on segments that are named again and again.
MAX_DECODED = MAX_BYTES
# Headers state rates with six digits or more.
RATE_TOLERANCE = 1e-6


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
    headers = [master, *(segment.header for segment in segments)]
    layout = segments.pop(0).header if _is_variable(master) else None
    parts = [
        verified(segment.start, segment.frames, segment.header, segment.data, units, corrections)
        for segment in segments
    ]
    frames = sum(segment.frames for segment in master.segments) or sum(part.frames for part in parts)
    names = _names(layout, parts)
    if not names:
        raise NoEcgLeads("No channel of the record is named as an ECG lead.")
    widths = {lead.samples_per_frame for part in parts for lead in part.leads} or {1}
    # Leads of several rates end at the highest that divides them all, so that each is only ever averaged.
    per_frame = math.gcd(*widths)
    rate = _rate(headers, widths, fs_hz, corrections)
    _check_size(frames * per_frame * len(names))
    _check_size(sum(part.samples for part in parts), MAX_DECODED)
    if others := len((layout or segments[0].header).signals) - len(names):
        corrections[f"channels that are none of the twelve leads left out: {others}"] = None
    if gap := frames - sum(part.frames for part in parts):
        corrections[f"samples without a value in gaps between segments: {gap * per_frame}"] = None
    if per_frame > 1:
        corrections[f"samples of one frame kept: {rate:.6g} Hz"] = None

    signal = np.empty((len(names), frames * per_frame), np.float32)
    if master.segments:
        signal.fill(np.nan)
    for part in parts:
        end = part.start + part.frames
        decode(part, signal[:, part.start * per_frame : end * per_frame], names, per_frame, corrections)
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


def _rate(headers: list[Header], widths: set[int], given: float | None, corrections: dict[str, None]) -> float:
    """Samples per second of the leads. widths: the samples that leads have in each frame. given: per second too."""
    rates = {header.frames_hz for header in headers} - {None}
    if len(rates) > 1:
        raise HeaderInvalid("The segments differ in their sampling rates.")
    stated = rates.pop() if rates else None
    if stated is None:
        if given is None or len(widths) > 1:
            raise SamplingRateUnknown("The header states no sampling rate.")
        corrections[f"sampling rate as given with the file: {given:.6g} Hz"] = None
        return given
    rate = stated * math.gcd(*widths)
    if not MIN_FS_HZ <= rate <= MAX_FS_HZ:
        raise SamplingRateOutOfRange("The sampling rate is not that of an electrocardiogram.")
    if given is not None and not math.isclose(given, rate, rel_tol=RATE_TOLERANCE):
        corrections["sampling rate given with the file not used: the file states another"] = None
    return rate


def _is_variable(master: Header) -> bool:
    """Does the first segment state the leads of all, and hold no samples?"""
    return bool(master.segments) and master.segments[0].frames == 0 and master.segments[0].name is not None


def _segments(master: Header, folder: _Folder) -> list[_Segment]:
    """The record itself, or its layout and every segment that holds samples, with the signal files that are there."""
    if not master.segments:
        return [_Segment(0, None, master, _data(master, folder))]
    found: list[_Segment] = []
    variable = _is_variable(master)
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
                fewer = variable and position > 0
                if header.channels > master.channels or (header.channels < master.channels and not fewer):
                    raise HeaderInvalid("A segment does not hold as many signals as its record says.")
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

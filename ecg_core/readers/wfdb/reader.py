"""WFDB records: a header with its signal files, or with the headers and signal files of its segments.

What the headers state is compared with the files before memory for the signal is allocated. The sums of the raw samples
are verified during decoding.
"""

import hashlib
import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import (
    FileTooLarge,
    HeaderInvalid,
    NoEcgLeads,
    RecordIncomplete,
    SamplingRateOutOfRange,
    SamplingRateUnknown,
)
from ecg_core.readers import numbering
from ecg_core.readers.budget import Budget
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.names import find, split
from ecg_core.readers.options import Options
from ecg_core.readers.records import MAX_SEGMENT_SIGNALS, Bundle
from ecg_core.readers.signals import excerpt
from ecg_core.readers.source import LARGE, Bytes, digest
from ecg_core.readers.wfdb.decoding import decode
from ecg_core.readers.wfdb.header import NULL, Header
from ecg_core.readers.wfdb.segment import Part, lead_positions, verified
from ecg_core.readers.wfdb.windows import Windows
from ecg_core.recording import MAX_FS_HZ, MAX_VALUES, MIN_FS_HZ, Recording, Source

# Headers write rates with at least six digits.
RATE_TOLERANCE = 1e-6


def sniff(data: bytes) -> bool:
    """Always False: a WFDB record is found by its header."""
    return False


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The record of the header of this name.

    Raises RecordIncomplete, HeaderInvalid, SignalTruncated, SignalInvalid, ChecksumMismatch, FileTooLarge, NoEcgLeads,
    DuplicateLeads, UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, UnsupportedFormat.
    """
    corrections = Corrections()
    folder = _Folder(bundle, split(name)[0], {name: None})
    master = bundle.header(name).parsed()
    _check_size(sum(segment.frames for segment in master.segments))
    segments = _segments(master, folder)
    if folder.missing:
        raise RecordIncomplete(
            f"The record is incomplete: files that its header asks for are missing ({len(folder.missing)}).",
            missing=tuple(folder.missing),
        )
    headers = [master, *(segment.header for segment in segments)]
    layout = segments.pop(0).header if master.is_variable else None
    parts = _parts(segments, options, bundle.budget, corrections)
    frames = sum(segment.frames for segment in master.segments) or sum(part.frames for part in parts)
    leads = _leads(layout, parts, options, corrections)
    if not leads:
        raise NoEcgLeads("No channel of the record is named as an ECG lead.")
    widths = {lead.samples_per_frame for part in parts for lead in part.leads} or {1}
    # Leads may have several rates. All get the highest rate that divides each of them, so that averaging is enough.
    per_frame = math.gcd(*widths)
    rate = _rate(headers, widths, options.fs_hz, corrections)
    if others := len((layout or segments[0].header).signals) - len(leads):
        corrections.add(f"channels that are none of the twelve leads left out: {others}")
    if gap := frames - sum(part.frames for part in parts):
        corrections.add(f"samples without a value in gaps between segments: {gap * per_frame}")
    if per_frame > 1:
        corrections.add(f"samples of one frame kept: {rate:.6g} Hz")
    if any(map(bundle.is_large, folder.used)):
        corrections.add(LARGE)
    if not master.segments and frames * per_frame * len(leads) > MAX_VALUES:
        windows = Windows(parts[0], tuple(leads), rate, per_frame, bundle.budget, corrections)
        return excerpt(windows, folder.digest())
    _check_size(frames * per_frame * len(leads))
    signal = np.empty((len(leads), frames * per_frame), np.float32)
    if master.segments:
        signal.fill(np.nan)
    _decode(parts, signal, leads, per_frame, bundle.budget, corrections)
    if lead_positions((layout or segments[0].header).signals, options, corrections)[1]:
        numbering.verify(signal, leads, corrections)
    return Recording(signal, rate, tuple(leads), "wfdb", folder.digest(), tuple(corrections))


@dataclass
class _Folder:
    """The folder of a header. It finds files and keeps the used and missing names in the record's order."""

    bundle: Bundle
    path: str
    used: dict[str, None]
    missing: dict[str, None] = field(default_factory=dict)

    def find(self, name: str) -> str | None:
        found = find(self.path + name, self.bundle.listing)
        (self.missing if found is None else self.used)[found or self.path + name] = None
        return found

    def data(self, header: Header) -> dict[str, Source]:
        """Each signal file by its name in the header. No bytes for a missing file."""
        files = dict.fromkeys(signal.file for signal in header.signals if signal.file != NULL)
        return {file: self.bundle.source(found) if (found := self.find(file)) else Bytes(b"") for file in files}

    def digest(self) -> str:
        """sha256 of the files that were used. Of a file that is not in memory, see long.digest."""
        found = hashlib.sha256()
        for name in self.used:
            found.update(digest(self.bundle.source(name)).encode() if self.bundle.is_large(name) else self.bundle[name])
        return found.hexdigest()


@dataclass(frozen=True, slots=True)
class _Segment:
    """frames: as the master header states. data: each signal file by its name in the header."""

    start: int
    frames: int | None
    header: Header
    data: dict[str, Source]


def _segments(master: Header, folder: _Folder) -> list[_Segment]:
    """The record itself, or its layout and every segment with samples. Each has the signal files that exist."""
    if not master.segments:
        return [_Segment(0, None, master, folder.data(master))]
    found: list[_Segment] = []
    start = signals = 0
    for position, segment in enumerate(master.segments):
        if segment.header is not None and (segment.frames or position == 0):
            name = folder.find(segment.header)
            if name is not None:
                header = folder.bundle.header(name).parsed()
                signals += len(header.signals)
                if header.segments:
                    raise HeaderInvalid("A segment of the record is made of segments itself.")
                if signals > MAX_SEGMENT_SIGNALS:
                    raise HeaderInvalid("The segments of the record have too many signals.")
                fewer = master.is_variable and position > 0
                if header.channels > master.channels or (header.channels < master.channels and not fewer):
                    raise HeaderInvalid("A segment does not hold as many signals as its record says.")
                found.append(_Segment(start, segment.frames, header, folder.data(header)))
        start += segment.frames
    if master.frames not in (None, start):
        raise HeaderInvalid("The segments are not as long as the record.")
    return found


def _parts(segments: list[_Segment], options: Options, budget: Budget, corrections: Corrections) -> list[Part]:
    """The verified parts. If a segment is named several times, it is verified once."""
    verified_: dict[tuple[int, int | None], Part] = {}
    parts = []
    for segment in segments:
        key = (id(segment.header), segment.frames)
        if key not in verified_:
            verified_[key] = verified(segment.frames, segment.header, segment.data, options, budget, corrections)
        parts.append(replace(verified_[key], start=segment.start))
    return parts


def _decode(
    parts: list[Part],
    signal: NDArray[np.float32],
    leads: list[str],
    per_frame: int,
    budget: Budget,
    corrections: Corrections,
) -> None:
    """Fills the signal, [leads, samples] mV. If a segment is named several times, it is decoded once."""
    decoded: dict[tuple[int, int], NDArray[np.float32]] = {}
    for part in parts:
        target = signal[:, part.start * per_frame : (part.start + part.frames) * per_frame]
        key = (id(part.files), part.frames)
        if key in decoded:
            target[:] = decoded[key]
            continue
        budget.spend_samples(part.samples)
        decode(part, target, leads, per_frame, corrections)
        decoded[key] = target


def _check_size(values: int) -> None:
    if values > MAX_VALUES:
        raise FileTooLarge(f"The record holds more than {MAX_VALUES:,} samples.")


def _rate(headers: list[Header], widths: set[int], given: float | None, corrections: Corrections) -> float:
    """Samples per second of the leads. widths: samples per frame of the leads. given: the option, in Hz."""
    rates = {header.frames_hz for header in headers} - {None}
    if len(rates) > 1:
        raise HeaderInvalid("The segments differ in their sampling rates.")
    stated = rates.pop() if rates else None
    if stated is None:
        if given is None or len(widths) > 1:
            raise SamplingRateUnknown("The header states no sampling rate.")
        corrections.add(f"sampling rate as given with the file: {given:.6g} Hz")
        return given
    rate = stated * math.gcd(*widths)
    if not MIN_FS_HZ <= rate <= MAX_FS_HZ:
        raise SamplingRateOutOfRange("The sampling rate is not that of an electrocardiogram.")
    if given is not None and not math.isclose(given, rate, rel_tol=RATE_TOLERANCE):
        corrections.add("sampling rate given with the file not used: the file states another")
    return rate


def _leads(layout: Header | None, parts: list[Part], options: Options, corrections: Corrections) -> list[str]:
    """The leads of the record: those of its layout. Without a layout, all segments must have the same leads."""
    own = [[lead.name for lead in part.leads] for part in parts]
    if layout is None:
        names = own[0] if own else []
        contradiction = any(leads != names for leads in own)
    else:
        names = list(lead_positions(layout.signals, options, corrections)[0])
        contradiction = any(not set(leads) <= set(names) for leads in own)
    if contradiction:
        raise HeaderInvalid("The segments do not hold the leads of their record.")
    return names

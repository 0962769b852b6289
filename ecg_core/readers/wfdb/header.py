"""WFDB headers, read as the WFDB library reads them, and verified: physionet.org/physiotools/wag/header-5.htm."""

import math
import re
from dataclasses import dataclass

from ecg_core.errors import HeaderInvalid, SamplingRateOutOfRange
from ecg_core.readers.records import HEADER_SUFFIX, NULL, checked_name, fields, layout
from ecg_core.recording import MAX_FS_HZ

# Of all signals together. Multi-rate records have 4 or 8 for each signal, those converted from EDF up to 1,000.
MAX_FRAME_SAMPLES = 65_536
# Initial values, baselines and ADC zeros are 32-bit integers in the WFDB library.
MAX_INTEGER = 2**31
# A line of a header may not be longer; what follows is cut off a description.
MAX_DESCRIPTION = 255

_NUMBER = r"[-+]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][-+]?\d{1,4})?"
_INTEGER = r"([-+]?\d{1,12})(?:\.0*)?"
_RATE = re.compile(rf"({_NUMBER})(?:/.*|\(.*)?", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)
_BLANK = r"[ \t]+"
# file format[xSAMPLES][:SKEW][+OFFSET] gain[(BASELINE)][/UNIT] resolution zero initial checksum block description
_SIGNAL = re.compile(
    rf"(\S+){_BLANK}(\d{{1,4}})(?:x(\d{{1,9}}))?(?::(\d{{1,9}}))?(?:\+(\d{{1,9}}))?(?!\S)"
    rf"(?:{_BLANK}({_NUMBER})(?:\({_INTEGER}\))?(?:/(\S*))?(?!\S)"
    rf"(?:{_BLANK}{_INTEGER}(?!\S)(?:{_BLANK}{_INTEGER}(?!\S)(?:{_BLANK}{_INTEGER}(?!\S)"
    rf"(?:{_BLANK}{_INTEGER}(?!\S)(?:{_BLANK}{_INTEGER}(?!\S))?)?)?)?)?)?"
    rf"(?:{_BLANK}(.*))?",
    re.ASCII,
)
# What stands in a gain's place and is none: to be refused, never to be taken for a description.
_NO_GAIN = re.compile(r"[-+]?(?:\d\S*[/(]|(?:nan|inf|infinity)(?:[/(\s]|$))", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Signal:
    """One channel. gain: ADC units per physical unit, None where the header states none, 0 for uncalibrated.

    samples_per_frame, skew (frames) and byte offset as in the format; checksum modulo 65536.
    """

    file: str
    format: int
    samples_per_frame: int
    skew: int
    offset: int
    gain: float | None
    baseline: int
    unit: str
    initial: int
    checksum: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Segment:
    """name: of the segment's record, None for a gap. frames: its length; 0 for a layout."""

    name: str | None
    frames: int


@dataclass(frozen=True, slots=True)
class Header:
    """frames_hz: frames per second, frames: per signal; None if not stated. channels: how many it announces.

    It has signals or segments.
    """

    channels: int
    frames_hz: float | None
    frames: int | None
    signals: tuple[Signal, ...]
    segments: tuple[Segment, ...]


def parse(data: bytes) -> Header:
    """Raises HeaderInvalid, SamplingRateOutOfRange."""
    record, segmented, lines = layout(data)
    channels = int(record[1])
    frames_hz = _rate(record[2]) if len(record) > 2 else None
    frames = _length(record[3]) if len(record) > 3 else 0
    if segmented:
        if not lines:
            raise HeaderInvalid("The header announces segments and names none.")
        return Header(channels, frames_hz, frames or None, (), tuple(_segment(line) for line in lines))
    signals = tuple(_signal(line) for line in lines)
    if sum(signal.samples_per_frame for signal in signals) > MAX_FRAME_SAMPLES:
        raise HeaderInvalid(f"A frame of the record holds more than {MAX_FRAME_SAMPLES:,} samples.")
    return Header(channels, frames_hz, frames or None, signals, ())


def _rate(field: str) -> float:
    """Frames per second. They may be few, with many samples each."""
    match = _RATE.fullmatch(field)
    frames_hz = float(match[1]) if match else 0.0
    if not math.isfinite(frames_hz) or frames_hz <= 0:
        raise HeaderInvalid("The header's sampling rate is no positive number.")
    if frames_hz > MAX_FS_HZ:
        raise SamplingRateOutOfRange("The sampling rate is not that of an electrocardiogram.")
    return frames_hz


def _length(field: str) -> int:
    """0 for "not stated", also where the time of day stands in its place."""
    if not _COUNT.fullmatch(field) and ":" not in field:
        raise HeaderInvalid("The header's number of samples is no count.")
    return 0 if ":" in field else int(field)


def _segment(line: str) -> Segment:
    name, *rest = fields(line)
    if not rest or not _COUNT.fullmatch(rest[0]):
        raise HeaderInvalid("A segment line of the header states no length.")
    return Segment(None if name == NULL else checked_name(name + HEADER_SUFFIX), int(rest[0]))


def _signal(line: str) -> Signal:
    match = _SIGNAL.fullmatch(line)
    if match is None:
        raise HeaderInvalid("A signal line of the header states no valid format.")
    file, storage, samples, skew, offset, gain, baseline, unit, _, zero, initial, checksum, _, name = match.groups()
    samples_per_frame = int(samples or 1)
    if not 1 <= samples_per_frame <= MAX_FRAME_SAMPLES:
        raise HeaderInvalid("A signal has no valid number of samples per frame.")
    if (gain is None and name and _NO_GAIN.match(name)) or (gain and not math.isfinite(float(gain))):
        raise HeaderInvalid("A gain of the header is no finite number.")
    level, first = int(baseline or zero or 0), int(initial or 0)
    if abs(level) > MAX_INTEGER or abs(first) > MAX_INTEGER:
        raise HeaderInvalid("A baseline or an initial value of the header does not fit into 32 bits.")
    return Signal(
        file if file == NULL else checked_name(file),
        int(storage),
        samples_per_frame,
        int(skew or 0),
        int(offset or 0),
        None if gain is None else float(gain),
        level,
        unit or "",
        first,
        None if checksum is None else int(checksum) & 0xFFFF,
        (name or "")[:MAX_DESCRIPTION],
    )

"""Parses and verifies WFDB headers as the WFDB library does: physionet.org/physiotools/wag/header-5.htm."""

import math
import re
from dataclasses import dataclass
from functools import cached_property

from ecg_core.errors import HeaderInvalid, SamplingRateOutOfRange
from ecg_core.readers.names import HEADER_SUFFIX, is_header
from ecg_core.recording import MAX_FS_HZ

# The file name that stands for a gap between segments, or for a signal without samples.
NULL = "~"
# Master headers of MIMIC with hundreds of segments have about 30 kB. CinC headers with comments have 1 kB.
MAX_HEADER_BYTES = 262_144
# The widest recordings, body surface maps and high-density EEG, have 256 channels.
MAX_SIGNALS = 512
# A thousand segments of one second each take less than a second to parse, decode and verify.
MAX_SEGMENTS = 1_000
# Samples per frame, of all signals together. Multi-rate records have 4 or 8 for each signal; EDF conversions up to
# 1,000.
MAX_FRAME_SAMPLES = 65_536
# The limit of file systems for one name.
MAX_NAME_LENGTH = 255
# Initial values, baselines and ADC zeros are 32-bit integers in the WFDB library.
MAX_INTEGER = 2**31
# A longer description is cut.
MAX_DESCRIPTION = 255

# ASCII only: in Unicode, \d, \s and \w match digits and blanks that WFDB libraries do not know.
_FIELD = re.compile(r"\S+", re.ASCII)
_RECORD_FIELD = re.compile(r"[^\s/]+(?:/(\d{1,9}))?", re.ASCII)
_CHANNELS = re.compile(r"\d{1,9}", re.ASCII)
_UNSAFE_IN_NAMES = re.compile(r"[/\\:\x00-\x20\x7f]|\.\.")
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
# Invalid text in the position of the gain. It is refused; it must not be read as a description.
_NO_GAIN = re.compile(r"[-+]?(?:\d\S*[/(]|(?:nan|inf|infinity)(?:[/(\s]|$))", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Signal:
    """One channel. gain: ADC units per physical unit; None if not stated, 0 if uncalibrated.

    samples_per_frame, skew (frames) and byte offset are those of the format. initial: the first sample. checksum:
    modulo 65536. Both are None if not stated.
    """

    file: str
    format: int
    samples_per_frame: int
    skew: int
    offset: int
    gain: float | None
    baseline: int
    unit: str
    initial: int | None
    checksum: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Segment:
    """header: the file name of the segment's header, None for a gap. frames: its length, 0 for a layout."""

    header: str | None
    frames: int


class Header:
    """A header. It counts its lines at once and parses them on first use.

    To group files, only the names are needed; to read the record, everything is. Every property may raise
    HeaderInvalid. frames_hz may also raise SamplingRateOutOfRange.
    """

    def __init__(self, data: bytes) -> None:
        """Raises HeaderInvalid if this is not a header, or if its counts are wrong."""
        if len(data) > MAX_HEADER_BYTES:
            raise HeaderInvalid(f"The header is larger than {MAX_HEADER_BYTES:,} bytes.")
        if b"\0" in data:
            raise HeaderInvalid("The header is no text.")
        stripped = (line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").split(b"\n"))
        lines = [line for line in stripped if line and not line.startswith(b"#")]
        self._record = _fields(_decoded(lines[0])) if lines else []
        name = _RECORD_FIELD.fullmatch(self._record[0]) if len(self._record) > 1 else None
        if name is None or not _CHANNELS.fullmatch(self._record[1]):
            raise HeaderInvalid("The header does not begin with a record name and a number of signals.")
        self.channels = int(self._record[1])
        self.segmented = name[1] is not None
        expected = int(name[1]) if self.segmented else self.channels
        if self.channels > MAX_SIGNALS or expected > (MAX_SEGMENTS if self.segmented else MAX_SIGNALS):
            raise HeaderInvalid(f"The header names more than {MAX_SIGNALS} signals or {MAX_SEGMENTS:,} segments.")
        if len(lines) - 1 != expected:
            kind = "segments" if self.segmented else "signals"
            raise HeaderInvalid(f"The header announces {expected} {kind} and describes {len(lines) - 1}.")
        self._lines = [_decoded(line) for line in lines[1:]]

    @cached_property
    def asks_for(self) -> tuple[str, ...]:
        """The names of the signal files, or of the segments' headers: in the header's order, each once."""
        suffix = HEADER_SUFFIX if self.segmented else ""
        names = (match[0] for line in self._lines if (match := _FIELD.search(line)))
        asked = tuple(dict.fromkeys(_checked_name(name + suffix) for name in names if name != NULL))
        if not self.segmented and any(is_header(name) for name in asked):
            raise HeaderInvalid("The header names a header where a signal file should be.")
        return asked

    @cached_property
    def frames_hz(self) -> float | None:
        """Frames per second, None if not stated. A low frame rate is possible, with many samples in each frame."""
        if len(self._record) < 3:
            return None
        match = _RATE.fullmatch(self._record[2])
        frames_hz = float(match[1]) if match else 0.0
        if not math.isfinite(frames_hz) or frames_hz <= 0:
            raise HeaderInvalid("The header's sampling rate is no positive number.")
        if frames_hz > MAX_FS_HZ:
            raise SamplingRateOutOfRange("The sampling rate is not that of an electrocardiogram.")
        return frames_hz

    @cached_property
    def frames(self) -> int | None:
        """The length, None if not stated. Some headers have the time of day in its position: that is not a length."""
        field = self._record[3] if len(self._record) > 3 else "0"
        if not _COUNT.fullmatch(field) and ":" not in field:
            raise HeaderInvalid("The header's number of samples is no count.")
        return None if ":" in field else int(field) or None

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """The signals. Empty if the record has segments."""
        signals = () if self.segmented else tuple(_signal(line) for line in self._lines)
        if sum(signal.samples_per_frame for signal in signals) > MAX_FRAME_SAMPLES:
            raise HeaderInvalid(f"A frame of the record holds more than {MAX_FRAME_SAMPLES:,} samples.")
        return signals

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The segments. Empty if the record has signals."""
        if self.segmented and not self._lines:
            raise HeaderInvalid("The header announces segments and names none.")
        return tuple(_segment(line) for line in self._lines) if self.segmented else ()

    def parsed(self) -> "Header":
        """Parses all lines and returns the header. Raises HeaderInvalid, SamplingRateOutOfRange."""
        _ = self.frames_hz, self.frames, self.segments, self.signals
        return self

    @property
    def is_master(self) -> bool:
        """Whether the header names the headers of segments."""
        return self.segmented and bool(self.asks_for)

    @property
    def is_variable(self) -> bool:
        """Whether its first segment is a layout: a header that states the leads of all segments and has no samples."""
        return bool(self.segments) and self.segments[0].frames == 0 and self.segments[0].header is not None


def _fields(line: str) -> list[str]:
    """The fields of a header line, separated by ASCII blanks."""
    return _FIELD.findall(line)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _checked_name(name: str) -> str:
    """A file name from a header. Raises HeaderInvalid if it leads out of the header's folder."""
    if not name or len(name) > MAX_NAME_LENGTH or name == "-" or _UNSAFE_IN_NAMES.search(name):
        raise HeaderInvalid("The header names a file outside its own folder.", "Put the record's files in one folder.")
    return name


def _segment(line: str) -> Segment:
    name, *rest = _fields(line)
    if not rest or not _COUNT.fullmatch(rest[0]):
        raise HeaderInvalid("A segment line of the header states no length.")
    return Segment(None if name == NULL else _checked_name(name + HEADER_SUFFIX), int(rest[0]))


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
        file if file == NULL else _checked_name(file),
        int(storage),
        samples_per_frame,
        int(skew or 0),
        int(offset or 0),
        None if gain is None else float(gain),
        level,
        unit or "",
        None if initial is None else first,
        None if checksum is None else int(checksum) & 0xFFFF,
        (name or "")[:MAX_DESCRIPTION],
    )

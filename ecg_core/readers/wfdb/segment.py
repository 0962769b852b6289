"""Verifies one segment of a WFDB record: its signal files match its header, and its leads have units."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecg_core.errors import DuplicateLeads, HeaderInvalid, SignalTruncated, UnitsUnknown
from ecg_core.readers.budget import Budget
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.numbering import naming
from ecg_core.readers.options import GAIN_HINT, Options
from ecg_core.readers.units import MV_PER_UNIT, unit_of
from ecg_core.readers.wfdb.header import NULL, Header, Signal
from ecg_core.readers.wfdb.signals import Samples, samples_of
from ecg_core.recording import Source

# Packed formats may fill their last block with this many samples.
MAX_PADDING = 2
# The format's definition: the gain of a header that states none.
DEFAULT_GAIN = 200.0
# From 1 kV to 1 aV per step. Every converter is within, and float32 neither overflows nor underflows.
MIN_STEPS_PER_MV, MAX_STEPS_PER_MV = 1e-6, 1e15


@dataclass(frozen=True, slots=True)
class Lead:
    """mV = (sample - baseline) / steps_per_mv. signal: the channel's position in its header."""

    name: str
    signal: int
    samples_per_frame: int
    baseline: int
    steps_per_mv: float


@dataclass(frozen=True, slots=True)
class SignalFile:
    """One file. first: position of its first signal in the header. widths: samples per frame of its signals."""

    samples: Samples
    signals: tuple[Signal, ...]
    first: int
    widths: list[int]


@dataclass(frozen=True, slots=True)
class Part:
    """start, frames: its place in the recording, in frames. has_checksums: at least one of them is not 0."""

    start: int
    frames: int
    files: tuple[SignalFile, ...]
    leads: tuple[Lead, ...]
    has_checksums: bool

    @property
    def samples(self) -> int:
        return self.frames * sum(sum(file.widths) for file in self.files)


def verified(
    expected: int | None,
    header: Header,
    data: Mapping[str, Source],
    options: Options,
    budget: Budget,
    corrections: Corrections,
) -> Part:
    """The segment, with start 0. expected: frames as the master header states. data: each named file.

    Raises HeaderInvalid, SignalTruncated, SignalInvalid, UnsupportedFormat, DuplicateLeads, UnitsUnknown.
    """
    if expected is not None and header.frames not in (None, expected):
        raise HeaderInvalid("A segment is not as long as its record says.")
    files = _signal_files(header, data, budget)
    frames = header.frames or expected
    if frames is None:
        frames = min((file.samples.frames for file in files), default=0)
        corrections.add("length not stated: taken from the size of the signal file")
    if any(file.samples.frames < max(frames, 1) for file in files):
        raise SignalTruncated("A signal file is shorter than its header says.")
    if any((file.samples.frames - frames) * sum(file.widths) > MAX_PADDING for file in files):
        corrections.add("signal file longer than its header says: the rest not read")
    if any(signal.skew > frames for signal in header.signals):
        raise HeaderInvalid("A skew of the header is longer than the record.")
    leads = tuple(_leads(header.signals, options, corrections))
    if any(header.signals[lead.signal].file == NULL for lead in leads):
        raise HeaderInvalid("An ECG lead of the header has no signal file.")
    return Part(0, frames, files, leads, any(signal.checksum for signal in header.signals))


def _signal_files(header: Header, data: Mapping[str, Source], budget: Budget) -> tuple[SignalFile, ...]:
    groups: dict[str, list[int]] = {}
    for position, signal in enumerate(header.signals):
        if signal.file != NULL:
            groups.setdefault(signal.file, []).append(position)
    files = []
    for name, positions in groups.items():
        signals = header.signals[positions[0] : positions[-1] + 1]
        lead = signals[0]
        alike = all(signal.format == lead.format and signal.offset in (0, lead.offset) for signal in signals)
        if len(signals) != len(positions) or not alike:
            raise HeaderInvalid("The signals of one file are described in contradictory ways.")
        widths, initial = [signal.samples_per_frame for signal in signals], [signal.initial or 0 for signal in signals]
        samples = samples_of(data[name], lead.format, lead.offset, widths, initial, budget)
        files.append(SignalFile(samples, signals, positions[0], widths))
    return tuple(files)


def lead_positions(
    signals: Sequence[Signal], options: Options, corrections: Corrections
) -> tuple[dict[str, int], bool]:
    """(canonical lead name to channel index, whether lead 1, 2, 3 were read as I, II, III).

    Raises DuplicateLeads, NoEcgLeads.
    """
    found = naming([signal.name for signal in signals], options, corrections)
    positions = {name: position for position, name in enumerate(found.leads) if name is not None}
    if len(positions) < len(found.leads) - found.leads.count(None):
        raise DuplicateLeads("Two channels of the record are the same lead.")
    return positions, found.numbered


def _leads(signals: Sequence[Signal], options: Options, corrections: Corrections) -> list[Lead]:
    """The ECG leads in the header's order.

    Raises DuplicateLeads, HeaderInvalid, NoEcgLeads, UnitsUnknown.
    """
    leads = []
    for name, position in lead_positions(signals, options, corrections)[0].items():
        signal = signals[position]
        steps = _steps_per_mv(signal, options, corrections)
        leads.append(Lead(name, position, signal.samples_per_frame, signal.baseline, steps))
    return leads


def _steps_per_mv(signal: Signal, options: Options, corrections: Corrections) -> float:
    given, stated = options.unit, unit_of(signal.unit)
    if options.gain is not None and not signal.gain:
        if stated is None:
            options.refuse_both()
        corrections.add(f"gain as given with the file: {options.gain:g} per mV")
        return options.gain
    if options.gain is not None:
        corrections.add("gain given with the file not used: the file states another")
    if stated is None and given is not None:
        corrections.add(f"unit as given with the file: {given}")
    elif stated is None and signal.unit:
        raise UnitsUnknown("The unit of an ECG lead is none of voltage.")
    elif stated is None:
        corrections.add("unit not stated: mV, as the format defines")
    elif given not in (None, stated):
        corrections.add("unit given with the file not used: the file states another")
    unit = stated or given or "mV"
    if unit != "mV":
        corrections.add(f"converted from {unit} to mV")
    if signal.gain is None:
        corrections.add(f"gain not stated: {DEFAULT_GAIN:g} steps per unit, as the format defines")
    gain = DEFAULT_GAIN if signal.gain is None else signal.gain
    if gain == 0:
        raise UnitsUnknown("The gain of an ECG lead is 0: it is not calibrated.", GAIN_HINT)
    steps = gain / MV_PER_UNIT[unit]
    if not math.isfinite(steps) or not MIN_STEPS_PER_MV <= abs(steps) <= MAX_STEPS_PER_MV:
        raise HeaderInvalid("The gain of an ECG lead is none that a converter can have.")
    return steps

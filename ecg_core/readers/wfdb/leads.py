"""Which channels of a WFDB header are leads of the ECG, and how their samples become mV."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ecg_core.errors import DuplicateLeads, HeaderInvalid, UnitsUnknown
from ecg_core.leads import canonical_leads
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.units import MV_PER_UNIT, unit_of
from ecg_core.readers.wfdb.header import Signal

# What the format defines for a header that states no gain.
DEFAULT_GAIN = 200.0
# A step of 1 kV down to one of 1 aV: no converter is outside, and float32 neither overflows nor vanishes.
MIN_STEPS_PER_MV, MAX_STEPS_PER_MV = 1e-6, 1e15


@dataclass(frozen=True, slots=True)
class Lead:
    """mV = (sample - baseline) / steps_per_mv. signal: the channel's position in its header."""

    name: str
    signal: int
    samples_per_frame: int
    baseline: int
    steps_per_mv: float


def lead_positions(signals: Sequence[Signal]) -> dict[str, int]:
    """The canonical names of the channels that are leads, and where they are. Raises DuplicateLeads."""
    names = canonical_leads([signal.name for signal in signals])
    positions = {name: position for position, name in enumerate(names) if name is not None}
    if len(positions) < len(names) - names.count(None):
        raise DuplicateLeads("Two channels of the record are the same lead.")
    return positions


def leads_of(signals: Sequence[Signal], options: Options, corrections: Corrections) -> list[Lead]:
    """The ECG leads in the header's order.

    Raises DuplicateLeads, HeaderInvalid, UnitsUnknown.
    """
    leads = []
    for name, position in lead_positions(signals).items():
        signal = signals[position]
        steps = _steps_per_mv(signal, options.unit, corrections)
        leads.append(Lead(name, position, signal.samples_per_frame, signal.baseline, steps))
    return leads


def _steps_per_mv(signal: Signal, given: str | None, corrections: Corrections) -> float:
    """given: the unit that the caller states, for a signal without one."""
    stated = unit_of(signal.unit)
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
        raise UnitsUnknown("The gain of an ECG lead is 0: it is not calibrated.", "State the gain in the header.")
    steps = gain / MV_PER_UNIT[unit]
    if not math.isfinite(steps) or not MIN_STEPS_PER_MV <= abs(steps) <= MAX_STEPS_PER_MV:
        raise HeaderInvalid("The gain of an ECG lead is none that a converter can have.")
    return steps

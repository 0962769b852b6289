"""Which channels of a WFDB header are leads of the ECG, and how their samples become mV."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ecg_core.errors import DuplicateLeads, HeaderInvalid, UnitsUnknown
from ecg_core.leads import canonical_leads
from ecg_core.readers.wfdb.header import Signal
from ecg_core.recording import MV_PER_UNIT

# What the format defines for a header that states no gain.
DEFAULT_GAIN = 200.0
# A step of 1 kV down to one of 1 aV: no converter is outside, and float32 neither overflows nor vanishes.
MIN_STEPS_PER_MV, MAX_STEPS_PER_MV = 1e-6, 1e15

_UNIT_WORDS = {"nanovolt": "nv", "microvolt": "uv", "millivolt": "mv", "volt": "v"}
_SPELLED = {"nv": "nV", "uv": "uV", "µv": "uV", "μv": "uV", "mv": "mV", "v": "V"}


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


def leads_of(signals: Sequence[Signal], units: str | None, corrections: dict[str, None]) -> list[Lead]:
    """The ECG leads in the header's order; notes what it assumes. units: for leads whose unit is not stated.

    Raises DuplicateLeads, HeaderInvalid, UnitsUnknown.
    """
    leads = []
    for name, position in lead_positions(signals).items():
        signal = signals[position]
        steps = _steps_per_mv(signal, units, corrections)
        leads.append(Lead(name, position, signal.samples_per_frame, signal.baseline, steps))
    return leads


def _unit(text: str) -> str | None:
    """The key of MV_PER_UNIT for a unit as people write it."""
    word = text.strip().lower()
    word = _UNIT_WORDS.get(word.removesuffix("s"), word)
    return word if word in MV_PER_UNIT else None


def _steps_per_mv(signal: Signal, units: str | None, corrections: dict[str, None]) -> float:
    given = None if units is None else _unit(units)
    if units is not None and given is None:
        raise UnitsUnknown("The unit given with the file is not known.")
    unit = _unit(signal.unit)
    if unit is None and given is not None:
        corrections[f"unit as given with the file: {_SPELLED[given]}"] = None
    elif unit is None and signal.unit:
        raise UnitsUnknown("The unit of an ECG lead is none of voltage.")
    elif unit is None:
        corrections["unit not stated: mV, as the format defines"] = None
    elif given is not None and MV_PER_UNIT[given] != MV_PER_UNIT[unit]:
        corrections["unit given with the file not used: the file states another"] = None
    unit = unit or given or "mv"
    if MV_PER_UNIT[unit] != 1:
        corrections[f"converted from {_SPELLED[unit]} to mV"] = None
    if signal.gain is None:
        corrections[f"gain not stated: {DEFAULT_GAIN:g} steps per unit, as the format defines"] = None
    gain = DEFAULT_GAIN if signal.gain is None else signal.gain
    if gain == 0:
        raise UnitsUnknown("The gain of an ECG lead is 0: it is not calibrated.", "State the gain in the header.")
    steps = gain / MV_PER_UNIT[unit]
    if not math.isfinite(steps) or not MIN_STEPS_PER_MV <= abs(steps) <= MAX_STEPS_PER_MV:
        raise HeaderInvalid("The gain of an ECG lead is none that a converter can have.")
    return steps

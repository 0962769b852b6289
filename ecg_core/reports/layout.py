"""Where each lead is drawn: 3 x 4 with a rhythm strip, one row for each lead, or several rows of a single lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.recording import Recording
from ecg_core.reports.paper import MAJOR_MM, MM_PER_S
from ecg_core.reports.sheet import USUAL, Sheet
from ecg_core.signal.median import median
from ecg_core.signal.preparation import ROUNDING_S, limb_weights
from ecg_core.signal.quality import FLAT_MV

# Width of a row at the usual speed.
ROW_S = 10.0
TABLE = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
TWO_COLUMNS = tuple(zip(LIMB_LEADS, ("V1", "V2", "V3", "V4", "V5", "V6"), strict=True))
TABLES: Mapping[str, Sequence[Sequence[str]]] = {"3x4": TABLE, "6x2": TWO_COLUMNS}
RHYTHM_LEADS = ("II", "V1", "I", *LEADS)
# Six rows of 25 mm fill the sheet. More leads are drawn in the 3 x 4 table.
MAX_ROWS = 6
# A kilovolt. A wrong unit gives no larger values, and sums of larger values may overflow.
MAX_DRAWN_MV = 1e6
MAX_ROWS_OF_ONE_LEAD = 4

# mm per mV: the standard gain, and the two lower ones that every electrocardiograph offers.
GAINS = (10.0, 5.0, 2.5)
# R and S waves of neighbouring rows may overlap by an eighth of a row, as on any printout. So 87 of 100 records of
# PTB-XL keep the standard gain.
OVERLAP = 1.125
TINY_MV = 1e-9
NOT_RECORDED = "not recorded"

Leads = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Strip:
    """A stretch of one lead. samples: mV minus their median, NaN where a sample is missing. row: counted from the top.

    offset_s: start on the row. from_s: the recording's time at this start. first_s: time of the first sample after
    from_s. note: printed beside the label.
    """

    lead: str
    row: int
    offset_s: float
    length_s: float
    from_s: float
    first_s: float
    samples: NDArray[np.float64]
    note: str = ""

    @cached_property
    def reach_mv(self) -> tuple[float, float]:
        """(below, above): the largest distances from the baseline."""
        known = self.samples[np.isfinite(self.samples)]
        return (-float(known.min()), float(known.max())) if known.size else (0.0, 0.0)

    def meets(self, other: "Strip") -> bool:
        """Whether the other strip is in the next row and overlaps this one in time."""
        apart = self.offset_s >= other.offset_s + other.length_s or other.offset_s >= self.offset_s + self.length_s
        return other.row == self.row + 1 and not apart


@dataclass(frozen=True, eq=False)
class Layout:
    """baselines_mm: of the rows, from the paper's upper edge, on major lines. shown: which part is drawn, in words.

    reach_mm: (above, below) for each row: how far from its baseline it may draw. gain: mm per mV. speed: mm per second.
    """

    strips: tuple[Strip, ...]
    baselines_mm: tuple[int, ...]
    reach_mm: tuple[tuple[float, float], ...]
    spacing_mm: int
    gain: float
    speed: int
    shown: str

    @property
    def of_one_lead(self) -> bool:
        return len({strip.lead for strip in self.strips}) == 1

    @property
    def cut(self) -> tuple[str, ...]:
        """The leads that do not fit into their rows even at the lowest gain."""
        over = set()
        for strip in self.strips:
            (below, above), (room_above, room_below) = strip.reach_mv, self.reach_mm[strip.row]
            if above * self.gain > room_above or below * self.gain > room_below:
                over.add(strip.lead)
        return tuple(lead for lead in LEADS if lead in over)


def lay_out(recording: Recording, height_mm: int, start_s: float = 0.0, sheet: Sheet = USUAL) -> Layout:
    """Places the leads of a recording on paper of this height. start_s: where in the recording the paper begins."""
    row_s = ROW_S * MM_PER_S / sheet.speed
    part = recording.part(start_s, start_s + MAX_ROWS_OF_ONE_LEAD * row_s + 1 / recording.fs_hz)
    leads, derived = drawn_leads(part)
    form = sheet.layout or _usual(leads)
    shown_s = row_s
    if form in TABLES:
        strips = _table(part, leads, derived, start_s, form, row_s)
    elif form in LEADS:
        rows = min(MAX_ROWS_OF_ONE_LEAD, max(1, int(np.ceil((part.duration_s - ROUNDING_S) / row_s))))
        strips = [
            _strip(part, leads, form, row, 0, row_s, row * row_s, start_s, form in derived) for row in range(rows)
        ]
        shown_s *= rows
    else:
        strips = [
            _strip(part, leads, lead, row, 0, row_s, 0, start_s, lead in derived) for row, lead in enumerate(leads)
        ]
    shown = _shown(recording, start_s, shown_s)
    if form in TABLES and part.duration_s < row_s - ROUNDING_S:
        shown += f", columns from {', '.join(f'{strip.from_s:.3g}' for strip in strips[: len(TABLES[form][0])])} s"
    rows = max((strip.row for strip in strips), default=0) + 1
    spacing = height_mm // rows // MAJOR_MM * MAJOR_MM
    # Shifted down by one major line: R waves need more room above the first row than S waves below the last.
    first = (height_mm - spacing * (rows - 1)) // 2 // MAJOR_MM * MAJOR_MM + MAJOR_MM
    baselines = tuple(first + row * spacing for row in range(rows))
    highest = _highest_gain(strips, baselines, spacing, height_mm)
    gain = sheet.gain_mm or next((gain for gain in GAINS if gain <= highest), GAINS[-1])
    half_mm = float(height_mm) if gain <= highest else spacing / 2
    reach = tuple((min(float(base), half_mm), min(float(height_mm - base), half_mm)) for base in baselines)
    return Layout(tuple(strips), baselines, reach, spacing, gain, sheet.speed, shown)


def drawn_leads(recording: Recording) -> tuple[Leads, set[str]]:
    """(signals in mV of the leads to draw, in the standard order; the names of those that are derived)."""
    shown = recording.signal.astype(np.float64)
    shown[~np.isfinite(shown)] = np.nan
    np.clip(shown, -MAX_DRAWN_MV, MAX_DRAWN_MV, out=shown)
    there = {lead: row for lead, row in zip(recording.leads, shown, strict=True) if lead in LEADS}
    # A flat lead is drawn, but no other lead is derived from it.
    alive = [lead for lead in LIMB_LEADS if lead in there and _height_mv(there[lead]) >= FLAT_MV]
    missing = [lead for lead in LIMB_LEADS if lead not in there or np.isnan(there[lead]).all()]
    if len(alive) < 2:
        missing = []
    elif missing:
        limb = limb_weights(alive) @ np.array([there[lead] for lead in alive])
        there |= {lead: limb[LIMB_LEADS.index(lead)] for lead in missing}
    return {lead: there[lead] for lead in LEADS if lead in there}, set(missing)


def _height_mv(samples: NDArray[np.float64]) -> float:
    known = samples[~np.isnan(samples)]
    return float(np.ptp(known)) if known.size else 0.0


def _usual(leads: Leads) -> str:
    """The layout if none is asked for: one of LAYOUTS, or the only lead."""
    return "3x4" if len(leads) > MAX_ROWS else next(iter(leads)) if len(leads) == 1 else "12x1"


def _table(part: Recording, leads: Leads, derived: set[str], start_s: float, form: str, row_s: float) -> list[Strip]:
    table = TABLES[form]
    column_s = row_s / len(table[0])
    starts = [column * column_s for column in range(len(table[0]))]
    if part.duration_s < row_s - ROUNDING_S:
        # The last columns, V4 to V6, would stay empty: let the columns overlap in time.
        starts = [min(start, max(0.0, part.duration_s - column_s)) for start in starts]
    strips = [
        _strip(part, leads, lead, row, column * column_s, column_s, starts[column], start_s, lead in derived)
        for row, names in enumerate(table)
        for column, lead in enumerate(names)
    ]
    if table is not TABLE:
        return strips
    beating = [lead for lead in RHYTHM_LEADS if lead in leads and _height_mv(leads[lead]) >= FLAT_MV]
    rhythm = (beating or list(leads))[0]
    return [*strips, _strip(part, leads, rhythm, len(table), 0, row_s, 0, start_s, rhythm in derived)]


def _strip(
    part: Recording,
    leads: Leads,
    lead: str,
    row: int,
    offset_s: float,
    length_s: float,
    from_s: float,
    start_s: float,
    derived: bool = False,
) -> Strip:
    """from_s: seconds after the beginning of the part, which begins at start_s of the recording."""
    fs_hz = part.fs_hz
    first = int(np.ceil(from_s * fs_hz - 1e-6))
    last = int(np.floor((from_s + length_s) * fs_hz + 1e-6))
    samples = leads[lead][first : last + 1] if lead in leads else np.zeros(0)
    known = samples[~np.isnan(samples)]
    samples = samples - median(known) if known.size else samples
    note = NOT_RECORDED if lead not in leads else "derived" if derived else "" if known.size else "no signal"
    return Strip(lead, row, offset_s, length_s, start_s + from_s, first / fs_hz - from_s, samples, note)


def _highest_gain(strips: Sequence[Strip], baselines: Sequence[int], spacing: int, height_mm: int) -> float:
    """The highest gain in mm per mV at which no lead reaches too far into the row below or leaves the paper."""
    highest = float("inf")
    for upper, lower in combinations(strips, 2):
        if upper.meets(lower):
            highest = min(highest, OVERLAP * spacing / max(upper.reach_mv[0] + lower.reach_mv[1], TINY_MV))
    for strip in strips:
        below, above = strip.reach_mv
        base = baselines[strip.row]
        highest = min(highest, base / max(above, TINY_MV), (height_mm - base) / max(below, TINY_MV))
    return highest


def _shown(recording: Recording, start_s: float, length_s: float) -> str:
    end_s = min(start_s + length_s, recording.duration_s)
    if start_s:
        return f"{start_s:g} to {end_s:.6g} s of {recording.duration_s:.6g} s"
    if recording.duration_s > end_s + ROUNDING_S:
        return f"first {end_s:.0f} s of {recording.duration_s:.4g} s"
    return f"all of {recording.duration_s:.4g} s"

"""Numbers that stand for a missing sample (sentinels): one exact value, far from its neighbours, many times.

The steps into and out of the value decide. They must be many times larger than the lead's usual steps. This does not
mask the top of a wave, a converter at its limit or a constant lead: the steps to them are usual, or there are none.
"""

import numpy as np
from numpy.typing import NDArray

# Sentinels of programs and devices, as written in the file before scaling. 26624 is 0x6800.
_KNOWN = (
    *(-99.0, -999.0, -9999.0, -99999.0, -999999.0, 999.0, 9999.0, 99999.0, 999999.0, -99.99, -999.99, -999.9, 999.9),
    *(-32768.0, -32767.0, 32767.0, 26624.0, 65535.0, -2147483648.0, -2147483647.0, 2147483647.0, 4294967295.0),
    *(-8388608.0, 8388607.0, -200000.0),
)
# Needed for a value that is not in _KNOWN. A single jump may be an artefact, or a converter at its limit.
_MIN_RUNS, _MIN_SAMPLES = 5, 5
# A jump is this many times the 99.8th percentile of the lead's other steps, which are those of its steepest waves. At
# the top of a wave the ratio is 1.
_JUMP, _JUMP_OF_KNOWN, _JUMP_OF_ONE_RUN = 8.0, 2.5, 4.0
# This share of the steps must be jumps. The others may lead to another sentinel or to a gap.
_JUMPING = 0.9
_STEEP_PERCENTILE = 99.8
# At 100 Hz a QRS complex is as steep as a jump. A known sentinel is still recognised if most steps to it come directly
# from the lead's median, and if it occurs more often than heartbeats or lasts longer than a QRS complex.
_AT_ONCE, _AT_ONCE_SHARE = 0.7, 0.75
_MAX_BEATS_PER_S, _MAX_QRS_S = 5.0, 0.3
_MIN_STEPS, _LOOKED_AT = 50, 2_000
# Fewer samples that are further away are left to the quality check (signal/quality/recording.py).
_MASKED_MV, _MASKED_SHARE = 50.0, 0.01


def without_sentinels(signal: NDArray[np.float32], scales: list[float], fs_hz: float) -> int:
    """Sets sentinels of signal [leads, samples] mV to NaN. Returns their number. scales: mV per number."""
    count = 0
    for row, scale in zip(signal, scales, strict=True):
        with np.errstate(invalid="ignore", over="ignore"):
            low, high = float(np.fmin.reduce(row)), float(np.fmax.reduce(row))
        if not low < high:
            continue
        known = [float(np.float32(value * scale)) for value in _KNOWN if low <= np.float32(value * scale) <= high]
        values = [
            value
            for value in dict.fromkeys([*known, low, high])
            if np.count_nonzero(row == np.float32(value)) >= _MIN_SAMPLES
        ]
        others = np.isin(row, np.array(values, np.float32)) if len(values) > 1 else None
        for value in values:
            places = _sentinel(row, value, others, fs_hz if value in known else None)
            if places is not None:
                row[places] = np.nan
                count += len(places)
    return count


def _sentinel(
    row: NDArray[np.float32], value: float, others: NDArray[np.bool_] | None, fs_hz: float | None
) -> NDArray[np.int64] | None:
    """The indices of the value if it is a sentinel, else None.

    others: marks every candidate value. fs_hz: only if the value is in _KNOWN.
    """
    marked = row == np.float32(value)
    places: NDArray[np.int64] = np.flatnonzero(marked)
    apart = np.diff(places) > 1
    runs = 1 + int(np.count_nonzero(apart))
    often = runs >= _MIN_RUNS
    if not often and not fs_hz:
        return None
    times = _JUMP if not fs_hz else _JUMP_OF_KNOWN if often else _JUMP_OF_ONE_RUN
    edges = _edges(row, value, places, apart)
    no_wave = fs_hz and (runs > _MAX_BEATS_PER_S * len(row) / fs_hz or len(places) > _MAX_QRS_S * fs_hz * runs)
    needed = _JUMPING * len(edges)
    if not len(edges) or (not no_wave and np.count_nonzero(edges > times / 2 * _roughly(row, marked)) < needed):
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.abs(np.diff(row))
    others = marked if others is None else others
    usual = steps[~(others[1:] | others[:-1])]
    usual = usual[np.isfinite(usual)]
    if len(usual) < _MIN_STEPS:
        return None
    distance = abs(float(np.median(row[~marked & np.isfinite(row)])) - value)
    steep = times * float(np.percentile(usual, _STEEP_PERCENTILE))
    jumps = steep > 0 and np.count_nonzero(edges > steep) >= needed
    if not jumps and not (no_wave and np.count_nonzero(edges > _AT_ONCE * distance) >= _AT_ONCE_SHARE * len(edges)):
        return None
    return None if distance > _MASKED_MV and len(places) <= _MASKED_SHARE * len(row) else places


def _edges(
    row: NDArray[np.float32], value: float, places: NDArray[np.int64], apart: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The sizes of the steps into and out of the value. Steps beside gaps are left out."""
    before = places[np.concatenate([[True], apart])] - 1
    behind = places[np.concatenate([apart, [True]])] + 1
    beside = np.concatenate([before[before >= 0], behind[behind < len(row)]])
    with np.errstate(invalid="ignore", over="ignore"):
        edges: NDArray[np.float32] = np.abs(row[beside] - np.float32(value))
    finite: NDArray[np.float32] = edges[np.isfinite(edges)]
    return finite


def _roughly(row: NDArray[np.float32], marked: NDArray[np.bool_]) -> float:
    """The mean of some of the lead's other steps: a fast lower bound of its steepest steps."""
    places = np.arange(0, len(row) - 1, -(-len(row) // _LOOKED_AT))
    places = places[~(marked[places] | marked[places + 1])]
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.abs(row[places + 1] - row[places])
    steps = steps[np.isfinite(steps)]
    return float(steps.mean(dtype=np.float64)) if len(steps) else 0.0

"""Numbers that stand for a missing sample: one exact value, far from its neighbours, again and again.

The jump into and out of the value decides. It is none of the lead's own if it is many times the lead's usual steps. The
top of a wave, a converter at its limit and a constant lead are reached by steps as usual, or never left.
"""

import numpy as np
from numpy.typing import NDArray

# Programs and devices write these; 26624 is 0x6800. In the numbers of the file, before they are scaled.
_KNOWN = (
    *(-99.0, -999.0, -9999.0, -99999.0, -999999.0, 999.0, 9999.0, 99999.0, 999999.0, -99.99, -999.99, -999.9, 999.9),
    *(-32768.0, -32767.0, 32767.0, 26624.0, 65535.0, -2147483648.0, -2147483647.0, 2147483647.0, 4294967295.0),
    *(-8388608.0, 8388607.0, -200000.0),
)
# A single jump may be an artefact, and a converter at its limit stays there once: only a known number may.
_MIN_RUNS, _MIN_SAMPLES = 5, 5
# Of the 99.8th percentile of the lead's other steps, those of its steepest waves: 1 at the top of a wave.
_JUMP, _JUMP_OF_KNOWN, _JUMP_OF_ONE_RUN = 8.0, 2.5, 4.0
# The share of the jumps that must be so high: a missing sample may lie beside another one's code, or beside a gap.
_JUMPING = 0.9
_STEEP_PERCENTILE = 99.8
# At 100 Hz a QRS complex is as steep as such a jump. But a known number that is reached at once from the lead's level,
# more often than a heart beats or for longer than a QRS complex lasts, is no wave.
_AT_ONCE, _AT_ONCE_SHARE = 0.7, 0.75
_MAX_BEATS_PER_S, _MAX_QRS_S = 5.0, 0.3
_MIN_STEPS, _LOOKED_AT = 50, 2_000
# What reaches further in fewer samples, quality.py reads as missing.
_MASKED_MV, _MASKED_SHARE = 50.0, 0.01


def without_sentinels(signal: NDArray[np.float32], scales: list[float], fs_hz: float) -> int:
    """Sets sentinels of signal [leads, samples] mV to NaN, and returns their number. scales: mV per number."""
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
    """Where the value stands for a missing sample, None if it does not.

    others: where this or another such value is. fs_hz: for a known number only.
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
    """The steps into and out of the value, without those beside gaps."""
    before = places[np.concatenate([[True], apart])] - 1
    behind = places[np.concatenate([apart, [True]])] + 1
    beside = np.concatenate([before[before >= 0], behind[behind < len(row)]])
    with np.errstate(invalid="ignore", over="ignore"):
        edges: NDArray[np.float32] = np.abs(row[beside] - np.float32(value))
    finite: NDArray[np.float32] = edges[np.isfinite(edges)]
    return finite


def _roughly(row: NDArray[np.float32], marked: NDArray[np.bool_]) -> float:
    """The mean of some of the lead's other steps, which is below their steepest: a quick look."""
    places = np.arange(0, len(row) - 1, -(-len(row) // _LOOKED_AT))
    places = places[~(marked[places] | marked[places + 1])]
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.abs(row[places + 1] - row[places])
    steps = steps[np.isfinite(steps)]
    return float(steps.mean()) if len(steps) else 0.0

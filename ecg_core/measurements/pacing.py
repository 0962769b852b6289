"""Whether a pacemaker's spikes stand before the QRS complexes, at the recording's own rate.

A spike takes 1 or 2 ms. Files below 250 Hz, and recorders that filter spikes out, do not show it.
"""

import numpy as np

from ecg_core.measurements.detection import Beats, running_max
from ecg_core.measurements.stretches import Signal, Stretch
from ecg_core.signal.median import median

# Height of a point above its neighbours at this distance.
WIDTH_S = 0.004
# A spike stands alone: within these distances from it the signal is smooth. QRS is not.
NEAR_S, FAR_S = 0.007, 0.025
# A spike lies in this time before the middle of QRS (an atrial one earlier than a ventricular one) to this after it.
BEFORE_S, AFTER_S = 0.25, 0.05
# Height relative to what is near, typical of the beats. In 100 records of PTB-XL at 500 Hz without a pacemaker it is at
# most 3.4; synthetic paced beats have 11 to 37.
ALONE = 5.0
# Summed over the leads. Less is noise of the converter.
SMALLEST_MV = 0.02


def spike_height(piece: Signal, fs_hz: float, beats: Beats) -> float:
    """piece: [leads, samples] mV without filter, NaN where missing. beats: the middles of QRS, as samples of it."""
    width, near, far = (max(round(time_s * fs_hz), 1) for time_s in (WIDTH_S, NEAR_S, FAR_S))
    before, after = round(BEFORE_S * fs_hz), round(AFTER_S * fs_hz)
    beats = beats[(beats >= before) & (beats + after <= piece.shape[1])]
    if not len(beats):
        return 0.0
    height = np.abs(piece[:, width:-width] - (piece[:, 2 * width :] + piece[:, : -2 * width]) / 2)
    together = np.pad(np.nan_to_num(height).sum(axis=0, dtype=np.float64), width)
    reach = (far - near) // 2
    around = running_max(together, reach)
    shift = near + reach
    sides = np.pad(around, shift)
    alone = together / (np.maximum(sides[: -2 * shift], sides[2 * shift :]) + SMALLEST_MV)
    highest = np.array([alone[beat - before : beat + after].max() for beat in beats.tolist()])
    return float(median(highest)[0])


def is_paced(stretches: list[Stretch], found: list[Beats]) -> bool:
    """found: the middles of QRS in each stretch."""
    for stretch, beats in zip(stretches, found, strict=True):
        at = np.round(beats * (stretch.raw_fs_hz / stretch.fs_hz)).astype(np.intp)
        if spike_height(stretch.raw, stretch.raw_fs_hz, at) > ALONE:
            return True
    return False

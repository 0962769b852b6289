"""The beats in a window, and the width of their QRS complexes. Used to separate QRS, ST and T, not to name a rhythm.

At a beat the slopes of all leads are steep. Their energy, smoothed over the length of a QRS complex, has a maximum
there (Pan and Tompkins 1985, doi 10.1109/TBME.1985.325532). A maximum counts as a beat if it is high enough compared
with the maxima nearby.
"""

import numpy as np
from numpy.typing import NDArray

from ecg_core.signal.median import median
from ecg_core.signal.preparation import Signal
from ecg_core.signal.resampling import MODEL_FS_HZ

# As long as a wide QRS complex, so that the energy has its maximum in the middle and not at one of the two steep ends.
QRS_S = 0.18
# 250 beats per minute. A T wave may follow sooner, but then its energy is smaller.
REFRACTORY_S = 0.24
# On both sides. At 60 beats per minute the threshold depends on two beats.
NEARBY_S = 1.0
# Share of the energy that is usual nearby, which is 55 % of the slope. T waves stay below it, also in a bundle branch
# block.
THRESHOLD = 0.3
# Limits the usual energy nearby to this multiple of its median, so that a steep artefact does not hide its neighbours.
MAX_UNUSUAL = 2.0
# Searched on both sides. The widest QRS complexes have 200 ms, and the beat found may not be exactly in the middle.
REACH_S = 0.16
# QRS ends where the slope falls below this share of the steepest. With one more sample on both sides the median width
# in PTB-XL is 90 ms in normal ECGs, 160 ms in left and 140 ms in right bundle branch block.
EDGE = 0.15
# A level stretch up to this length is a peak or a notch within QRS. The PR segment before QRS is longer.
MAX_LEVEL_S = 0.03
TINY_MV = 1e-6

Floats = NDArray[np.float64]
Beats = NDArray[np.intp]


def find_beats(signal: Signal, lead_mask: Signal) -> Beats:
    """The samples in the middle of the QRS complexes, in order. signal: [12, samples] mV at 100 Hz. lead_mask: [12].

    One lead is enough.
    """
    kernel = np.hanning(round(QRS_S * MODEL_FS_HZ) + 2)
    energy = np.convolve((_slopes(signal, lead_mask) ** 2).mean(axis=0), kernel / kernel.sum(), "same")
    usual = _running_max(energy, NEARBY_S)
    usual = np.minimum(usual, MAX_UNUSUAL * median(usual))
    return np.flatnonzero((energy == _running_max(energy, REFRACTORY_S)) & (energy > THRESHOLD * usual))


def qrs_width(signal: Signal, lead_mask: Signal, beats: Beats) -> tuple[int, int]:
    """(samples before, samples after the middle) of the QRS complex of the median beat.

    A few ectopic beats, which are wider, do not change the median.
    """
    reach = round(REACH_S * MODEL_FS_HZ)
    padded = np.pad(_slopes(signal, lead_mask).mean(axis=0), reach, mode="edge")
    around = median(np.stack([padded[beat : beat + 2 * reach + 1] for beat in beats], axis=1))[:, 0]
    steep = np.flatnonzero(around - around.min() >= EDGE * np.ptp(around))
    runs = np.split(steep, np.flatnonzero(np.diff(steep) > round(MAX_LEVEL_S * MODEL_FS_HZ)) + 1)
    qrs = next(run for run in runs if around.argmax() in run)
    return reach - int(qrs[0]) + 1, int(qrs[-1]) - reach + 2


def _slopes(signal: Signal, lead_mask: Signal) -> Floats:
    """[present leads, samples], each scaled to a mean square of 1: a noisy lead does not outweigh the others."""
    slopes = np.abs(np.gradient(signal[lead_mask > 0].astype(np.float64), axis=1))
    return np.asarray(slopes / (np.sqrt((slopes**2).mean(axis=1, keepdims=True)) + TINY_MV))


def _running_max(values: Floats, reach_s: float) -> Floats:
    reach = round(reach_s * MODEL_FS_HZ)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, reach), 2 * reach + 1)
    return np.asarray(around.max(axis=-1))

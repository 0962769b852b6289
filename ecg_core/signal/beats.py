"""Where the beats are in a window that the network reads, and how wide: enough to tell QRS, ST and T apart, no rhythm.

The energy of the slopes of all leads, smoothed over a QRS complex, stands out where a beat is (the idea of Pan and
Tompkins 1985, doi 10.1109/TBME.1985.325532); a local maximum above a share of what is usual there is a beat.
"""

import numpy as np
from numpy.typing import NDArray

from ecg_core.signal.median import median
from ecg_core.signal.preparation import Signal
from ecg_core.signal.resampling import MODEL_FS_HZ

# A wide QRS complex: the energy then peaks in its middle, not at one of two steep ends by turns.
QRS_S = 0.18
# 250 beats a minute; a T wave follows sooner only where it is smaller.
REFRACTORY_S = 0.24
# On both sides: at 60 a minute the threshold follows two beats.
NEARBY_S = 1.0
# Of what is usual, in energy: more than half of the slopes. T waves stay below, those of a bundle branch block too.
THRESHOLD = 0.3
# One artefact or ectopic beat, however steep, does not hide its neighbours.
MAX_UNUSUAL = 2.0
# The widest QRS complexes have 200 ms; more, where the middle is not met.
REACH_S = 0.16
# Of the steepest slope. With it and a sample on both sides the median width in PTB-XL is 90 ms in normal ECGs, 160 ms
# in left, 140 ms in right bundle branch block.
EDGE = 0.15
# A summit or a notch within QRS is shorter, the PR segment before it longer.
MAX_LEVEL_S = 0.03
TINY_MV = 1e-6

Floats = NDArray[np.float64]
Beats = NDArray[np.intp]


def find_beats(signal: Signal, lead_mask: Signal) -> Beats:
    """Samples in the middle of the QRS complexes, in order. signal: [12, samples] mV at 100 Hz. lead_mask: [12].

    Any lead alone will do.
    """
    kernel = np.hanning(round(QRS_S * MODEL_FS_HZ) + 2)
    energy = np.convolve((_slopes(signal, lead_mask) ** 2).mean(axis=0), kernel / kernel.sum(), "same")
    usual = _running_max(energy, NEARBY_S)
    usual = np.minimum(usual, MAX_UNUSUAL * median(usual))
    return np.flatnonzero((energy == _running_max(energy, REFRACTORY_S)) & (energy > THRESHOLD * usual))


def qrs_width(signal: Signal, lead_mask: Signal, beats: Beats) -> tuple[int, int]:
    """(samples before, samples after its middle) that the QRS complex of the median beat takes.

    Ectopic beats are wider, and count as one beat each.
    """
    reach = round(REACH_S * MODEL_FS_HZ)
    padded = np.pad(_slopes(signal, lead_mask).mean(axis=0), reach, mode="edge")
    around = median(np.stack([padded[beat : beat + 2 * reach + 1] for beat in beats], axis=1))[:, 0]
    steep = np.flatnonzero(around - around.min() >= EDGE * np.ptp(around))
    runs = np.split(steep, np.flatnonzero(np.diff(steep) > round(MAX_LEVEL_S * MODEL_FS_HZ)) + 1)
    qrs = next(run for run in runs if around.argmax() in run)
    return reach - int(qrs[0]) + 1, int(qrs[-1]) - reach + 2


def _slopes(signal: Signal, lead_mask: Signal) -> Floats:
    """[leads, samples] of the leads that are there, each with a mean square of 1: a noisy one drowns no other."""
    slopes = np.abs(np.gradient(signal[lead_mask > 0].astype(np.float64), axis=1))
    return np.asarray(slopes / (np.sqrt((slopes**2).mean(axis=1, keepdims=True)) + TINY_MV))


def _running_max(values: Floats, reach_s: float) -> Floats:
    reach = round(reach_s * MODEL_FS_HZ)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, reach), 2 * reach + 1)
    return np.asarray(around.max(axis=-1))

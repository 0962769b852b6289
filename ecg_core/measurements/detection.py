"""Where the QRS complexes are.

In the band of QRS (see stretches.py), the energy of all leads together has a maximum at each beat. A maximum is a beat
if it is high enough compared with those nearby (as Pan and Tompkins 1985, doi 10.1109/TBME.1985.325532), and if it is
not the T wave of the beat before. Where an interval is too long, a lower maximum is accepted.
"""

import numpy as np
from numpy.typing import NDArray

from ecg_core.measurements.stretches import SLOWER, Signal, Stretch
from ecg_core.signal.median import median

# The height that is usual in a lead: the median of the maxima of blocks. A block of this length holds a beat at 40 per
# minute.
BLOCK_S = 1.5
# Energy above this multiple of the usual counts as this multiple: an artefact or a tall beat hides nothing beside it.
MAX_UNUSUAL = 2.0
# As long as a QRS complex, so that its two steep sides give one maximum.
SMOOTH_S = 0.12
# 270 beats per minute.
REFRACTORY_S = 0.22
NEARBY_S = 1.6
# Shares of the energy that is usual nearby: for a beat, and where a beat is missing.
THRESHOLD, SECOND_LOOK = 0.2, 0.08
# "Nearby" is held between these multiples of what is usual in the stretch: noise in a pause is not a beat.
LEAST_USUAL = 0.5
# A T wave peaks within this time after QRS. Its energy is below this share of its own QRS, or, if it is tall, its
# curvature (squared) is. The curvature is measured over CURVE_S on both sides, and is highest within PEAK_S.
T_S, T_SHARE, T_CURVATURE = 0.36, 0.2, 0.1
CURVE_S, PEAK_S = 0.008, 0.06
# An interval this many times the median is looked at again.
LONG = 1.6
# The middle of QRS is the centre of its steepness within this reach of the maximum.
CENTRE_S = 0.08
# Below this energy (mV squared) a lead is flat.
FLAT = 1e-9
TINY = 1e-12

Floats = NDArray[np.float64]
Beats = NDArray[np.intp]


def find_beats(stretch: Stretch) -> Beats:
    """The samples of the stretch in the middle of its QRS complexes, in order."""
    hz = stretch.fs_hz / SLOWER
    energy = _energy(stretch.slow, hz)
    if energy is None:
        return np.empty(0, np.intp)
    usual = float(_usual(energy[None], hz)[0, 0])
    near = np.clip(running_max(energy, round(NEARBY_S * hz)), LEAST_USUAL * usual, MAX_UNUSUAL * usual)
    height = energy / near
    peaks = np.flatnonzero((energy == running_max(energy, round(REFRACTORY_S * hz))) & (height > SECOND_LOOK))
    beats = _without_t(peaks[height[peaks] > THRESHOLD], energy, stretch)
    beats = _second_look(beats, peaks, energy, hz)
    return _centres(stretch.signal, beats * SLOWER, stretch.fs_hz)


def _centres(signal: Signal, beats: Beats, fs_hz: float) -> Beats:
    """The middle of each QRS complex: the centre of its steepness, near the maximum that was found."""
    reach = round(CENTRE_S * fs_hz)
    steps = np.diff(signal, axis=1)
    steepness = np.pad(np.einsum("ls,ls->s", steps, steps), reach)
    around = steepness[np.minimum(beats[:, None] + np.arange(2 * reach), len(steepness) - 1)] + TINY
    offsets = np.round((around @ np.arange(-reach, reach)) / around.sum(axis=1))
    return np.asarray(beats + offsets, np.intp)


def _energy(slow: Signal, hz: float) -> Floats | None:
    """[samples]: mean over the leads, each relative to its usual height. Leads in which beats stand out count more."""
    squares = slow.astype(np.float64) ** 2
    usual, mean = _usual(squares, hz), squares.mean(axis=1, keepdims=True)
    kept = (usual > FLAT)[:, 0]
    if not kept.any():
        return None
    squares, usual, mean = squares[kept], usual[kept], mean[kept]
    weight = (usual / mean) ** 2
    energy = (weight / weight.sum() * np.minimum(squares / usual, MAX_UNUSUAL)).sum(axis=0)
    kernel = np.hanning(round(SMOOTH_S * hz) + 2)
    return np.convolve(energy, kernel / kernel.sum(), "same")


def _usual(values: NDArray[np.floating], hz: float) -> Floats:
    """[rows, samples] -> [rows, 1]: the median of the maxima of blocks."""
    length = round(BLOCK_S * hz)
    blocks = max(values.shape[1] // length, 1)
    cut = values[:, : blocks * length].reshape(len(values), blocks, -1)
    return np.asarray(median(cut.max(axis=2)), np.float64)


def running_max(values: Floats, reach: int) -> Floats:
    """[samples] -> [samples]: the maximum within reach samples on both sides."""
    best, width = np.pad(values, reach, constant_values=-np.inf), 1
    # Doubling: the maximum of 2n samples is that of two times n.
    while 2 * width <= 2 * reach + 1:
        best = np.maximum(best[:-width], best[width:])
        width *= 2
    rest = 2 * reach + 1 - width
    return np.maximum(best[: len(best) - rest], best[rest:])


def _without_t(peaks: Beats, energy: Floats, stretch: Stretch) -> Beats:
    reach = round(T_S * stretch.fs_hz / SLOWER)
    if not (np.diff(peaks) <= reach).any():
        return peaks
    curvature = _curvature(stretch, peaks)
    kept: list[int] = []
    for at, peak in enumerate(peaks.tolist()):
        if kept and peak - peaks[kept[-1]] <= reach:
            before = kept[-1]
            if energy[peak] < T_SHARE * energy[peaks[before]] or curvature[at] < T_CURVATURE * curvature[before]:
                continue
        kept.append(at)
    return peaks[kept]


def _curvature(stretch: Stretch, peaks: Beats) -> Floats:
    """[peaks]: the sharpest bend near each, all leads together, mV squared."""
    step, reach = round(CURVE_S * stretch.fs_hz), round(PEAK_S * stretch.fs_hz / SLOWER) * SLOWER
    signal = stretch.signal
    bends = signal[:, 2 * step :] - 2 * signal[:, step:-step] + signal[:, : -2 * step]
    sharp = np.pad(np.einsum("ls,ls->s", bends, bends, dtype=np.float64), (reach + step, reach + step))
    around = np.minimum(peaks[:, None] * SLOWER + np.arange(2 * reach), len(sharp) - 1)
    return np.asarray(sharp[around].max(axis=1))


def _second_look(beats: Beats, peaks: Beats, energy: Floats, hz: float) -> Beats:
    """The beats, and the highest maximum in each interval that is too long, if it is not a T wave."""
    if len(beats) < 3:
        return beats
    typical = float(median(np.diff(beats).astype(np.float64))[0])
    found = []
    for one, next_one in zip(beats[:-1].tolist(), beats[1:].tolist(), strict=True):
        if next_one - one <= LONG * typical:
            continue
        inside = peaks[(peaks > one + max(T_S * hz, 0.5 * typical)) & (peaks < next_one - 0.5 * typical)]
        if len(inside):
            found.append(inside[energy[inside].argmax()])
    return np.sort(np.concatenate([beats, np.array(found, np.intp)])) if found else beats

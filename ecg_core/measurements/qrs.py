"""Onset and end of the QRS complex of the usual beat, over all leads together."""

import numpy as np

from ecg_core.measurements.classes import Beat
from ecg_core.measurements.detection import Floats
from ecg_core.measurements.smoothing import smoothed

# Everything above this share of the steepest, within this time of the middle, is inside QRS.
CORE_SHARE, CORE_S = 0.3, 0.11
# QRS ends where the steepness stays below a threshold for this time. A notch is shorter.
LEVEL_S = 0.018
# The threshold: what is quiet beside QRS, and this share of the steepest above it.
EDGE_SHARE = 0.05
# The beat is smoothed over this time first. Then QRS has the same width at 100 and at 500 Hz: without it, 10 ms less at
# 500 Hz (79 records of PTB-XL), because the steepest slope is cut off at 100 Hz.
SMOOTH_S = 0.018
# Searched beyond the core. Steepness is quiet where its mean over QUIET_S is lowest.
REACH_S, QUIET_S = 0.12, 0.03
# Steepness is that of a straight line through five samples (10 ms). The noise of one lead rises by the sum of these
# multiples of its steepness; of many leads, by the first. If noise rises to MAX_RISE of the steepest, there is no edge.
RISE, RISE_ONE_LEAD, MAX_RISE = 0.7, 1.2, 0.08


# QRS stands out if it is at least this steep in one lead, and if most of the time around it is much less steep. In
# 1,300 records of PTB-XL it is steeper than 40 mV/s and the ratio is below 0.11. P waves alone have at most 12 mV/s,
# and in ventricular tachycardia and fibrillation the ratio is above 0.2 (both synthetic).
SMALLEST_MV_PER_S, MAX_AROUND = 13.0, 0.16
# The time around QRS, and the part of it that is to be less steep.
AROUND_BEFORE_S, AROUND_AFTER_S, CALM_PART = 0.23, 0.33, 1 / 3


def stands_out(beat: Beat) -> bool:
    """Whether the usual beat has a QRS complex at all."""
    first = beat.middle - round(AROUND_BEFORE_S * beat.fs_hz)
    last = beat.middle + round(AROUND_AFTER_S * beat.fs_hz)
    steep = steepness(beat.signal)[first:last]
    calm = round(CALM_PART * len(steep))
    reach = round(CORE_S * beat.fs_hz)
    steps = np.abs(np.diff(beat.signal[:, beat.middle - reach : beat.middle + reach], axis=1))
    steepest = float(steps.max()) * beat.fs_hz
    return steepest > SMALLEST_MV_PER_S and float(np.partition(steep, calm)[calm]) < MAX_AROUND * float(steep.max())


def qrs_bounds(beat: Beat) -> tuple[float, float] | None:
    """(first sample of QRS, first sample after it), with fractions. None if QRS has no clear edge."""
    width = round(SMOOTH_S * beat.fs_hz)
    steep = steepness(smoothed(beat.signal, width))
    core_reach, reach = round(CORE_S * beat.fs_hz), round(REACH_S * beat.fs_hz)
    around = steep[beat.middle - core_reach : beat.middle + core_reach]
    core = beat.middle - core_reach + np.flatnonzero(around > CORE_SHARE * around.max())
    highest = float(around.max())
    left = steep[core[0] - reach : core[0] + 1][::-1]
    right = steep[core[-1] : core[-1] + reach + 1]
    rise = rise_of_noise(beat, width)
    if rise > MAX_RISE * highest:
        return None
    onset, end = (_edge(side, highest, rise, beat.fs_hz) for side in (left, right))
    if onset is None or end is None:
        return None
    return float(core[0] - onset), float(core[-1] + end)


def steepness(signal: Floats) -> Floats:
    """[leads, samples] -> [samples]: the root mean square of the slopes, mV per sample."""
    padded = np.pad(signal, ((0, 0), (2, 2)), mode="edge")
    return np.asarray(np.sqrt((_slopes(padded) ** 2).mean(axis=0)))


def _slopes(signal: Floats) -> Floats:
    """Along the last axis, four samples shorter."""
    one, two, _, four, five = (signal[..., at : signal.shape[-1] - 4 + at] for at in range(5))
    return np.asarray((2 * (five - one) + four - two) / 10)


def rise_of_noise(beat: Beat, width: int) -> float:
    """How far the steepness of noise in the usual beat rises above its lowest mean, in mV per sample.

    From the differences between the beats before QRS, smoothed over width samples. With more leads, noise averages out.
    """
    early = beat.each[:, :, : beat.middle - round((CORE_S + REACH_S) * beat.fs_hz)]
    variance = _slopes(smoothed(early - early.mean(axis=0), width)).var(axis=0).mean() / len(early)
    return float(np.sqrt(variance) * (RISE + RISE_ONE_LEAD / np.sqrt(len(beat.leads))))


def _edge(side: Floats, highest: float, rise: float, fs_hz: float) -> float | None:
    """Samples from the start of side to where it stays below the threshold."""
    quiet = float(np.convolve(side, np.ones(n := round(QUIET_S * fs_hz)) / n, "valid").min())
    limit = quiet + max(EDGE_SHARE * (highest - quiet), rise)
    below = side < limit
    length = round(LEVEL_S * fs_hz)
    stays = np.convolve(below, np.ones(length), "valid") > length - 0.5
    if not stays.any():
        return None
    at = int(stays.argmax())
    if at == 0:
        return 0.0
    # Between the last sample above and the first below, on a straight line.
    return at - 1 + float((side[at - 1] - limit) / max(side[at - 1] - side[at], 1e-12))

"""The P wave before the QRS complex of the usual beat: whether it is there in every beat, and its onset."""

import numpy as np

from ecg_core.measurements.classes import TINY, Beat
from ecg_core.measurements.detection import Floats
from ecg_core.measurements.qrs import steepness
from ecg_core.measurements.smoothing import smoothed
from ecg_core.signal.median import median

# P begins within this time before QRS. A shorter piece between T and QRS shows no P wave.
LONGEST_PR_S, SHORTEST_S = 0.36, 0.12
# P peaks at least this long before QRS.
PEAK_S = 0.03
SMOOTH_S = 0.018
# Every STEP-th sample is compared: P has no power above 40 Hz.
STEP = 4
# A P wave repeats in every beat: the typical correlation of a beat with the mean of the others. In folds 1-8 of PTB-XL
# 98 % of sinus rhythms are above this, and 4 % of atrial fibrillation and flutter.
REPEATS, SMALLEST_MV = 0.6, 0.012
# The rise of P begins within this time before its peak, where its steepness falls below this share, for LEVEL_S.
RISE_S, ONSET_SHARE, LEVEL_S = 0.11, 0.25, 0.01
QUIET_S = 0.02


def p_onset(beat: Beat, qrs_onset: float, earliest: float) -> float | None:
    """The sample at which P begins. earliest: where T of the beat before has ended. None without a clear P wave."""
    end = int(qrs_onset)
    start = max(round(earliest), end - round(LONGEST_PR_S * beat.fs_hz), 0)
    if end - start < SHORTEST_S * beat.fs_hz:
        return None
    width = round(SMOOTH_S * beat.fs_hz)
    smooth = smoothed(beat.signal[:, : end + width], width)
    peak = _peak(smooth[:, start:end], round(PEAK_S * beat.fs_hz))
    if peak is None or not repeats(beat, start, end):
        return None
    return _onset(smooth, start, start + peak, beat.fs_hz)


def p_end(beat: Beat, p_onset: float, qrs_onset: float) -> float | None:
    """The sample at which P has ended: where it begins if time runs backwards. None if it runs into QRS."""
    width = round(SMOOTH_S * beat.fs_hz)
    # Smoothing carries QRS forward by half its width.
    first, last = int(p_onset), int(qrs_onset) - width // 2
    if last - first < width:
        return None
    smooth = smoothed(beat.signal[:, : last + width], width)
    peak = _peak(smooth[:, first:last], 0)
    end = None if peak is None else _onset(smooth[:, last::-1], 0, last - first - peak, beat.fs_hz)
    return None if end is None else last - end


def repeats(beat: Beat, start: int, end: int) -> bool:
    """Whether the beats look alike in these samples."""
    width = round(SMOOTH_S * beat.fs_hz)
    parts = level(smoothed(beat.each[:, :, start:end], width)[:, :, ::STEP])
    count = len(parts)
    flat = parts.reshape(count, -1)
    total = flat.sum(axis=0)
    others = (total - flat) / (count - 1)
    fit = np.einsum("bn,bn->b", flat, others)
    fit /= np.linalg.norm(flat, axis=1) * np.linalg.norm(others, axis=1) + TINY
    return float(median(fit)[0]) > REPEATS


def level(parts: Floats) -> Floats:
    """The parts without the straight line through each, along the last axis."""
    time = np.linspace(-1, 1, parts.shape[-1])
    slope = (parts @ time) / (time @ time)
    return np.asarray(parts - parts.mean(axis=-1, keepdims=True) - slope[..., None] * time)


def _peak(part: Floats, margin: int) -> int | None:
    """Where the leads together are farthest from the straight line between their ends."""
    line = np.linspace(0, 1, part.shape[1])
    height = np.sqrt(((part - part[:, :1] * (1 - line) - part[:, -1:] * line) ** 2).mean(axis=0))
    peak = int(height[: len(height) - margin].argmax())
    return peak if height[peak] > SMALLEST_MV and peak > 0 else None


def _onset(smooth: Floats, start: int, peak: int, fs_hz: float) -> float | None:
    first = max(start, peak - round(RISE_S * fs_hz))
    steep = steepness(smooth[:, : peak + 3])[first : peak + 1]
    if len(steep) < RISE_S * fs_hz / 3:
        return None
    width = round(QUIET_S * fs_hz)
    at_steepest = int(steep.argmax())
    if at_steepest < width:
        return None
    quiet = float(np.convolve(steep[: at_steepest + 1], np.ones(width) / width, "valid").min())
    limit = quiet + ONSET_SHARE * (float(steep[at_steepest]) - quiet)
    below = (steep[: at_steepest + 1] < limit)[::-1]
    length = round(LEVEL_S * fs_hz)
    stays = np.convolve(below, np.ones(length), "valid") > length - 0.5
    if not stays.any():
        return None
    return float(first + at_steepest - stays.argmax())

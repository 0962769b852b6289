"""The end of the T wave of the usual beat, in the direction in which T is largest over all leads.

The tangent at the steepest descent (Lepeschkin and Surawicz 1952, doi 10.1161/01.CIR.6.3.378) meets the baseline before
T has ended in every lead. Electrocardiographs give the latest end. So the time to this point is extended: see VISIBLE.
"""

import numpy as np

from ecg_core.measurements.classes import TINY, Beat
from ecg_core.measurements.detection import Floats
from ecg_core.measurements.smoothing import smoothed

# T peaks at least this long after the end of QRS. It peaks this long before the next QRS complex, because P lies there,
# but at high rates only this share of the interval after QRS.
FROM_J_S, BEFORE_NEXT_S, SHARE_OF_INTERVAL = 0.06, 0.24, 0.55
# It peaks at most this long after the onset of QRS, at 60 per minute: a QTc of 0.58 s. What is later is U or P.
LATEST_S = 0.50
SMOOTH_S = 0.03
# The last peak of this share of the highest is T; what is before it is ST.
LAST_SHARE = 0.4
# T descends within this time. Then, within AFTER_S of its steepest descent, it is level: less steep than this share.
FALL_S, AFTER_S, LEVEL_SHARE = 0.16, 0.20, 0.12
# A Gaussian T wave has its steepest descent at 1, the tangent meets the baseline at 2 and 4 % are left at 2.6 standard
# deviations. With this, the median QTc of normal ECGs in folds 1-8 of PTB-XL is 411 ms.
# A T wave that falls slowly, often into a U wave, is extended by at most MAX_VISIBLE_S.
VISIBLE, MAX_VISIBLE_S = 1.8, 0.04
# A T wave below this height, or below this multiple of the noise of the mean, has no end that can be measured.
SMALLEST_MV, ABOVE_NOISE = 0.04, 6.0
# T begins after a part of ST that rises at most by this share of its steepest ascent.
ST_SHARE = 0.3


def t_end(beat: Beat, qrs_onset: float, qrs_end: float, baseline: Floats, interval_s: float) -> float | None:
    """The sample at which T ends. baseline: [leads] mV. interval_s: the usual RR interval. None without a clear T."""
    start = round(qrs_end + FROM_J_S * beat.fs_hz)
    before_next_s = max(interval_s - BEFORE_NEXT_S, SHARE_OF_INTERVAL * interval_s)
    latest = min(beat.middle + before_next_s * beat.fs_hz, qrs_onset + LATEST_S * interval_s ** (1 / 3) * beat.fs_hz)
    width = round(SMOOTH_S * beat.fs_hz)
    stop = min(round(latest), beat.signal.shape[1] - 2 * width)
    if stop - start < 2 * width:
        return None
    smooth = smoothed(beat.signal - baseline[:, None], width)[:, start:]
    peak = _last_peak(np.linalg.norm(smooth[:, : stop - start], axis=0))
    direction = smooth[:, max(peak - width // 2, 0) : peak + width // 2 + 1].mean(axis=1)
    wave = direction / (np.linalg.norm(direction) + TINY) @ smooth
    noise = float(np.sqrt(beat.each[:, :, start:stop].var(axis=0).mean() / len(beat.each)))
    if wave[peak] < max(SMALLEST_MV, ABOVE_NOISE * noise):
        return None
    slope = np.gradient(wave)
    steepest = peak + int(slope[peak : peak + round(FALL_S * beat.fs_hz)].argmin())
    if slope[steepest] >= 0:
        return None
    # The first sample that is level enough. If a U wave prevents that, the most level one.
    after = np.minimum(slope[steepest : steepest + round(AFTER_S * beat.fs_hz)], LEVEL_SHARE * slope[steepest])
    level = float(wave[steepest + int(after.argmax())])
    to_line = float((wave[steepest] - level) / -slope[steepest])
    ends = start + steepest + min(VISIBLE * to_line, to_line + MAX_VISIBLE_S * beat.fs_hz)
    return ends if ends < min(len(wave) + start, qrs_onset + interval_s * beat.fs_hz) else None


def t_onset(beat: Beat, qrs_end: float, ends: float, baseline: Floats) -> float | None:
    """The sample at which T begins: by the tangent at its steepest ascent, as at its end.

    None if ST rises evenly into T: then nobody can say where T begins.
    """
    width, first, later = (round(time) for time in (SMOOTH_S * beat.fs_hz, qrs_end, FROM_J_S * beat.fs_hz))
    smooth = smoothed(beat.signal - baseline[:, None], width)[:, first : round(ends)]
    # Smoothing carries QRS backwards by half its width.
    begin, peak = width // 2, later + _last_peak(np.linalg.norm(smooth[:, later:], axis=0))
    if peak - begin < width:
        return None
    direction = smooth[:, peak - width // 2 : peak + width // 2 + 1].mean(axis=1)
    wave = direction / (np.linalg.norm(direction) + TINY) @ smooth
    slope = np.gradient(wave)
    steepest = begin + int(slope[begin : peak + 1].argmax())
    before = np.maximum(slope[begin : steepest + 1], LEVEL_SHARE * slope[steepest])
    # The last sample that is level enough, or the most level one.
    at = len(before) - 1 - int(before[::-1].argmin())
    if slope[steepest] <= 0 or before[at] > ST_SHARE * slope[steepest]:
        return None
    to_line = float((wave[steepest] - wave[begin + at]) / slope[steepest])
    return first + steepest - min(VISIBLE * to_line, to_line + MAX_VISIBLE_S * beat.fs_hz)


def _last_peak(height: Floats) -> int:
    inner = height[1:-1]
    peaks = 1 + np.flatnonzero((inner >= height[:-2]) & (inner > height[2:]) & (inner > LAST_SHARE * height.max()))
    return int(peaks[-1]) if len(peaks) else int(height.argmax())

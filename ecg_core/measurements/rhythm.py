"""Heart rate and regularity, from the RR intervals."""

import numpy as np

from ecg_core.measured import IRREGULAR, REGULAR
from ecg_core.measurements.detection import Beats, Floats
from ecg_core.measurements.stretches import Stretch
from ecg_core.signal.median import median

# A shorter gap hides no beat.
MAX_HOLE_S = 0.1
# Rates beyond these were not tested.
MIN_BPM, MAX_BPM = 20.0, 300.0
MIN_INTERVALS = 2
# The rhythm is irregular if the typical change from one interval to the next is more than this share of the typical
# interval. A few ectopic beats do not make a rhythm irregular.
IRREGULAR_SHARE, MIN_CHANGES = 0.06, 3


def intervals_s(stretch: Stretch, beats: Beats) -> Floats:
    """The RR intervals of a stretch, without those that hold a gap in all leads: a beat may be missing there."""
    intervals = np.diff(beats) / stretch.fs_hz
    if stretch.missing is None:
        return intervals
    holes = np.cumsum(np.concatenate(([0], stretch.missing.all(axis=0))))
    return intervals[np.diff(holes[beats]) <= MAX_HOLE_S * stretch.fs_hz]


def rate_bpm(intervals_s: Floats) -> float | None:
    """From the mean of the intervals."""
    if len(intervals_s) < MIN_INTERVALS:
        return None
    rate = 60 / float(intervals_s.mean())
    return rate if MIN_BPM <= rate <= MAX_BPM else None


def regularity(stretches_s: list[Floats]) -> str | None:
    """stretches_s: the intervals of each stretch, in order."""
    changes = np.concatenate([np.abs(np.diff(intervals)) for intervals in stretches_s])
    if len(changes) < MIN_CHANGES:
        return None
    usual = float(median(np.concatenate(stretches_s))[0])
    return IRREGULAR if float(median(changes)[0]) > IRREGULAR_SHARE * usual else REGULAR

"""A window cut into P, QRS, ST-T and what is left, by its beats; or into pieces of equal length where it has none."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecg_core.signal.beats import find_beats, qrs_width
from ecg_core.signal.median import median
from ecg_core.signal.preparation import Signal
from ecg_core.signal.resampling import MODEL_FS_HZ

# The parts of a beat in the order of time, and the line between T and P. ST and T are one, as in the finding that they
# make: an ST segment cannot be set to another level without a step, unless the T wave goes with it.
PARTS = ("P", "QRS", "ST-T", "rest")
P, QRS, ST_T, REST = range(len(PARTS))
# P wave and PR segment. A normal PR interval takes 0.12 to 0.20 s; at high rates T may leave P the shorter one only.
PR_S, MIN_PR_S = 0.20, 0.12
# Bazett's formula with the longest QT interval that is normal at 60 a minute in both sexes (Rautaharju et al. 2009,
# doi 10.1016/j.jacc.2008.12.014): T has ended by then.
QT_S = 0.46
# Without beats; shorter pieces would ask for more passes than there is time for.
PIECE_S = 2.0
# One beat has no rate.
MIN_BEATS = 2
NONE = -1


@dataclass(frozen=True, eq=False)
class Segments:
    """names: of the segments. labels: [samples], index into names. beats: samples in the middle of the QRS complexes.

    onsets: of their QRS complexes; that of the first may lie before the window.
    owners: [samples], index into beats of the beat that a sample belongs to, from its P to its T; or NONE.
    """

    names: tuple[str, ...]
    labels: NDArray[np.intp]
    beats: tuple[int, ...]
    onsets: tuple[int, ...]
    owners: NDArray[np.intp]

    def spans(self, segment: int) -> list[tuple[int, int]]:
        """(first sample, sample after the last) of each stretch of a segment."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], self.labels == segment, [False]))))
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def cut(signal: Signal, lead_mask: Signal) -> Segments:
    """signal: [12, samples] mV at 100 Hz, all of them recorded. lead_mask: [12]."""
    samples = signal.shape[1]
    beats = find_beats(signal, lead_mask)
    if len(beats) < MIN_BEATS:
        return _pieces(samples)
    before, after = qrs_width(signal, lead_mask, beats)
    # QT follows the rate of the last minutes, not the last interval.
    rate = math.sqrt(float(median(np.diff(beats).astype(np.float64))[0]) / MODEL_FS_HZ)
    labels, owners = np.full(samples, REST, np.intp), np.full(samples, NONE, np.intp)
    for beat, (onset, next_onset) in enumerate(pairwise(_onsets(beats, samples, before, after)), start=NONE):
        j_point, latest = onset + before + after, next_onset - round(MIN_PR_S * MODEL_FS_HZ)
        t_end = max(j_point, min(onset + round(QT_S * rate * MODEL_FS_HZ), latest))
        p_onset = max(t_end, next_onset - round(PR_S * MODEL_FS_HZ))
        for segment, owner, start, end in (
            (QRS, beat, onset, j_point),
            (ST_T, beat, j_point, t_end),
            (P, beat + 1, p_onset, next_onset),
        ):
            inside = slice(max(start, 0), max(end, 0))
            labels[inside], owners[inside] = segment, owner
    # The P of a beat that the window does not reach.
    owners[owners == len(beats)] = NONE
    return Segments(PARTS, labels, tuple(beats.tolist()), tuple((beats - before).tolist()), owners)


def _onsets(beats: NDArray[np.intp], samples: int, before: int, after: int) -> list[int]:
    """Of each QRS complex, of the one before the window and of the one after it: their T and P reach into it.

    Where the rhythm would put these inside, none was found there: they are taken to be too far away to be seen.
    """
    onsets: list[int] = (beats - before).tolist()
    earlier, later = 2 * onsets[0] - onsets[1], 2 * onsets[-1] - onsets[-2]
    if earlier > -before - after:
        earlier = -samples
    if later < samples:
        later = samples + round(PR_S * MODEL_FS_HZ)
    return [earlier, *onsets, later]


def _pieces(samples: int) -> Segments:
    labels = np.arange(samples) // round(PIECE_S * MODEL_FS_HZ)
    names = tuple(f"{PIECE_S * piece:g}-{PIECE_S * (piece + 1):g} s" for piece in range(int(labels[-1]) + 1))
    return Segments(names, labels, (), (), np.full(samples, NONE, np.intp))

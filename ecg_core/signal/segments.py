"""Cuts a window into P, QRS, ST-T and the rest of each beat. A window without beats is cut into equal pieces."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecg_core.signal.beats import find_beats, qrs_width
from ecg_core.signal.median import median
from ecg_core.signal.preparation import Signal
from ecg_core.signal.resampling import MODEL_FS_HZ

# The parts of a beat in order of time; the rest is the line between T and P. ST and T are one part: the diagnosis STTC
# treats them as one, and an ST segment cannot be moved without a step unless the T wave moves with it.
PARTS = ("P", "QRS", "ST-T", "rest")
P, QRS, ST_T, REST = range(len(PARTS))
# P wave and PR segment. A normal PR interval takes 0.12 to 0.20 s. At high rates T may leave only the shorter time.
PR_S, MIN_PR_S = 0.20, 0.12
# The longest QT interval that is normal at 60 beats per minute in both sexes (Rautaharju et al. 2009,
# doi 10.1016/j.jacc.2008.12.014). T has ended by then. Bazett's formula adapts it to the rate.
QT_S = 0.46
# Length of the equal pieces. Shorter pieces would need too many passes of the network.
PIECE_S = 2.0
# A rate needs two beats.
MIN_BEATS = 2
NONE = -1


@dataclass(frozen=True, eq=False)
class Segments:
    """names: of the segments. labels: [samples], index into names. beats: samples in the middle of the QRS complexes.

    onsets: samples at which the QRS complexes begin; the first may lie before the window.
    owners: [samples], index into beats: the beat that the sample belongs to (from its P to its T), or NONE.
    """

    names: tuple[str, ...]
    labels: NDArray[np.intp]
    beats: tuple[int, ...]
    onsets: tuple[int, ...]
    owners: NDArray[np.intp]

    def spans(self, segment: int) -> list[tuple[int, int]]:
        """(first sample, last sample + 1) of each stretch of a segment."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], self.labels == segment, [False]))))
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def cut(signal: Signal, lead_mask: Signal) -> Segments:
    """signal: [12, samples] mV at 100 Hz, without padding. lead_mask: [12]."""
    samples = signal.shape[1]
    beats = find_beats(signal, lead_mask)
    if len(beats) < MIN_BEATS:
        return _pieces(samples)
    before, after = qrs_width(signal, lead_mask, beats)
    # QT follows the rate of the last minutes, not the last interval: use the median.
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
    # The P wave at the end may belong to a beat after the window.
    owners[owners == len(beats)] = NONE
    return Segments(PARTS, labels, tuple(beats.tolist()), tuple((beats - before).tolist()), owners)


def _onsets(beats: NDArray[np.intp], samples: int, before: int, after: int) -> list[int]:
    """Onsets of all QRS complexes, of the one before the window and of the one after it: their T and P reach into it.

    The two outside follow from the rhythm. If the rhythm places one of them inside the window, where none was found,
    it is placed so far away that it does not matter.
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

"""Parts of one window are replaced in turn, and what this does to the log-odds is evidence.

Occlusion (Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53) needs no gradient, and so no torch. A deflection
that returns in every beat is replaced in all of them at once: in one alone it is hardly missed.

By what, depends on the question. Why a class of abnormal ECGs: by a normal heart's. A straight line will not do, for a
flat T wave is itself a change of ST and T. And since twelve leads repeat each other, so that none is missed alone, each
segment is also put alone into a normal ECG: the first and the last term of its Shapley value. Why normal: by a straight
line, since one normal deflection in the place of another changes nothing.

Of the positive evidence for STTC in 40 to 50 records of PTB-XL's fold 9 (network 1.0.0) .15 lay in ST-T with lines, .56
to .62 with a normal heart, .65 with both its terms; of that for CD .68, .75 and .85 in the QRS.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecg_core.signal.median import median
from ecg_core.signal.preparation import MAX_WINDOWS, ModelInput, Signal
from ecg_core.signal.resampling import MODEL_FS_HZ
from ecg_core.signal.segments import Segments
from ecg_core.synthesis.heart import NARROW_QRS_RISE_S, normal_heart

# As much at once as a long recording asks for: no more memory than it.
BATCH = MAX_WINDOWS

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
LogOdds = Callable[[ModelInput], Floats]
Reference = Literal["normal", "line"]
# A row of the signal, and a segment.
Cell = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Occlusion:
    """log_odds: of windows, [windows, 5]. window: [12, 1000] mV. mask: [12]. segments: of what of it was recorded."""

    log_odds: LogOdds
    window: Signal
    mask: Signal
    segments: Segments
    reference: Reference

    @property
    def cells(self) -> list[Cell]:
        """The leads that are there in order, each with all segments."""
        return [(row, at) for row in np.flatnonzero(self.mask).tolist() for at in range(len(self.segments.names))]

    @property
    def recorded(self) -> Signal:
        return self.window[:, : len(self.segments.labels)]

    def instead(self) -> Signal:
        """[12, samples] mV, what takes the place of what was recorded; zeros make straight lines."""
        if self.reference == "line":
            return np.zeros_like(self.recorded)
        return normal_instead(self.segments) * self.mask[:, None]

    def of_cells(self) -> Floats:
        """[cells, 5]: what the log-odds lose without each; against a normal heart the mean of it and of what they gain
        where each is alone."""
        instead = self.instead()
        parts = [self.part([cell]) for cell in self.cells]
        whole, *without = self.read([self.recorded, *(replaced(self.recorded, instead, part) for part in parts)])
        lost: Floats = whole - np.array(without)
        if self.reference == "line":
            return lost
        none, *alone = self.read([instead, *(replaced(instead, self.recorded, part) for part in parts)])
        return np.asarray((lost + np.array(alone) - none) / 2)

    def of_beats(self) -> Floats:
        """[beats, 5]: what the log-odds lose where each beat is replaced in all leads, from its P to its T."""
        instead, there = self.instead(), self.mask[:, None] > 0
        parts = [there & (self.segments.owners == beat) for beat in range(len(self.segments.beats))]
        whole, *without = self.read([self.recorded, *(replaced(self.recorded, instead, part) for part in parts)])
        return np.asarray(whole - np.array(without).reshape(len(parts), len(whole)))

    def without(self, cells: Iterable[Cell]) -> Signal:
        """[12, samples] mV, all of the cells replaced together."""
        return replaced(self.recorded, self.instead(), self.part(cells))

    def part(self, cells: Iterable[Cell]) -> Bools:
        """[12, samples], where any of the cells is."""
        part = np.zeros(self.recorded.shape, np.bool_)
        for row, segment in cells:
            part[row] |= self.segments.labels == segment
        return part

    def read(self, signals: Sequence[Signal]) -> Floats:
        """[signals, 5]: the log-odds of the window with each signal [12, samples] in place of what was recorded."""
        batches = []
        for first in range(0, len(signals), BATCH):
            batch = np.repeat(self.window[None], len(signals[first : first + BATCH]), axis=0)
            batch[:, :, : len(self.segments.labels)] = signals[first : first + BATCH]
            batches.append(self.log_odds(ModelInput(batch, np.repeat(self.mask[None], len(batch), axis=0), ())))
        return np.concatenate(batches)


def normal_instead(segments: Segments) -> Signal:
    """[12, samples] mV: a normal heart whose QRS complexes begin where those of the window do."""
    onsets_s = np.array(segments.onsets) / MODEL_FS_HZ + NARROW_QRS_RISE_S
    interval_s = float(median(np.diff(onsets_s))[0])
    # Its neighbours outside of the window reach into it.
    beats_s = np.concatenate(([onsets_s[0] - interval_s], onsets_s, [onsets_s[-1] + interval_s]))
    return normal_heart(beats_s, interval_s, len(segments.labels), MODEL_FS_HZ)


def replaced(signal: Signal, instead: Signal, part: Bools) -> Signal:
    """[12, samples] mV: the signal, in a part of it the other one, tilted so that the ends meet and no step is made.

    At an end of the recording it is not tilted.
    """
    result = signal.copy()
    for row in np.flatnonzero(part.any(axis=1)):
        gone, kept = np.flatnonzero(part[row]), np.flatnonzero(~part[row])
        tilt = np.interp(gone, kept, signal[row, kept] - instead[row, kept]) if kept.size else 0
        result[row, gone] = instead[row, gone] + tilt
    return result

"""Occlusion: replace one part of a window after the other. The change of the log-odds is the evidence of that part.

The method (Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53) needs no gradient and therefore no torch. A
segment, such as the QRS complex of one lead, is replaced in all beats at once. In a single beat the network hardly
misses it.

What replaces the segment depends on the class:

- CD and STTC: the segment of a normal heart. A straight line would not do, because a flat T wave is itself an ST/T
  change. Twelve leads repeat each other, so the loss of one of them may change nothing. Therefore each segment is also
  put alone into a normal ECG, and the mean of both changes counts. They are the first and the last term of the
  segment's Shapley value.
- NORM: a straight line. One normal segment in place of another would change nothing.

Measured on 40 to 50 records of fold 9 of PTB-XL (network 1.0.0): of the positive evidence for STTC, the share in ST-T
is 0.15 with lines, 0.56 to 0.62 with a normal heart, 0.65 with both terms. For CD, the share in QRS is 0.68, 0.75 and
0.85.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import MAX_WINDOWS
from ecg_core.signal.median import median
from ecg_core.signal.preparation import ModelInput, Signal
from ecg_core.signal.resampling import MODEL_FS_HZ
from ecg_core.signal.segments import Segments
from ecg_core.synthesis.heart import normal_heart
from ecg_core.synthesis.waves import NARROW_QRS_RISE_S

# Windows in one run of the network: as many as of a long recording, so that it needs no more memory.
BATCH = MAX_WINDOWS

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
LogOdds = Callable[[ModelInput], Floats]
Reference = Literal["normal", "line"]
# (row of the signal, segment).
Cell = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Occlusion:
    """log_odds: ModelInput -> [windows, 5]. window: [12, 1000] mV. mask: [12].

    segments: of the recorded part of the window, without padding.
    """

    log_odds: LogOdds
    window: Signal
    mask: Signal
    segments: Segments
    reference: Reference

    @property
    def cells(self) -> list[Cell]:
        """Each present lead, in order, with each of its segments."""
        return [(row, at) for row in np.flatnonzero(self.mask).tolist() for at in range(len(self.segments.names))]

    @property
    def recorded(self) -> Signal:
        return self.window[:, : len(self.segments.labels)]

    def instead(self) -> Signal:
        """[12, samples] mV: what replaces the recorded signal. Zeros give straight lines."""
        if self.reference == "line":
            return np.zeros_like(self.recorded)
        return normal_instead(self.segments) * self.mask[:, None]

    def of_cells(self) -> Floats:
        """[cells, 5]: the loss of log-odds if the cell is replaced.

        With a normal heart: the mean of this loss and of the gain if the cell alone stands in a normal ECG.
        """
        instead = self.instead()
        parts = [self.part([cell]) for cell in self.cells]
        whole, *without = self.read([self.recorded, *(replaced(self.recorded, instead, part) for part in parts)])
        lost: Floats = whole - np.array(without)
        if self.reference == "line":
            return lost
        none, *alone = self.read([instead, *(replaced(instead, self.recorded, part) for part in parts)])
        return np.asarray((lost + np.array(alone) - none) / 2)

    def of_beats(self) -> Floats:
        """[beats, 5]: the loss of log-odds if the beat, from its P to its T, is replaced in all leads."""
        instead, there = self.instead(), self.mask[:, None] > 0
        parts = [there & (self.segments.owners == beat) for beat in range(len(self.segments.beats))]
        whole, *without = self.read([self.recorded, *(replaced(self.recorded, instead, part) for part in parts)])
        return np.asarray(whole - np.array(without).reshape(len(parts), len(whole)))

    def without(self, cells: Iterable[Cell]) -> Signal:
        """[12, samples] mV: the recorded signal with all of the cells replaced."""
        return replaced(self.recorded, self.instead(), self.part(cells))

    def part(self, cells: Iterable[Cell]) -> Bools:
        """[12, samples]: True inside any of the cells."""
        part = np.zeros(self.recorded.shape, np.bool_)
        for row, segment in cells:
            part[row] |= self.segments.labels == segment
        return part

    def read(self, signals: Sequence[Signal]) -> Floats:
        """[signals, 5]: the log-odds of the window with each signal [12, samples] in place of the recorded one."""
        batches = []
        for first in range(0, len(signals), BATCH):
            batch = np.repeat(self.window[None], len(signals[first : first + BATCH]), axis=0)
            batch[:, :, : len(self.segments.labels)] = signals[first : first + BATCH]
            batches.append(self.log_odds(ModelInput(batch, np.repeat(self.mask[None], len(batch), axis=0), ())))
        return np.concatenate(batches)


def normal_instead(segments: Segments) -> Signal:
    """[12, samples] mV: a normal heart whose QRS complexes begin at the same samples as those of the window."""
    onsets_s = np.array(segments.onsets) / MODEL_FS_HZ + NARROW_QRS_RISE_S
    interval_s = float(median(np.diff(onsets_s))[0])
    # Add a beat before and one after: their waves reach into the window.
    beats_s = np.concatenate(([onsets_s[0] - interval_s], onsets_s, [onsets_s[-1] + interval_s]))
    return normal_heart(beats_s, interval_s, len(segments.labels), MODEL_FS_HZ)


def replaced(signal: Signal, instead: Signal, part: Bools) -> Signal:
    """[12, samples] mV: the signal with the part taken from instead.

    The inserted piece is shifted and tilted so that its ends meet the signal without a step. At an end of the recording
    it is only shifted.
    """
    result = signal.copy()
    for row in np.flatnonzero(part.any(axis=1)):
        gone, kept = np.flatnonzero(part[row]), np.flatnonzero(~part[row])
        tilt = np.interp(gone, kept, signal[row, kept] - instead[row, kept]) if kept.size else 0
        result[row, gone] = instead[row, gone] + tilt
    return result

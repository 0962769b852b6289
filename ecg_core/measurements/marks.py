"""Where P, QRS and T begin and end in each beat, to draw them.

The intervals are measured on the usual beat. Its marks are placed on every beat that looks like it, each wave for
itself: a wave that looks different in a beat, or is hidden there by the next beat or by noise, gets no mark.
"""

from dataclasses import asdict, dataclass

import numpy as np

from ecg_core.measurements.classes import QRS_S, SAME, SHIFT_S, STEP, Beat, aligned
from ecg_core.measurements.detection import Beats
from ecg_core.measurements.measure import Waves, find, independent, shows_waves, waves_of
from ecg_core.measurements.p_wave import SMOOTH_S as P_SMOOTH_S
from ecg_core.measurements.p_wave import level, p_end
from ecg_core.measurements.smoothing import smoothed
from ecg_core.measurements.stretches import Signal
from ecg_core.measurements.t_wave import SMOOTH_S as T_SMOOTH_S
from ecg_core.measurements.t_wave import t_onset
from ecg_core.recording import Recording

# A wave of a beat looks like that of the usual beat if they correlate by this much, all leads together.
LIKE = 0.6
DECIMALS = 3


@dataclass(frozen=True)
class BeatMarks:
    """In seconds. beat_s: the middle of QRS. None: not found in this beat, or in none."""

    beat_s: float
    p_onset_s: float | None = None
    p_end_s: float | None = None
    qrs_onset_s: float | None = None
    qrs_end_s: float | None = None
    t_onset_s: float | None = None
    t_end_s: float | None = None

    def to_dict(self, start_s: float = 0.0) -> dict[str, float | None]:
        """start_s: added to each time."""
        return {name: None if at is None else round(start_s + at, DECIMALS) for name, at in asdict(self).items()}


def marks(recording: Recording) -> tuple[BeatMarks, ...]:
    """Of each beat, in order. The recording has no excerpt.

    Empty if it has no beats of one shape. With a pacemaker, or below 75 Hz, only the beats are found.
    """
    recording = independent(recording)
    found = find(recording)
    if found is None:
        return ()
    (part,), (beats,) = found.parts, found.beats
    waves = waves_of(found) if shows_waves(recording, found) else None
    if waves is None:
        return tuple(BeatMarks(at / part.fs_hz) for at in beats.tolist())
    placing = _Placing(found.usual, waves, part.signal[list(found.usual.leads)])
    return tuple(
        BeatMarks(at / part.fs_hz, *(None if edge is None else edge / part.fs_hz for edge in edges))
        for at, edges in zip(beats.tolist(), placing.on(beats), strict=True)
    )


class _Placing:
    """Samples of the usual beat -> samples of a stretch. signal: [leads of the usual beat, samples] mV."""

    def __init__(self, beat: Beat, waves: Waves, signal: Signal) -> None:
        self._beat, self._waves, self._signal = beat, waves, signal
        self._p_end = None if waves.p is None else p_end(beat, waves.p, waves.onset)
        self._t_onset = None if waves.t is None else t_onset(beat, waves.end, waves.t, waves.baseline)

    def on(self, beats: Beats) -> list[tuple[float | None, ...]]:
        """Onset and end of P, QRS and T of each beat."""
        later = [*beats[1:].tolist(), np.inf]
        made = zip(self._shifts(beats), later, strict=True)
        return [(None,) * 6 if shift is None else self._edges(shift, next_one) for shift, next_one in made]

    def _shifts(self, beats: Beats) -> list[int | None]:
        """What to add to a sample of the usual beat. None for a beat of another shape."""
        hz, middle, samples = self._beat.fs_hz, self._beat.middle, self._signal.shape[1]
        reach, shift = round(QRS_S * hz), round(SHIFT_S * hz)
        whole = (beats >= reach + shift) & (beats + reach + shift < samples)
        made: list[int | None] = [None] * len(beats)
        if whole.any():
            around = beats[whole][:, None] + np.arange(-reach - shift, reach + shift + 1, STEP)
            template = self._beat.signal[:, middle - reach : middle + reach + 1 : STEP].astype(np.float32)
            steps, fit = aligned(self._signal[:, around].transpose(1, 0, 2), template)
            for at, step, like in zip(np.flatnonzero(whole).tolist(), steps.tolist(), fit.tolist(), strict=True):
                made[at] = int(beats[at]) - shift + STEP * step - middle if like > SAME else None
        return made

    def _edges(self, shift: int, later: float) -> tuple[float | None, ...]:
        """later: the middle of the next beat, as a sample of the stretch."""
        waves, middle = self._waves, self._beat.middle
        p: tuple[float | None, ...] = (waves.p, self._p_end)
        t: tuple[float | None, ...] = (self._t_onset, waves.t)
        after = later - shift + waves.onset - middle
        if waves.p is None or not self._like(shift, waves.p, waves.onset, P_SMOOTH_S):
            p = (None, None)
        if waves.t is None or waves.t >= after or not self._like(shift, waves.end, waves.t, T_SMOOTH_S):
            t = (None, None)
        return tuple(None if edge is None else shift + edge for edge in (*p, waves.onset, waves.end, *t))

    def _like(self, shift: int, first: float, last: float, smooth_s: float) -> bool:
        """Whether these samples of the usual beat look the same in the beat that is shifted by so much."""
        start, stop, width = int(first), round(last), round(smooth_s * self._beat.fs_hz)
        if start + shift < 0 or stop + shift > self._signal.shape[1]:
            return False
        here, usual = self._signal[:, start + shift : stop + shift], self._beat.signal[:, start:stop]
        one, other = (level(smoothed(part, width)).ravel() for part in (here, usual))
        return float(one @ other) > LIKE * float(np.linalg.norm(one) * np.linalg.norm(other))

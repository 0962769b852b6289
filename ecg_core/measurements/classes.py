"""The usual beat of a recording: beats of one shape, aligned, and what is typical of them in every lead."""

from dataclasses import dataclass

import numpy as np

from ecg_core.measurements.detection import Beats, Floats
from ecg_core.measurements.stretches import Bools, Signal, Stretch
from ecg_core.signal.median import median

# The beat is cut out this long before and after the middle of QRS: a PR of 0.35 s, a QT of 0.65 s.
BEFORE_S, AFTER_S = 0.46, 0.66
# QRS complexes are compared over this time on both sides of the middle, each moved by at most SHIFT_S to fit best.
QRS_S, SHIFT_S = 0.07, 0.03
# Of QRS every second sample is compared: 250 Hz are enough.
STEP = 2
# Two beats have one shape if their QRS complexes correlate by this much, before and after they are aligned.
SIMILAR, SAME = 0.75, 0.9
# A shape with this share of the beats of the most frequent one, whose beats come later by this ratio, is preferred: the
# most frequent beats are then ectopic.
RIVAL_SHARE, LATER = 0.5, 1.15
# The P and T waves of a beat that comes earlier than this share of the median interval are not usual.
NOT_PREMATURE = 0.85
MIN_BEATS = 3
# More beats do not make it better.
MAX_BEATS = 60
TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Beat:
    """The usual beat. signal: [leads, samples] mV at fs_hz. middle: the sample in the middle of QRS.

    leads: rows of the recording. each: [beats, leads, samples], the beats themselves. share: of all complete beats.
    earlier_s: the usual RR interval before these beats, NaN if none is known.
    """

    signal: Floats
    middle: int
    fs_hz: float
    leads: tuple[int, ...]
    each: Signal
    share: float
    earlier_s: float


def usual_beat(stretches: list[Stretch], found: list[Beats]) -> Beat | None:
    """None if fewer than MIN_BEATS beats have one shape."""
    fs_hz = stretches[0].fs_hz
    before, after, shift, reach = (round(time_s * fs_hz) for time_s in (BEFORE_S, AFTER_S, SHIFT_S, QRS_S))
    cut = [_cut(stretch, beats, before + shift, after + shift) for stretch, beats in zip(stretches, found, strict=True)]
    beats, gaps, earlier = (np.concatenate(values) for values in zip(*cut, strict=True))
    if len(beats) < MIN_BEATS:
        return None
    middle = before + shift
    qrs = beats[:, :, middle - reach - shift : middle + reach + shift + 1 : STEP]
    margin = shift // STEP
    alike = _correlations(qrs[:, :, margin : qrs.shape[2] - margin]) > SIMILAR
    members = _largest_class(alike, earlier)
    shifts, fit = aligned(qrs, qrs[members, :, margin : qrs.shape[2] - margin].mean(axis=0))
    kept = np.flatnonzero(fit > SAME)
    kept = kept if len(kept) >= MIN_BEATS else members
    if len(kept) < MIN_BEATS:
        return None
    share = len(kept) / len(beats)
    timely = kept[~(earlier[kept] < NOT_PREMATURE * _middle(earlier[kept]))]
    kept = timely if len(timely) >= MIN_BEATS else kept
    kept = kept[np.linspace(0, len(kept) - 1, min(len(kept), MAX_BEATS)).astype(int)]
    starts = (STEP * shifts[kept]).tolist()
    each = np.stack([beats[one, :, at : at + before + after] for one, at in zip(kept.tolist(), starts, strict=True)])
    rows, signal = _usual(each, gaps[kept])
    if not rows:
        return None
    return Beat(signal, before, fs_hz, tuple(rows), each[:, rows], share, _middle(earlier[kept]))


def _cut(stretch: Stretch, beats: Beats, before: int, after: int) -> tuple[Signal, Bools, Floats]:
    """The beats that are complete: (beats [beats, leads, samples], gaps [beats, leads], interval before each).

    The interval before the first beat is not known: NaN.
    """
    samples = stretch.signal.shape[1]
    earlier = np.diff(beats, prepend=np.nan) / stretch.fs_hz
    whole = (beats >= before) & (beats + after <= samples)
    starts = (beats[whole] - before).tolist()
    windows = [slice(start, start + before + after) for start in starts]
    shape = (0, len(stretch.signal), before + after)
    signal = np.stack([stretch.signal[:, part] for part in windows]) if windows else np.empty(shape, np.float32)
    if stretch.missing is None:
        gaps = np.zeros(signal.shape[:2], np.bool_)
    else:
        gaps = np.array([stretch.missing[:, part].any(axis=1) for part in windows]).reshape(signal.shape[:2])
    return signal, gaps, earlier[whole]


def _correlations(qrs: Signal) -> Floats:
    """[beats, leads, samples] -> [beats, beats], over all leads."""
    flat = (qrs - qrs.mean(axis=2, keepdims=True)).reshape(len(qrs), -1)
    flat = flat / (np.linalg.norm(flat, axis=1, keepdims=True) + TINY)
    return np.asarray(flat @ flat.T, np.float64)


def _largest_class(alike: Bools, earlier: Floats) -> Beats:
    """The beats that look like the beat that most others look like. Ectopic beats are avoided: see RIVAL_SHARE."""
    first = alike[alike.sum(axis=1).argmax()]
    rest = alike & ~first & ~first[:, None]
    second = rest[rest.sum(axis=1).argmax()]
    if second.sum() >= max(RIVAL_SHARE * first.sum(), MIN_BEATS):
        of_first, of_second = (_middle(earlier[members]) for members in (first, second))
        if of_second > LATER * of_first:
            return np.flatnonzero(second)
    return np.flatnonzero(first)


def _middle(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(median(known)[0]) if len(known) else float("nan")


def aligned(qrs: Signal, template: Signal) -> tuple[Beats, Floats]:
    """([beats], where in qrs the template fits best, in steps; [beats], the correlation there)."""
    width = template.shape[1]
    centred = (template - template.mean(axis=1, keepdims=True)).ravel()
    fit = np.empty((len(qrs), qrs.shape[2] - width + 1))
    for step in range(fit.shape[1]):
        window = qrs[:, :, step : step + width]
        moved = (window - window.mean(axis=2, keepdims=True)).reshape(len(qrs), -1)
        fit[:, step] = moved @ centred / (np.sqrt(np.einsum("bn,bn->b", moved, moved)) + TINY)
    fit /= np.linalg.norm(centred) + TINY
    best = fit.argmax(axis=1)
    return best, fit[np.arange(len(fit)), best]


def _usual(each: Signal, gaps: Bools) -> tuple[list[int], Floats]:
    """(rows of the leads with at least MIN_BEATS beats without a gap, [those leads, samples])."""
    if not gaps.any():
        return list(range(each.shape[1])), np.asarray(_typical(each), np.float64)
    rows = np.flatnonzero((~gaps).sum(axis=0) >= MIN_BEATS).tolist()
    made = [_typical(each[~gaps[:, row], row]) for row in rows]
    return rows, np.array(made, np.float64)


def _typical(each: Signal) -> Signal:
    """[beats, ...] -> [...]: the mean without the highest and the lowest value. Of 3 or 4 beats, this is the median.

    Of more beats it has less noise than the median, and takes a tenth of the time.
    """
    return np.asarray((each.sum(axis=0) - each.max(axis=0) - each.min(axis=0)) / (len(each) - 2))

"""Where the network looks: parts of a window are replaced in turn, and what this takes from the log-odds is told.

Occlusion (Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53) needs no gradient, and so no torch. A deflection
that returns in every beat is replaced in all of them at once: in one alone it is hardly missed.

By what, depends on the question. Why a class of abnormal ECGs: by a normal heart's. A straight line will not do, for a
flat T wave is itself a change of ST and T: of the positive evidence for STTC in fold 9 of PTB-XL .15 lay in ST-T with
lines, .56 with a normal heart; of that for CD .68 and .75 in the QRS. Why normal: by a straight line, since one normal
deflection for another changes nothing.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import DECIMALS, DIAGNOSES, SUPERCLASSES, Explanation
from ecg_core.leads import LEADS
from ecg_core.median import median
from ecg_core.preparation import MAX_WINDOWS, ModelInput, Signal
from ecg_core.resampling import MODEL_FS_HZ
from ecg_core.segments import Segments, cut
from ecg_core.synthesis import NARROW_QRS_RISE_S, normal_heart

# As much at once as a long recording asks for: no more memory than it.
BATCH = MAX_WINDOWS
# Samples are 0.01 s apart, windows begin where they like.
TIME_DECIMALS = 3
NORMAL = "NORM"
COLUMNS = [SUPERCLASSES.index(label) for label in DIAGNOSES]

LogOdds = Callable[[ModelInput], NDArray[np.float64]]
Bools = NDArray[np.bool_]


def explained(log_odds: LogOdds, prepared: ModelInput, about: str) -> Explanation:
    """Of the one window in which the class is most probable: a long recording takes no longer than a short one.

    log_odds: of windows, [windows, 5].
    """
    of_windows = log_odds(prepared)
    window = int(of_windows[:, SUPERCLASSES.index(about)].argmax())
    signal, mask = prepared.signal[window], prepared.lead_mask[window]
    start_s, end_s = prepared.spans_s[window]
    recorded = signal[:, : round((end_s - start_s) * MODEL_FS_HZ)]
    segments = cut(recorded, mask)
    reference = "normal" if segments.beats and about != NORMAL else "line"
    instead = normal_instead(segments) if reference == "normal" else np.zeros_like(recorded)
    rows = np.flatnonzero(mask).tolist()
    cells = [(row, segment) for row in rows for segment in range(len(segments.names))]
    there = mask[:, None].astype(bool)
    hidden = [
        *(replaced(recorded, instead, of_cells(segments, [cell])) for cell in cells),
        *(replaced(recorded, instead, there & (segments.owners == beat)) for beat in range(len(segments.beats))),
    ]
    drops = of_windows[window] - _of_hidden(log_odds, signal, mask, hidden)
    numbers = np.round(drops[:, COLUMNS], DECIMALS) + 0.0
    per_cell = numbers[: len(cells)].reshape(len(rows), -1, len(DIAGNOSES))
    per_beat = numbers[len(cells) :]

    def time_s(sample: int) -> float:
        return round(start_s + sample / MODEL_FS_HZ, TIME_DECIMALS)

    return Explanation(
        about=about,
        reference=reference,
        window_s=(round(start_s, TIME_DECIMALS), round(end_s, TIME_DECIMALS)),
        beats_s=tuple(map(time_s, segments.beats)),
        segments=segments.names,
        spans_s=tuple(
            tuple((time_s(start), time_s(end)) for start, end in segments.spans(segment))
            for segment in range(len(segments.names))
        ),
        evidence={
            label: {LEADS[row]: tuple(per_cell[at, :, k].tolist()) for at, row in enumerate(rows)}
            for k, label in enumerate(DIAGNOSES)
        },
        beats={label: tuple(per_beat[:, k].tolist()) for k, label in enumerate(DIAGNOSES)},
    )


def normal_instead(segments: Segments) -> Signal:
    """[12, samples] mV: a normal heart whose QRS complexes begin where those of the window do."""
    onsets_s = np.array(segments.onsets) / MODEL_FS_HZ + NARROW_QRS_RISE_S
    interval_s = float(median(np.diff(onsets_s))[0])
    # Its neighbours outside of the window reach into it.
    beats_s = np.concatenate(([onsets_s[0] - interval_s], onsets_s, [onsets_s[-1] + interval_s]))
    return normal_heart(beats_s, interval_s, len(segments.labels), MODEL_FS_HZ)


def of_cells(segments: Segments, cells: Sequence[tuple[int, int]]) -> Bools:
    """[12, samples], where any of the cells (row of the lead, segment) is."""
    chosen = np.zeros((len(LEADS), len(segments.labels)), np.bool_)
    for row, segment in cells:
        chosen[row] |= segments.labels == segment
    return chosen


def replaced(recorded: Signal, instead: Signal, chosen: Bools) -> Signal:
    """[12, samples] mV, where chosen taken from the other, tilted so that the ends meet: no step is made.

    Instead of nothing (zeros) come straight lines, level at an end of the recording.
    """
    result = recorded.copy()
    for row in np.flatnonzero(chosen.any(axis=1)):
        gone, kept = np.flatnonzero(chosen[row]), np.flatnonzero(~chosen[row])
        tilt = np.interp(gone, kept, recorded[row, kept] - instead[row, kept]) if kept.size else 0
        result[row, gone] = instead[row, gone] + tilt
    return result


def _of_hidden(log_odds: LogOdds, signal: Signal, mask: Signal, hidden: Sequence[Signal]) -> NDArray[np.float64]:
    """[hidden, 5]."""
    batches = []
    for first in range(0, len(hidden), BATCH):
        part = hidden[first : first + BATCH]
        windows = np.repeat(signal[None], len(part), axis=0)
        for window, recorded in zip(windows, part, strict=True):
            window[:, : recorded.shape[1]] = recorded
        batches.append(log_odds(ModelInput(windows, np.repeat(mask[None], len(part), axis=0), ())))
    return np.concatenate(batches)

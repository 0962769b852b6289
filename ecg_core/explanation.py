"""Where the network looks: parts of a window are hidden in turn, and what this takes from the log-odds is told.

Occlusion (Zeiler and Fergus 2014, doi 10.1007/978-3-319-10590-1_53) needs no gradient, and so no torch. A deflection
that returns in every beat is hidden in all of them at once: hidden in one alone it is hardly missed.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import DECIMALS, DIAGNOSES, SUPERCLASSES, Explanation
from ecg_core.leads import LEADS
from ecg_core.preparation import MAX_WINDOWS, ModelInput, Signal
from ecg_core.resampling import MODEL_FS_HZ
from ecg_core.segments import Segments, cut

# As much at once as a long recording asks for: no more memory than it.
BATCH = MAX_WINDOWS
# Samples are 0.01 s apart, windows begin where they like.
TIME_DECIMALS = 3
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
    rows = np.flatnonzero(mask).tolist()
    cells = [(row, segment) for row in rows for segment in range(len(segments.names))]
    hidden = [without(recorded, cells_hidden(segments, [cell])) for cell in cells]
    hidden += [
        without(recorded, mask[:, None].astype(bool) & (segments.owners == beat))
        for beat in range(len(segments.beats))
    ]
    drops = of_windows[window] - _of_hidden(log_odds, signal, mask, hidden)
    numbers = np.round(drops[:, COLUMNS], DECIMALS) + 0.0
    per_cell = numbers[: len(cells)].reshape(len(rows), -1, len(DIAGNOSES))
    per_beat = numbers[len(cells) :]

    def time_s(sample: int) -> float:
        return round(start_s + sample / MODEL_FS_HZ, TIME_DECIMALS)

    return Explanation(
        about=about,
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


def cells_hidden(segments: Segments, cells: Sequence[tuple[int, int]]) -> Bools:
    """[12, samples], where any of the cells (row of the lead, segment) is."""
    hidden = np.zeros((len(LEADS), len(segments.labels)), np.bool_)
    for row, segment in cells:
        hidden[row] |= segments.labels == segment
    return hidden


def without(recorded: Signal, hidden: Bools) -> Signal:
    """[12, samples] mV with straight lines where it is hidden: no step is made that was not there.

    At an end of the recording the line is level. A lead that is hidden from end to end is zero.
    """
    bridged = recorded.copy()
    for row in np.flatnonzero(hidden.any(axis=1)):
        gone, known = np.flatnonzero(hidden[row]), np.flatnonzero(~hidden[row])
        bridged[row, gone] = np.interp(gone, known, recorded[row, known]) if known.size else 0
    return bridged


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

"""The part of the result that shows where the network looks."""

import numpy as np

from ecg_core.classification import DECIMALS, DIAGNOSES, SUPERCLASSES, Explanation
from ecg_core.leads import LEADS
from ecg_core.model.occlusion import Floats, LogOdds, Occlusion
from ecg_core.signal.preparation import ModelInput
from ecg_core.signal.resampling import MODEL_FS_HZ
from ecg_core.signal.segments import cut

# Samples are 0.01 s apart, but a window may begin between two of them.
TIME_DECIMALS = 3
# A window counts as equally probable if its log-odds are this close to the highest of all windows.
NEARLY = 0.5
NORMAL = "NORM"
COLUMNS = [SUPERCLASSES.index(label) for label in DIAGNOSES]


def explained(log_odds: LogOdds, prepared: ModelInput, about: str) -> Explanation:
    """Explains one window: the first in which the class is about as probable as anywhere in the recording.

    One window keeps a long recording nearly as fast as a short one. The first is the most likely to be on the plot.

    log_odds: ModelInput -> [windows, 5], calibrated.
    """
    of_class = log_odds(prepared)[:, SUPERCLASSES.index(about)]
    window = int(np.flatnonzero(of_class >= of_class.max() - NEARLY)[0])
    occlusion, start_s = occluded(log_odds, prepared, window, about), prepared.spans_s[window][0]
    segments = occlusion.segments
    of_cells = _rounded(occlusion.of_cells()).reshape(-1, len(segments.names), len(DIAGNOSES))
    of_beats = _rounded(occlusion.of_beats())
    leads = [LEADS[row] for row in np.flatnonzero(occlusion.mask)]

    def time_s(sample: int) -> float:
        return round(start_s + sample / MODEL_FS_HZ, TIME_DECIMALS)

    return Explanation(
        about=about,
        reference=occlusion.reference,
        window_s=(time_s(0), time_s(len(segments.labels))),
        beats_s=tuple(map(time_s, segments.beats)),
        segments=segments.names,
        spans_s=tuple(
            tuple((time_s(start), time_s(end)) for start, end in segments.spans(at))
            for at in range(len(segments.names))
        ),
        evidence={
            label: {lead: tuple(rows[:, k].tolist()) for lead, rows in zip(leads, of_cells, strict=True)}
            for k, label in enumerate(DIAGNOSES)
        },
        beats={label: tuple(of_beats[:, k].tolist()) for k, label in enumerate(DIAGNOSES)},
    )


def occluded(log_odds: LogOdds, prepared: ModelInput, window: int, about: str) -> Occlusion:
    """One window of the input, prepared for questions about one class."""
    start_s, end_s = prepared.spans_s[window]
    signal, mask = prepared.signal[window], prepared.lead_mask[window]
    # Leave out the padding of a short recording.
    segments = cut(signal[:, : round((end_s - start_s) * MODEL_FS_HZ)], mask)
    return Occlusion(log_odds, signal, mask, segments, "normal" if segments.beats and about != NORMAL else "line")


def _rounded(evidence: Floats) -> Floats:
    """[n, 5] -> [n, 3], the diagnoses. The network may give NaN for a signal that is flat everywhere: 0 then."""
    known = np.where(np.isfinite(evidence), evidence, 0.0)
    return np.asarray(np.round(known[:, COLUMNS], DECIMALS) + 0.0)

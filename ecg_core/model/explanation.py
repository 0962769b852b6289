"""Where the network looks, as a part of the result."""

import numpy as np

from ecg_core.classification import DECIMALS, DIAGNOSES, SUPERCLASSES, Explanation
from ecg_core.leads import LEADS
from ecg_core.model.occlusion import Floats, LogOdds, Occlusion
from ecg_core.signal.preparation import ModelInput
from ecg_core.signal.resampling import MODEL_FS_HZ
from ecg_core.signal.segments import cut

# Samples are 0.01 s apart; windows begin where they like.
TIME_DECIMALS = 3
# In log-odds, from the window in which the class is most probable.
NEARLY = 0.5
NORMAL = "NORM"
COLUMNS = [SUPERCLASSES.index(label) for label in DIAGNOSES]


def explained(log_odds: LogOdds, prepared: ModelInput, about: str) -> Explanation:
    """Of one window, the first in which the class is about as probable as anywhere in the recording.

    So a long recording takes little longer than a short one, and what a plot shows comes first.

    log_odds: of windows, [windows, 5], calibrated.
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
    """A window of the input, ready to be asked about a class."""
    start_s, end_s = prepared.spans_s[window]
    signal, mask = prepared.signal[window], prepared.lead_mask[window]
    # The padding of a short recording is no part of it.
    segments = cut(signal[:, : round((end_s - start_s) * MODEL_FS_HZ)], mask)
    return Occlusion(log_odds, signal, mask, segments, "normal" if segments.beats and about != NORMAL else "line")


def _rounded(evidence: Floats) -> Floats:
    """[n, 3], of the diagnoses. A signal that is flat altogether is no number to a network: nothing is known of it."""
    known = np.where(np.isfinite(evidence), evidence, 0.0)
    return np.asarray(np.round(known[:, COLUMNS], DECIMALS) + 0.0)

"""What is measured in each lead of the usual beat: R, S, ST, and from the limb leads the frontal axis."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.measured import LeadMeasurements
from ecg_core.measurements.classes import Beat
from ecg_core.measurements.detection import Floats
from ecg_core.signal.preparation import limb_weights

# The baseline is the mean of this time before QRS.
BASELINE_S = 0.016
# ST is the mean over this time around J + 60 ms.
AFTER_J_S, ST_WIDTH_S = 0.06, 0.012
# A smaller deflection is noise, not an R or S wave.
SMALLEST_WAVE_MV = 0.03
# If the areas above and below the baseline cancel each other to this share, the axis is indeterminate.
INDETERMINATE = 0.1
DECIMALS = 2


def baseline_of(beat: Beat, qrs_onset: float) -> Floats:
    """[leads] mV."""
    end = int(qrs_onset)
    start = max(end - round(BASELINE_S * beat.fs_hz), 0)
    return np.asarray(beat.signal[:, start : end + 1].mean(axis=1))


def with_limb_leads(beat: Floats, names: Sequence[str]) -> dict[str, Floats]:
    """{lead: [samples]} in the order of LEADS, with the limb leads that follow from two others."""
    given = dict(zip(names, beat, strict=True))
    limb = [name for name in LIMB_LEADS if name in given]
    if 2 <= len(limb) < len(LIMB_LEADS):
        derived = limb_weights(limb) @ np.stack([given[name] for name in limb])
        given = {**dict(zip(LIMB_LEADS, derived, strict=True)), **given}
    return {name: given[name] for name in LEADS if name in given}


def lead_measurements(leads: Floats, onset: int, end: int, fs_hz: float) -> list[LeadMeasurements]:
    """Of each lead. leads: [leads, samples] mV against their baselines. QRS is leads[:, onset:end]."""
    qrs = leads[:, onset : end + 1]
    # Above the straight line from onset to end: a raised ST segment is not an R wave.
    over = qrs - np.linspace(qrs[:, 0], qrs[:, -1], qrs.shape[1], axis=1)
    peak = over.argmax(axis=1)
    rows = np.arange(len(leads))
    later = np.where(np.arange(qrs.shape[1]) >= peak[:, None], qrs, np.inf).min(axis=1)
    j60, half = end + round(AFTER_J_S * fs_hz), round(ST_WIDTH_S * fs_hz / 2)
    st = leads[:, j60 - half : j60 + half + 1].mean(axis=1)
    found = zip(
        over[rows, peak].tolist(), qrs[rows, peak].tolist(), later.tolist(), qrs.min(axis=1).tolist(), strict=True
    )
    return [_measured(*heights, level) for heights, level in zip(found, st.tolist(), strict=True)]


def _measured(over: float, r: float, lowest_later: float, lowest: float, st: float) -> LeadMeasurements:
    """over: height of the R wave above the line. lowest_later: the lowest point of QRS after it. All in mV."""
    s = -lowest_later
    if over < SMALLEST_WAVE_MV or r < SMALLEST_WAVE_MV:
        r, s = 0.0, -lowest
    return LeadMeasurements(_rounded(r), _rounded(s if s >= SMALLEST_WAVE_MV else 0.0), _rounded(st))


def axis_deg(leads: Mapping[str, Floats], onset: int, end: int) -> int | None:
    """From the areas of QRS in I and aVF. None without two limb leads, or if the axis is indeterminate."""
    if not {"I", "aVF"} <= leads.keys():
        return None
    i, avf = leads["I"][onset : end + 1], leads["aVF"][onset : end + 1] * (2 / math.sqrt(3))
    across, down = float(i.sum()), float(avf.sum())
    if math.hypot(across, down) < INDETERMINATE * float(np.abs(i).sum() + np.abs(avf).sum()):
        return None
    degrees = round(math.degrees(math.atan2(down, across)))
    return 180 if degrees == -180 else degrees


def _rounded(mv: float) -> float:
    """Without a negative zero."""
    return round(mv, DECIMALS) + 0.0

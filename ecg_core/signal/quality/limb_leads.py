"""Whether the limb leads agree with each other: III, aVR, aVL and aVF follow from I and II (see leads.py)."""

import math

import numpy as np

from ecg_core.classification import Notice
from ecg_core.leads import LIMB_FROM_I_II, LIMB_LEADS
from ecg_core.recording import Recording

# |II - I - III| is at most 0.015 mV in correct files. The limits allow for coarse converters. The share is a share of
# lead II's standard deviation.
EINTHOVEN_MV, EINTHOVEN_SHARE = 0.05, 0.15
# The comparison looks at this many samples, spread evenly over the recording.
MAX_COMPARED = 50_000


def contradictions(recording: Recording) -> list[Notice]:
    """A notice if a limb lead differs from what leads I and II imply. Constant offsets do not count."""
    rows = {lead: row for row, lead in enumerate(recording.leads)}
    others = [lead for lead in LIMB_LEADS[2:] if lead in rows]
    if not others or not {"I", "II"} <= set(rows):
        return []
    step = math.ceil(recording.signal.shape[1] / MAX_COMPARED)
    limb = recording.signal[:, ::step][[rows[lead] for lead in ("I", "II", *others)]]
    complete = np.isfinite(limb.sum(axis=0))
    if not complete.all():
        limb = limb[:, complete]
    if not limb.size:
        return []
    from_i_ii = np.array([LIMB_FROM_I_II[lead] for lead in others], np.float32)
    deviations = (limb[2:] - from_i_ii @ limb[:2]).std(axis=1)
    allowed = max(EINTHOVEN_MV, EINTHOVEN_SHARE * float(limb[1].std()))
    wrong = [lead for lead, deviation in zip(others, deviations.tolist(), strict=True) if deviation > allowed]
    if not wrong:
        return []
    message = f"{wrong[0]} does not follow from I and II: limb leads are mislabelled or were recorded apart."
    return [Notice("einthoven_violated", message)]

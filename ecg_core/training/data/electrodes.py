"""Exchanged electrodes, from the potentials of all ten: what each of the twelve leads shows then.

With Wilson's central terminal as zero the limb electrodes are at 2/3 of Goldberger's leads and the chest electrodes at
their own leads (Malmivuo and Plonsey, Bioelectromagnetism, 1995, chapter 15). After an exchange the terminal is made of
other potentials, so the chest leads change too where the right leg takes part (Batchvarov et al., Europace 2007; 9:
1081).
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from ecg_core.leads import CHEST_LEADS, LEADS
from ecg_core.recording import Recording
from ecg_core.training.metrics import Floats

ELECTRODES = ("RA", "LA", "LL", "RL", *CHEST_LEADS)
REVERSALS = (
    ("RA", "LA"),
    ("RA", "LL"),
    ("LA", "LL"),
    ("RA", "RL"),
    ("LA", "RL"),
    *pairwise(CHEST_LEADS),
    ("V1", "V3"),
)
# The legs are far from the heart and nearly at one potential; the rest of it, along lead I, leaves the almost flat lead
# that such an exchange is known by, not one of exact zeros.
LEG_DIFFERENCE = 0.03


def _potentials() -> Floats:
    """[10, 12]: electrodes from leads."""
    rows = np.zeros((len(ELECTRODES), len(LEADS)))
    for electrode, lead in (("RA", "aVR"), ("LA", "aVL"), ("LL", "aVF"), ("RL", "aVF")):
        rows[ELECTRODES.index(electrode), LEADS.index(lead)] = 2 / 3
    rows[ELECTRODES.index("RL"), LEADS.index("I")] = -LEG_DIFFERENCE
    for lead in CHEST_LEADS:
        rows[ELECTRODES.index(lead), LEADS.index(lead)] = 1
    return rows


def _leads() -> Floats:
    """[12, 10]: leads from electrodes."""
    unit = dict(zip(ELECTRODES, np.eye(len(ELECTRODES)), strict=True))
    ra, la, ll = unit["RA"], unit["LA"], unit["LL"]
    limb = [la - ra, ll - ra, ll - la, ra - (la + ll) / 2, la - (ra + ll) / 2, ll - (ra + la) / 2]
    return np.stack([*limb, *(unit[lead] - (ra + la + ll) / 3 for lead in CHEST_LEADS)])


def exchange_matrix(one: str, other: str) -> Floats:
    """[12, 12]: the leads with two electrodes exchanged, from the leads as they should be."""
    place = [ELECTRODES.index(name) for name in (one, other)]
    order = np.arange(len(ELECTRODES))
    order[place] = order[place[::-1]]
    return np.asarray(_leads() @ _potentials()[order])


def exchanged(recording: Recording, one: str, other: str) -> Recording:
    """A recording of all twelve leads as it would be with the two electrodes exchanged."""
    rows = [recording.leads.index(lead) for lead in LEADS]
    signal = (exchange_matrix(one, other) @ recording.signal[rows]).astype(np.float32)
    return replace(recording, signal=signal, leads=LEADS)

"""The twelve leads after two electrodes were exchanged, calculated from the potentials of all ten electrodes.

With Wilson's central terminal as zero, the potential of a limb electrode is 2/3 of its Goldberger lead, and that of a
chest electrode is its own lead (Malmivuo and Plonsey, Bioelectromagnetism, 1995, chapter 15). An exchange with the
right leg changes the terminal, and so the chest leads too (Batchvarov et al., Europace 2007; 9: 1081).
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from ecg_core.leads import CHEST_LEADS, LEADS
from ecg_core.metrics import Floats
from ecg_core.recording import Recording

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
# The legs are far from the heart and have nearly the same potential. The small difference, a part of lead I, makes an
# almost flat lead after an exchange with the right leg. Exact zeros would be unlike real recordings.
LEG_DIFFERENCE = 0.03


def _potentials() -> Floats:
    """[10, 12]: leads -> potentials of the electrodes."""
    rows = np.zeros((len(ELECTRODES), len(LEADS)))
    for electrode, lead in (("RA", "aVR"), ("LA", "aVL"), ("LL", "aVF"), ("RL", "aVF")):
        rows[ELECTRODES.index(electrode), LEADS.index(lead)] = 2 / 3
    rows[ELECTRODES.index("RL"), LEADS.index("I")] = -LEG_DIFFERENCE
    for lead in CHEST_LEADS:
        rows[ELECTRODES.index(lead), LEADS.index(lead)] = 1
    return rows


def _leads() -> Floats:
    """[12, 10]: potentials of the electrodes -> leads."""
    unit = dict(zip(ELECTRODES, np.eye(len(ELECTRODES)), strict=True))
    ra, la, ll = unit["RA"], unit["LA"], unit["LL"]
    limb = [la - ra, ll - ra, ll - la, ra - (la + ll) / 2, la - (ra + ll) / 2, ll - (ra + la) / 2]
    return np.stack([*limb, *(unit[lead] - (ra + la + ll) / 3 for lead in CHEST_LEADS)])


def exchange_matrix(one: str, other: str) -> Floats:
    """[12, 12]: correct leads -> leads with two electrodes exchanged."""
    place = [ELECTRODES.index(name) for name in (one, other)]
    order = np.arange(len(ELECTRODES))
    order[place] = order[place[::-1]]
    return np.asarray(_leads() @ _potentials()[order])


def exchanged(recording: Recording, one: str, other: str) -> Recording:
    """The recording, which must have all twelve leads, with the two electrodes exchanged."""
    rows = [recording.leads.index(lead) for lead in LEADS]
    signal = (exchange_matrix(one, other) @ recording.signal[rows]).astype(np.float32)
    return replace(recording, signal=signal, leads=LEADS)

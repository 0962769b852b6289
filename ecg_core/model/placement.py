"""Misplaced electrodes and signals that are no ECG: the second output of the network, turned into notices."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import Notice
from ecg_core.errors import SignalUnlikeEcg

SOUND = "sound"
LIMB_KINDS = ("RA and LA", "RA and LL", "LA and LL", "RA and RL", "LA and RL")
CHEST_KINDS = ("V1 and V2", "V2 and V3", "V3 and V4", "V4 and V5", "V5 and V6", "V1 and V3")
UNLIKE, UNLIKE_CODE = "unlike", SignalUnlikeEcg.code
# In the order of the network's outputs. RA, LA, RL, LL: electrodes of the right and left arm and leg.
KINDS = (SOUND, *LIMB_KINDS, *CHEST_KINDS, "inverted", "backwards", UNLIKE)
# Above this probability of "unlike" the signal is refused. Below it the answer carries a warning.
REFUSED = 0.9


def notice(kind: str) -> Notice:
    """The warning about a kind of KINDS other than SOUND."""
    if kind == "RA and LA":
        message = "Right and left arm electrodes (or the sides of a watch) seem to be exchanged."
        return Notice("arm_reversal_suspected", message)
    if kind in (*LIMB_KINDS, *CHEST_KINDS):
        return Notice("electrode_reversal_suspected", f"The electrodes {kind} seem to be exchanged.")
    if kind == "inverted":
        return Notice("polarity_reversed", "The signal seems to be upside down in every lead.")
    if kind == "backwards":
        return Notice("time_reversed", "The signal seems to run backwards in time.")
    return Notice("signal_unlike_ecg", "The signal hardly looks like an electrocardiogram.")


@dataclass(frozen=True, eq=False)
class PlacementRule:
    """thresholds: [KINDS]. A kind is reported if its probability is above its threshold."""

    thresholds: NDArray[np.float64]

    @classmethod
    def of(cls, thresholds: Mapping[str, float]) -> "PlacementRule":
        """Raises KeyError if a kind has no threshold."""
        return cls(np.array([1.0, *(float(thresholds[kind]) for kind in KINDS[1:])]))

    def __call__(self, probabilities: NDArray[np.floating]) -> tuple[Notice, ...]:
        """probabilities: [KINDS], the mean over the windows. At most one notice, about the most probable kind.

        Raises SignalUnlikeEcg.
        """
        kind = 1 + int(np.argmax(probabilities[1:]))
        probability = float(probabilities[kind])
        # Written so that NaN gives no notice: no comparison with NaN holds.
        if not probability > self.thresholds[kind]:
            return ()
        if KINDS[kind] == UNLIKE and probability > REFUSED:
            raise SignalUnlikeEcg("The signal does not look like an electrocardiogram.")
        return (notice(KINDS[kind]),)

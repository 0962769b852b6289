"""What can be wrong with where the electrodes are, as the network's second output says it."""

from ecg_core.classification import Notice

SOUND = "sound"
LIMB_KINDS = ("RA and LA", "RA and LL", "LA and LL", "RA and RL", "LA and RL")
CHEST_KINDS = ("V1 and V2", "V2 and V3", "V3 and V4", "V4 and V5", "V5 and V6", "V1 and V3")
# In the order of the network's outputs. RA, LA, RL, LL: electrodes of the right and left arm and leg.
KINDS = (SOUND, *LIMB_KINDS, *CHEST_KINDS, "inverted", "backwards", "unlike")


def notice(kind: str) -> Notice:
    """What is said of a kind; KINDS but SOUND."""
    if kind == "RA and LA":
        message = "Right and left arm electrodes (or the sides of a watch) seem to be exchanged."
        return Notice("arm_reversal_suspected", message)
    if kind in (*LIMB_KINDS, *CHEST_KINDS):
        return Notice("electrode_reversal_suspected", f"The electrodes {kind} seem to be exchanged.")
    if kind == "inverted":
        return Notice("polarity_reversed", "The signal seems to be upside down in every lead.")
    if kind == "backwards":
        return Notice("time_reversed", "The signal seems to run backwards in time.")
    return Notice("signal_unlike_ecg", "The signal does not look like an electrocardiogram.")

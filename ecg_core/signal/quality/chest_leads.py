"""Detects a chest lead with another scale than its neighbours."""

import math
from collections.abc import Mapping

from ecg_core.classification import Notice
from ecg_core.leads import CHEST_LEADS

# Amplitude of a chest lead divided by the geometric mean of its neighbours' amplitudes: lowest and highest ratio. In
# folds 1-8 of PTB-XL 0.035 % of the records exceed each of the 12 limits, 0.41 % exceed any. If a lead is scaled by
# 1/10, 99 % exceed the limits; by 1/5: 88 %; by 1/2: 3 %; by 2: 9 %; by 5: 89 %.
USUAL_RATIO: dict[str, tuple[float, float]] = {
    "V1": (0.13, 3.0),
    "V2": (0.33, 3.4),
    "V3": (0.30, 2.9),
    "V4": (0.27, 2.5),
    "V5": (0.28, 2.5),
    "V6": (0.25, 3.0),
}
# V1 and V6 have one neighbour only. If their ratio is wrong, that neighbour is the more frequent cause.
END_WEIGHT = 0.7


def out_of_scale(amplitudes_mv: Mapping[str, float]) -> list[Notice]:
    """A notice about the chest lead that exceeds its limit most, if any does. amplitudes_mv: of the leads present."""
    farthest, said = 0.0, []
    for place, lead in enumerate(CHEST_LEADS):
        neighbours = [CHEST_LEADS[near] for near in (place - 1, place + 1) if 0 <= near < len(CHEST_LEADS)]
        if not {lead, *neighbours} <= amplitudes_mv.keys():
            continue
        usual = math.prod(amplitudes_mv[near] for near in neighbours) ** (1 / len(neighbours))
        ratio = amplitudes_mv[lead] / usual
        low, high = USUAL_RATIO[lead]
        outside = max(math.log(low / ratio), math.log(ratio / high)) * (END_WEIGHT if len(neighbours) == 1 else 1)
        if outside > farthest:
            farthest = outside
            message = f"{lead} is {ratio:.2g} times as large as its neighbours: check its gain and its electrode."
            said = [Notice("lead_scale_suspected", message)]
    return said

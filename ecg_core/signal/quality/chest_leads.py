"""Whether one chest lead has another scale than its neighbours."""

import math
from collections.abc import Mapping

from ecg_core.classification import Notice
from ecg_core.leads import CHEST_LEADS

# Amplitude of a chest lead divided by the geometric mean of its neighbours' amplitudes: lowest and highest. In folds
# 1-8 of PTB-XL 0.035 % of the records are beyond each of the 12 limits, 0.41 % beyond any. If a lead is recorded at a
# tenth of its size, 99 % are beyond; at a fifth: 88 %; at a half: 3 %; at twice: 9 %; at five times: 89 %.
USUAL_RATIO: dict[str, tuple[float, float]] = {
    "V1": (0.13, 3.0),
    "V2": (0.33, 3.4),
    "V3": (0.30, 2.9),
    "V4": (0.27, 2.5),
    "V5": (0.28, 2.5),
    "V6": (0.25, 3.0),
}
# V1 and V6 have one neighbour only: if the ratio is wrong, it is more often that neighbour's fault.
END_WEIGHT = 0.7


def out_of_scale(amplitudes_mv: Mapping[str, float]) -> list[Notice]:
    """A notice about the chest lead that is farthest outside, if any. amplitudes_mv: of the leads present."""
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

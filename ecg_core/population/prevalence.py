"""How frequent a class is among records without labels, from the model's probabilities: an estimate.

Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities. Neural Computation
14 (2002). It assumes that the ECGs of a class look as in PTB-XL, and that only the frequency of the class differs.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from ecg_core import metrics
from ecg_core.metrics import Floats

# The frequency in PTB-XL counts as so many records: a few ECGs must not give a frequency of 0.
PRIOR_RECORDS = 10.0
MOST_ITERATIONS, ENOUGH = 500, 1e-6
# Of draws times records. It bounds the memory to some 100 MB.
MOST_WEIGHTS, MOST_DRAWS, LEAST_DRAWS = 2_000_000, 500, 100


class Prevalence(NamedTuple):
    """value: estimated. ci95: by bootstrap over records. reference: in PTB-XL."""

    value: float
    ci95: tuple[float, float]
    reference: float

    @property
    def differs(self) -> bool:
        return not self.ci95[0] <= self.reference <= self.ci95[1]

    @property
    def shift(self) -> float:
        """What it adds to the log-odds of the class."""
        return _log_odds(self.value) - _log_odds(self.reference)

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": round(self.value, 4),
            "ci95": [round(bound, 4) for bound in self.ci95],
            "reference": round(self.reference, 4),
            "log_odds_shift": round(self.shift, 4),
        }


def estimated(probability: Floats, reference: float) -> Prevalence:
    """By expectation maximisation. probability: [n], calibrated where the class has the frequency `reference`."""
    n = len(probability)
    draws = max(LEAST_DRAWS, min(MOST_DRAWS, MOST_WEIGHTS // n))
    weights = np.concatenate([np.ones((1, n)), metrics.bootstrap_weights(np.arange(n), draws)])
    found = np.full(len(weights), reference)
    odds = probability / np.maximum(1 - probability, 1e-12)
    for _ in range(MOST_ITERATIONS):
        ratio = (found / (1 - found) / (reference / (1 - reference)))[:, None]
        adjusted = ratio * odds / (1 + ratio * odds)
        positives = (weights * adjusted).sum(axis=1) + PRIOR_RECORDS * reference
        before, found = found, positives / (weights.sum(axis=1) + PRIOR_RECORDS)
        if np.abs(found - before).max() < ENOUGH:
            break
    return Prevalence(float(found[0]), metrics.interval(found[1:]), reference)


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))

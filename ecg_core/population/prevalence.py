"""How frequent a class is among records without labels, from the model's probabilities: an estimate.

Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities. Neural Computation
14 (2002). It assumes that the ECGs of a class look as in PTB-XL, and that only the frequency of the class differs.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from ecg_core import metrics
from ecg_core.metrics import Floats

# With fewer records an estimated frequency is off by a third.
MIN_ESTIMATED = 50
# The frequency in PTB-XL counts as so many records: a few ECGs must not give a frequency of 0.
PRIOR_RECORDS = 10.0
MOST_ITERATIONS, ENOUGH = 500, 1e-6
# Of draws times records. It bounds the memory to some 100 MB.
MOST_WEIGHTS, MOST_DRAWS, LEAST_DRAWS = 2_000_000, 500, 100


class Prevalence(NamedTuple):
    """value: estimated. ci95: by bootstrap over records. reference: in PTB-XL.

    differs: whether the interval of 99 % lies beside the reference; five classes are compared.
    """

    value: float
    ci95: tuple[float, float]
    reference: float
    differs: bool

    def to_dict(self) -> dict[str, Any]:
        return {
            "value": round(self.value, 4),
            "ci95": [round(bound, 4) for bound in self.ci95],
            "reference": round(self.reference, 4),
            "log_odds_shift": round(shift(self.value, self.reference), 4),
            "differs": self.differs,
        }


def estimated(probability: Floats, reference: float) -> Prevalence:
    """By expectation maximisation. probability: [n], calibrated where the class has the frequency `reference`."""
    n = len(probability)
    draws = max(LEAST_DRAWS, min(MOST_DRAWS, MOST_WEIGHTS // n))
    found = maximised(probability, reference, np.ones((1, n)))[0]
    drawn = maximised(probability, reference, metrics.bootstrap_weights(np.arange(n), draws))
    low, high = np.quantile(drawn, [0.005, 0.995])
    return Prevalence(float(found), metrics.interval(drawn), reference, not low <= reference <= high)


def maximised(probability: Floats, reference: float, weights: Floats) -> Floats:
    """[draws]: the frequency for each row of weights [draws, n], how often each record counts."""
    found = np.full(len(weights), reference)
    odds = probability / np.maximum(1 - probability, 1e-12)
    for _ in range(MOST_ITERATIONS):
        ratio = (found / (1 - found) / (reference / (1 - reference)))[:, None]
        adjusted = ratio * odds / (1 + ratio * odds)
        positives = (weights * adjusted).sum(axis=1) + PRIOR_RECORDS * reference
        before, found = found, positives / (weights.sum(axis=1) + PRIOR_RECORDS)
        if np.abs(found - before).max() < ENOUGH:
            break
    return found


def shift(frequency: float, reference: float) -> float:
    """What another frequency adds to the log-odds of a class."""
    return math.log(frequency / (1 - frequency)) - math.log(reference / (1 - reference))

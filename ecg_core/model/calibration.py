"""What the card states for each set of leads: calibration, thresholds, expected performance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import DIAGNOSES, SUPERCLASSES, Performance

# If nothing was measured for a recording's leads, it gets the calibration and thresholds of this set, and no diagnosis.
WEAKEST_SET = "I"
# Keeps exp from overflowing. At this value the probability is 0 or 1 to 26 digits.
MAX_LOG_ODDS = 60


@dataclass(frozen=True, eq=False)
class Calibration:
    """For each output: probability = sigmoid(scale * logit + bias). scale, bias: [outputs]."""

    scale: NDArray[np.float64]
    bias: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Mapping[str, Mapping[str, float]]) -> "Calibration":
        """Of the superclasses: {superclass: {"scale": ..., "bias": ...}}. Raises KeyError if one is missing."""
        return cls(
            np.array([rows[name]["scale"] for name in SUPERCLASSES]),
            np.array([rows[name]["bias"] for name in SUPERCLASSES]),
        )

    def log_odds(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """logits [..., outputs] -> calibrated log-odds [..., outputs]."""
        return np.asarray(self.scale * logits + self.bias)

    def __call__(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """logits [..., outputs] -> probabilities [..., outputs]."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.log_odds(logits), -MAX_LOG_ODDS, MAX_LOG_ODDS))))


def thresholds_of(card: Mapping[str, Any], lead_set: str) -> dict[str, float]:
    """{superclass: probability from which it is a finding}."""
    return {label: float(card["thresholds"][lead_set][label]) for label in SUPERCLASSES}


def performance_of(card: Mapping[str, Any], lead_set: str) -> Performance:
    auc = card["performance"][lead_set]["auc"]
    return Performance(lead_set, {label: float(auc[label]) for label in DIAGNOSES}, str(card["measured_on"]))

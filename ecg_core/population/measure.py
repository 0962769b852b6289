"""How good a local calibration is on records that it was not fitted on, beside the model's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.metrics import Bools, Floats
from ecg_core.population.fitting import Rule, fit, sigmoid

# The weights of all draws together. They bound the memory: 80 MB.
MOST_WEIGHTS, MOST_DRAWS, LEAST_DRAWS = 10_000_000, 1000, 100


@dataclass(frozen=True, eq=False)
class Cases:
    """The records of one lead set with a label of one class.

    truth, patients: [n]. windows: calibrated log-odds of all windows, one record after the other. starts: [n], where
    each record's windows begin. log_odds: [n], the mean of its windows.
    """

    truth: Bools
    patients: NDArray[np.int64]
    windows: Floats
    starts: NDArray[np.int64]
    log_odds: Floats

    @classmethod
    def of(cls, truth: Bools, patients: NDArray[np.int64], windows: Sequence[Floats]) -> "Cases":
        """windows: the log-odds of each record's windows."""
        lengths = [len(one) for one in windows]
        starts = np.cumsum([0, *lengths[:-1]])
        together = np.concatenate(windows).astype(np.float64)
        return cls(truth, patients, together, starts, np.array([one.mean() for one in windows]))

    @property
    def patients_with(self) -> int:
        return len(np.unique(self.patients[self.truth]))

    @property
    def patients_without(self) -> int:
        return len(np.unique(self.patients[~self.truth]))

    @property
    def counts(self) -> dict[str, int]:
        with_it, without = self.patients_with, self.patients_without
        return {"records": len(self.truth), "patients_with": with_it, "patients_without": without}

    def probability(self, scale: float = 1.0, bias: float = 0.0) -> Floats:
        """[n]: the mean over the windows, as in an answer."""
        sums = np.add.reduceat(sigmoid(scale * self.windows + bias), self.starts)
        return np.asarray(sums / np.diff([*self.starts, len(self.windows)]))

    def fitted(self, inside: Bools | None = None) -> tuple[float, float]:
        """(scale, bias) from all records, or from some."""
        chosen = np.ones(len(self.truth), np.bool_) if inside is None else inside
        return fit(self.truth[chosen], self.log_odds[chosen])

    def cross_fitted(self, rule: Rule) -> tuple[Floats, Bools]:
        """([n] probabilities, [n] whether they reach the threshold), each from the records of other patients."""
        groups = metrics.patient_groups(self.patients, min(metrics.CROSS_FITS, len(np.unique(self.patients))))
        probability, called = np.empty(len(self.truth)), np.empty(len(self.truth), np.bool_)
        for group in np.unique(groups):
            inside = groups == group
            every = self.probability(*self.fitted(~inside))
            probability[inside] = every[inside]
            called[inside] = every[inside] >= rule.threshold(every[~inside])
        return probability, called


def figures(cases: Cases, rule: Rule, own_threshold: float) -> dict[str, Any]:
    """Of the model's own calibration and threshold, and of the local ones, cross-fitted by patient.

    A figure is {"value", "ci95"}, by bootstrap over patients. brier_change: local minus own; below 0 it is better.
    """
    own = cases.probability()
    local, called = cases.cross_fitted(rule)
    draws = max(LEAST_DRAWS, min(MOST_DRAWS, MOST_WEIGHTS // len(own)))
    weights = np.concatenate([np.ones((1, len(own))), metrics.bootstrap_weights(cases.patients, draws)])
    truth = cases.truth
    return {
        **cases.counts,
        "positives": int(truth.sum()),
        "auc": metrics.estimate(metrics.auc_of_draws(truth, own, weights)),
        "own": _figures(cases, own, own >= own_threshold, weights),
        "local": _figures(cases, local, called, weights),
        "brier_change": metrics.estimate(_means((local - truth) ** 2 - (own - truth) ** 2, weights)),
        "ece_by_chance_p95": round(metrics.perfect_calibration_error(local), 4),
    }


def _figures(cases: Cases, probability: Floats, called: Bools, weights: Floats) -> dict[str, Any]:
    truth = cases.truth
    return {
        "ece": metrics.estimate(metrics.ece_of_draws(truth, probability, weights)),
        "brier": metrics.estimate(_means((probability - truth) ** 2, weights)),
        "sensitivity": _share(called[truth], cases.patients[truth]),
        "specificity": _share(~called[~truth], cases.patients[~truth]),
    }


def _means(values: Floats, weights: Floats) -> Floats:
    return np.asarray(weights @ values / weights.sum(axis=1))


def _share(right: Bools, patients: NDArray[np.int64]) -> dict[str, Any] | None:
    """Wilson's interval, as if each patient had one record: that of several records would be too narrow."""
    count = len(np.unique(patients))
    return metrics.wilson(float(right.mean()) * count if count else 0, count)

"""Three calibration methods compared: scale and bias, which are served, and two others."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.metrics import Bools, Floats

Calibrated = Callable[[Floats], Floats]

# Isotonic regression gives 0 and 1. There one wrong record makes the log loss infinite, so clip.
CERTAIN = 0.002
# A perfectly calibrated model with these scores has an ECE of .02 on fold 9, by chance.
MAX_ECE = 0.03
SLOPES = (0.9, 1.1)


def scale_and_bias(truth: Bools, score: Floats) -> Calibrated:
    """Platt 1999. This one is served."""
    scale, bias = metrics.fit_logistic(truth, score)
    return lambda new: _sigmoid(scale * new + bias)


def beta(truth: Bools, score: Floats) -> Calibrated:
    """Kull, Silva Filho and Flach 2017: one scale for low and one for high probabilities."""

    def design(values: Floats) -> Floats:
        return np.stack([-np.logaddexp(0, -values), np.logaddexp(0, values), np.ones(len(values))], axis=1)

    weights = _most_likely(design(score), truth)
    return lambda new: _sigmoid(design(new) @ weights)


def isotonic(truth: Bools, score: Floats) -> Calibrated:
    """Any rising curve: neighbours are pooled until frequencies rise; lines between pools (Zadrozny and Elkan 2002)."""
    order = np.argsort(score, kind="stable")
    pools: list[list[float]] = []
    for position, label in zip(score[order].tolist(), truth[order].tolist(), strict=True):
        pools.append([float(label), 1.0, position])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [own + more for own, more in zip(pools[-1], last, strict=True)]
    hits, counts, positions = np.array(pools).T
    return lambda new: np.clip(np.interp(new, positions / counts, hits / counts), CERTAIN, 1 - CERTAIN)


METHODS: dict[str, Callable[[Bools, Floats], Calibrated]] = {
    "scale and bias": scale_and_bias,
    "beta": beta,
    "isotonic": isotonic,
}


def within_limits(ece: float, ece_if_perfect: float, slope: float) -> bool:
    return ece <= min(MAX_ECE, ece_if_perfect) and SLOPES[0] <= slope <= SLOPES[1]


def compared(
    cells: Sequence[tuple[Bools, Floats, Bools]], groups: NDArray[np.int64], patients: NDArray[np.int64]
) -> dict[str, Any]:
    """For each method: log loss, mean ECE, and in how many cells it is within the limits. All are cross-fitted.

    cells: truth, score and refused [n], one cell for each lead set and diagnosis. log_loss: the mean over the cells.
    difference: log loss minus that of the first method, paired by patient; above 0 is worse.
    """
    weights = np.concatenate([np.ones((1, len(patients))), metrics.bootstrap_weights(patients)])
    report: dict[str, Any] = {}
    first: Floats | None = None
    for name, method in METHODS.items():
        fitted = [(cell[0], _cross_fitted(method, *cell, groups)) for cell in cells]
        loss = np.mean([-np.log(np.where(truth, p, 1 - p)) for truth, p in fitted], axis=0)
        first = loss if first is None else first
        errors = [metrics.expected_calibration_error(truth, p) for truth, p in fitted]
        report[name] = {
            "log_loss": round(float(loss.mean()), 4),
            "difference": metrics.estimate(weights @ (loss - first) / weights.sum(axis=1)),
            "ece": round(float(np.mean(errors)), 4),
            "within": sum(
                within_limits(error, metrics.perfect_calibration_error(p), metrics.calibration_slope(truth, p))
                for error, (truth, p) in zip(errors, fitted, strict=True)
            ),
            "cells": len(cells),
        }
    return report


def _cross_fitted(
    method: Callable[[Bools, Floats], Calibrated],
    truth: Bools,
    score: Floats,
    refused: Bools,
    groups: NDArray[np.int64],
) -> Floats:
    probability = np.full(len(score), 0.5)
    for group in np.unique(groups):
        inside, outside = (groups == group) & ~refused, (groups != group) & ~refused
        probability[inside] = method(truth[outside], score[outside])(score[inside])
    return probability


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def _most_likely(design: Floats, truth: Bools) -> Floats:
    """Weights of the most likely sigmoid(design @ weights), by Newton's method, with Platt's targets."""
    positives = int(truth.sum())
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2))
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = _sigmoid(design @ weights)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(len(weights))
        step = np.linalg.solve(hessian, design.T @ (target - p))
        weights = weights + step
        if np.abs(step).max() < 1e-6:
            break
    return weights

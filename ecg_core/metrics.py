"""AUC, calibration, thresholds, and their confidence intervals by patient."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 15
# The normal distribution's, for 95 %.
QUANTILE = 1.959964
BOOTSTRAPS = 1000
CROSS_FITS = 5
SEED = 20

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def auc(truth: Bools, score: Floats, weight: Floats | None = None) -> float:
    """Area under the ROC curve; ties count half. weight: [n], how often each record counts."""
    weight = np.ones(len(truth)) if weight is None else weight
    _, place = np.unique(score, return_inverse=True)
    positives = np.bincount(place, weight * truth)
    negatives = np.bincount(place, weight * ~truth)
    below = np.cumsum(negatives) - negatives
    pairs = positives.sum() * negatives.sum()
    return float((positives * (below + negatives / 2)).sum() / pairs) if pairs else float("nan")


def auc_of_draws(truth: Bools, score: Floats, weights: Floats) -> Floats:
    """auc() for each row of weights [draws, n]; NaN for a draw without positives or without negatives."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    positives = np.add.reduceat(weights[:, order] * truth[order], starts, axis=1)
    negatives = np.add.reduceat(weights[:, order] * ~truth[order], starts, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    ordered = (positives * (below + negatives / 2)).sum(axis=1)
    areas: Floats = np.divide(ordered, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return areas


def expected_calibration_error(truth: Bools, probability: Floats, weight: Floats | None = None) -> float:
    """ECE: the mean |probability - frequency| over ECE_BINS bins of equal width, weighted by the records in each."""
    weight = np.ones(len(truth)) if weight is None else weight
    gaps = np.bincount(_bins(probability), weight * (probability - truth), ECE_BINS)
    return float(np.abs(gaps).sum() / weight.sum())


def ece_of_draws(truth: Bools, probability: Floats, weights: Floats) -> Floats:
    """expected_calibration_error() for each row of weights [draws, n]."""
    gaps = np.zeros((len(truth), ECE_BINS))
    gaps[np.arange(len(truth)), _bins(probability)] = probability - truth
    return np.asarray(np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1))


def _bins(probability: Floats) -> NDArray[np.int64]:
    return np.asarray(np.minimum((probability * ECE_BINS).astype(int), ECE_BINS - 1))


def perfect_calibration_error(probability: Floats, quantile: float = 0.95, draws: int = 500) -> float:
    """The quantile of the ECE of perfectly calibrated scores, which is not 0, by chance."""
    rng = np.random.default_rng(SEED)
    errors = [expected_calibration_error(rng.random(len(probability)) < probability, probability) for _ in range(draws)]
    return float(np.quantile(errors, quantile))


def logit(probability: Floats) -> Floats:
    clipped = np.clip(probability, 1e-4, 1 - 1e-4)
    return np.log(clipped / (1 - clipped))


def fit_logistic(truth: Bools, score: Floats, weight: Floats | None = None) -> tuple[float, float]:
    """(scale, bias) of the maximum likelihood fit sigmoid(scale * score + bias), by Newton's method.

    The targets are Platt's (1999), slightly inside 0 and 1. So the scale stays finite when the scores separate the
    classes.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    positives = float((weight * truth).sum())
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (weight.sum() - positives + 2))
    design = np.stack([score, np.ones(len(score))], axis=1)
    beta = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -60, 60)))
        gradient = design.T @ (weight * (target - p))
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-6:
            break
    return float(beta[0]), float(beta[1])


def calibration_slope(truth: Bools, probability: Floats, weight: Floats | None = None) -> float:
    """1: calibrated. Below 1: overconfident."""
    return fit_logistic(truth, logit(probability), weight)[0]


def share(chosen: Bools, among: Bools, weight: Floats) -> float:
    """weight of (chosen and among) / weight of among. NaN if among is empty."""
    total = (weight * among).sum()
    return float((weight * (chosen & among)).sum() / total) if total else float("nan")


def best_f1_threshold(truth: Bools, probability: Floats) -> float:
    """The threshold with the highest F1, to two decimals; the middle one if several are best."""
    grid = np.arange(5, 96) / 100
    called = probability[None, :] >= grid[:, None]
    hits = (called & truth).sum(axis=1)
    f1 = 2 * hits / (called.sum(axis=1) + truth.sum())
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(grid[best[len(best) // 2]])


def patient_groups(patients: NDArray[np.int64], groups: int = CROSS_FITS) -> NDArray[np.int64]:
    """[records]: the group of each record. All records of a patient are in one group."""
    unique, place = np.unique(patients, return_inverse=True)
    rng = np.random.default_rng(SEED)
    return np.asarray(rng.permutation(len(unique)) % groups)[place]


def bootstrap_weights(patients: NDArray[np.int64], draws: int = BOOTSTRAPS) -> Floats:
    """[draws, records]: how often each record counts, when patients are drawn with replacement."""
    unique, place = np.unique(patients, return_inverse=True)
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(len(unique), np.full(len(unique), 1 / len(unique)), size=draws)
    return counts[:, place].astype(np.float64)


def interval(values: Floats) -> tuple[float, float]:
    """The central 95 % of bootstrap values."""
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def estimate(draws: Floats) -> dict[str, Any] | None:
    """{"value", "ci95"}. draws[0] is the value itself, the others are bootstrap draws. None if draws[0] is NaN."""
    if not np.isfinite(draws[0]):
        return None
    low, high = interval(draws)
    return {"value": round(float(draws[0]), 4), "ci95": [round(low, 4), round(high, 4)]}


def wilson(hits: float, n: int) -> dict[str, Any] | None:
    """{"value", "ci95"} of hits / n by Wilson (1927), whose interval is not empty at 0 or 1. None if n is 0."""
    if not n:
        return None
    share, z2 = hits / n, QUANTILE**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = QUANTILE / (1 + z2 / n) * (share * (1 - share) / n + z2 / (4 * n * n)) ** 0.5
    # Rounding errors may not put an end outside 0 to 1.
    return {"value": round(share, 4), "ci95": [round(max(centre - half, 0), 4), round(min(centre + half, 1), 4)]}

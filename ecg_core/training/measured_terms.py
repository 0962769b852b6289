"""`ekg terms`: fits what the measurements add to the logits of the statements, on folds 1-8.

The network has seen the labels of these folds. So the terms are fitted beside the logits of the teachers' members, each
of which is blind to the records that it answers: artifacts/training/soft_targets. On fold 9 the logits of the network
spread as widely as theirs do on folds 1-8.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.classification import SUPERCLASSES
from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.measurements.features import features
from ecg_core.measurements.measure import measured
from ecg_core.metrics import Bools, Floats
from ecg_core.model.measured_terms import LIMIT
from ecg_core.model.statements import CODES
from ecg_core.readers import read
from ecg_core.recording import Files
from ecg_core.signal import quality
from ecg_core.statements import NORMAL
from ecg_core.training.data.dataset import SoftTargets, read_soft_targets
from ecg_core.training.data.ptbxl import TRAINING_FOLDS, PtbXl, read_ptbxl
from ecg_core.training.measure.outcomes import each as records

# A statement gets a term if it has as many positive records in folds 1-8, and if its cross-validated AUC rises so much.
MIN_POSITIVES, MIN_GAIN = 20, 0.003
# To choose from, by cross-validation: whether the heights in each lead are used, and the ridge penalty.
CHOICES = ((False, 10.0), (False, 100.0), (False, 1000.0), (True, 100.0), (True, 300.0), (True, 1000.0))
RULE = (
    f"at least {MIN_POSITIVES} positive records in folds 1-8, and an AUC that rises by at least {MIN_GAIN} in "
    "cross-validation over these folds"
)
ITERATIONS, CONVERGED, TINY = 12, 1e-4, 1e-6
DECIMALS = 4


class Terms(NamedTuple):
    """terms: for MeasuredTerms.of. report: for the card, what they gain in cross-validation."""

    terms: dict[str, Any]
    report: dict[str, Any]


def fit_terms(ptbxl: Path, soft_targets: Path) -> Terms:
    """Raises ValueError if the soft targets do not fit the data."""
    data = read_ptbxl(ptbxl, set(TRAINING_FOLDS))
    blind = blind_logits(data, read_soft_targets(soft_targets))
    return terms_of(data, blind, records(data, _features, "measuring"))


def blind_logits(data: PtbXl, soft: SoftTargets) -> Floats:
    """[n, 71]: of members that have not seen the record."""
    place = {ecg_id: row for row, ecg_id in enumerate(soft.ecg_ids.tolist())}
    rows = [place.get(ecg_id, -1) for ecg_id in data.ecg_ids.tolist()]
    if min(rows) < 0:
        raise ValueError("the soft targets lack records of folds 1-8")
    probabilities = soft.probabilities[rows, len(SUPERCLASSES) :].astype(np.float64).clip(TINY, 1 - TINY)
    return np.asarray(np.log(probabilities / (1 - probabilities)))


def _features(files: Files) -> dict[str, float]:
    try:
        fit, _ = quality.usable(read(files))
    except EcgError:
        return {}
    return features(measured(fit))


def terms_of(data: PtbXl, logits: Floats, found: list[dict[str, float]]) -> Terms:
    """found: the features of each record. logits: [n, 71]."""
    names = sorted({name for values in found for name in values})
    values = np.array([[row.get(name, np.nan) for name in names] for row in found]).reshape(len(found), len(names))
    mean, deviation = np.round([np.nanmean(values, axis=0), np.maximum(np.nanstd(values, axis=0), TINY)], 6)
    standard = np.nan_to_num(np.clip((values - mean) / deviation, -LIMIT, LIMIT))
    common = [name.rpartition("_")[2] not in LEADS for name in names]
    used = {False: np.array([True, *common, True]), True: np.ones(len(names) + 2, bool)}
    terms, gains = {}, {}
    for column, code in enumerate(CODES):
        truth = data.statements[:, column]
        if code == NORMAL or truth.sum() < MIN_POSITIVES:
            continue
        inputs = np.column_stack([logits[:, column], standard, np.ones(len(truth))])
        before = metrics.auc(truth, logits[:, column])
        tried = [
            (cross_validated(inputs[:, used[each]], truth, data.folds, penalty), each, penalty)
            for each, penalty in CHOICES
        ]
        after, of_each_lead, penalty = max(tried)
        if after - before < MIN_GAIN:
            continue
        chosen = np.zeros(inputs.shape[1])
        chosen[used[of_each_lead]] = logistic(inputs[:, used[of_each_lead]], truth, penalty)
        network, *weights, bias = np.round(chosen, DECIMALS).tolist()
        terms[code] = {"network": network, "bias": bias, "weights": weights}
        areas = {"auc_network": round(before, DECIMALS), "auc": round(after, DECIMALS)}
        gains[code] = {"positives": int(truth.sum()), **areas}
    features_of = dict(zip(names, np.column_stack([mean, deviation]).tolist(), strict=True))
    return Terms({"features": features_of, "terms": terms}, {"rule": RULE, "statements": gains})


def cross_validated(inputs: Floats, truth: Bools, folds: NDArray[np.int64], penalty: float) -> float:
    """AUC of all records, each with weights that were fitted without its fold."""
    scores = np.zeros(len(truth))
    for fold in np.unique(folds):
        held = folds == fold
        scores[held] = inputs[held] @ logistic(inputs[~held], truth[~held], penalty)
    return metrics.auc(truth, scores)


def logistic(inputs: Floats, truth: Bools, penalty: float) -> Floats:
    """[inputs]: weights of a logistic regression with a ridge penalty on all but the first and the last (Newton).

    inputs: [n, inputs], the logit first, ones last. truth: [n].
    """
    wanted, count = truth.astype(np.float64), inputs.shape[1]
    penalties = np.full(count, penalty)
    penalties[[0, -1]] = TINY
    weights = np.zeros(count)
    weights[0] = 1
    for _ in range(ITERATIONS):
        probability = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (probability - wanted) + penalties * weights
        curvature = (inputs * (probability * (1 - probability) + TINY)[:, None]).T @ inputs + np.diag(penalties)
        step = np.linalg.solve(curvature, slope)
        largest = float(np.abs(step).max())
        weights -= step * min(1.0, 2 / max(largest, TINY))
        if largest < CONVERGED:
            break
    return weights

"""`ekg evaluate`: how good the model is on PTB-XL, measured through the product's own road."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.classification import DIAGNOSES, OTHER_ABNORMALITIES, SUPERCLASSES
from ecg_core.leads import lead_set_of
from ecg_core.metrics import Bools, Floats
from ecg_core.model.calibration import WEAKEST_SET, Calibration
from ecg_core.model.classifier import Classifier
from ecg_core.training.data.ptbxl import VALIDATION_FOLD, read_ptbxl
from ecg_core.training.measure.outcomes import each, outcome

DIAGNOSIS_COLUMNS = [SUPERCLASSES.index(label) for label in DIAGNOSES]
OTHER_COLUMNS = [SUPERCLASSES.index(label) for label in OTHER_ABNORMALITIES]


def cross_fitted_thresholds(truth: Bools, probability: Floats, groups: NDArray[np.int64]) -> Floats:
    """[n, 5]: the thresholds of each record, chosen on the records of the other patient groups."""
    thresholds = np.empty(probability.shape)
    for group in np.unique(groups):
        inside = groups == group
        for column in range(truth.shape[1]):
            chosen = metrics.best_f1_threshold(truth[~inside, column], probability[~inside, column])
            thresholds[inside, column] = chosen
    return thresholds


def cross_fitted_probabilities(truth: Bools, score: Floats, refused: Bools, groups: NDArray[np.int64]) -> Floats:
    """[n, 5]: probabilities with scale and bias fitted on the other patient groups; .5 for a refused record."""
    probabilities = np.full(score.shape, 0.5)
    for group in np.unique(groups):
        inside, outside = (groups == group) & ~refused, (groups != group) & ~refused
        for column in range(truth.shape[1]):
            pair = metrics.fit_logistic(truth[outside, column], score[outside, column])
            probabilities[inside, column] = Calibration(*np.array(pair))(score[inside, column])
    return probabilities


def decisions(probability: Floats, thresholds: Floats) -> tuple[NDArray[np.int64], Bools]:
    """The same rule as Classification: (index into DIAGNOSES of the most probable finding, is it conclusive)."""
    above = probability >= thresholds
    findings = above[:, DIAGNOSIS_COLUMNS]
    score = np.where(findings, probability[:, DIAGNOSIS_COLUMNS], -1)
    contradicted = findings[:, 0] & ((findings.sum(axis=1) > 1) | above[:, OTHER_COLUMNS].any(axis=1))
    return score.argmax(axis=1), findings.any(axis=1) & ~contradicted


@dataclass(frozen=True, eq=False)
class Scores:
    """Of n records: truth, probability and thresholds [n, 5], refused [n].

    ranking: [n, 5], the scores for AUC. Cross-fitted probabilities cannot be used: each group has its own calibration.
    """

    truth: Bools
    probability: Floats
    thresholds: Floats
    refused: Bools
    ranking: Floats


def measure(scores: Scores, weight: Floats) -> dict[str, float]:
    """All figures by name. Each record counts weight times. A dot in a name makes a level in the report."""
    truth, probability, refused = scores.truth, scores.probability, scores.refused
    found: dict[str, float] = {}
    called = (probability >= scores.thresholds) & ~refused[:, None]
    for k, label in enumerate(SUPERCLASSES):
        t, p = truth[:, k], probability[:, k]
        found[f"classes.{label}.auc"] = metrics.auc(t, scores.ranking[:, k], weight)
        found[f"classes.{label}.ece"] = metrics.expected_calibration_error(t, p, weight)
        found[f"classes.{label}.calibration_slope"] = metrics.calibration_slope(t, p, weight)
        found[f"classes.{label}.brier"] = float((weight * (p - t) ** 2).sum() / weight.sum())
        found[f"classes.{label}.sensitivity"] = metrics.share(called[:, k], t, weight)
        found[f"classes.{label}.precision"] = metrics.share(t, called[:, k], weight)
        found[f"classes.{label}.specificity"] = metrics.share(~called[:, k], ~t, weight)
    found["macro_auc_5"] = float(np.mean([found[f"classes.{label}.auc"] for label in SUPERCLASSES]))
    found["macro_auc_3"] = float(np.mean([found[f"classes.{label}.auc"] for label in DIAGNOSES]))
    three = truth[:, DIAGNOSIS_COLUMNS]
    single = (truth.sum(axis=1) == 1) & three.any(axis=1)
    label = three.argmax(axis=1)
    chosen, conclusive = decisions(probability, scores.thresholds)
    answered = conclusive & ~refused
    best = probability[:, DIAGNOSIS_COLUMNS].argmax(axis=1)
    found["single_label.top1"] = metrics.share((best == label) & ~refused, single, weight)
    found["single_label.answered"] = metrics.share(answered, single, weight)
    found["single_label.correct_of_answered"] = metrics.share(chosen == label, single & answered, weight)
    found["mi_hyp_only.without_diagnosis"] = metrics.share(~answered, other_only(truth), weight)
    return found


def other_only(truth: Bools) -> Bools:
    """[n]: records with MI or HYP and none of NORM, CD, STTC."""
    return np.asarray(truth[:, OTHER_COLUMNS].any(axis=1) & ~truth[:, DIAGNOSIS_COLUMNS].any(axis=1))


def figures(scores: Scores, patients: NDArray[np.int64]) -> dict[str, Any]:
    """measure() as a nested report with 95 % bootstrap intervals by patient. A leaf is {"value", "ci95"} or None."""
    truth = scores.truth
    point = measure(scores, np.ones(len(truth)))
    draws = [measure(scores, weight) for weight in metrics.bootstrap_weights(patients)]
    single = (truth.sum(axis=1) == 1) & truth[:, DIAGNOSIS_COLUMNS].any(axis=1)
    report: dict[str, Any] = {
        "n": len(truth),
        "patients": len(np.unique(patients)),
        "single_label": {"n": int(single.sum())},
        "mi_hyp_only": {"n": int(other_only(truth).sum())},
    }
    for name, value in point.items():
        *path, leaf = name.split(".")
        place = report
        for part in path:
            place = place.setdefault(part, {})
        if np.isnan(value):
            place[leaf] = None
            continue
        interval = metrics.interval(np.array([draw[name] for draw in draws]))
        place[leaf] = {"value": round(value, 4), "ci95": [round(bound, 4) for bound in interval]}
    for k, label in enumerate(SUPERCLASSES):
        chance = metrics.perfect_calibration_error(scores.probability[:, k])
        report["classes"][label]["ece_of_perfect_calibration_p95"] = round(chance, 4)
    return report


def evaluate(classifier: Classifier, ptbxl: Path, folds: Sequence[int], leads: Sequence[str]) -> dict[str, Any]:
    """The report of `ekg evaluate`: how good the served probabilities are.

    Thresholds on fold 9, where the served ones were chosen: cross-fitted by patient. On other folds: the served ones.
    """
    data = read_ptbxl(ptbxl, set(folds)).scored()
    outcomes = each(data, lambda files: outcome(classifier, files, leads), "classifying")
    probability = np.stack([found.probabilities for found in outcomes])
    refused = np.array([found.refusal is not None for found in outcomes])
    cross_fitted = VALIDATION_FOLD in folds
    if cross_fitted:
        groups = metrics.patient_groups(data.patient_ids)
        thresholds = cross_fitted_thresholds(data.superclasses, probability, groups)
    else:
        known = lead_set_of(leads)
        shipped = classifier.thresholds[known[0] if known else WEAKEST_SET]
        thresholds = np.tile([shipped[label] for label in SUPERCLASSES], (len(data), 1))
    refusals = Counter(found.refusal for found in outcomes if found.refusal)
    warnings = Counter(notice.code for found in outcomes for notice in found.quality)
    return {
        "folds": list(folds),
        "leads": list(leads),
        "thresholds": "cross-fitted by patient" if cross_fitted else "as shipped",
        "calibration": "as shipped, fitted on this fold" if cross_fitted else "as shipped",
        **figures(Scores(data.superclasses, probability, thresholds, refused, probability), data.patient_ids),
        "refused": dict(sorted(refusals.items())),
        "warnings": dict(sorted(warnings.items())),
        "model_sha256": classifier.identity.sha256,
    }

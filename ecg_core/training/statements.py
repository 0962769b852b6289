"""The statements on fold 9: which are published for which leads, their calibration, thresholds and figures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.classification import DECIMALS, SUPERCLASSES
from ecg_core.leads import LEADS
from ecg_core.metrics import Bools, Floats
from ecg_core.model.calibration import Calibration, thresholds_of
from ecg_core.model.statements import CODES, StatementRule, statements_of
from ecg_core.statements import NORMAL, contradicting
from ecg_core.training.data.ptbxl import PtbXl
from ecg_core.training.evaluate import (
    DIAGNOSIS_COLUMNS,
    cross_fitted_probabilities,
    cross_fitted_thresholds,
    decisions,
)
from ecg_core.training.measure.benchmark import TASKS, benchmark
from ecg_core.training.measure.outcomes import Outputs

MIN_POSITIVES = 20
MIN_AUC = 0.85
PUBLICATION_RULE = (
    f"at least {MIN_POSITIVES} positive records in fold 9, and an AUC of which the lower bound of the 95 % interval is "
    f"at least {MIN_AUC}"
)
FEW, UNSURE = "too few positive records", "AUC too low or too uncertain"

Row = dict[str, Any]


def nothing_published(lead_sets: Mapping[str, Any]) -> dict[str, Any]:
    """The statements of a card before they are measured."""
    return {"sets": {name: {"published": {}} for name in lead_sets}}


def measured(data: PtbXl, lead_sets: Mapping[str, tuple[str, ...]], found: Mapping[str, Outputs], card: Row) -> Row:
    """The statements of the card. data: all records of fold 9. found: the outputs with each lead set.

    card: of which calibration and thresholds of the superclasses are used. Raises ValueError for another table of
    statements: see benchmark.
    """
    groups = metrics.patient_groups(data.patient_ids)
    weights = np.concatenate([np.ones((1, len(data))), metrics.bootstrap_weights(data.patient_ids)])
    sets: dict[str, Row] = {}
    report = {
        "rule": PUBLICATION_RULE,
        "n": len(data),
        "patients": len(np.unique(data.patient_ids)),
        "sets": sets,
    }
    for name, leads in lead_sets.items():
        outputs = found[name]
        normal = {**card["calibration"][name][NORMAL], "threshold": card["thresholds"][name][NORMAL]}
        published, others = _judged(data.statements, outputs, groups, weights, normal)
        doubtful = contradictions(StatementRule.of(published), data, outputs, card, name)
        sets[name] = {"refused": int(outputs.refused.sum()), "contradictions": doubtful, "published": published}
        if leads == LEADS:
            sets[name]["unpublished"] = others
            tasks = {task: benchmark(task, data, outputs) for task in TASKS}
            report["tasks"] = {
                task: {"n": row["n"], "labels": len(row["labels"]), "macro_auc": row["macro_auc"]}
                for task, row in tasks.items()
            }
    return report


def _judged(
    truth: Bools, outputs: Outputs, groups: NDArray[np.int64], weights: Floats, normal: Row
) -> tuple[dict[str, Row], dict[str, Row]]:
    """({code: row} of what is published, of what is not)."""
    published: dict[str, Row] = {}
    others: dict[str, Row] = {}
    for column, code in enumerate(CODES):
        labels, score = truth[:, column], outputs.statements[:, column]
        row: Row = {"positives": int(labels.sum())}
        # Every calibration rises, so the order of the logits is that of the probabilities.
        row["auc"] = metrics.estimate(metrics.auc_of_draws(labels, score, weights))
        if row["positives"] < MIN_POSITIVES:
            others[code] = {**row, "why": FEW}
        elif row["auc"]["ci95"][0] < MIN_AUC:
            others[code] = {**row, "why": UNSURE}
        else:
            served = normal if code == NORMAL else fitted(labels, score, outputs.refused)
            published[code] = {**served, **row, **figures(labels, score, outputs.refused, groups)}
    return published, others


def fitted(truth: Bools, score: Floats, refused: Bools) -> Row:
    """Scale, bias and threshold as they are served: fitted on all records. truth, score, refused: [n]."""
    scale, bias = (round(value, 6) for value in metrics.fit_logistic(truth[~refused], score[~refused]))
    probability = Calibration(np.array(scale), np.array(bias))(score[~refused])
    return {"scale": scale, "bias": bias, "threshold": metrics.best_f1_threshold(truth[~refused], probability)}


def figures(truth: Bools, score: Floats, refused: Bools, groups: NDArray[np.int64]) -> Row:
    """Cross-fitted by patient. A refused record counts as not found. truth, score, refused, groups: [n]."""
    probability = cross_fitted_probabilities(truth[:, None], score[:, None], refused, groups)
    called = (probability >= cross_fitted_thresholds(truth[:, None], probability, groups))[:, 0] & ~refused
    once = np.ones(len(truth))
    shares = {
        "sensitivity": metrics.share(called, truth, once),
        "specificity": metrics.share(~called, ~truth, once),
        "precision": metrics.share(truth, called, once),
        "ece": metrics.expected_calibration_error(truth[~refused], probability[~refused, 0]),
    }
    return {name: round(value, 4) if np.isfinite(value) else None for name, value in shares.items()}


def contradictions(rule: StatementRule, data: PtbXl, outputs: Outputs, card: Row, lead_set: str) -> Row:
    """How often statements contradict the superclasses, with what is served; correct: diagnoses that are right.

    Of the records that are not refused. A diagnosis is counted in records with at least one superclass.
    """
    kept = ~outputs.refused
    thresholds = thresholds_of(card, lead_set)
    probability = np.round(Calibration.of(card["calibration"][lead_set])(outputs.logits[kept]), DECIMALS)
    chosen, conclusive = decisions(probability, np.tile(list(thresholds.values()), (len(probability), 1)))
    labels = data.superclasses[kept]
    right = labels[np.arange(len(labels)), np.array(DIAGNOSIS_COLUMNS)[chosen]]
    doubtful = np.array(
        [
            bool(
                contradicting(
                    statements_of(rule, [rule], row[None]), dict(zip(SUPERCLASSES, five, strict=True)), thresholds
                )
            )
            for row, five in zip(outputs.statements[kept], probability.tolist(), strict=True)
        ]
    )
    counted = conclusive & labels.any(axis=1)
    return {
        "share": metrics.wilson(int(doubtful.sum()), len(doubtful)),
        "correct": metrics.wilson(int(right[counted & doubtful].sum()), int((counted & doubtful).sum())),
        "correct_otherwise": metrics.wilson(int(right[counted & ~doubtful].sum()), int((counted & ~doubtful).sum())),
    }

"""The tasks of the PTB-XL benchmark (Strodthoff et al. 2021): macro AUC over groups of the 71 statements."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecg_core import metrics
from ecg_core.classification import SUPERCLASSES
from ecg_core.metrics import Bools, Floats
from ecg_core.model.classifier import Classifier
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.model.statements import CODES
from ecg_core.training.data.ptbxl import PtbXl, read_ptbxl
from ecg_core.training.measure.outcomes import Outputs, outputs

# {label: the columns of its statements}. A diagnostic statement may also be a form statement.
Labels = Mapping[str, tuple[int, ...]]
_DIAGNOSTIC = [column for column, one in enumerate(STATEMENTS) if one.kind in SUPERCLASSES]


def _single(columns: list[int]) -> Labels:
    return {STATEMENTS[column].code: (column,) for column in columns}


TASKS: Mapping[str, Labels] = {
    "all": _single(list(range(len(STATEMENTS)))),
    "diag": _single(_DIAGNOSTIC),
    "subdiag": {
        subclass: tuple(column for column in _DIAGNOSTIC if STATEMENTS[column].subclass == subclass)
        for subclass in dict.fromkeys(STATEMENTS[column].subclass for column in _DIAGNOSTIC)
    },
    "form": _single([column for column, one in enumerate(STATEMENTS) if one.kind == "form" or one.also_form]),
    "rhythm": _single([column for column, one in enumerate(STATEMENTS) if one.kind == "rhythm"]),
}


def benchmark(task: str, data: PtbXl, found: Outputs) -> dict[str, Any]:
    """AUC of each label of the task, and their mean, over the records that have at least one of its labels.

    Labels without a positive record are left out, as in the benchmark. A refused record counts with a logit of 0.
    Raises ValueError for another table of statements.
    """
    if data.statement_names != CODES:
        raise ValueError("the statements of this data set are not those of PTB-XL 1.0.3")
    truth_of = {label: np.asarray(data.statements[:, columns].any(axis=1)) for label, columns in TASKS[task].items()}
    counted: Bools = np.logical_or.reduce(list(truth_of.values()))
    patients, scores = data.patient_ids[counted], found.statements[counted]
    present = {label: truth[counted] for label, truth in truth_of.items() if truth.any()}
    rows, draws = {}, []
    if present:
        weights = np.concatenate([np.ones((1, len(patients))), metrics.bootstrap_weights(patients)])
    for label, truth in present.items():
        areas = metrics.auc_of_draws(truth, _any_of(scores[:, TASKS[task][label]]), weights)
        rows[label] = {"positives": int(truth.sum()), "auc": metrics.estimate(areas)}
        draws.append(areas)
    return {
        "n": len(patients),
        "patients": len(np.unique(patients)),
        "labels": rows,
        "macro_auc": metrics.estimate(_mean(np.array(draws))) if draws else None,
        "refused": int(found.refused[counted].sum()),
    }


def evaluate_task(
    task: str, classifier: Classifier, ptbxl: Path, folds: Sequence[int], leads: Sequence[str]
) -> dict[str, Any]:
    """The report of `ekg evaluate --task`. Logits without calibration: AUC does not depend on it."""
    data = read_ptbxl(ptbxl, set(folds))
    measured = benchmark(task, data, outputs(classifier, data, leads))
    about = {"task": task, "folds": list(folds), "leads": list(leads)}
    return {**about, **measured, "model_sha256": classifier.identity.sha256}


def _mean(areas: Floats) -> Floats:
    """[labels, draws] -> [draws]: the mean of the labels that a draw has records of; NaN without one."""
    known = np.isfinite(areas)
    count = known.sum(axis=0)
    return np.where(count, np.where(known, areas, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _any_of(logits: Floats) -> Floats:
    """[n, statements] -> [n]: rises with the probability that at least one is there, were they independent."""
    return np.asarray(np.logaddexp(0, logits).sum(axis=1))

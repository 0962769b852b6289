"""`ekg robustness`: AUC by sex and age, and with noise, other rates, fewer leads. Fold 9, intervals by patient."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.metrics import Bools, Floats
from ecg_core.model.classifier import Classifier
from ecg_core.readers import read
from ecg_core.recording import Files
from ecg_core.training.data.conditions import CONDITIONS, rng_of
from ecg_core.training.data.ptbxl import VALIDATION_FOLD, PtbXl, read_ptbxl, record_files
from ecg_core.training.evaluate import DIAGNOSIS_COLUMNS
from ecg_core.training.measure.outcomes import Outcome, each, outcome

# First and last age. The data set says 300 for everybody over 89, to protect their identity.
AGE_BANDS = {"under 40": (0, 39), "40-59": (40, 59), "60-79": (60, 79), "80-89": (80, 89), "over 89": (90, 300)}
SEXES = {"male": 0, "female": 1}
# With fewer positives or negatives the interval of an AUC cannot be trusted.
MIN_CASES = 5

Ints = NDArray[np.int64]


def robustness(classifier: Classifier, ptbxl: Path) -> dict[str, Any]:
    """Figures by group of patients and by condition. Conditions also as paired differences to the unchanged record."""
    data = read_ptbxl(ptbxl, {VALIDATION_FOLD}).scored()

    def all_conditions(files: Files) -> list[Outcome]:
        recording = read(files)
        changed = (made.change(recording, rng_of(recording, made.family + made.name)) for made in CONDITIONS)
        return [outcome(classifier, recording), *(outcome(classifier, made) for made in changed)]

    rows = each(data, all_conditions, "changing")
    clean = [row[0] for row in rows]
    return {
        "n": len(data),
        "patients": len(np.unique(data.patient_ids)),
        "groups": {
            family: {name: _group(data.select(inside), _where(clean, inside)) for name, inside in groups.items()}
            for family, groups in groups_of(data).items()
        },
        "as recorded": _condition(data, clean, clean),
        "conditions": _nested(data, clean, [[row[1 + index] for row in rows] for index in range(len(CONDITIONS))]),
    }


def groups_of(data: PtbXl) -> dict[str, dict[str, Bools]]:
    """[records]: True for the records of each group."""
    return {
        "sex": {name: data.sexes == code for name, code in SEXES.items()},
        "age": {name: (data.ages >= low) & (data.ages <= high) for name, (low, high) in AGE_BANDS.items()},
    }


def areas(truth: Bools, probability: Floats, weights: Floats) -> dict[str, Floats]:
    """AUC of each draw for the diagnoses, their mean, and the mean of all five. NaN with fewer than MIN_CASES."""
    cases = np.minimum(truth.sum(axis=0), (~truth).sum(axis=0))
    unknown = np.full(len(weights), np.nan)
    five = {
        label: metrics.auc_of_draws(truth[:, k], probability[:, k], weights) if cases[k] >= MIN_CASES else unknown
        for k, label in enumerate(SUPERCLASSES)
    }
    three = {label: five[label] for label in DIAGNOSES}
    return {**three, "mean_3": np.mean(list(three.values()), axis=0), "macro_5": np.mean(list(five.values()), axis=0)}


def _where(outcomes: list[Outcome], inside: Bools) -> list[Outcome]:
    return [found for found, chosen in zip(outcomes, inside.tolist(), strict=True) if chosen]


def _weights(patients: Ints) -> Floats:
    """[1 + draws, records]: each record once, then bootstrap samples of patients."""
    return np.concatenate([np.ones((1, len(patients))), metrics.bootstrap_weights(patients)])


def _probabilities(outcomes: list[Outcome]) -> Floats:
    return np.array([found.probabilities for found in outcomes]).reshape(-1, len(SUPERCLASSES))


def _group(data: PtbXl, outcomes: list[Outcome]) -> dict[str, Any]:
    """AUC, and sensitivity and specificity at the served thresholds."""
    if not len(data):
        return {"n": 0, "positives": dict.fromkeys(DIAGNOSES, 0)}
    truth, weights = data.superclasses, _weights(data.patient_ids)
    above = np.array([found.above for found in outcomes])
    found = areas(truth, _probabilities(outcomes), weights)
    return {
        "n": len(data),
        "positives": dict(zip(DIAGNOSES, truth[:, DIAGNOSIS_COLUMNS].sum(axis=0).tolist(), strict=True)),
        "auc": {name: metrics.estimate(draws) for name, draws in found.items()},
        "sensitivity": _shares(above, truth),
        "specificity": _shares(~above, ~truth),
    }


def _shares(right: Bools, among: Bools) -> dict[str, Any]:
    """Sensitivity or specificity, by Wilson: a bootstrap of one single correct record would have no width."""
    hits, n = (right & among).sum(axis=0), among.sum(axis=0)
    return {
        label: metrics.wilson(int(hits[k]), int(n[k])) for label, k in zip(DIAGNOSES, DIAGNOSIS_COLUMNS, strict=True)
    }


def _nested(data: PtbXl, clean: list[Outcome], changed: list[list[Outcome]]) -> dict[str, dict[str, Any]]:
    report: dict[str, dict[str, Any]] = {}
    for made, outcomes in zip(CONDITIONS, changed, strict=True):
        report.setdefault(made.family, {})[made.name] = _condition(data, clean, outcomes)
    return report


def _condition(data: PtbXl, clean: list[Outcome], changed: list[Outcome]) -> dict[str, Any]:
    """AUC on the records that are answered both unchanged and changed; refused and warned on all records."""
    refused = np.array([found.refusal is not None for found in changed])
    answered = ~refused & np.array([found.refusal is None for found in clean])
    report: dict[str, Any] = {
        "refused": metrics.wilson(int(refused.sum()), len(refused)),
        "warned": metrics.wilson(sum(found.warned for found in changed), len(changed)),
    }
    if not answered.any():
        return report
    truth, weights = data.superclasses[answered], _weights(data.patient_ids[answered])
    before, after = (_probabilities(_where(found, answered)) for found in (clean, changed))
    areas_after = areas(truth, after, weights)
    report["auc"] = {name: metrics.estimate(draws) for name, draws in areas_after.items()}
    if changed is not clean:
        areas_before = areas(truth, before, weights)
        report["difference"] = {name: metrics.estimate(areas_after[name] - areas_before[name]) for name in areas_after}
        shift = np.abs(after - before)[:, DIAGNOSIS_COLUMNS]
        report["shift"] = {"mean": round(float(shift.mean()), 4), "largest": round(float(shift.max()), 4)}
    return report


def twins(classifier: Classifier, ptbxl: Path, records500: Path) -> dict[str, Any]:
    """Compares original records at 500 Hz (NNNNN_hr.hea in records500) with the same records at 100 Hz."""
    data = read_ptbxl(ptbxl)
    paths: Mapping[int, Path] = dict(zip(data.ecg_ids.tolist(), data.paths, strict=True))
    originals = sorted(records500.rglob("*_hr.hea"))
    shifts, refused, changed = [], 0, 0
    for header in originals:
        pair = [header.with_suffix(""), paths[int(header.name.split("_")[0])]]
        original, twin = (outcome(classifier, record_files(path)) for path in pair)
        if original.refusal or twin.refusal:
            refused += 1
            continue
        shifts.append(np.abs(original.probabilities - twin.probabilities)[DIAGNOSIS_COLUMNS])
        changed += original.above != twin.above or original.conclusive != twin.conclusive
    if not shifts:
        raise ValueError(f"no record of 500 Hz (NNNNN_hr.hea) can be compared in {records500}")
    difference = np.array(shifts)
    return {
        "n": len(originals),
        "refused": refused,
        "mean": round(float(difference.mean()), 4),
        "largest": round(float(difference.max()), 4),
        "findings_changed": changed,
    }

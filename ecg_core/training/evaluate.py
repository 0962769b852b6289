"""Measures the artifacts on PTB-XL through the product's own road: files in, rounded probabilities out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ecg_core import quality
from ecg_core.classification import DIAGNOSES, OTHER_ABNORMALITIES, SUPERCLASSES
from ecg_core.classifier import Calibration, Classifier
from ecg_core.errors import EcgError
from ecg_core.preparation import prepare
from ecg_core.readers import read
from ecg_core.recording import Recording
from ecg_core.training import metrics
from ecg_core.training.metrics import Bools, Floats
from ecg_core.training.ptbxl import PtbXl, read_ptbxl, record_files

T = TypeVar("T")
WORKERS = 2
DIAGNOSIS_COLUMNS = [SUPERCLASSES.index(label) for label in DIAGNOSES]
OTHER_COLUMNS = [SUPERCLASSES.index(label) for label in OTHER_ABNORMALITIES]


@dataclass(frozen=True, eq=False)
class Answers:
    """Of n scored records: probabilities [n, 5]; a refused record has p = .5 and a code."""

    probabilities: Floats
    refusals: tuple[str | None, ...]
    warnings: Mapping[str, int]


def only(recording: Recording, leads: Collection[str]) -> Recording:
    """The recording without the other leads."""
    rows = [row for row, lead in enumerate(recording.leads) if lead in leads]
    return replace(recording, signal=recording.signal[rows], leads=tuple(recording.leads[row] for row in rows))


def each(data: PtbXl, work: Callable[[Recording], T], said: str) -> list[T]:
    """work(recording) of every record, in order, with a progress bar."""
    with ThreadPoolExecutor(WORKERS) as pool:
        done = pool.map(lambda path: work(read(record_files(path))), data.paths)
        return list(tqdm(done, said, len(data), unit=" records", leave=False))


def answer(classifier: Classifier, data: PtbXl, leads: Collection[str]) -> Answers:
    """Classifies every record with only the given leads."""

    def one(recording: Recording) -> tuple[Floats, str | None, tuple[str, ...]]:
        try:
            result = classifier.classify(only(recording, leads))
        except EcgError as error:
            return np.full(len(SUPERCLASSES), 0.5), error.code, ()
        probabilities = np.array([result.probabilities[label] for label in SUPERCLASSES])
        return probabilities, None, tuple(notice.code for notice in result.quality)

    rows = each(data, one, "classifying")
    codes = [code for row in rows for code in row[2]]
    counts = {code: codes.count(code) for code in sorted(set(codes))}
    return Answers(np.stack([row[0] for row in rows]), tuple(row[1] for row in rows), counts)


def logits(classifier: Classifier, data: PtbXl, leads: Collection[str]) -> Floats:
    """[n, 5] uncalibrated, 0 for a refused record."""

    def one(recording: Recording) -> Floats:
        try:
            fit, _ = quality.usable(only(recording, leads))
            return np.asarray(classifier.logits(prepare(fit)).mean(axis=0), np.float64)
        except EcgError:
            return np.zeros(len(SUPERCLASSES))

    return np.stack(each(data, one, "measuring"))


def cross_fitted_thresholds(truth: Bools, probability: Floats, groups: NDArray[np.int64]) -> Floats:
    """[n, 5]: for each record the thresholds chosen on the records of the other patient groups."""
    thresholds = np.empty(probability.shape)
    for group in np.unique(groups):
        inside = groups == group
        for column in range(truth.shape[1]):
            chosen = metrics.best_f1_threshold(truth[~inside, column], probability[~inside, column])
            thresholds[inside, column] = chosen
    return thresholds


def cross_fitted_probabilities(truth: Bools, logits: Floats, groups: NDArray[np.int64]) -> Floats:
    """[n, 5]: for each record calibrated by scale and bias fitted on the other patient groups."""
    probabilities = np.empty(logits.shape)
    for group in np.unique(groups):
        inside = groups == group
        for column in range(truth.shape[1]):
            pair = metrics.fit_logistic(truth[~inside, column], logits[~inside, column])
            probabilities[inside, column] = Calibration(*np.array(pair))(logits[inside, column])
    return probabilities


def decisions(probability: Floats, thresholds: Floats) -> tuple[NDArray[np.int64], Bools]:
    """As Classification decides: index into DIAGNOSES of the most probable finding, and whether it is conclusive."""
    above = probability >= thresholds
    findings = above[:, DIAGNOSIS_COLUMNS]
    score = np.where(findings, probability[:, DIAGNOSIS_COLUMNS], -1)
    contradicted = findings[:, 0] & ((findings.sum(axis=1) > 1) | above[:, OTHER_COLUMNS].any(axis=1))
    return score.argmax(axis=1), findings.any(axis=1) & ~contradicted


def figures(truth: Bools, probability: Floats, thresholds: Floats, patients: NDArray[np.int64]) -> dict[str, Any]:
    """Every figure of the report. truth, probability, thresholds: [n, 5]."""
    weights = metrics.bootstrap_weights(patients)
    areas = np.array([metrics.auc(truth[:, k], probability[:, k]) for k in range(len(SUPERCLASSES))])
    draws = np.array(
        [[metrics.auc(truth[:, k], probability[:, k], weight) for k in range(len(SUPERCLASSES))] for weight in weights]
    )
    report: dict[str, Any] = {
        "n": len(truth),
        "patients": len(np.unique(patients)),
        "macro_auc_5": _with_interval(areas.mean(), draws.mean(axis=1)),
        "macro_auc_3": _with_interval(areas[DIAGNOSIS_COLUMNS].mean(), draws[:, DIAGNOSIS_COLUMNS].mean(axis=1)),
        "classes": {},
    }
    for k, label in enumerate(SUPERCLASSES):
        called = probability[:, k] >= thresholds[:, k]
        report["classes"][label] = {
            "auc": _with_interval(areas[k], draws[:, k]),
            "ece": _round(metrics.expected_calibration_error(truth[:, k], probability[:, k])),
            "ece_of_perfect_calibration_p95": _round(metrics.perfect_calibration_error(probability[:, k])),
            "calibration_slope": _round(metrics.calibration_slope(truth[:, k], probability[:, k])),
            "brier": _round(float(np.mean((probability[:, k] - truth[:, k]) ** 2))),
            "sensitivity": _round(float(called[truth[:, k]].mean())),
            "specificity": _round(float(1 - called[~truth[:, k]].mean())),
        }
    report["single_label"] = _single_label(truth, probability, thresholds)
    only_other = truth[:, OTHER_COLUMNS].any(axis=1) & ~truth[:, DIAGNOSIS_COLUMNS].any(axis=1)
    conclusive = decisions(probability[only_other], thresholds[only_other])[1]
    report["mi_hyp_only"] = {"n": int(only_other.sum()), "without_diagnosis": _round(float(1 - conclusive.mean()))}
    return report


def _single_label(truth: Bools, probability: Floats, thresholds: Floats) -> dict[str, Any]:
    """Records whose one superclass is NORM, CD or STTC."""
    single = (truth.sum(axis=1) == 1) & truth[:, DIAGNOSIS_COLUMNS].any(axis=1)
    label = truth[single][:, DIAGNOSIS_COLUMNS].argmax(axis=1)
    chosen, conclusive = decisions(probability[single], thresholds[single])
    return {
        "n": int(single.sum()),
        "top1": _round(float((probability[single][:, DIAGNOSIS_COLUMNS].argmax(axis=1) == label).mean())),
        "answered": _round(float(conclusive.mean())),
        "correct_of_answered": _round(float((chosen[conclusive] == label[conclusive]).mean())),
    }


def _round(value: float) -> float:
    return round(float(value), 4)


def _with_interval(value: float, draws: Floats) -> dict[str, Any]:
    return {"value": _round(value), "ci95": [_round(bound) for bound in metrics.interval(draws)]}


def evaluate(classifier: Classifier, ptbxl: Path, folds: Sequence[int], leads: Sequence[str]) -> dict[str, Any]:
    """The report of the shipped probabilities; thresholds are cross-fitted among the evaluated patients."""
    data = read_ptbxl(ptbxl, set(folds)).scored()
    answers = answer(classifier, data, leads)
    groups = metrics.patient_groups(data.patient_ids)
    thresholds = cross_fitted_thresholds(data.superclasses, answers.probabilities, groups)
    report = figures(data.superclasses, answers.probabilities, thresholds, data.patient_ids)
    refused = [code for code in answers.refusals if code]
    return {
        "folds": list(folds),
        "leads": list(leads),
        **report,
        "refused": {code: refused.count(code) for code in sorted(set(refused))},
        "warnings": dict(answers.warnings),
        "model_sha256": classifier.identity.sha256,
    }


def text(report: Mapping[str, Any]) -> str:
    """The report for a person."""

    def area(entry: Mapping[str, Any]) -> str:
        return f"{entry['value']:.4f} [{entry['ci95'][0]:.4f}, {entry['ci95'][1]:.4f}]"

    folds = ", ".join(str(fold) for fold in report["folds"])
    lines = [
        f"PTB-XL fold {folds}, {report['n']} records of {report['patients']} patients, "
        f"leads {' '.join(report['leads'])}",
        f"macro AUC of five   {area(report['macro_auc_5'])}",
        f"mean NORM/CD/STTC   {area(report['macro_auc_3'])}",
        f"{'':6}{'AUC [95 % by patient]':26}{'ECE':>7}{'slope':>7}{'Brier':>7}{'sens.':>7}{'spec.':>7}",
    ]
    for label, row in report["classes"].items():
        numbers = "".join(
            f"{row[name]:7.3f}" for name in ("ece", "calibration_slope", "brier", "sensitivity", "specificity")
        )
        lines.append(f"{label:6}{area(row['auc']):26}{numbers}")
    single, other = report["single_label"], report["mi_hyp_only"]
    lines.append(
        f"single-label NORM/CD/STTC, n = {single['n']}: top-1 {single['top1']:.3f}, answered {single['answered']:.3f}, "
        f"of those correct {single['correct_of_answered']:.3f}"
    )
    lines.append(f"MI or HYP only, n = {other['n']}: left without a diagnosis {other['without_diagnosis']:.3f}")
    for name in ("refused", "warnings"):
        counts = ", ".join(f"{code} {count}" for code, count in report[name].items()) or "none"
        lines.append(f"{name}: {counts}")
    return "\n".join(lines)

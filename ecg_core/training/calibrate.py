"""`ekg calibrate`: calibration, thresholds and performance on fold 9. Writes model.json."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ecg_core import metrics
from ecg_core.classification import SUPERCLASSES
from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.metrics import Floats
from ecg_core.model.artifacts import CARD_FILE, MODEL_FILE
from ecg_core.model.calibration import Calibration
from ecg_core.model.classifier import Classifier
from ecg_core.model.placement import KINDS
from ecg_core.signal.preparation import WINDOW_SAMPLES
from ecg_core.signal.resampling import MODEL_FS_HZ
from ecg_core.training import statements
from ecg_core.training.calibrators import compared
from ecg_core.training.data.ptbxl import VALIDATION_FOLD, read_ptbxl
from ecg_core.training.evaluate import (
    DIAGNOSIS_COLUMNS,
    Scores,
    cross_fitted_probabilities,
    cross_fitted_thresholds,
    figures,
)
from ecg_core.training.graph import with_statements, with_terms
from ecg_core.training.measure.outcomes import outputs
from ecg_core.training.measured_terms import Terms
from ecg_core.training.report.model_card import serialised
from ecg_core.training.report.reliability import reliability

NAME = "ekg-compact"
VERSION = "2.3.0"
MEASURED_ON = "PTB-XL 1.0.3, fold 9 (validation; calibration and thresholds cross-fitted by patient)"
THRESHOLD_RULE = "highest F1 on fold 9, per class and lead set, of the calibrated probabilities"
# Share of sound records, for each kind of misplacement. For all fifteen kinds together: below one in a hundred.
FALSE_ALARMS = 0.0005
LIKELY = 0.5
PLACEMENT_RULE = (
    f"at least {LIKELY}, and above all but {100 * FALSE_ALARMS:g} % of fold 9, per kind and lead set; some of its "
    "records may be misplaced themselves"
)
DATA = {
    "name": "PTB-XL 1.0.3, 100 Hz",
    "doi": "10.13026/kfzx-aw45",
    "licence": "CC-BY 4.0",
    "citation": "Wagner P. et al., PTB-XL, a large publicly available electrocardiography dataset, "
    "Scientific Data 7, 154 (2020)",
    "training_folds": list(range(1, 9)),
    "calibration_fold": VALIDATION_FOLD,
    "test_fold": "10, never read",
}


def write_card(folder: Path, sha256: str, training: Mapping[str, Any], ptbxl: Path) -> dict[str, Any]:
    """Measures folder/model.onnx on fold 9 with every lead set and writes folder/model.json."""
    card: dict[str, Any] = {
        "name": NAME,
        "version": VERSION,
        "sha256": sha256,
        "superclasses": list(SUPERCLASSES),
        "input": {
            "signal": "[windows, 12, 1000] float32, mV, median of each lead removed, absent leads zero",
            "lead_mask": "[windows, 12] float32, 1 present, 0 absent",
            "leads": list(LEADS),
            "fs_hz": MODEL_FS_HZ,
            "samples": WINDOW_SAMPLES,
        },
        "calibration": {name: {label: {"scale": 1.0, "bias": 0.0} for label in SUPERCLASSES} for name in LEAD_SETS},
        "thresholds": {name: dict.fromkeys(SUPERCLASSES, 0.5) for name in LEAD_SETS},
        "threshold_rule": THRESHOLD_RULE,
        "measured_on": MEASURED_ON,
        "performance": {name: {"auc": dict.fromkeys(SUPERCLASSES, 0.5)} for name in LEAD_SETS},
        "placement": {
            "rule": PLACEMENT_RULE,
            "thresholds": {name: dict.fromkeys(KINDS[1:], 1.0) for name in LEAD_SETS},
        },
        "statements": statements.nothing_published(LEAD_SETS),
        "data": DATA,
        "training": dict(training),
    }
    _write(folder, card)
    classifier = Classifier(folder)
    every = read_ptbxl(ptbxl, {VALIDATION_FOLD})
    data, is_scored = every.scored(), np.asarray(every.superclasses.any(axis=1))
    truth, groups = data.superclasses, metrics.patient_groups(data.patient_ids)
    found = {name: outputs(classifier, every, leads) for name, leads in LEAD_SETS.items()}
    cells = []
    for name, leads in LEAD_SETS.items():
        scored = found[name].select(is_scored)
        score, refused = scored.logits, scored.refused
        card["placement"]["thresholds"][name] = placement_thresholds(scored.placement[~refused])
        calibrations, thresholds = {}, {}
        shipped = np.full(score.shape, 0.5)
        for k, label in enumerate(SUPERCLASSES):
            scale, bias = metrics.fit_logistic(truth[~refused, k], score[~refused, k])
            calibrations[label] = {"scale": round(scale, 6), "bias": round(bias, 6)}
            shipped[~refused, k] = Calibration(np.array(scale), np.array(bias))(score[~refused, k])
            thresholds[label] = metrics.best_f1_threshold(truth[~refused, k], shipped[~refused, k])
        card["calibration"][name], card["thresholds"][name] = calibrations, thresholds
        probability = cross_fitted_probabilities(truth, score, refused, groups)
        chosen = cross_fitted_thresholds(truth, probability, groups)
        report = figures(Scores(truth, probability, chosen, refused, shipped), data.patient_ids)
        areas = {label: round(row["auc"]["value"], 3) for label, row in report["classes"].items()}
        card["performance"][name] = {"auc": areas, "refused": int(refused.sum()), **report}
        if leads == LEADS:
            bins = reliability(truth[~refused], probability[~refused])
            card["reliability"] = {"lead_set": name, "classes": bins}
        cells += [(truth[:, k], score[:, k], refused) for k in DIAGNOSIS_COLUMNS]
    card["calibrators"] = compared(cells, groups, data.patient_ids)
    card["statements"] = statements.measured(every, LEAD_SETS, found, card)
    _write(folder, card)
    return card


def placement_thresholds(kinds: Floats) -> dict[str, float]:
    """The threshold of each kind. kinds: [n, KINDS], the probabilities of sound records."""
    high = np.quantile(kinds[:, 1:], 1 - FALSE_ALARMS, axis=0)
    return {kind: round(max(LIKELY, float(bound)), 4) for kind, bound in zip(KINDS[1:], high, strict=True)}


def calibrate(folder: Path, ptbxl: Path) -> dict[str, Any]:
    """A new card of folder/model.onnx, without the sections that were measured at the old thresholds."""
    card = json.loads((folder / CARD_FILE).read_bytes())
    with TemporaryDirectory() as beside:
        (Path(beside) / MODEL_FILE).write_bytes((folder / MODEL_FILE).read_bytes())
        return write_card(Path(beside), card["sha256"], card["training"], ptbxl)


def measure_statements(folder: Path, ptbxl: Path, terms: Terms | None = None) -> tuple[bytes, dict[str, Any]]:
    """folder/model.onnx with the logits of the statements, and its card with the statements measured again.

    terms: go into the file and the card; without them those of the file stay. The superclasses and all other sections
    of the card stay: their logits are the same, bit by bit.
    """
    model = with_statements((folder / MODEL_FILE).read_bytes())
    card = json.loads((folder / CARD_FILE).read_bytes())
    if terms is not None:
        model = with_terms(model, terms.terms)
        card["measured_terms"] = terms.report
    card |= {"version": VERSION, "sha256": hashlib.sha256(model).hexdigest()}
    with TemporaryDirectory() as beside:
        (Path(beside) / MODEL_FILE).write_bytes(model)
        _write(Path(beside), {**card, "statements": statements.nothing_published(LEAD_SETS)})
        classifier = Classifier(Path(beside))
    data = read_ptbxl(ptbxl, {VALIDATION_FOLD})
    found = {name: outputs(classifier, data, leads) for name, leads in LEAD_SETS.items()}
    return model, {**card, "statements": statements.measured(data, LEAD_SETS, found, card)}


def _write(folder: Path, card: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD_FILE).write_text(serialised(card), encoding="utf-8")

"""Records of other hospitals: CinC-2021 headers carry diagnoses as SNOMED codes (`# Dx: 426783006,...`).

The codes and their English names are those of the challenge's own table (Reyna et al., Will two do? Varying dimensions
in electrocardiography, Computing in Cardiology 2021; github.com/physionetchallenges/evaluation-2021).
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ecg_core import metrics
from ecg_core.classification import DIAGNOSES
from ecg_core.metrics import Bools
from ecg_core.model.classifier import Classifier
from ecg_core.readers.paths import find_inputs
from ecg_core.training.evaluate import DIAGNOSIS_COLUMNS
from ecg_core.training.measure.outcomes import Outcome, outcome

# NORM: only these codes. In PTB-XL a normal ECG may have any sinus rate.
SINUS = {
    "426783006": "sinus rhythm",
    "426177001": "sinus bradycardia",
    "427084000": "sinus tachycardia",
    "427393009": "sinus arrhythmia",
}
# CD as in PTB-XL: blocks of bundles, fascicles and the AV node, and pre-excitation. Not long PR, not pacing.
CONDUCTION = {
    "164909002": "left bundle branch block",
    "733534002": "complete left bundle branch block",
    "251120003": "incomplete left bundle branch block",
    "59118001": "right bundle branch block",
    "713427006": "complete right bundle branch block",
    "713426002": "incomplete right bundle branch block",
    "6374002": "bundle branch block",
    "445118002": "left anterior fascicular block",
    "445211001": "left posterior fascicular block",
    "698252002": "nonspecific intraventricular conduction disorder",
    "233917008": "AV block",
    "270492004": "first degree AV block",
    "195042002": "second degree AV block",
    "54016002": "Mobitz type I",
    "28189009": "Mobitz type II",
    "164903001": "2:1 AV block",
    "27885002": "complete AV block",
    "74390002": "Wolff-Parkinson-White pattern",
}
# STTC as in PTB-XL: ischaemia, unspecific changes, long QT. Infarction and hypertrophy are other classes.
REPOLARISATION = {
    "55930002": "ST changes",
    "164930006": "ST interval abnormal",
    "429622005": "ST depression",
    "164931005": "ST elevation",
    "164934002": "T wave abnormal",
    "59931005": "T wave inversion",
    "428750005": "nonspecific ST/T abnormality",
    "164861001": "myocardial ischaemia",
    "413444003": "acute myocardial ischaemia",
    "413844008": "chronic myocardial ischaemia",
    "426434006": "anterior ischaemia",
    "425419005": "inferior ischaemia",
    "425623009": "lateral ischaemia",
    "111975006": "prolonged QT interval",
}
# In the order of DIAGNOSES.
TABLES = (SINUS, CONDUCTION, REPOLARISATION)
_DX = re.compile(r"^#\s*Dx:\s*([\d,\s]+)", re.MULTILINE)


def truth_of(codes: set[str]) -> tuple[bool, bool, bool]:
    """(NORM, CD, STTC) of a record with these SNOMED codes."""
    return bool(codes) and codes <= set(SINUS), bool(codes & set(CONDUCTION)), bool(codes & set(REPOLARISATION))


def codes_of(header: str) -> set[str]:
    """The SNOMED codes in a header's comments."""
    found = _DX.search(header)
    return {code.strip() for code in found[1].split(",") if code.strip()} if found else set()


def transfer(classifier: Classifier, folder: Path) -> dict[str, Any]:
    """Figures on the folder's WFDB records that carry codes. Raises ValueError if there are none."""
    truths, outcomes = [], []
    for item in find_inputs([str(folder)]):
        codes = codes_of(item.paths[0].read_text(errors="replace")) if item.paths[0].suffix == ".hea" else set()
        if codes:
            truths.append(truth_of(codes))
            outcomes.append(outcome(classifier, item.files()))
    if not truths:
        raise ValueError(f"no record with a Dx comment in {folder}")
    return _figures(np.array(truths), outcomes)


def _figures(truth: Bools, outcomes: list[Outcome]) -> dict[str, Any]:
    """Each record counts as one patient, because the headers do not name the patient."""
    n = len(outcomes)
    weights = np.concatenate([np.ones((1, n)), metrics.bootstrap_weights(np.arange(n))])
    probability = np.array([found.probabilities for found in outcomes])[:, DIAGNOSIS_COLUMNS]
    above = np.array([found.above for found in outcomes])[:, DIAGNOSIS_COLUMNS]
    refused = sum(found.refusal is not None for found in outcomes)
    report: dict[str, Any] = {"n": n, "refused": metrics.wilson(refused, n), "classes": {}}
    for k, label in enumerate(DIAGNOSES):
        t, called = truth[:, k], above[:, k]
        report["classes"][label] = {
            "positives": int(t.sum()),
            "auc": metrics.estimate(metrics.auc_of_draws(t, probability[:, k], weights)),
            "sensitivity": metrics.wilson(int((called & t).sum()), int(t.sum())),
            "specificity": metrics.wilson(int((~called & ~t).sum()), int((~t).sum())),
            "frequency": round(float(t.mean()), 4),
            "mean_probability": round(float(probability[:, k].mean()), 4),
        }
    return report

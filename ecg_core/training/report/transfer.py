"""Records of other hospitals."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES
from ecg_core.training.measure.transfer import TABLES
from ecg_core.training.report.markdown import figure, percent, table

TEXT = """## Other hospitals

`ekg robustness DIR --transfer FOLDER`: {n} records of CinC-2021 (Georgia, USA; Chapman-Shaoxing, China) with diagnoses
as SNOMED codes, {refused} refused. **Thresholds and calibration do not transfer**: they belong to fold 9's hospital,
its devices and its share of healthy patients. Few records, wide intervals: read those."""


def transfer(report: Mapping[str, Any], fold9: Mapping[str, Any]) -> str:
    """fold9: performance with twelve leads, to stand beside."""
    rows = []
    for label in DIAGNOSES:
        there, here = report["classes"][label], fold9["classes"][label]
        for where, row in (("there", there), ("fold 9", here)):
            said = [figure(row[key], 2) for key in ("auc", "sensitivity", "specificity")]
            positives = f"{there['positives']} of {report['n']}" if where == "there" else ""
            means = f"{there['mean_probability']:.2f} / {there['frequency']:.2f}" if where == "there" else ""
            rows.append([label, where, positives, *said, means])
    meanings = "; ".join(
        f"{label}: {', '.join(f'{name} ({code})' for code, name in meaning.items())}"
        for label, meaning in zip(DIAGNOSES, TABLES, strict=True)
    )
    head = ["", "", "positive", "AUC", "sensitivity", "specificity", "mean probability / frequency"]
    return "\n\n".join(
        [
            TEXT.format(n=report["n"], refused=percent(report["refused"])),
            table(head, rows),
            f"The codes (NORM: nothing but these; CD and STTC: any of these). {meanings}.",
        ]
    )

"""artifacts/MODEL_CARD.md and its diagram, written from model.json alone."""

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from ecg_core.classification import DIAGNOSES, DISCLAIMER, SUPERCLASSES
from ecg_core.leads import LEAD_SETS
from ecg_core.model.classifier import CARD_FILE
from ecg_core.training.measure.evidence import evidence_section
from ecg_core.training.report.abstention import abstention
from ecg_core.training.report.decisions import decisions
from ecg_core.training.report.limits import limits
from ecg_core.training.report.markdown import figure, table
from ecg_core.training.report.measured import robustness
from ecg_core.training.report.performance import calibration
from ecg_core.training.report.reliability import RELIABILITY_FILE, draw
from ecg_core.training.report.text import COLUMNS
from ecg_core.training.report.transfer import transfer

MODEL_CARD_FILE = "MODEL_CARD.md"

HEAD = """# Model card: {name} {version}

{disclaimer}

Twelve leads (or fewer) at 100 Hz for ten seconds in; five independent, calibrated probabilities out. NORM, CD
and STTC are published as the diagnosis, MI and HYP as `other_abnormality`. A residual 1-D convolutional network
that is told which leads are present, and beside it a small one that says whether electrodes are exchanged or this is
no ECG; ONNX, sha256 `{sha256}`.

- **Data**: {data_name}, doi [{doi}](https://doi.org/{doi}), licence {licence}. {citation}. Folds {folds} trained
  the network; fold {fold} calibrated it and is what is measured below, cross-fitted by patient; fold {test}.
- **Training**: `{command}`
- **Thresholds**: {rule}.
- This page is written from `model.json`, by `ekg export`, then `ekg robustness DIR --into artifacts` and
  `ekg abstain` and `ekg evidence` likewise; `ekg evaluate DIR --folds 9` measures again.
"""


def render(card: Mapping[str, Any]) -> str:
    """The card as Markdown; what was not measured yet has no section."""
    parts = [_head(card), _performance(card), calibration(card), decisions(card), _thresholds(card)]
    return "\n\n".join([*parts, *measured_sections(card, card), limits(card)]) + "\n"


def measured_sections(card: Mapping[str, Any], chosen: Collection[str]) -> list[str]:
    """What the commands measured of the chosen keys: robustness, transfer, abstention, evidence."""
    sections: dict[str, Callable[[Any], str]] = {
        "robustness": robustness,
        "transfer": lambda report: transfer(report, card["performance"]["12"]),
        "abstention": abstention,
        "evidence": lambda report: evidence_section(report).rstrip(),
    }
    return [section(card[key]) for key, section in sections.items() if key in chosen]


def publish(folder: Path, card: Mapping[str, Any]) -> None:
    """Writes model.json, the page and the diagram: one is never newer than the others."""
    written = {CARD_FILE: serialised(card), MODEL_CARD_FILE: render(card), RELIABILITY_FILE: draw(card)}
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")


def serialised(card: Mapping[str, Any]) -> str:
    return json.dumps(card, indent=1, ensure_ascii=False) + "\n"


def _head(card: Mapping[str, Any]) -> str:
    data, training = card["data"], card["training"]
    head = HEAD.format(
        name=card["name"],
        version=card["version"],
        disclaimer=DISCLAIMER,
        sha256=card["sha256"],
        data_name=data["name"],
        doi=data["doi"],
        licence=data["licence"],
        citation=data["citation"],
        folds=f"{data['training_folds'][0]} to {data['training_folds'][-1]}",
        fold=data["calibration_fold"],
        test=data["test_fold"],
        command=training["command"],
        rule=card["threshold_rule"],
    )
    return head.rstrip()


def _performance(card: Mapping[str, Any]) -> str:
    measured, fold = card["performance"], card["data"]["calibration_fold"]
    full = measured["12"]
    by_set = table(
        ["leads", "macro AUC of five", "mean of NORM, CD, STTC", *DIAGNOSES],
        [
            [
                name,
                figure(measured[name]["macro_auc_5"]),
                figure(measured[name]["macro_auc_3"]),
                *(f"{measured[name]['auc'][label]:.3f}" for label in DIAGNOSES),
            ]
            for name in LEAD_SETS
        ],
    )
    by_class = table(
        ["", "AUC", *COLUMNS],
        [
            [label, figure(row["auc"]), *(figure(row[key]) for key in COLUMNS.values())]
            for label, row in full["classes"].items()
        ],
    )
    return "\n\n".join(
        [
            f"## Measured on fold {fold}, {full['n']} records of {full['patients']} patients",
            "95 % intervals by bootstrap over patients.",
            by_set,
            "With twelve leads:",
            by_class,
        ]
    )


def _thresholds(card: Mapping[str, Any]) -> str:
    rows = [[name, *(f"{card['thresholds'][name][label]:.2f}" for label in SUPERCLASSES)] for name in LEAD_SETS]
    return "The thresholds that are served:\n\n" + table(["leads", *SUPERCLASSES], rows)

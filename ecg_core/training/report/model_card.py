"""artifacts/MODEL_CARD.md and its diagram, written from model.json alone."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecg_core.classification import DIAGNOSES, DISCLAIMER
from ecg_core.model.classifier import CARD_FILE
from ecg_core.training.report.measured import abstention, evidence, robustness, transfer
from ecg_core.training.report.performance import calibration, decisions, performance, thresholds
from ecg_core.training.report.reliability import RELIABILITY_FILE, draw
from ecg_core.training.report.text import figure, percent

MODEL_CARD_FILE = "MODEL_CARD.md"

HEAD = """# Model card: {name} {version}

{disclaimer}

Twelve leads (or fewer) at 100 Hz for ten seconds in; five independent, calibrated probabilities out. NORM, CD
and STTC are published as the diagnosis, MI and HYP as `other_abnormality`. A residual 1-D convolutional network
that is told which leads are present, and beside it a small one that says whether electrodes are exchanged or this is
no ECG; ONNX, sha256 `{sha256}`.

- **Data**: {data_name}, doi [{doi}](https://doi.org/{doi}), licence {licence}. {citation}. Folds {folds} trained
  the network; fold {fold} calibrated it and is what is measured below, cross-fitted by patient; fold {test}.
- **Training**: `{command}`{precision}
- **Thresholds**: {rule}.
- This page is written from `model.json`, by `ekg export`, then `ekg robustness DIR --into artifacts` and
  `ekg abstain` and `ekg evidence` likewise; `ekg evaluate DIR --folds 9` measures again.
"""
# From this share of silent diagnoses on, a corruption is named here.
NAMED_FROM = 0.1
HOSPITAL = """\
- **Thresholds and calibration do not transfer to another hospital.** They belong to one hospital's devices and one
  population (PTB-XL: Germany, 1989-1996). In published comparisons AUC drops by .04 to .13 elsewhere: measure on your
  own data first."""
FIXED = """- Fold 9 reads .003 to .004 higher than a fold that was never looked at: expect that much less.
- Rhythm is not an output: atrial fibrillation without ST/T or conduction change has no label here.
- Infarction and hypertrophy are outputs beside the diagnosis, with less data behind them; a record that shows only
  those should come back without a diagnosis, and the share that does is in the tables above."""


def render(card: Mapping[str, Any]) -> str:
    """The card as Markdown; what was not measured yet has no section."""
    parts = [_head(card), performance(card), calibration(card), decisions(card), thresholds(card)]
    return "\n\n".join([*parts, *measured_sections(card, card), _limits(card)]) + "\n"


def measured_sections(card: Mapping[str, Any], chosen: Collection[str]) -> list[str]:
    """What the commands measured of the chosen keys: robustness, transfer, abstention, evidence."""
    sections: dict[str, Callable[[Any], str]] = {
        "robustness": robustness,
        "transfer": lambda report: transfer(report, card["performance"]["12"]),
        "abstention": abstention,
        "evidence": evidence,
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
        precision=_precision(training["runs"]),
        rule=card["threshold_rule"],
    )
    return head.rstrip()


def _precision(runs: Sequence[Mapping[str, Any]]) -> str:
    """Of the runs that say it. The checkpoints of older versions do not."""
    known = sorted({run["precision"] for run in runs if "precision" in run})
    return f", in {' and '.join(known)}" if known else ""


def _limits(card: Mapping[str, Any]) -> str:
    items = [HOSPITAL]
    if "transfer" in card:
        items.append(_transferred(card["transfer"]))
    items.append(FIXED)
    if "robustness" in card:
        items += _weakest(card["robustness"]) + _unequal(card["robustness"], card["performance"]["12"]["classes"])
    if "abstention" in card:
        items += _silent(card["abstention"])
    return "## What it cannot do\n\n" + "\n".join(items)


def _transferred(report: Mapping[str, Any]) -> str:
    said = [
        f"{label} sensitivity {figure(row['sensitivity'], 2)}, specificity {figure(row['specificity'], 2)}"
        for label, row in ((label, report["classes"][label]) for label in DIAGNOSES)
    ]
    return f"  On {report['n']} records of two other hospitals: {'; '.join(said)}."


def _weakest(report: Mapping[str, Any]) -> list[str]:
    """Groups whose mean AUC is below the interval of all."""
    low = report["as recorded"]["auc"]["mean_3"]["ci95"][0]
    weak = [
        f"{family} {name} {figure(row['auc']['mean_3'])}, n = {row['n']}"
        for family, groups in report["groups"].items()
        for name, row in groups.items()
        if row.get("auc", {}).get("mean_3") and row["auc"]["mean_3"]["value"] < low
    ]
    overall = figure(report["as recorded"]["auc"]["mean_3"])
    return [f"- It does not serve all alike: mean AUC of the three {overall}, but {'; '.join(weak)}."] if weak else []


def _unequal(report: Mapping[str, Any], all_classes: Mapping[str, Any]) -> list[str]:
    """Groups whose whole interval of sensitivity or specificity is below the value of all."""
    said = []
    for family, groups in report["groups"].items():
        for name, row in groups.items():
            for kind in ("sensitivity", "specificity"):
                for label in DIAGNOSES:
                    entry, usual = row.get(kind, {}).get(label), all_classes[label][kind]["value"]
                    if entry and entry["ci95"][1] < usual:
                        said.append(f"{family} {name}: {label} {kind} {figure(entry, 2)}, all {usual:.2f}")
    return [f"- One threshold for all ages and sexes serves some worse: {'; '.join(said)}."] if said else []


def _silent(report: Mapping[str, Any]) -> list[str]:
    """What is most often diagnosed without a warning, worst first."""
    rows = [
        (row["silent"]["value"], f"{'electrodes ' if kind == 'placed' else ''}{name} {percent(row['silent'])}")
        for kind, corruptions in report["corruptions"].items()
        for name, row in corruptions.items()
        if row["silent"]["value"] >= NAMED_FROM
    ]
    said = ", ".join(text for _, text in sorted(rows, key=lambda row: -row[0]))
    return [f"- Diagnosed without any warning, though the input is wrong: {said}."] if rows else []

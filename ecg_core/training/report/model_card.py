"""artifacts/MODEL_CARD.md and its diagram, written from model.json alone."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecg_core.classification import DIAGNOSES, DISCLAIMER
from ecg_core.model.artifacts import CARD_FILE
from ecg_core.training.report.measured import abstention, evidence, robustness, transfer
from ecg_core.training.report.performance import calibration, decisions, performance, thresholds
from ecg_core.training.report.reliability import RELIABILITY_FILE, draw
from ecg_core.training.report.statements import statements
from ecg_core.training.report.text import figure, percent

MODEL_CARD_FILE = "MODEL_CARD.md"

HEAD = """# Model card: {name} {version}

{disclaimer}

Input: twelve leads or fewer, ten seconds at 100 Hz. Output: five independent, calibrated probabilities. NORM, CD and
STTC are published as the diagnosis, MI and HYP as `other_abnormality`. Beside them: those of the 71 statements of
PTB-XL that were measured well enough. The model is a residual 1-D convolutional network that also gets the list of
present leads. A second, small network says whether electrodes are exchanged or the signal is no ECG. Both are in one
ONNX file, sha256 `{sha256}`.

- **Data**: {data_name}, doi [{doi}](https://doi.org/{doi}), licence {licence}. {citation}. Folds {folds} trained
  the network. Fold {fold} calibrated it and is measured below, cross-fitted by patient. Test fold: {test}.
- **Training**: `{command}`{precision}
- **Thresholds**: {rule}.
- This page is written from `model.json`. `ekg train` measures performance, calibration, thresholds and statements
  (`ekg statements DIR --into artifacts`: these alone). The other sections are measured by
  `ekg robustness DIR --into artifacts`, `ekg abstain DIR --into artifacts` and `ekg evidence DIR --into artifacts`.
  `ekg card artifacts` writes the page again without measuring. `ekg evaluate DIR --folds 9` measures the performance
  again.
"""
# Characters of a line of model.json that is not divided.
ONE_LINE = 120
# A corruption with at least this share of silent diagnoses is named here.
NAMED_FROM = 0.1
HOSPITAL = """\
- **Thresholds and calibration do not transfer to another hospital.** They fit the devices and patients of PTB-XL
  (Germany, 1989-1996). In published comparisons AUC drops by .04 to .13 at other hospitals. Measure on your own data
  first."""
FIXED = """- Expect .003 to .004 less AUC on unseen data: fold 9 was used for calibration and to choose the network.
- Rhythm is no diagnosis. It is given as a statement; the table of statements says which rhythms.
- Infarction and hypertrophy are outputs beside the diagnosis. A record that shows only these should get no diagnosis;
  the tables above say how many get none."""


def render(card: Mapping[str, Any]) -> str:
    """The card as Markdown. A section that was not measured yet is left out."""
    parts = [_head(card), performance(card), calibration(card), decisions(card), thresholds(card)]
    return "\n\n".join([*parts, *measured_sections(card, card), _limits(card)]) + "\n"


def measured_sections(card: Mapping[str, Any], chosen: Collection[str]) -> list[str]:
    """The sections of the chosen keys: statements, robustness, transfer, abstention, evidence."""
    sections: dict[str, Callable[[Any], str]] = {
        "statements": lambda _: statements(card),
        "robustness": robustness,
        "transfer": lambda report: transfer(report, card["performance"]["12"]),
        "abstention": abstention,
        "evidence": evidence,
    }
    return [section(card[key]) for key, section in sections.items() if key in chosen]


def publish(folder: Path, card: Mapping[str, Any]) -> None:
    """Writes model.json, the page and the diagram together, so that they never differ."""
    written = {CARD_FILE: serialised(card), MODEL_CARD_FILE: render(card), RELIABILITY_FILE: draw(card)}
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")


def serialised(card: Mapping[str, Any]) -> str:
    return _lines(card, 0) + "\n"


def _lines(value: Any, depth: int) -> str:
    """JSON in which a short object or list stands on one line, and a list of numbers always."""
    whole = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or depth + len(whole) <= ONE_LINE:
        return whole
    if isinstance(value, list) and all(isinstance(part, float | int) for part in value):
        return whole
    inside = "\n" + " " * (depth + 1)
    if isinstance(value, list):
        parts, ends = [_lines(part, depth + 1) for part in value], "[]"
    else:
        parts, ends = [f"{json.dumps(key)}: {_lines(part, depth + 1)}" for key, part in value.items()], "{}"
    return f"{ends[0]}{inside}{f',{inside}'.join(parts)}\n{' ' * depth}{ends[1]}"


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
    """Names groups whose mean AUC is below the interval of all records."""
    low = report["as recorded"]["auc"]["mean_3"]["ci95"][0]
    weak = [
        f"{family} {name} {figure(row['auc']['mean_3'])}, n = {row['n']}"
        for family, groups in report["groups"].items()
        for name, row in groups.items()
        if row.get("auc", {}).get("mean_3") and row["auc"]["mean_3"]["value"] < low
    ]
    overall = figure(report["as recorded"]["auc"]["mean_3"])
    return (
        [f"- It works less well for some groups. Mean AUC of three, all records: {overall}. Lower: {'; '.join(weak)}."]
        if weak
        else []
    )


def _unequal(report: Mapping[str, Any], all_classes: Mapping[str, Any]) -> list[str]:
    """Names groups whose whole interval of sensitivity or specificity is below the value of all records."""
    said = []
    for family, groups in report["groups"].items():
        for name, row in groups.items():
            for kind in ("sensitivity", "specificity"):
                for label in DIAGNOSES:
                    entry, usual = row.get(kind, {}).get(label), all_classes[label][kind]["value"]
                    if entry and entry["ci95"][1] < usual:
                        said.append(f"{family} {name}: {label} {kind} {figure(entry, 2)}, all {usual:.2f}")
    return (
        [f"- There is one threshold for all ages and sexes. Below the value of all records: {'; '.join(said)}."]
        if said
        else []
    )


def _silent(report: Mapping[str, Any]) -> list[str]:
    """Names the wrong input that is most often diagnosed without a warning, worst first."""
    rows = [
        (row["silent"]["value"], f"{'electrodes ' if kind == 'placed' else ''}{name} {percent(row['silent'])}")
        for kind, corruptions in report["corruptions"].items()
        for name, row in corruptions.items()
        if row["silent"]["value"] >= NAMED_FROM
    ]
    said = ", ".join(text for _, text in sorted(rows, key=lambda row: -row[0]))
    return (
        [f"- Wrong input that is diagnosed without a warning, in at least {100 * NAMED_FROM:g} % of records: {said}."]
        if rows
        else []
    )

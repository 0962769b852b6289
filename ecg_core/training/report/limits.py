"""What it cannot do; the figures come from what was measured."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES
from ecg_core.training.report.markdown import figure, percent

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


def limits(card: Mapping[str, Any]) -> str:
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

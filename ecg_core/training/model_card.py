"""artifacts/MODEL_CARD.md, written from model.json alone."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES, DISCLAIMER, SUPERCLASSES
from ecg_core.leads import LEAD_SETS
from ecg_core.training.report import COLUMNS, with_interval

DECISION_FIGURES = ("top1", "answered", "correct_of_answered")

HEAD = """# Model card: {name} {version}

{disclaimer}

Twelve leads (or fewer) at 100 Hz for ten seconds in; five independent, calibrated probabilities out. NORM, CD
and STTC are published as the diagnosis, MI and HYP as `other_abnormality`. A residual 1-D convolutional network
that is told which leads are present ({members} members, their logits averaged), ONNX, sha256
`{sha256}`.

- **Data**: {data_name}, doi [{doi}](https://doi.org/{doi}), licence {licence}. {citation}. Folds {folds} trained
  the network; fold {fold} calibrated it and is what is measured below, cross-fitted by patient; fold {test}.
- **Training**: `{command}`
- **Thresholds**: {rule}.
- This page is written by `ekg export` from `model.json`; `ekg evaluate DIR --folds 9` measures again.
"""

LIMITS = """## What it cannot do

- Fold 9 reads .003 to .004 higher than a fold that was never looked at: expect that much less.
- One hospital's devices and one population (PTB-XL: Germany, 1989-1996). At another hospital AUC drops by .04 to .13
  in published comparisons, and thresholds and calibration do not transfer. Measure on your own data first.
- Rhythm is not an output: atrial fibrillation without ST/T or conduction change has no label here.
- Infarction and hypertrophy are outputs beside the diagnosis, with less data behind them; a record that shows only
  those should come back without a diagnosis, and the share that does is in the tables above.
- The quality checks refuse noise, flat lines and sines, but not everything that is no ECG: a sawtooth passes.
"""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def render(card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    data, training, measured = card["data"], card["training"], card["performance"]
    head = HEAD.format(
        name=card["name"],
        version=card["version"],
        disclaimer=DISCLAIMER,
        members=training["members"],
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
    full = measured["12"]
    by_set = _table(
        ["leads", "macro AUC of five", "mean of NORM, CD, STTC", *DIAGNOSES],
        [
            [
                name,
                with_interval(measured[name]["macro_auc_5"]),
                with_interval(measured[name]["macro_auc_3"]),
                *(f"{measured[name]['auc'][label]:.3f}" for label in DIAGNOSES),
            ]
            for name in LEAD_SETS
        ],
    )
    by_class = _table(
        ["", "AUC", *COLUMNS, "ECE if perfect, 95th percentile"],
        [
            [
                label,
                with_interval(row["auc"]),
                *(with_interval(row[key]) for key in COLUMNS.values()),
                f"{row['ece_of_perfect_calibration_p95']:.3f}",
            ]
            for label, row in full["classes"].items()
        ],
    )
    decisions = _table(
        [
            "leads",
            "top-1, single-label records",
            "answered",
            "correct of those",
            "MI/HYP only: no diagnosis",
            "refused",
        ],
        [
            [
                name,
                *(with_interval(measured[name]["single_label"][key]) for key in DECISION_FIGURES),
                with_interval(measured[name]["mi_hyp_only"]["without_diagnosis"]),
                str(measured[name]["refused"]),
            ]
            for name in LEAD_SETS
        ],
    )
    thresholds = _table(
        ["leads", *SUPERCLASSES],
        [[name, *(f"{card['thresholds'][name][label]:.2f}" for label in SUPERCLASSES)] for name in LEAD_SETS],
    )
    return (
        "\n\n".join(
            [
                head.rstrip(),
                f"## Measured on fold {data['calibration_fold']}, {full['n']} records of {full['patients']} patients",
                "95 % intervals by bootstrap over patients.",
                by_set,
                "With twelve leads (ECE: 15 bins of equal width):",
                by_class,
                "The decision, at thresholds cross-fitted by patient:",
                decisions,
                "The thresholds that are served:",
                thresholds,
                LIMITS.rstrip(),
            ]
        )
        + "\n"
    )

"""What the decision is worth, by lead set."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES
from ecg_core.leads import LEAD_SETS
from ecg_core.training.report.markdown import figure, table

FIGURES = ("top1", "answered", "correct_of_answered")
TEXT = """## The decision

At thresholds cross-fitted by patient. Single-label records carry one superclass only, and it is one of the three:
answered is the share of them with a diagnosis, correct the share of those. Precision and recall are of findings, on
all records."""


def decisions(card: Mapping[str, Any]) -> str:
    measured = card["performance"]
    by_set = [
        [
            name,
            *(figure(measured[name]["single_label"][key]) for key in FIGURES),
            figure(measured[name]["mi_hyp_only"]["without_diagnosis"]),
            str(measured[name]["refused"]),
        ]
        for name in LEAD_SETS
    ]
    by_finding = [
        [name, label, figure(row["precision"]), figure(row["sensitivity"]), figure(row["specificity"])]
        for name in LEAD_SETS
        for label, row in ((label, measured[name]["classes"][label]) for label in DIAGNOSES)
    ]
    return "\n\n".join(
        [
            TEXT,
            table(["leads", "top-1", "answered", "correct of those", "MI/HYP only: no diagnosis", "refused"], by_set),
            table(["leads", "finding", "precision", "recall", "specificity"], by_finding),
        ]
    )

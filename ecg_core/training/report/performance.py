"""The sections of the model card that `ekg calibrate` measures: performance, calibration, decisions, thresholds."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.leads import LEAD_SETS
from ecg_core.training.calibrators import MAX_ECE, SLOPES, within_limits
from ecg_core.training.report.reliability import RELIABILITY_FILE
from ecg_core.training.report.text import COLUMNS, figure, signed, table

CALIBRATION = f"""## Calibration

Each class and lead set has a scale and a bias, fitted on fold 9. The figures are cross-fitted: each record is measured
with scale and bias fitted on other patients. ECE uses {{bins}} bins of equal width. A perfectly calibrated model with
these scores also has an ECE above 0, by chance; the table shows its 95th percentile. Limits: ECE at most {MAX_ECE} and
at most that percentile; slope from {SLOPES[0]} to {SLOPES[1]}. One in twenty perfectly calibrated rows exceeds its
percentile by chance."""

TRIED = """Other calibration methods, cross-fitted in the same way on the same scores. Log loss: the mean over the rows
above. Difference: to scale and bias, which are served, paired by patient; above 0 is worse."""

FIGURES = ("top1", "answered", "correct_of_answered")
DECISIONS = """## The decision

Thresholds are cross-fitted by patient. Three columns count single-label records, which have one superclass: NORM, CD or
STTC. Top-1: the most probable of the three is right. Answered: the record gets a diagnosis. Correct of those: the
diagnosis of an answered record is right. MI/HYP only: records with MI or HYP and none of the three; they should get no
diagnosis. Precision, recall (sensitivity) and specificity count findings on all records."""


def performance(card: Mapping[str, Any]) -> str:
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


def broken(card: Mapping[str, Any]) -> list[str]:
    """The lead sets and diagnoses whose calibration is outside the limits."""
    rows = [(name, label, card["performance"][name]["classes"][label]) for name in LEAD_SETS for label in DIAGNOSES]
    return [f"{name} {label}" for name, label, row in rows if not _holds(row)]


def _holds(row: Mapping[str, Any]) -> bool:
    ece, slope = row["ece"]["value"], row["calibration_slope"]["value"]
    return within_limits(ece, row["ece_of_perfect_calibration_p95"], slope)


def calibration(card: Mapping[str, Any]) -> str:
    rows = []
    for name in LEAD_SETS:
        for label in DIAGNOSES:
            row = card["performance"][name]["classes"][label]
            limit = f"{row['ece_of_perfect_calibration_p95']:.3f}"
            slope, holds = figure(row["calibration_slope"]), "yes" if _holds(row) else "**no**"
            rows.append([name, label, figure(row["ece"]), limit, slope, holds])
    return "\n\n".join(
        [
            CALIBRATION.format(bins=len(card["reliability"]["classes"][DIAGNOSES[0]]["n"])),
            f"![Reliability diagram: predicted probability and observed frequency]({RELIABILITY_FILE})",
            table(["leads", "", "ECE", "ECE if perfect, 95th percentile", "slope", "within the limits"], rows),
            TRIED,
            _tried(card["calibrators"]),
        ]
    )


def _tried(report: Mapping[str, Any]) -> str:
    rows = [
        [
            name,
            f"{row['log_loss']:.4f}",
            signed(row["difference"], 4),
            f"{row['ece']:.3f}",
            f"{row['within']} of {row['cells']}",
        ]
        for name, row in report.items()
    ]
    return table(["", "log loss", "difference", "mean ECE", "within the limits"], rows)


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
            DECISIONS,
            table(["leads", "top-1", "answered", "correct of those", "MI/HYP only: no diagnosis", "refused"], by_set),
            table(["leads", "finding", "precision", "recall", "specificity"], by_finding),
        ]
    )


def thresholds(card: Mapping[str, Any]) -> str:
    rows = [[name, *(f"{card['thresholds'][name][label]:.2f}" for label in SUPERCLASSES)] for name in LEAD_SETS]
    return "The thresholds that are served:\n\n" + table(["leads", *SUPERCLASSES], rows)

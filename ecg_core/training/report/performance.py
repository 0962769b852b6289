"""Is it calibrated? Every lead set, every diagnosis, judged against limits that were set before."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES
from ecg_core.leads import LEAD_SETS
from ecg_core.training.calibrators import MAX_ECE, SLOPES, within_limits
from ecg_core.training.report.markdown import figure, signed, table
from ecg_core.training.report.reliability import RELIABILITY_FILE

TEXT = f"""## Calibration

Scale and bias per class and lead set, fitted on fold 9; measured with those fitted on the other patients. ECE: {{bins}}
bins of equal width. A model with the same scores that is calibrated perfectly has an ECE too, by chance: its 95th
percentile stands beside. The limits: ECE at most {MAX_ECE}, and at most that percentile; slope from {SLOPES[0]} to
{SLOPES[1]}. By chance alone one in twenty perfectly calibrated rows is beyond its percentile."""

TRIED = """Other ways, cross-fitted alike on the same scores. Log loss: the mean of the rows above; its difference to
what is served is paired by patient, and above zero is worse."""


def broken(card: Mapping[str, Any]) -> list[str]:
    """Lead sets and diagnoses whose calibration is outside the limits."""
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
            TEXT.format(bins=len(card["reliability"]["classes"][DIAGNOSES[0]]["n"])),
            f"![Reliability diagram: predicted probability and observed frequency]({RELIABILITY_FILE})",
            table(["leads", "", "ECE", "if perfect, 95th percentile", "slope", "within the limits"], rows),
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

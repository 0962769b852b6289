"""Is it calibrated? Every lead set, every diagnosis, judged against limits that were set before."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES
from ecg_core.leads import LEAD_SETS
from ecg_core.training.reliability import RELIABILITY_FILE
from ecg_core.training.sections.markdown import figure, table

# Chance alone gives a perfectly calibrated model with these scores an error of .02 on fold 9.
MAX_ECE = 0.03
SLOPES = (0.9, 1.1)

TEXT = f"""## Calibration

Scale and bias per class and lead set, fitted on fold 9; measured with those fitted on the other patients. ECE: {{bins}}
bins of equal width. A model with the same scores that is calibrated perfectly has an ECE too, by chance: its 95th
percentile stands beside. The limits: ECE at most {MAX_ECE}, and at most that percentile; slope from {SLOPES[0]} to
{SLOPES[1]}. By chance alone one in twenty perfectly calibrated rows is beyond its percentile."""


def broken(card: Mapping[str, Any]) -> list[str]:
    """Lead sets and diagnoses whose calibration is outside the limits."""
    rows = [(name, label, card["performance"][name]["classes"][label]) for name in LEAD_SETS for label in DIAGNOSES]
    return [f"{name} {label}" for name, label, row in rows if not _holds(row)]


def _holds(row: Mapping[str, Any]) -> bool:
    ece, slope = row["ece"]["value"], row["calibration_slope"]["value"]
    return bool(ece <= min(MAX_ECE, row["ece_of_perfect_calibration_p95"]) and SLOPES[0] <= slope <= SLOPES[1])


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
        ]
    )

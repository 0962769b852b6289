"""The tables of `ekg local-accuracy`."""

from collections.abc import Mapping
from typing import Any

from ecg_core.training.measure.local_accuracy import ESTIMATE, LOCAL, OWN, PERFECT, UNHELD
from ecg_core.training.report.text import signed, table

HEAD = (
    *("records", f"ECE {OWN}", LOCAL, "without shrinkage", "without labels", PERFECT),
    *(f"Brier {OWN}", LOCAL, "without shrinkage", "without labels", "local is better"),
)


def local_accuracy(report: Mapping[str, Any]) -> str:
    hospitals = {name: there for name, there in report.items() if isinstance(there, Mapping) and "frequency" in there}
    parts = []
    for name, there in hospitals.items():
        frequency = ", ".join(f"{label} {share:.2f}" for label, share in there["frequency"].items())
        rows = [[count, *_cells(row)] for count, row in there["counts"].items()]
        parts.append(f"{name}: {there['records']} records, {frequency}\n\n{table(HEAD, rows)}")
    return "\n\n".join([*parts, *([_samples(report["samples"])] if "samples" in report else [])])


def _cells(row: Mapping[str, Any]) -> list[str]:
    ece = [f"{row[name]['ece']['mean']:.3f}" for name in (OWN, LOCAL, UNHELD, ESTIMATE, PERFECT)]
    brier = [f"{row[name]['brier']['mean']:.3f}" for name in (OWN, LOCAL, UNHELD, ESTIMATE)]
    return [*ece, *brier, f"{100 * row['better_than_own'][LOCAL]:.0f} %"]


def _samples(there: Mapping[str, Any]) -> str:
    few = [[count, *(f"{row[name]:.3f}" for name in (OWN, LOCAL, UNHELD))] for count, row in there["counts"].items()]
    fitted = there["cross_fitted"]
    classes = [
        [label, str(row["positives"]), f"{row['own']:.3f}", signed(row["change"])]
        for label, row in fitted["classes"].items()
    ]
    classes.append(["mean", "", "", signed(fitted["mean_change"])])
    return "\n\n".join(
        [
            f"{there['records']} real records; Brier score on those that were not drawn",
            table(("records", f"Brier {OWN}", LOCAL, "without shrinkage"), few),
            "cross-fitted",
            table(("class", "positives", f"Brier {OWN}", "change"), classes),
        ]
    )

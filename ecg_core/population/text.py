"""What the commands of this room say on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

Figure = Mapping[str, Any] | None


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines in which the cells stand below each other."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def figure(given: Figure, digits: int = 3) -> str:
    """The value with its interval: .952 [.931, .968]."""
    if given is None:
        return "-"
    low, high = given["ci95"]
    return f"{given['value']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def recalibration(content: Mapping[str, Any]) -> str:
    """The content of a calibration file that `ekg recalibrate` wrote."""
    records = content["records"]
    refused = sum(records["refused"].values())
    lines = [
        f"{records['used']} labelled records were used.",
        *_left_out(refused, "refused: " + ", ".join(f"{code} {n}" for code, n in records["refused"].items())),
        *_left_out(records["leads_never_measured"], "have leads for which nothing was measured"),
        *_left_out(records["same_signal"], "have the same signal as another one"),
    ]
    for lead_set, rows in content["sets"].items():
        lines += ["", f"leads {lead_set}, cross-fitted by patient; own: the calibration of the model"]
        head = ("class", "with/without", "AUC", "ECE own", "local", "by chance", "Brier own", "local", "change")
        lines += columns([head, *(_fit(label, row["measured"]) for label, row in rows.items())])
        lines.append("")
        head = ("class", "rule", "threshold", "sensitivity", "specificity", "own threshold: sensitivity", "specificity")
        lines += columns([head, *(_threshold(label, row) for label, row in rows.items())])
    lines += ["", *(f"! {warning}" for warning in content["warnings"])]
    return "\n".join(lines).rstrip()


def _left_out(count: int, why: str) -> list[str]:
    return [f"{count} were not used: {why}."] if count else []


def _fit(label: str, measured: Mapping[str, Any]) -> tuple[str, ...]:
    own, local = measured["own"], measured["local"]
    return (
        label,
        f"{measured['patients_with']}/{measured['patients_without']}",
        figure(measured["auc"]),
        figure(own["ece"]),
        figure(local["ece"]),
        f"{measured['ece_by_chance_p95']:.3f}",
        f"{own['brier']['value']:.3f}",
        f"{local['brier']['value']:.3f}",
        figure(measured["brier_change"]),
    )


def _threshold(label: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    own, local = row["measured"]["own"], row["measured"]["local"]
    figures = [figure(each[name], 2) for each in (local, own) for name in ("sensitivity", "specificity")]
    return (label, row["rule"], f"{row['threshold']:.3f}", *figures)

"""Figures and tables as text, and the report of `ekg evaluate` for a person."""

from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "-"
COLUMNS = {
    "ECE": "ece",
    "slope": "calibration_slope",
    "Brier": "brier",
    "sens.": "sensitivity",
    "spec.": "specificity",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(entry: Mapping[str, Any] | None, digits: int = 3) -> str:
    """0.949 [0.939, 0.957]; - for None, where there was nothing to measure."""
    if entry is None:
        return UNKNOWN
    low, high = entry["ci95"]
    return f"{entry['value']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def signed(entry: Mapping[str, Any] | None, digits: int = 3) -> str:
    """-0.012 [-0.015, -0.009]"""
    if entry is None:
        return UNKNOWN
    low, high = entry["ci95"]
    # Rounded, and zero added: no minus before a zero.
    value, low, high = (f"{round(part, digits) + 0.0:+.{digits}f}" for part in (entry["value"], low, high))
    return f"{value} [{low}, {high}]"


def percent(entry: Mapping[str, Any] | None, *, interval: bool = False) -> str:
    """97.4 %, or 97.4 % [95.1, 98.6]"""
    if entry is None:
        return UNKNOWN
    value = f"{100 * entry['value']:.1f} %"
    low, high = entry["ci95"]
    return f"{value} [{100 * low:.1f}, {100 * high:.1f}]" if interval else value


def codes(counts: Mapping[str, int], most: int = 3) -> str:
    """The most frequent codes with their counts: a 3, b 2, ..."""
    shown = [f"{code} {count}" for code, count in list(counts.items())[:most]]
    return ", ".join(shown + (["..."] if len(counts) > most else [])) or UNKNOWN


def text(report: Mapping[str, Any]) -> str:
    folds = ", ".join(str(fold) for fold in report["folds"])
    lines = [
        f"PTB-XL fold {folds}, {report['n']} records of {report['patients']} patients, "
        f"leads {' '.join(report['leads'])}",
        f"thresholds {report['thresholds']}; calibration {report['calibration']}; 95 % intervals by patient",
        "",
        f"macro AUC of five   {figure(report['macro_auc_5'], 4)}",
        f"mean NORM/CD/STTC   {figure(report['macro_auc_3'], 4)}",
        "",
        f"{'':6}{'AUC':23}" + "".join(f"{name:23}" for name in COLUMNS),
    ]
    for label, row in report["classes"].items():
        cells = [row["auc"], *(row[key] for key in COLUMNS.values())]
        lines.append(f"{label:6}" + "".join(f"{figure(cell):23}" for cell in cells))
    single, other = report["single_label"], report["mi_hyp_only"]
    lines += [
        "",
        f"single-label NORM/CD/STTC, n = {single['n']}: top-1 {figure(single['top1'])}, "
        f"answered {figure(single['answered'])}, "
        f"of those correct {figure(single['correct_of_answered'])}",
        f"MI or HYP only, n = {other['n']}: left without a diagnosis {figure(other['without_diagnosis'])}",
    ]
    for name in ("refused", "warnings"):
        counts = ", ".join(f"{code} {count}" for code, count in report[name].items()) or "none"
        lines.append(f"{name}: {counts}")
    return "\n".join(line.rstrip() for line in lines)

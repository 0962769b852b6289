"""A report of evaluate() as text for a person."""

from collections.abc import Mapping
from typing import Any

COLUMNS = {
    "ECE": "ece",
    "slope": "calibration_slope",
    "Brier": "brier",
    "sens.": "sensitivity",
    "spec.": "specificity",
}


def with_interval(entry: Mapping[str, Any] | None, digits: int = 3) -> str:
    """0.949 [0.939, 0.957]; - where there was nothing to measure."""
    if entry is None:
        return "-"
    low, high = entry["ci95"]
    return f"{entry['value']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def text(report: Mapping[str, Any]) -> str:
    folds = ", ".join(str(fold) for fold in report["folds"])
    lines = [
        f"PTB-XL fold {folds}, {report['n']} records of {report['patients']} patients, "
        f"leads {' '.join(report['leads'])}",
        f"thresholds {report['thresholds']}; calibration {report['calibration']}; 95 % intervals by patient",
        "",
        f"macro AUC of five   {with_interval(report['macro_auc_5'], 4)}",
        f"mean NORM/CD/STTC   {with_interval(report['macro_auc_3'], 4)}",
        "",
        f"{'':6}{'AUC':23}" + "".join(f"{name:23}" for name in COLUMNS),
    ]
    for label, row in report["classes"].items():
        cells = [row["auc"], *(row[key] for key in COLUMNS.values())]
        lines.append(f"{label:6}" + "".join(f"{with_interval(cell):23}" for cell in cells))
    single, other = report["single_label"], report["mi_hyp_only"]
    lines += [
        "",
        f"single-label NORM/CD/STTC, n = {single['n']}: top-1 {with_interval(single['top1'])}, "
        f"answered {with_interval(single['answered'])}, "
        f"of those correct {with_interval(single['correct_of_answered'])}",
        f"MI or HYP only, n = {other['n']}: left without a diagnosis {with_interval(other['without_diagnosis'])}",
    ]
    for name in ("refused", "warnings"):
        counts = ", ".join(f"{code} {count}" for code, count in report[name].items()) or "none"
        lines.append(f"{name}: {counts}")
    return "\n".join(line.rstrip() for line in lines)

"""What the commands of this room say on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecg_core.population.prevalence import MIN_ESTIMATED

Figure = Mapping[str, Any] | None

FIT = ("class", "with/without", "AUC", "ECE own", "local", "by chance", "Brier own", "local", "change")
THRESHOLDS = ("class", "rule", "threshold", "sensitivity", "specificity", "own threshold: sensitivity", "specificity")
QUANTITIES = ("", "here", "PTB-XL", "distance", "by chance", "")
SHARES = ("", "here", "PTB-XL", "difference", "")


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
        lines += columns([FIT, *(_fit(label, row["measured"]) for label, row in rows.items())])
        lines += ["", *columns([THRESHOLDS, *(_threshold(label, row) for label, row in rows.items())])]
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


def drift(report: Mapping[str, Any]) -> str:
    refused = ", ".join(f"{code} {n}" for code, n in report["refused"].items())
    lines = [f"{report['records']} records, compared with {report['reference']}."]
    lines += _left_out(sum(report["refused"].values()), f"refused: {refused}")
    lines += _left_out(report["leads_never_measured"], "have leads for which nothing was measured")
    for lead_set, there in report["sets"].items():
        lines += ["", f"leads {lead_set}: {_verdict(there)}", ""]
        lines += columns([QUANTITIES, *(_quantity(name, one) for name, one in there["quantities"].items())])
        shares = {name: one for name, one in there["shares"].items() if one["share"] or one["reference_share"]}
        lines += ["", *columns([SHARES, *(_share(name, one) for name, one in shares.items())])]
        lines += ["", *_frequencies(there)]
    return "\n".join(lines)


def _frequencies(there: Mapping[str, Any]) -> list[str]:
    if not there["prevalences"]:
        return [
            f"{there['n']} records are too few to estimate how frequent the classes are: {MIN_ESTIMATED} are needed."
        ]
    rows = [
        (label, figure(one), f"{one['reference']:.3f}", "differs" if one["differs"] else "")
        for label, one in there["prevalences"].items()
    ]
    lines = ["estimated frequency of each class (no labels; it assumes that only the frequencies differ)"]
    lines += columns([("class", "here", "PTB-XL", ""), *rows])
    if there["differing_signals"]:
        lines.append(f"! {unlike(there['differing_signals'])}")
    return lines


def unlike(signals: Sequence[str]) -> str:
    """Why an estimate is doubtful."""
    return (
        f"The signals differ from PTB-XL's in {', '.join(signals)}. If the devices or the people are the reason, and "
        "not the frequencies of the classes, the estimate is wrong."
    )


def _verdict(there: Mapping[str, Any]) -> str:
    """The smallest difference that this many records would show, too."""
    least = max(one["by_chance"] for one in there["quantities"].values())
    seen = f"A distance below {least:.2f} would not be seen."
    if there["differing"]:
        return f"differs from PTB-XL, with n={there['n']}: {'; '.join(there['differing'])}. {seen}"
    return f"no evidence of drift with n={there['n']}. {seen}"


def _quantity(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    distance = figure({"value": one["distance"], "ci95": one["ci95"]}, 2)
    medians = f"{one['median']:.3g}", f"{one['reference_median']:.3g}"
    return (name, *medians, distance, f"{one['by_chance']:.2f}", "differs" if one["differs"] else "")


def _share(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    difference = figure({"value": one["difference"], "ci95": one["ci95"]})
    shares = f"{one['share']:.3f}", f"{one['reference_share']:.3f}"
    return (name, *shares, difference, "differs" if one["differs"] else "")

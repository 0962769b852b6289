"""For whom it works, and under which conditions."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES
from ecg_core.training.report.markdown import UNKNOWN, figure, percent, signed, table

TEXT = """## For whom, and recorded how

`ekg robustness DIR` on fold 9, {n} records of {patients} patients, twelve leads. Sensitivity and specificity are at
the thresholds that are served, which were chosen on this fold (intervals by Wilson). Small groups have wide
intervals: read those."""
CONDITIONS = """The same records, changed before they go in: AUC of those that are answered, and its difference to the
same records as they are (paired). Noise reaches the electrodes, so that Einthoven's law holds, at a ratio to each
lead's own variance. Refused and warned: of all records. Shift: how far a probability of the three moves."""
AREAS = {**{label: label for label in DIAGNOSES}, "mean_3": "mean of three", "macro_5": "macro of five"}


def robustness(report: Mapping[str, Any]) -> str:
    parts = [TEXT.format(**report)]
    for family, groups in report["groups"].items():
        parts += [_areas(family, groups), _decisions(family, groups)]
    parts += [CONDITIONS, _conditions(report)]
    if "twins" in report:
        parts.append(_twins(report["twins"]))
    return "\n\n".join(parts)


def _areas(family: str, groups: Mapping[str, Any]) -> str:
    rows = [
        [name, str(row["n"]), *(figure(row["auc"][key]) if "auc" in row else UNKNOWN for key in AREAS)]
        for name, row in groups.items()
    ]
    return table([family, "n", *(f"AUC {said}" for said in AREAS.values())], rows)


def _decisions(family: str, groups: Mapping[str, Any]) -> str:
    rows = []
    for name, row in groups.items():
        cells = [name]
        for label in DIAGNOSES:
            pair = [figure(row[key][label], 2) if key in row else UNKNOWN for key in ("sensitivity", "specificity")]
            cells += [str(row["positives"][label]), *pair]
        rows.append(cells)
    head = [said for label in DIAGNOSES for said in (f"{label}: n", "sensitivity", "specificity")]
    return table([family, *head], rows)


def _conditions(report: Mapping[str, Any]) -> str:
    rows = [_condition("as recorded", "", report["as recorded"])]
    for family, conditions in report["conditions"].items():
        rows += [_condition(family, name, row) for name, row in conditions.items()]
    head = ["", "", "AUC mean of three", *(f"difference {said}" for said in ("mean", *DIAGNOSES))]
    return table([*head, "refused", "warned", "shift: mean, largest"], rows)


def _condition(family: str, name: str, row: Mapping[str, Any]) -> list[str]:
    difference, shift = row.get("difference"), row.get("shift")
    return [
        family,
        name,
        figure(row["auc"]["mean_3"]) if "auc" in row else UNKNOWN,
        *(signed(difference[key]) if difference else UNKNOWN for key in ("mean_3", *DIAGNOSES)),
        percent(row["refused"]),
        percent(row["warned"]),
        f"{shift['mean']:.3f}, {shift['largest']:.2f}" if shift else UNKNOWN,
    ]


def _twins(twins: Mapping[str, Any]) -> str:
    return (
        f"Real originals at 500 Hz beside the same records at 100 Hz: n = {twins['n']}, {twins['refused']} refused, a "
        f"probability of the three differs by {twins['mean']:.4f} in the mean and {twins['largest']:.4f} at most; "
        f"the findings change in {twins['findings_changed']}."
    )

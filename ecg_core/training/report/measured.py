"""The sections of the model card that `ekg robustness`, `ekg abstain` and `ekg evidence` measure."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES, NAMES
from ecg_core.training.measure.transfer import TABLES
from ecg_core.training.report.text import UNKNOWN, codes, figure, percent, signed, table

GROUPS = """## For whom, and recorded how

`ekg robustness DIR` on fold 9, {n} records of {patients} patients, twelve leads. Sensitivity and specificity use the
served thresholds, which were chosen on this fold (intervals by Wilson). Small groups have wide intervals."""
CONDITIONS = """The same records, changed before they are classified. AUC: on the records that are answered. Difference:
to the same records unchanged (paired). Noise is added at the electrodes, so Einthoven's law holds; SNR is relative to
each lead's variance. Refused, warned: of all records. Shift: the change of a probability of NORM, CD or STTC."""
AREAS = {**{label: label for label in DIAGNOSES}, "mean_3": "mean of three", "macro_5": "macro of five"}

TRANSFER = """## Other hospitals

`ekg robustness DIR --transfer FOLDER`: {n} records of CinC-2021 (Georgia, USA; Chapman-Shaoxing, China) with diagnoses
as SNOMED codes, {refused} refused. **Thresholds and calibration do not transfer**: they fit the devices of PTB-XL and
its share of healthy patients. There are few records, so the intervals are wide."""

ABSTENTION = """## What it does not know

`ekg abstain DIR`: answers to wrong input, made from {n} records of fold 9. Silent: a diagnosis without a warning, which
is the worst answer. For comparison, the {sound} unchanged records of the fold: {refused} refused, {warned} warned
({codes}), {silent} diagnosed without a warning."""
KINDS = {"foreign": "No ECG", "spoiled": "An ECG that is spoiled or read wrongly"}
PLACED = """Exchanged electrodes, calculated from the potentials of all ten. Sensitivity: a warning names this pair, in
records where it is exchanged. Specificity: no warning names it, in unchanged records."""
SAMPLES = """{n} real files of many devices and formats, some of them in formats that are not supported:
{answered_without_warning} answered, {answered_with_warning} answered with a warning ({warned}), the others refused
({refused})."""

EVIDENCE = """## Where it looks

`ekg evidence DIR`: up to {limit} records of each class of PTB-XL fold {fold}, drawn with a seed. n: those in
which the class is found and beats are detected. One segment of one lead (P with the PR segment, QRS, ST-T or the rest)
is replaced in all beats by that of a normal heart (`ekg classify --explain`). Evidence: the loss of log-odds. The table
shows shares of the positive evidence and of the time. 95 % intervals by bootstrap over patients. This says where the
network looks, not why."""
DELETION = """Deletion: the cells with the most evidence are replaced together. A cell is one segment of one lead. For
comparison: random cells that last at least as long (mean of {draws} draws, same records)."""


def robustness(report: Mapping[str, Any]) -> str:
    parts = [GROUPS.format(**report)]
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
        f"Original records at 500 Hz compared with the same records at 100 Hz: n = {twins['n']}, {twins['refused']} "
        f"refused. A probability of NORM, CD or STTC differs by {twins['mean']:.4f} on average and by "
        f"{twins['largest']:.4f} at most. The findings change in {twins['findings_changed']} records."
    )


def transfer(report: Mapping[str, Any], fold9: Mapping[str, Any]) -> str:
    """fold9: the performance with twelve leads, for comparison."""
    rows = []
    for label in DIAGNOSES:
        there, here = report["classes"][label], fold9["classes"][label]
        for where, row in (("elsewhere", there), ("fold 9", here)):
            said = [figure(row[key], 2) for key in ("auc", "sensitivity", "specificity")]
            positives = f"{there['positives']} of {report['n']}" if where == "elsewhere" else ""
            means = f"{there['mean_probability']:.2f} / {there['frequency']:.2f}" if where == "elsewhere" else ""
            rows.append([label, where, positives, *said, means])
    meanings = "; ".join(
        f"{label}: {', '.join(f'{name} ({code})' for code, name in meaning.items())}"
        for label, meaning in zip(DIAGNOSES, TABLES, strict=True)
    )
    head = ["", "", "positive", "AUC", "sensitivity", "specificity", "mean probability / frequency"]
    return "\n\n".join(
        [
            TRANSFER.format(n=report["n"], refused=percent(report["refused"])),
            table(head, rows),
            f"The codes (NORM: only these codes; CD and STTC: any of these codes). {meanings}.",
        ]
    )


def abstention(report: Mapping[str, Any]) -> str:
    sound, made = report["sound"], report["corruptions"]
    shares = {key: percent(sound[key], interval=True) for key in ("refused", "warned", "silent")}
    n = next(iter(made["foreign"].values()))["n"]
    parts = [ABSTENTION.format(n=n, sound=sound["n"], codes=codes(sound["codes"], 9), **shares)]
    for kind, said in KINDS.items():
        rows = [[name, *_shares(row), codes(row["codes"])] for name, row in made[kind].items()]
        parts.append(table([said, "refused", "warned", "silent", "codes"], rows))
    rows = [
        [name, figure(row["sensitivity"]), figure(row["specificity"], 4), percent(row["any_reversal"]), *_shares(row)]
        for name, row in made["placed"].items()
    ]
    head = ["", "sensitivity", "specificity", "any reversal suspected", "refused", "warned", "silent"]
    parts += [PLACED, table(head, rows)]
    if "samples" in report:
        samples = report["samples"]
        counts = {key: codes(samples[key], 9) for key in ("warned", "refused")}
        parts.append(SAMPLES.format(**{**samples, **counts}))
    return "\n\n".join(parts)


def _shares(row: Mapping[str, Any]) -> list[str]:
    return [percent(row["refused"]), percent(row["warned"]), percent(row["silent"], interval=True)]


def evidence(measured: Mapping[str, Any]) -> str:
    """measured: the "evidence" of model.json."""
    shares, every, losses = [], [], []
    for label, found in measured["classes"].items():
        there = found["expected"]
        figures = [found["share_of_evidence"][there], found["share_of_time"][there]]
        figures += [found["most_evidence"], found["most_evidence_per_time"]]
        counted = f"{found['n']} of {found['records']}"
        shares.append([f"{label}, {NAMES[label]}", counted, there, *map(figure, figures)])
        every.append([label, *map(figure, found["share_of_evidence"].values())])
        for count, lost in found["deletion"].items():
            cells = [figure(lost[unit][of]) for unit in ("log_odds", "probability") for of in ("most", "random")]
            losses.append([label, count, *cells])
    head = ["", "n", "expected in", "evidence there", "time there", "most evidence there", "most per time there"]
    return "\n\n".join(
        [
            EVIDENCE.format(fold=measured["fold"], limit=measured["max_records"]),
            table(head, shares),
            table(["share of the evidence", *measured["segments"]], every),
            DELETION.format(draws=measured["draws"]),
            table(["", "cells", "log-odds lost", "random cells", "probability lost", "random cells"], losses),
        ]
    )

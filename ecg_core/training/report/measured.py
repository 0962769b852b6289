"""The sections of the model card that `ekg robustness`, `ekg abstain` and `ekg evidence` measure."""

from collections.abc import Mapping
from typing import Any

from ecg_core.classification import DIAGNOSES, NAMES
from ecg_core.signal.segments import PARTS
from ecg_core.training.measure.transfer import TABLES
from ecg_core.training.report.text import UNKNOWN, codes, figure, percent, signed, table

GROUPS = """## For whom, and recorded how

`ekg robustness DIR` on fold 9, {n} records of {patients} patients, twelve leads. Sensitivity and specificity are at
the thresholds that are served, which were chosen on this fold (intervals by Wilson). Small groups have wide
intervals: read those."""
CONDITIONS = """The same records, changed before they go in: AUC of those that are answered, and its difference to the
same records as they are (paired). Noise reaches the electrodes, so that Einthoven's law holds, at a ratio to each
lead's own variance. Refused and warned: of all records. Shift: how far a probability of the three moves."""
AREAS = {**{label: label for label in DIAGNOSES}, "mean_3": "mean of three", "macro_5": "macro of five"}

TRANSFER = """## Other hospitals

`ekg robustness DIR --transfer FOLDER`: {n} records of CinC-2021 (Georgia, USA; Chapman-Shaoxing, China) with diagnoses
as SNOMED codes, {refused} refused. **Thresholds and calibration do not transfer**: they belong to fold 9's hospital,
its devices and its share of healthy patients. Few records, wide intervals: read those."""

ABSTENTION = """## What it does not know

`ekg abstain DIR`: what is said to input that is no ECG, or no longer one, made from {n} records of fold 9. Silent is a
diagnosis without any warning: the failure that matters. Of all {sound} records of the fold as they are {refused} are
refused, {warned} warned ({codes}), {silent} diagnosed without a warning."""
KINDS = {"foreign": "No ECG in it", "spoiled": "An ECG that is ruined, or read wrongly"}
PLACED = """Exchanged electrodes, calculated from the potentials of all ten. Sensitivity: this pair is named.
Specificity: of the records as they are, those where it is not."""
SAMPLES = """Real files of many devices and formats, {n} of them, formats that are not read among them:
{answered_without_warning} answered, {answered_with_warning} answered with a warning ({warned}), the rest refused
({refused})."""

EVIDENCE = """## Where it looks

Of PTB-XL fold {fold}, at most {limit} records of each class, chosen by seed; those among them that are found with it
and have beats. Each of P (with the PR segment), QRS, ST-T and rest of each lead is replaced by a normal heart's, in all
beats (`ekg classify --explain`); evidence is in log-odds. 95 % intervals by bootstrap over patients. Written by
`ekg evidence DIR`. It says where the network looks, not why."""
DELETION = """Deletion: the cells (a segment of a lead) with the most evidence are replaced together, or random ones
that take at least as much time (mean of {draws} draws, the same records)."""


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
        f"Real originals at 500 Hz beside the same records at 100 Hz: n = {twins['n']}, {twins['refused']} refused, a "
        f"probability of the three differs by {twins['mean']:.4f} in the mean and {twins['largest']:.4f} at most; "
        f"the findings change in {twins['findings_changed']}."
    )


def transfer(report: Mapping[str, Any], fold9: Mapping[str, Any]) -> str:
    """fold9: performance with twelve leads, to stand beside."""
    rows = []
    for label in DIAGNOSES:
        there, here = report["classes"][label], fold9["classes"][label]
        for where, row in (("there", there), ("fold 9", here)):
            said = [figure(row[key], 2) for key in ("auc", "sensitivity", "specificity")]
            positives = f"{there['positives']} of {report['n']}" if where == "there" else ""
            means = f"{there['mean_probability']:.2f} / {there['frequency']:.2f}" if where == "there" else ""
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
            f"The codes (NORM: nothing but these; CD and STTC: any of these). {meanings}.",
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
    """Markdown for the model card, and for a person at a terminal."""
    shares = ["| | n | expected in | share of its evidence there | of the time | most of all | most per time |"]
    shares.append("|---|---|---|---|---|---|---|")
    every = [f"| share of the evidence | {' | '.join(measured['segments'])} |", "|---|" + "---|" * len(PARTS)]
    losses = ["| | cells | log-odds lost | random | probability lost | random |", "|---|---|---|---|---|---|"]
    for label, found in measured["classes"].items():
        there = found["expected"]
        figures = [found["share_of_evidence"][there], found["share_of_time"][there]]
        figures += [found["most_evidence"], found["most_evidence_per_time"]]
        shares.append(
            f"| {label}, {NAMES[label]} | {found['n']} of {found['records']} | {there} | "
            f"{' | '.join(figure(cell) for cell in figures)} |"
        )
        every.append(f"| {label} | {' | '.join(figure(cell) for cell in found['share_of_evidence'].values())} |")
        for count, lost in found["deletion"].items():
            cells = [figure(lost[unit][of]) for unit in ("log_odds", "probability") for of in ("most", "random")]
            losses.append(f"| {label} | {count} | {' | '.join(cells)} |")
    head = EVIDENCE.format(fold=measured["fold"], limit=measured["max_records"])
    tables = ["\n".join(shares), "\n".join(every), DELETION.format(draws=measured["draws"]), "\n".join(losses)]
    return "\n\n".join([head, *tables])

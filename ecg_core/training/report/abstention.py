"""Whether it knows what it does not know."""

from collections.abc import Mapping
from typing import Any

from ecg_core.training.report.markdown import codes, figure, percent, table

TEXT = """## What it does not know

`ekg abstain DIR`: what is said to input that is no ECG, or no longer one, made from {n} records of fold 9. Silent is a
diagnosis without any warning: the failure that matters. Of all {sound} records of the fold as they are {refused} are
refused, {warned} warned ({codes}), {silent} diagnosed without a warning."""
KINDS = {"foreign": "No ECG in it", "spoiled": "An ECG that is ruined, or read wrongly"}
PLACED = """Exchanged electrodes, calculated from the potentials of all ten. Sensitivity: this pair is named.
Specificity: of the records as they are, those where it is not."""
SAMPLES = """Real files of many devices and formats, {n} of them, formats that are not read among them:
{answered_without_warning} answered, {answered_with_warning} answered with a warning ({warned}), the rest refused
({refused})."""


def abstention(report: Mapping[str, Any]) -> str:
    sound, made = report["sound"], report["corruptions"]
    shares = {key: percent(sound[key], interval=True) for key in ("refused", "warned", "silent")}
    n = next(iter(made["foreign"].values()))["n"]
    parts = [TEXT.format(n=n, sound=sound["n"], codes=codes(sound["codes"], 9), **shares)]
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

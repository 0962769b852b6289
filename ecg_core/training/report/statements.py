"""The section of the model card that `ekg statements` measures, and the report of `ekg evaluate --task`."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecg_core.model.statement_table import STATEMENTS
from ecg_core.training.report.text import UNKNOWN, figure, percent, table

NAMES = {definition.code: definition for definition in STATEMENTS}
TASK_NAMES = {
    "all": "all statements",
    "diag": "diagnostic",
    "subdiag": "diagnostic, by subclass",
    "super": "superclasses",
    "form": "form",
    "rhythm": "rhythm",
}

HEAD = """## Statements

`ekg statements DIR` on fold 9, all {n} records of {patients} patients. The network also learned the 71 statements of
PTB-XL; the measurements correct some of them (below). A statement is published for a set of leads if it has {rule}.
Scale, bias and threshold (highest F1) are fitted on this fold. Sensitivity, specificity, precision and ECE are
cross-fitted by patient. The statement NORM is the class NORM. With twelve leads:"""
TERMS = """The measurements (RR intervals, PR, QRS, QT, axis, heights) add to the logit of a statement that has {rule}.
`ekg terms DIR` fits them on folds 1-8, beside the logits of teachers that have not seen the record. AUC there:"""
SETS = "AUC with fewer leads. - : not published with these leads."
UNPUBLISHED = "Not published with twelve leads. The AUC of few positive records is worth little:"
TASKS = """The tasks of the PTB-XL benchmark (Strodthoff et al. 2021), `ekg evaluate DIR --task TASK`: macro AUC over
all labels with a positive record, published or not, in the records with at least one label of the task."""
CONTRADICTIONS = """The warning `statement_contradicts`: a diagnostic statement is a finding, its class is none, and
NORM is a finding or the statement is more probable than its class. Right: the share of diagnoses that are right in
records with this warning, and in the others."""


def statements(card: Mapping[str, Any]) -> str:
    measured = card["statements"]
    sets: Mapping[str, Any] = measured["sets"]
    full = sets["12"]
    tasks = {**measured["tasks"], "super": {"labels": 5, **_super(card)}}
    return "\n\n".join(
        [
            HEAD.format(**measured),
            _published(full["published"]),
            SETS,
            _by_set(sets),
            UNPUBLISHED,
            _unpublished(full["unpublished"]),
            TASKS,
            _tasks(tasks),
            CONTRADICTIONS,
            _contradictions(sets),
            *_terms(card.get("measured_terms", {"statements": {}})),
        ]
    )


def _super(card: Mapping[str, Any]) -> dict[str, Any]:
    full = card["performance"]["12"]
    return {"n": full["n"], "macro_auc": full["macro_auc_5"]}


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"


def _published(rows: Mapping[str, Any]) -> str:
    head = ["", "statement", "kind", "positive", "AUC", "sens.", "spec.", "precision", "ECE", "threshold"]
    cells = [
        [
            code,
            NAMES[code].name,
            NAMES[code].kind,
            str(row["positives"]),
            figure(row["auc"]),
            *(_number(row[key]) for key in ("sensitivity", "specificity", "precision", "ece")),
            f"{row['threshold']:.2f}",
        ]
        for code, row in rows.items()
    ]
    return table(head, cells)


def _by_set(sets: Mapping[str, Any]) -> str:
    fewer = [name for name in sets if name != "12"]
    codes = [code for code in NAMES if any(code in sets[name]["published"] for name in fewer)]
    cells = [[code, *(figure(sets[name]["published"].get(code, {}).get("auc")) for name in fewer)] for code in codes]
    return table(["", *fewer], cells)


def _unpublished(rows: Mapping[str, Any]) -> str:
    cells = [
        [code, NAMES[code].name, NAMES[code].kind, str(row["positives"]), figure(row["auc"]), row["why"]]
        for code, row in rows.items()
    ]
    return table(["", "statement", "kind", "positive", "AUC", "why"], cells)


def _tasks(tasks: Mapping[str, Any]) -> str:
    cells = [
        [task, said, str(tasks[task]["labels"]), str(tasks[task]["n"]), figure(tasks[task]["macro_auc"])]
        for task, said in TASK_NAMES.items()
    ]
    return table(["task", "", "labels", "records", "macro AUC"], cells)


def _terms(measured: Mapping[str, Any]) -> list[str]:
    rows = [
        [code, NAMES[code].name, str(term["positives"]), _number(term["auc_network"]), _number(term["auc"])]
        for code, term in measured["statements"].items()
    ]
    head = ["", "statement", "positive", "network alone", "with measurements"]
    return [TERMS.format(**measured), table(head, rows)] if rows else []


def _contradictions(sets: Mapping[str, Any]) -> str:
    cells: Sequence[Sequence[str]] = [
        [
            name,
            *(percent(row["contradictions"][key], interval=True) for key in ("share", "correct", "correct_otherwise")),
        ]
        for name, row in sets.items()
    ]
    return table(["leads", "records with the warning", "right with it", "right without it"], cells)


def benchmark_text(report: Mapping[str, Any]) -> str:
    """The report of `ekg evaluate --task` for a person."""
    folds = ", ".join(str(fold) for fold in report["folds"])
    return "\n".join(
        [
            f"PTB-XL fold {folds}, task {report['task']}: {report['n']} records of {report['patients']} patients, "
            f"leads {' '.join(report['leads'])}; 95 % intervals by patient",
            "",
            f"macro AUC of {len(report['labels'])} labels  {figure(report['macro_auc'], 4)}",
            "",
            *(f"{label:12}{row['positives']:6}  {figure(row['auc'])}" for label, row in report["labels"].items()),
            f"refused: {report['refused']}",
        ]
    )

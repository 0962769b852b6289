import csv
from collections import Counter
from pathlib import Path

from ecg_core.model.statement_table import STATEMENTS
from ecg_core.model.statements import CODES
from ecg_core.training.data.ptbxl import read_ptbxl


def test_labels_are_read_from_the_datasets_own_layout(small_ptbxl: Path) -> None:
    data = read_ptbxl(small_ptbxl, {8})
    assert len(data) == 61
    assert data.statement_names == CODES
    first = dict(zip(("NORM", "MI", "STTC", "CD", "HYP"), data.superclasses[0].tolist(), strict=True))
    assert first == {"NORM": True, "MI": False, "STTC": False, "CD": False, "HYP": False}
    assert [code for code, there in zip(CODES, data.statements[0], strict=True) if there] == ["NORM", "SR"]
    assert data.paths[0] == small_ptbxl / "records100/00000/00001_lr"


def test_a_record_without_superclass_is_not_scored(small_ptbxl: Path) -> None:
    assert len(read_ptbxl(small_ptbxl, {8}).scored()) == 60


def test_the_real_data_set_has_the_counted_records(ptbxl_packed: Path) -> None:
    """Fold 9 has 2,146 scored records, as published benchmarks count: statements of any likelihood."""
    with (ptbxl_packed / "scp_statements.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    classes = {row[""]: row["diagnostic_class"] for row in rows if row["diagnostic_class"]}
    with (ptbxl_packed / "labels.csv").open(newline="", encoding="utf-8") as file:
        fold9 = [row for row in csv.DictReader(file) if row["strat_fold"] == "9"]
    labels = [{classes[code] for code in row["scp_codes"].split() if code in classes} for row in fold9]
    assert [row[""] for row in rows] == list(CODES)
    for row, known in zip(rows, STATEMENTS, strict=True):
        kind = row["diagnostic_class"] or ("form" if row["form"] else "rhythm")
        subclass = row["diagnostic_subclass"] if row["diagnostic_class"] else ""
        also_form = bool(row["diagnostic_class"] and row["form"])
        assert (known.kind, known.subclass, known.also_form) == (kind, subclass, also_form)
    assert sum(1 for label in labels if label) == 2146
    assert Counter(frozenset(label & {"CD", "STTC"}) == {"CD", "STTC"} for label in labels)[True] == 109

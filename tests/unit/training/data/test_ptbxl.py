import csv
from collections import Counter
from pathlib import Path

from ecg_core.training.data.ptbxl import read_ptbxl


def test_labels_are_read_from_the_datasets_own_layout(small_ptbxl: Path) -> None:
    data = read_ptbxl(small_ptbxl, {8})
    assert len(data) == 61
    assert data.statement_names == ("NORM", "CLBBB", "ISC_", "IMI", "LVH", "SR")
    first = dict(zip(("NORM", "MI", "STTC", "CD", "HYP"), data.superclasses[0].tolist(), strict=True))
    assert first == {"NORM": True, "MI": False, "STTC": False, "CD": False, "HYP": False}
    assert data.statements[0].tolist() == [True, False, False, False, False, True]
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
    assert len(rows) == 71
    assert sum(1 for label in labels if label) == 2146
    assert Counter(frozenset(label & {"CD", "STTC"}) == {"CD", "STTC"} for label in labels)[True] == 109

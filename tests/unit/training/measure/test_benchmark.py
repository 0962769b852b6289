"""The tasks of the benchmark: which labels, which records, which mean."""

from pathlib import Path

import numpy as np
import pytest

from ecg_core.metrics import auc
from ecg_core.model.classifier import default_classifier
from ecg_core.model.statements import CODES
from ecg_core.training.data.ptbxl import PtbXl
from ecg_core.training.measure.benchmark import TASKS, benchmark, evaluate_task
from ecg_core.training.measure.outcomes import Outputs
from ecg_core.training.report.statements import benchmark_text
from tests.unit.training.fakes import with_rows

pytestmark = pytest.mark.usefixtures("quick_intervals")


def made(records: list[set[str]], logits: np.ndarray) -> tuple[PtbXl, Outputs]:
    n = len(records)
    truth = np.array([[code in record for code in CODES] for record in records])
    ids, none = np.arange(n), np.zeros((n, 5))
    data = PtbXl((Path(),) * n, ids, ids, none > 0, truth, CODES, ids, none[:, 0], ids)
    return data, Outputs(none, np.zeros((n, 15)), logits, np.zeros(n, bool))


def test_the_tasks_have_as_many_labels_as_in_the_benchmark() -> None:
    counts = {task: len(labels) for task, labels in TASKS.items()}
    assert counts == {"all": 71, "diag": 44, "subdiag": 23, "form": 19, "rhythm": 12}


def test_a_task_counts_the_records_with_one_of_its_labels_and_the_labels_with_a_record() -> None:
    rng = np.random.default_rng(1)
    records = [{"SR"}, {"AFIB"}, {"SR", "CLBBB"}, {"CLBBB"}] * 5
    data, found = made(records, rng.standard_normal((20, len(CODES))))
    report = benchmark("rhythm", data, found)
    assert report["n"] == 15
    assert list(report["labels"]) == ["SR", "AFIB"]
    assert report["labels"]["SR"]["positives"] == 10
    counted = data.statements[:, CODES.index("SR")] | data.statements[:, CODES.index("AFIB")]
    areas = [
        auc(data.statements[counted, CODES.index(code)], found.statements[counted, CODES.index(code)])
        for code in ("SR", "AFIB")
    ]
    assert report["macro_auc"]["value"] == pytest.approx(np.mean(areas), abs=1e-4)


def test_a_subclass_is_found_by_any_of_its_statements() -> None:
    logits = np.full((8, len(CODES)), -5.0)
    logits[0, CODES.index("LAFB")] = logits[1, CODES.index("LPFB")] = 3.0
    data, found = made([{"LAFB"}, {"LPFB"}, *[{"NORM"}] * 6], logits)
    row = benchmark("subdiag", data, found)["labels"]["LAFB/LPFB"]
    assert (row["positives"], row["auc"]["value"]) == (2, 1.0)


def test_a_task_is_measured_through_reader_and_network_and_reads_well(small_ptbxl: Path) -> None:
    report = evaluate_task("diag", default_classifier(), small_ptbxl, [9], ("I", "II"))
    assert (report["task"], report["n"]) == ("diag", 60)
    assert set(report["labels"]) == {"NORM", "CLBBB", "ISC_", "IMI", "LVH"}
    said = benchmark_text(report)
    assert "task diag: 60 records" in said
    assert "macro AUC of 5 labels" in said
    assert "CLBBB" in said


def test_another_table_of_statements_is_refused(small_ptbxl: Path, tmp_path: Path) -> None:
    other = with_rows(small_ptbxl, tmp_path / "other", lambda rows: rows)
    table = (other / "scp_statements.csv").read_text().splitlines()
    (other / "scp_statements.csv").write_text("\n".join(table[:-1]))
    with pytest.raises(ValueError, match=r"not those of PTB-XL"):
        evaluate_task("all", default_classifier(), other, [9], ("I",))

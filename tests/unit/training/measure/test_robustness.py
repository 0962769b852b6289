import json
from pathlib import Path

import numpy as np
import pytest

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, write_files
from ecg_core.training.data.conditions import Condition, at_rate
from ecg_core.training.data.ptbxl import read_ptbxl
from ecg_core.training.measure import robustness as measuring
from ecg_core.training.measure.robustness import MIN_CASES, areas, groups_of, robustness, twins
from tests.unit.training.fakes import Row, fake_classifier, with_rows

SAME = Condition("nothing", "same", lambda recording, _: recording)
REFUSED = Condition("rate", "500 Hz", lambda recording, _: at_rate(recording, 500.0))


@pytest.fixture
def two_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "CONDITIONS", (SAME, REFUSED))


@pytest.mark.usefixtures("two_conditions")
def test_a_condition_is_paired_with_the_same_unchanged_records(small_ptbxl: Path) -> None:
    report = robustness(fake_classifier(), small_ptbxl)
    json.dumps(report, allow_nan=False)
    same = report["conditions"]["nothing"]["same"]
    assert same["difference"]["mean_3"] == {"value": 0, "ci95": [0, 0]}
    assert same["shift"] == {"mean": 0, "largest": 0}
    assert same["auc"] == report["as recorded"]["auc"]
    assert "difference" not in report["as recorded"]


@pytest.mark.usefixtures("two_conditions")
def test_a_condition_without_answers_has_no_auc(small_ptbxl: Path) -> None:
    refused = robustness(fake_classifier(), small_ptbxl)["conditions"]["rate"]["500 Hz"]
    assert refused["refused"]["value"] == 1
    assert "auc" not in refused


@pytest.mark.usefixtures("two_conditions")
def test_each_group_is_measured_by_itself(small_ptbxl: Path) -> None:
    groups = robustness(fake_classifier(), small_ptbxl)["groups"]
    assert {name: row["n"] for name, row in groups["sex"].items()} == {"male": 30, "female": 30}
    assert groups["age"]["60-79"]["n"] == 60
    assert groups["age"]["over 89"] == {"n": 0, "positives": {"NORM": 0, "CD": 0, "STTC": 0}}
    assert groups["sex"]["male"]["positives"] == {"NORM": 6, "CD": 6, "STTC": 6}
    low, high = groups["sex"]["male"]["sensitivity"]["NORM"]["ci95"]
    assert high - low > 0.2


def test_over_89_is_a_group_of_its_own_and_unknown_ages_are_in_none(small_ptbxl: Path, tmp_path: Path) -> None:
    ages = ("300", "89", "39", "40", "")

    def aged(rows: list[Row]) -> list[Row]:
        fold9 = [row for row in rows if row["strat_fold"] == "9"]
        return [{**row, "age": age} for row, age in zip(fold9, ages, strict=False)]

    copied = with_rows(small_ptbxl, tmp_path / "copy", aged)
    age = groups_of(read_ptbxl(copied, {9}))["age"]
    first = {name: np.flatnonzero(inside).tolist() for name, inside in age.items()}
    assert first == {"under 40": [2], "40-59": [3], "60-79": [], "80-89": [1], "over 89": [0]}


def test_with_too_few_positives_the_auc_and_its_means_are_nan() -> None:
    truth = np.zeros((20, 5), bool)
    truth[: MIN_CASES - 1] = True
    truth[:MIN_CASES, 0] = True
    found = areas(truth, np.linspace(0, 1, 100).reshape(20, 5), np.ones((2, 20)))
    assert np.isfinite(found["NORM"]).all()
    assert np.isnan(found["CD"]).all()
    assert np.isnan(found["mean_3"]).all()


def test_records_at_500_hz_are_compared_with_those_of_the_same_number(small_ptbxl: Path, tmp_path: Path) -> None:
    data = read_ptbxl(small_ptbxl, {9})
    number = int(data.ecg_ids[0])
    write_files(wfdb_files(synthesize("normal", fs_hz=250, seed=number), f"{number:05}_hr"), tmp_path)
    write_files(wfdb_files(synthesize("normal", fs_hz=500, seed=7), f"{data.ecg_ids[1]:05}_hr"), tmp_path)
    found = twins(fake_classifier(), small_ptbxl, tmp_path)
    assert (found["n"], found["refused"]) == (2, 1)
    assert 0 < found["mean"] <= found["largest"] < 0.1
    with pytest.raises(ValueError, match="500 Hz"):
        twins(fake_classifier(), small_ptbxl, small_ptbxl)

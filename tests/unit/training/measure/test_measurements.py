from dataclasses import replace
from pathlib import Path

import pytest

from ecg_core.measurements import Measurements
from ecg_core.training.measure import measurements
from ecg_core.training.measure.measurements import CHECKS, against_labels, against_synthesis, lines, truth_of


def test_the_truth_of_the_normal_rhythm() -> None:
    """P begins 205 ms before R, QRS 44 ms before and ends 54 ms after it, T ends 360 ms after it."""
    truth = truth_of("normal", 60)
    assert (truth.pr_ms, truth.qrs_ms, truth.qt_ms) == pytest.approx((161, 98, 404))
    assert truth_of("normal", 120).qt_ms < 340
    assert truth_of("normal", 120).pr_ms == truth.pr_ms


def test_a_missing_number_has_no_score() -> None:
    assert [check.value(Measurements()) for check in CHECKS] == [None] * len(CHECKS)


def test_the_score_of_an_axis_does_not_jump() -> None:
    left, right = (check.value for check in CHECKS if check.label in ("LAFB", "LPFB"))
    axes = [replace(Measurements(), axis_deg=axis) for axis in (-90, -30, 30, 90, 150, 180, -170)]
    scores = [right(axis) for axis in axes]
    assert scores == sorted(scores, key=float)  # type: ignore[arg-type]
    assert [left(axis) for axis in axes] == [-score for score in scores if score is not None]


def test_the_figures_of_a_small_data_set(tiny_ptbxl: Path, quick_intervals: None) -> None:
    report = against_labels(tiny_ptbxl, (9,))
    assert report["n"] == 20
    assert [row["label"] for row in report["labels"]] == [check.label for check in CHECKS]
    assert set(report["missing"]) == set(measurements.FIELDS)
    assert against_labels(tiny_ptbxl, (9,), every=2)["n"] == 10
    text = "\n".join(lines(report, []))
    assert "1AVB" in text
    assert "20 records" in text


def test_each_condition_of_the_synthetic_heart_has_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "CHANGES", {"fs_hz": (50.0, 250.0)})
    usual, blurred, other = against_synthesis(seeds=2)
    assert [row["condition"] for row in (usual, blurred, other)] == ["usual", "fs_hz 50.0", "fs_hz 250.0"]
    assert abs(usual["qrs_ms"]["mean"]) < 10
    assert usual["qrs_ms"]["missing"] == 0
    assert blurred["qrs_ms"] == {"mean": None, "sd": None, "missing": 2}
    assert "fs_hz 50.0" in "\n".join(lines(None, [usual, blurred, other]))

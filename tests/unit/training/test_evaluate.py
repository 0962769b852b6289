import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.leads import LEADS
from ecg_core.metrics import auc
from ecg_core.model.classifier import default_classifier
from ecg_core.training.data.ptbxl import read_ptbxl, record_files
from ecg_core.training.evaluate import Scores, decisions, evaluate, measure
from ecg_core.training.measure.outcomes import outcome, outputs
from ecg_core.training.report.text import text
from tests.builders import make_classification


@pytest.mark.usefixtures("quick_intervals")
def test_evaluation_goes_through_the_products_road(small_ptbxl: Path) -> None:
    classifier, leads = default_classifier(), ("I", "II")
    report = evaluate(classifier, small_ptbxl, [9], leads)
    assert report["n"] == 60
    data = read_ptbxl(small_ptbxl, {9})
    served = [outcome(classifier, record_files(path), leads).probabilities for path in data.paths]
    for k, label in enumerate(SUPERCLASSES):
        expected = auc(data.superclasses[:, k], np.array(served)[:, k])
        assert report["classes"][label]["auc"]["value"] == pytest.approx(expected, abs=1e-4)
    said = text(report)
    assert "fold 9, 60 records" in said
    assert "refused: none" in said
    assert report["warnings"]["leads_missing"] == 60
    low, high = report["macro_auc_5"]["ci95"]
    assert low <= high


@pytest.mark.usefixtures("quick_intervals")
def test_a_refused_record_stays_in_the_count_with_even_odds(small_ptbxl: Path, tmp_path: Path) -> None:
    classifier, first = default_classifier(), read_ptbxl(small_ptbxl, {9}).paths[0].relative_to(small_ptbxl)
    copied = tmp_path / "copy"
    shutil.copytree(small_ptbxl, copied)
    cut = (copied / first).with_suffix(".dat")
    cut.write_bytes(cut.read_bytes()[:-2])
    found = outcome(classifier, record_files(copied / first), LEADS)
    assert found.refusal == "signal_truncated"
    assert found.probabilities.tolist() == [0.5] * 5
    report = evaluate(classifier, copied, [9], LEADS)
    assert (report["n"], report["refused"]) == (60, {"signal_truncated": 1})
    raw = outputs(classifier, read_ptbxl(copied, {9}), LEADS)
    assert raw.refused.tolist() == [True] + [False] * 59
    np.testing.assert_allclose(raw.placement[1:].sum(axis=1), 1, atol=1e-5)
    assert not raw.logits[0].any()
    assert not raw.statements[0].any()
    assert raw.select(~raw.refused).statements.shape == (59, 71)


@pytest.mark.usefixtures("quick_intervals")
def test_thresholds_of_another_fold_are_those_shipped(small_ptbxl: Path) -> None:
    report = evaluate(default_classifier(), small_ptbxl, [8], LEADS)
    assert report["thresholds"] == "as shipped"
    assert "as shipped" in text(report)


def test_a_refused_record_is_never_counted_as_answered() -> None:
    truth = np.array([[True, False, False, False, False], [False, False, False, True, False]])
    probability = np.full((2, 5), 0.5)
    scores = Scores(truth, probability, np.full((2, 5), 0.3), np.array([True, True]), probability)
    found = measure(scores, np.ones(2))
    assert found["single_label.answered"] == 0
    assert found["single_label.top1"] == 0


def test_measured_decisions_are_those_that_are_served() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        probability, thresholds = rng.random(5).round(4), rng.random(5).round(2)
        served = replace(
            make_classification(dict(zip(SUPERCLASSES, probability.tolist(), strict=True))),
            thresholds=dict(zip(SUPERCLASSES, thresholds.tolist(), strict=True)),
        )
        chosen, conclusive = decisions(probability[None], thresholds[None])
        assert bool(conclusive[0]) == served.conclusive
        if served.conclusive:
            assert DIAGNOSES[chosen[0]] == served.diagnosis


def test_findings_have_a_precision_and_a_refused_record_finds_nothing() -> None:
    norm = SUPERCLASSES.index("NORM")
    truth, probability = np.zeros((4, 5), bool), np.zeros((4, 5))
    truth[:2, norm] = True
    probability[:, norm] = [0.9, 0.9, 0.9, 0.9]
    refused = np.array([False, True, False, True])
    found = measure(Scores(truth, probability, np.full((4, 5), 0.5), refused, probability), np.ones(4))
    assert found["classes.NORM.precision"] == 0.5
    assert found["classes.NORM.sensitivity"] == 0.5
    assert found["classes.NORM.specificity"] == 0.5
    assert np.isnan(found["classes.CD.precision"])

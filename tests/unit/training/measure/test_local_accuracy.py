"""`ekg local-accuracy` and `ekg drift-reference`: what the commands for hospitals were measured with."""

import json
from pathlib import Path

import numpy as np
import pytest

from ecg_core.classification import DIAGNOSES
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.model.classifier import Classifier
from ecg_core.population.drift import drift
from ecg_core.population.fitting import sigmoid
from ecg_core.population.records import observed_input, own_classifier
from ecg_core.population.reference import SECTION
from ecg_core.readers.paths import find_inputs
from ecg_core.training.measure.drift_reference import drift_reference
from ecg_core.training.measure.local_accuracy import ESTIMATE, LOCAL, OWN, PERFECT, UNHELD, Hospital, curve, real
from ecg_core.training.report.local_accuracy import local_accuracy as text
from tests.builders import make_recording

FREQUENCY = dict.fromkeys(DIAGNOSES, 0.3)


def hospital(shift: float, n: int = 1500) -> Hospital:
    """The log-odds of the model are too low by shift."""
    rng = np.random.default_rng(1)
    true = 2.5 * rng.standard_normal((n, 3)) - 1.5
    return Hospital(rng.random((n, 3)) < sigmoid(true), true - shift, np.arange(n) // 2)


def test_the_error_of_another_hospital_falls_with_the_number_of_records() -> None:
    report = curve(hospital(1.0), FREQUENCY, counts=(25, 400), draws=20)
    few, many = report["counts"]["25"], report["counts"]["400"]
    assert many[LOCAL]["brier"]["mean"] < few[LOCAL]["brier"]["mean"] < few[OWN]["brier"]["mean"]
    assert few[LOCAL]["brier"]["mean"] < few[UNHELD]["brier"]["mean"]
    assert many["better_than_own"][LOCAL] == 1
    assert many[PERFECT]["ece"]["mean"] < many[OWN]["ece"]["mean"]
    # Here not the frequencies differ but the scores, so an estimate of frequencies makes it worse.
    assert many[ESTIMATE]["brier"]["mean"] > many[OWN]["brier"]["mean"]
    assert "| 400 |" in text({"another": report})


def test_where_nothing_differs_the_model_itself_is_best() -> None:
    report = curve(hospital(0.0), FREQUENCY, counts=(25,), draws=20)["counts"]["25"]
    assert report[OWN]["brier"]["mean"] < report[LOCAL]["brier"]["mean"] < report[UNHELD]["brier"]["mean"]


def test_the_real_records_of_other_hospitals_are_measured(samples: Path) -> None:
    report = real(own_classifier(), samples / "wfdb_mat")
    assert report["records"] == 20
    assert report["cross_fitted"]["classes"]["STTC"]["positives"] == 9
    assert set(report["counts"]) == {"5", "10", "15"}


@pytest.mark.usefixtures("quick_intervals")
def test_records_do_not_differ_from_the_reference_that_was_made_of_them(small_ptbxl: Path, tmp_path: Path) -> None:
    classifier = Classifier(artifacts_folder())
    section = drift_reference(classifier, small_ptbxl)
    json.dumps(section, allow_nan=False)
    assert {name: those["n"] for name, those in section["sets"].items()}["12"] == 60
    assert section["sets"]["12"]["prevalence"]["NORM"] == 0.2
    classifier.card = {**classifier.card, SECTION: section}
    fold9 = sorted((small_ptbxl / "records100/00000").glob("*.hea"))[60:]
    records = [observed_input(classifier, item) for item in find_inputs(map(str, fold9))]
    there = drift(classifier, records)["sets"]["12"]
    assert there["n"] == 60
    assert there["differing"] == []
    assert max(one["distance"] for one in there["quantities"].values()) < 0.1


def test_a_monitor_changes_the_signal_and_not_the_leads() -> None:
    from ecg_core.training.measure.local_accuracy import through_monitor

    recording = make_recording(fs_hz=100)
    changed = through_monitor(recording)
    assert changed.leads == recording.leads
    assert changed.signal.shape == recording.signal.shape
    assert 0.5 < np.ptp(changed.signal[1]) / np.ptp(recording.signal[1]) < 1.1

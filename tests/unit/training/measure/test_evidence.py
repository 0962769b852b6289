"""Measured on synthetic ECGs, where the finding is known."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.classification import SUPERCLASSES
from ecg_core.leads import LEADS
from ecg_core.model.classifier import default_classifier
from ecg_core.model.explanation import occluded
from ecg_core.signal.preparation import ModelInput, prepare
from ecg_core.signal.segments import PARTS
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files
from ecg_core.training.measure.evidence import DRAWS, HIDDEN, _deleted, look, measure_evidence
from ecg_core.training.report import measured as sections
from ecg_core.training.report.text import figure

CD, V1 = SUPERCLASSES.index("CD"), LEADS.index("V1")


@pytest.fixture(scope="module")
def measured(small_ptbxl: Path) -> dict[str, Any]:
    return measure_evidence(default_classifier(), small_ptbxl, max_records=4)


def test_evidence_for_blocks_is_in_qrs_and_for_st_depression_in_st_t(measured: dict[str, Any]) -> None:
    for label, segment in (("CD", "QRS"), ("STTC", "ST-T")):
        found = measured["classes"][label]
        assert (found["n"], found["records"], found["expected"]) == (4, 4, segment)
        assert found["share_of_evidence"][segment]["ci95"][0] > found["share_of_time"][segment]["ci95"][1]
        assert found["more_than_by_time"]["ci95"][0] > 0
        assert max(found["share_of_evidence"], key=lambda part: found["share_of_evidence"][part]["value"]) == segment
        assert found["most_evidence"]["value"] > 0.5


def test_shares_sum_to_one_and_intervals_contain_their_values(measured: dict[str, Any]) -> None:
    for found in measured["classes"].values():
        for share in ("share_of_evidence", "share_of_time"):
            assert sum(part["value"] for part in found[share].values()) == pytest.approx(1, abs=1e-3)
        for cell in (*found["share_of_evidence"].values(), found["deletion"]["3"]["log_odds"]["most"]):
            low, high = cell["ci95"]
            assert low <= cell["value"] <= high


def test_deleting_the_cells_of_most_evidence_costs_more_than_deleting_random_cells(measured: dict[str, Any]) -> None:
    for found in measured["classes"].values():
        assert list(found["deletion"]) == [str(count) for count in HIDDEN]
        for lost in found["deletion"].values():
            for unit in ("log_odds", "probability"):
                assert lost[unit]["difference"]["ci95"][0] > 0
                gap = lost[unit]["most"]["value"] - lost[unit]["random"]["value"]
                assert lost[unit]["difference"]["value"] == pytest.approx(gap, abs=2e-4)


def test_the_same_records_and_cells_are_drawn_again(small_ptbxl: Path) -> None:
    first, second = (measure_evidence(default_classifier(), small_ptbxl, max_records=1) for _ in range(2))
    assert first == second


def test_a_record_without_the_finding_is_not_counted() -> None:
    files = wfdb_files(synthesize("normal", fs_hz=100), "record")
    assert look(default_classifier(), files, "CD") is None
    assert look(default_classifier(), {"record.hea": b"no record"}, "CD") is None


def test_random_cells_last_as_long_as_those_of_most_evidence() -> None:
    """This network's log-odds fall with the time that was changed."""
    prepared = prepare(synthesize("lbbb", seed=1))
    signal = prepared.signal[0]

    def log_odds(given: ModelInput) -> NDArray[np.float64]:
        answer = np.zeros((len(given.signal), len(SUPERCLASSES)))
        answer[:, CD] = -(np.abs(given.signal - signal) > 0).mean(axis=(1, 2))
        return answer

    occlusion = occluded(log_odds, prepared, 0, "CD")
    samples = np.bincount(occlusion.segments.labels, minlength=len(PARTS)).astype(float)
    # The longest segment of each lead has the most evidence.
    evidence = np.array([float(samples[segment]) for _, segment in occlusion.cells])
    most, random = _deleted(occlusion, CD, evidence, samples)
    assert most.shape == random.shape == (len(HIDDEN), 2)
    # A few replaced samples have the same value by chance.
    assert (random[:, 0] > 0.95 * most[:, 0]).all()
    assert DRAWS > 1


def test_the_section_names_its_command_and_prints_what_was_measured(measured: dict[str, Any]) -> None:
    page = sections.evidence(measured)
    assert "ekg evidence DIR" in page
    assert "not why" in page
    assert "{" not in page
    for found in measured["classes"].values():
        assert figure(found["share_of_evidence"][found["expected"]]) in page
        assert figure(found["deletion"]["12"]["probability"]["random"]) in page
    other = copy.deepcopy(measured)
    other["classes"]["CD"]["n"] = 4711
    assert "4711 of 4" in sections.evidence(other)

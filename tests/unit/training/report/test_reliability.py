import re
from xml.etree import ElementTree

import numpy as np
import pytest

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.metrics import ECE_BINS, expected_calibration_error
from ecg_core.training.report.reliability import draw, reliability

RNG = np.random.default_rng(4)
PROBABILITY = RNG.random((600, 5))
TRUTH = RNG.random((600, 5)) < PROBABILITY
SVG = "{http://www.w3.org/2000/svg}"


def card(probability: np.ndarray = PROBABILITY, truth: np.ndarray = TRUTH) -> dict[str, object]:
    classes = {label: {"ece": {"value": 0.02, "ci95": [0.01, 0.03]}} for label in SUPERCLASSES}
    return {
        "data": {"calibration_fold": 9},
        "performance": {"12": {"classes": classes}},
        "reliability": {"classes": reliability(truth, probability)},
    }


def test_the_bins_hold_every_record_and_give_the_same_ece() -> None:
    for label, bins in reliability(TRUTH, PROBABILITY).items():
        k = SUPERCLASSES.index(label)
        n, probability, frequency = (np.array(bins[key], float) for key in ("n", "probability", "frequency"))
        assert n.sum() == 600
        error = (n * np.abs(probability - frequency)).sum() / n.sum()
        assert error == pytest.approx(expected_calibration_error(TRUTH[:, k], PROBABILITY[:, k]), abs=2e-4)


def test_an_empty_bin_is_counted_and_not_drawn() -> None:
    few = np.where(PROBABILITY < 0.5, 0.1, 0.9)
    bins = reliability(TRUTH, few)["NORM"]
    assert [index for index, n in enumerate(bins["n"]) if n] == [1, 13]
    assert bins["frequency"].count(None) == ECE_BINS - 2
    root = ElementTree.fromstring(draw(card(few)))
    panel = root.findall(f"{SVG}g")[0]
    assert len(panel.findall(f"{SVG}circle")) == 2


def test_the_drawing_has_a_panel_for_each_diagnosis_with_the_count_of_each_bin() -> None:
    root = ElementTree.fromstring(draw(card()))
    panels = root.findall(f"{SVG}g")
    assert len(panels) == len(DIAGNOSES)
    for label, panel in zip(DIAGNOSES, panels, strict=True):
        said = [element.text or "" for element in panel.iter(f"{SVG}text")]
        assert any(text.startswith(label) for text in said)
        counts = reliability(TRUTH, PROBABILITY)[label]["n"]
        assert [text for text in said if re.fullmatch(r"\d{2,}", text)] == [str(n) for n in counts]
        assert len(panel.findall(f"{SVG}circle")) == ECE_BINS


def test_the_drawing_is_small_and_loads_no_other_file() -> None:
    drawn = draw(card())
    assert len(drawn) < 30_000
    assert not re.search(r"href|url\(|<script|<style", drawn)
    root = ElementTree.fromstring(drawn)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for circle in root.iter(f"{SVG}circle"):
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height

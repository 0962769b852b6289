"""The bands of an explanation, measured on the sheet."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ecg_core.classification import Explanation
from ecg_core.leads import LEADS
from ecg_core.model.classifier import default_classifier
from ecg_core.recording import Recording
from ecg_core.reports.svg import plot
from ecg_core.synthesis.heart import synthesize
from tests.builders import make_classification, make_explanation, make_recording

SVG = "{http://www.w3.org/2000/svg}"
ZERO_MM, MM_PER_S = 26.0, 25.0
PAPER_MM = (34.0, 194.0)
# Left, top, width, height and opacity.
Band = tuple[float, float, float, float, float]


def shaded(recording: Recording, explanation: Explanation) -> bytes:
    return plot(recording, replace(make_classification({"CD": 0.9}), recording=recording, explanation=explanation))


def bands(svg: bytes) -> list[Band]:
    """All bands. The last one is left out: it is the swatch of the legend."""
    found = []
    for node in ET.fromstring(svg).iter(f"{SVG}path"):
        if opacity := node.get("fill-opacity"):
            for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", node.get("d", "")):
                found.append((int(x) / 100, int(y) / 100, int(width) / 100, int(height) / 100, float(opacity)))
    return found[:-1]


def said(svg: bytes) -> str:
    return " ".join(node.text or "" for node in ET.fromstring(svg).iter(f"{SVG}text"))


def of_lead(lead: str, evidence: Sequence[float], *spans_s: Sequence[tuple[float, float]]) -> Explanation:
    return make_explanation({name: evidence if name == lead else [0.0] * len(spans_s) for name in LEADS}, spans_s)


def test_a_band_lies_over_its_segment_in_its_lead() -> None:
    # V1 stands in the third column of the first row, whose baseline is at 59 mm.
    (band,) = bands(shaded(make_recording(), of_lead("V1", [2.0], [(6.0, 6.2)])))
    left, top, width, height, _ = band
    assert left == pytest.approx(ZERO_MM + 6.0 * MM_PER_S)
    assert width == pytest.approx(0.2 * MM_PER_S)
    assert top < 59 < top + height


def test_the_rhythm_strip_is_shaded_as_its_lead_is() -> None:
    drawn = bands(shaded(make_recording(), of_lead("II", [2.0], [(1.0, 1.2)])))
    assert [round(band[0], 2) for band in drawn] == [51.0, 51.0]
    assert len({band[1] for band in drawn}) == 2


def test_segments_outside_the_time_of_a_column_are_not_shaded() -> None:
    svg = shaded(make_recording(), of_lead("V1", [2.0], [(1.0, 1.2), (3.0, 3.2)]))
    assert bands(svg) == []
    assert "which is not drawn" in said(svg)


def test_a_band_ends_with_its_column() -> None:
    (band,) = bands(shaded(make_recording(), of_lead("V1", [2.0], [(7.4, 7.7)])))
    assert band[0] + band[2] == pytest.approx(ZERO_MM + 7.5 * MM_PER_S)


def test_the_deepest_band_is_the_largest_evidence_and_the_others_are_in_proportion() -> None:
    evidence = {lead: [0.0] for lead in LEADS} | {"V1": [2.0], "V2": [1.0]}
    drawn = bands(shaded(make_recording(), make_explanation(evidence, [[(6.0, 6.2)]])))
    deep, shallow = sorted((band[4] for band in drawn), reverse=True)
    assert deep == pytest.approx(2 * shallow, abs=0.02)
    assert deep < 0.5, "the trace and the grid are seen through it"


def test_negative_or_tiny_evidence_is_not_shaded() -> None:
    evidence = {lead: [0.0] for lead in LEADS} | {"V1": [2.0], "V2": [-2.0], "V3": [0.1]}
    assert len(bands(shaded(make_recording(), make_explanation(evidence, [[(6.0, 6.2)]])))) == 1


def test_the_legend_says_what_the_bands_mean_and_what_they_do_not_mean() -> None:
    text = said(shaded(make_recording(), of_lead("V1", [0.1, 2.0], [(5.5, 5.7)], [(6.0, 6.2)])))
    assert "evidence for CD (conduction disturbance), 0 to 10 s" in text
    assert "deepest: QRS of V1, log-odds +2.00" in text
    assert "where the network looks, not why" in text


def test_without_positive_evidence_nothing_is_shaded() -> None:
    svg = shaded(make_recording(), of_lead("V1", [-1.0], [(6.0, 6.2)]))
    assert bands(svg) == []
    assert "nothing of 0 to 10 s speaks for CD" in said(svg)


def test_bands_stay_on_the_paper_and_behind_the_traces() -> None:
    recording = synthesize("lbbb", seed=3)
    svg = plot(recording, default_classifier().classify(recording, explain=True))
    drawn = bands(svg)
    assert len(drawn) > 10
    assert all(top >= PAPER_MM[0] and top + height <= PAPER_MM[1] for _, top, _, height, _ in drawn)
    assert all(left >= ZERO_MM and left + width <= 286 for left, _, width, _, _ in drawn)
    assert svg.rindex(b"fill-opacity", 0, svg.rindex(b"</g>")) < svg.index(b"<g data-lead")


def test_lead_i_alone_is_shaded() -> None:
    recording = synthesize("lbbb", seed=3).only(["I"])
    drawn = bands(plot(recording, default_classifier().classify(recording, explain=True)))
    assert 10 <= len(drawn) <= 13
    assert max(height for _, _, _, height, _ in drawn) < 40


def test_the_padding_of_a_short_recording_is_not_shaded() -> None:
    recording = synthesize("rbbb", seed=3, duration_s=6)
    drawn = bands(plot(recording, default_classifier().classify(recording, explain=True)))
    rhythm = [band for band in drawn if band[1] > 150]
    assert all(left + width <= ZERO_MM + 6 * MM_PER_S for left, _, width, _, _ in rhythm)


def test_a_plot_without_an_explanation_has_no_legend() -> None:
    svg = plot(make_recording(), make_classification({"CD": 0.9}))
    assert b"fill-opacity" not in svg
    assert "where the network looks" not in said(svg)

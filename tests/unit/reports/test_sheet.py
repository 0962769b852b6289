"""Other speeds, gains and layouts of the SVG."""

import re
from xml.etree import ElementTree

import pytest

from ecg_core.leads import LEADS
from ecg_core.reports.layout import lay_out
from ecg_core.reports.paper import PAPER_MM, ZERO_MM
from ecg_core.reports.sheet import GAINS_MM, LAYOUTS, SPEEDS, USUAL, Sheet
from ecg_core.reports.svg import plot
from ecg_core.synthesis.heart import synthesize

NORMAL = synthesize("normal", seed=1)
HEIGHT_MM = PAPER_MM[3]


def test_the_usual_sheet_is_the_default() -> None:
    assert plot(NORMAL) == plot(NORMAL, sheet=USUAL) == plot(NORMAL, sheet=Sheet(25, None, "3x4"))


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("gain_mm", [None, *GAINS_MM])
@pytest.mark.parametrize("layout", [None, *LAYOUTS, "V2"])
def test_every_sheet_is_drawn_on_the_paper(speed: int, gain_mm: float | None, layout: str | None) -> None:
    sheet = Sheet(speed, gain_mm, layout)
    assert sheet.invalid == ()
    drawing = plot(NORMAL, sheet=sheet)
    ElementTree.fromstring(drawing)
    assert f"{speed} mm/s, {gain_mm or lay_out(NORMAL, HEIGHT_MM, sheet=sheet).gain:g} mm/mV" in drawing.decode()
    for x, y in re.findall(r'<path d="M(\d+) (\d+)l', drawing.decode()):
        assert ZERO_MM * 100 <= int(x) <= (PAPER_MM[0] + PAPER_MM[2]) * 100
        assert PAPER_MM[1] * 100 <= int(y) <= (PAPER_MM[1] + HEIGHT_MM) * 100


def test_at_double_speed_a_sheet_holds_half_the_time() -> None:
    usual, fast = (lay_out(NORMAL, HEIGHT_MM, sheet=Sheet(speed)) for speed in SPEEDS)
    assert (usual.shown, fast.shown) == ("all of 10 s", "first 5 s of 10 s")
    assert [strip.length_s for strip in fast.strips] == [strip.length_s / 2 for strip in usual.strips]


def test_six_by_two_has_limb_leads_beside_chest_leads() -> None:
    layout = lay_out(NORMAL, HEIGHT_MM, sheet=Sheet(layout="6x2"))
    assert [(strip.lead, strip.row, strip.offset_s) for strip in layout.strips[:4]] == [
        ("I", 0, 0.0),
        ("V1", 0, 5.0),
        ("II", 1, 0.0),
        ("V2", 1, 5.0),
    ]
    assert len(layout.strips) == 12


def test_a_row_for_each_lead() -> None:
    layout = lay_out(NORMAL, HEIGHT_MM, sheet=Sheet(layout="12x1"))
    assert [strip.lead for strip in layout.strips] == list(LEADS)
    assert {strip.length_s for strip in layout.strips} == {10.0}


def test_one_lead_alone_fills_the_rows() -> None:
    long = synthesize("normal", duration_s=35, seed=1)
    layout = lay_out(long, HEIGHT_MM, sheet=Sheet(layout="II"))
    assert [(strip.lead, strip.from_s) for strip in layout.strips] == [("II", 0), ("II", 10), ("II", 20), ("II", 30)]


def test_a_lead_that_was_not_recorded_is_named() -> None:
    drawing = plot(NORMAL.only(["I", "V1", "V2"]), sheet=Sheet(layout="V6")).decode()
    assert "not recorded" in drawing


@pytest.mark.parametrize(
    ("sheet", "name"),
    [(Sheet(speed=30), "speed"), (Sheet(gain_mm=7), "gain_mm"), (Sheet(layout="4x4"), "layout")],
)
def test_other_values_are_invalid(sheet: Sheet, name: str) -> None:
    assert sheet.invalid == (name,)

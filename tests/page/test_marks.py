"""The marks of P, QRS and T: asked for when they are switched on, drawn where the service found them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

import ecg_core
from ecg_core.measurements.marks import marks
from ecg_core.reports.layout import lay_out
from ecg_core.reports.paper import PAPER_MM, ZERO_MM
from ecg_core.reports.sheet import Sheet
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, write_files
from tests.page.conftest import EXAMPLES, choose, sheet

NAME = "left_bundle_branch_block.zip"
HEIGHT_MM = PAPER_MM[3]
# The inks of P, QRS and T on white paper.
INKS = {"p": "#0b57d0", "qrs": "#8a1a8f", "t": "#0a6b35"}


def switch_on(page: Page) -> Locator:
    canvas = sheet(page)
    page.locator("[name=marks]").check()
    page.locator(".paper").get_by_text(re.compile("^(Brackets|No marks):")).wait_for()
    return canvas


def pixels(canvas: Locator) -> str:
    canvas.page.wait_for_timeout(80)
    shown: str = canvas.evaluate("canvas => canvas.toDataURL()")
    return shown


def edges_of(paths: list[str]) -> list[float]:
    """Left to right, where the upright lines of the brackets stand on the sheet, in mm."""
    brackets = [re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", one) for path in paths for one in re.split("(?=M)", path)[1:]]
    assert all(len(one) == 4 and one[1][0] == one[2][0] for one in brackets)
    return sorted(float(one[1][0]) for one in brackets)


def printed(page: Page, ink: str) -> list[str]:
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    found: list[str] = page.locator(f'#print path[stroke="{ink}"]').evaluate_all(
        "paths => paths.map(path => path.getAttribute('d'))"
    )
    return found


@pytest.mark.parametrize(("form", "speed"), [("auto", 25), ("6x2", 25), ("12x1", 50), ("V2", 50)])
def test_the_brackets_stand_where_the_service_found_the_waves(page: Page, form: str, speed: int) -> None:
    choose(page, NAME)
    switch_on(page)
    page.locator("[name=layout]").select_option(form)
    page.locator("[name=speed]").select_option(str(speed))
    recording = ecg_core.read({NAME: (EXAMPLES / NAME).read_bytes()})
    layout = lay_out(recording, HEIGHT_MM, sheet=Sheet(speed, None, None if form == "auto" else form))
    beats = [beat.to_dict() for beat in marks(recording)]
    for wave, ink in INKS.items():
        times = [beat[f"{wave}_{edge}_s"] for beat in beats for edge in ("onset", "end")]
        expected = sorted(
            ZERO_MM + (strip.offset_s + time - strip.from_s) * speed
            for strip in layout.strips
            for time in times
            if time is not None and strip.from_s <= time <= strip.from_s + strip.length_s
        )
        assert len(expected) >= 10
        assert edges_of(printed(page, ink)) == pytest.approx(expected, abs=0.1)


def test_marks_are_asked_for_once_and_can_be_switched_off(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/signal" in request.url else None)
    choose(page, NAME)
    before = pixels(sheet(page))
    assert [url for url in asked if "marks" in url] == []
    canvas = switch_on(page)
    assert pixels(canvas) != before
    page.locator("[name=marks]").uncheck()
    assert pixels(canvas) == before
    assert printed(page, INKS["qrs"]) == []
    page.locator("[name=marks]").check()
    assert pixels(canvas) != before
    assert len([url for url in asked if "marks=true" in url]) == 1


def test_the_next_record_is_marked_too(page: Page) -> None:
    choose(page, NAME, "normal.zip")
    expect(page.locator(".records [role=status]")).to_have_text("2 of 2 answered")
    page.get_by_role("button", name=NAME).click()
    switch_on(page)
    page.get_by_role("button", name="normal.zip").click()
    expect(page.locator("#verdict")).to_have_text("NORM · normal ECG")
    sheet(page)
    page.locator(".paper").get_by_text("Brackets:").wait_for()
    assert page.locator("[name=marks]").is_checked()
    assert len(edges_of(printed(page, INKS["p"]))) > 20


def test_of_a_long_recording_the_stretch_that_is_shown_is_marked(page: Page, tmp_path: Path) -> None:
    recording = synthesize("normal", duration_s=400, fs_hz=100, seed=1).only(["II"])
    write_files(wfdb_files(recording, "long"), tmp_path)
    choose(page, tmp_path / "long.hea", tmp_path / "long.dat")
    switch_on(page)
    with page.expect_response(lambda answer: "start_s=" in answer.url) as answered:
        page.locator(".sheet").focus()
        page.keyboard.press("End")
    assert "marks=true" in answered.value.url
    found: Any = answered.value.json()["marks"]
    expect(page.locator(".scale")).to_contain_text("of 400 s")
    shown = [beat for beat in found if beat["qrs_onset_s"] and beat["qrs_onset_s"] > 390]
    assert len(edges_of(printed(page, INKS["qrs"]))) == pytest.approx(2 * len(shown), abs=2)
    assert len(shown) >= 10


def test_an_ecg_without_beats_says_that_there_are_no_marks(page: Page, tmp_path: Path) -> None:
    write_files(wfdb_files(synthesize("ventricular_fibrillation", seed=1), "vf"), tmp_path)
    choose(page, tmp_path / "vf.hea", tmp_path / "vf.dat")
    switch_on(page)
    expect(page.locator(".paper")).to_contain_text("No marks: the waves of this ECG cannot be told apart.")


def test_marks_that_cannot_be_had_are_said_and_the_ecg_stays(page: Page) -> None:
    def refused(route: Route) -> None:
        problem = {"title": "x", "status": 500, "detail": "This is a fault.", "code": "internal_error", "hint": ""}
        route.fulfill(status=500, json=problem, content_type="application/problem+json")

    page.route("**/signal?marks=true", refused)
    choose(page, NAME)
    before = pixels(sheet(page))
    page.locator("[name=marks]").check()
    expect(page.locator(".live")).to_have_text("This is a fault.")
    expect(page.locator(".scale")).to_contain_text("0 to 10 s of 10 s")
    assert pixels(sheet(page)) == before


def test_saved_pictures_have_the_marks(page: Page) -> None:
    choose(page, NAME)

    def saved() -> str:
        with page.expect_download() as loading:
            page.get_by_role("button", name="SVG", exact=True).click()
        return Path(loading.value.path()).read_text()

    sheet(page)
    assert 'data-lead="' in saved()
    switch_on(page)
    drawn = saved()
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert INKS["t"] in drawn
    assert "Brackets:" in drawn
    assert "Not a medical device" in drawn


def test_marks_have_german_words(open_page: Callable[..., Page]) -> None:
    page = open_page(locale="de-DE")
    choose(page, NAME)
    sheet(page)
    page.get_by_label("Marken von P, QRS und T").check()
    expect(page.locator(".paper")).to_contain_text("Klammern: wo P, QRS und T")
    expect(page.locator(".answer")).to_contain_text("regelmäßig")

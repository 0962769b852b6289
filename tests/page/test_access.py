"""For everybody: axe-core, keyboard alone, narrow screens, dark colours, reduced motion, screen readers."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.page.conftest import choose, sheet, try_out, verdict

AXE = ROOT / "functions/api/page/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWS = ["start", "answer", "refusal", "many", "compare"]


def show(page: Page, view: str) -> None:
    if view == "answer":
        try_out(page, "Left bundle branch block")
        sheet(page)
        page.locator("[name=marks]").check()
        page.locator(".paper").get_by_text("Brackets:").wait_for()
        page.locator("[name=calipers]").check()
    elif view == "refusal":
        try_out(page, "Sampling rate missing")
        page.locator("form.options").wait_for()
    elif view in ("many", "compare"):
        choose(page, "normal.zip", "left_bundle_branch_block.zip", "normal.hea")
        expect(page.locator(".records [role=status]")).to_have_text("3 of 3 answered")
        page.get_by_role("button", name="normal.zip").click()
        sheet(page)
    if view == "compare":
        page.locator("[name=compare]").select_option(index=1)
        page.locator("canvas.beats").wait_for()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(open_page: Callable[..., Page], view: str, colours: Any) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core here: make page-tools")
    # The policy of the page forbids foreign scripts, so the test goes around it.
    page = open_page(color_scheme=colours, bypass_csp=True)
    show(page, view)
    page.add_script_tag(path=AXE)
    found = page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]] == []


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_a_phone(open_page: Callable[..., Page], view: str) -> None:
    page = open_page(width=360, height=740)
    show(page, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_record_is_opened_and_printed_by_keyboard_alone(page: Page) -> None:
    printed: list[str] = []
    page.expose_function("told", lambda: printed.append("print"))
    page.evaluate("void (window.print = () => window.told())")

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent").strip() == name:
                return
        raise AssertionError(f"no way to {name}")

    tab_to("Normal ECG")
    page.keyboard.press("Enter")
    sheet(page)
    assert verdict(page) == "NORM · normal ECG"
    # The focus is at the answer, so the next keys go on from there.
    assert page.evaluate("document.activeElement.id") == "verdict"
    tab_to("Print")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert printed == ["print"]


def test_the_trace_has_words_for_screen_readers(page: Page) -> None:
    try_out(page, "Watch, lead I")
    sheet(page)
    frame = page.locator(".sheet")
    said = "ECG on paper. NORM · normal ECG. Heart rate: 64/min. Rhythm: regular. ECG, 1 leads, 512.5 Hz, 30 s"
    assert frame.get_attribute("aria-label") == said
    described = frame.get_attribute("aria-describedby") or ""
    assert "Keys:" in page.locator(f"#{described}").inner_text()


def test_dark_colours_by_the_system_and_by_the_choice(open_page: Callable[..., Page]) -> None:
    page = open_page(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("[name=colours]").select_option("light")
    light = page.evaluate(ground)
    assert dark != light
    page.locator("[name=colours]").select_option("dark")
    assert page.evaluate(ground) == dark


def test_the_sheet_is_dark_with_the_page_and_printed_light(open_page: Callable[..., Page]) -> None:
    page = open_page(color_scheme="dark")
    try_out(page, "Normal ECG")
    canvas = sheet(page)
    corner = """canvas => {
        const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, -2, -2);
        return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }"""
    page.wait_for_timeout(100)
    assert max(canvas.evaluate(corner)) < 100
    page.locator("[name=colours]").select_option("light")
    page.wait_for_timeout(100)
    assert min(canvas.evaluate(corner)) > 150
    page.locator("[name=colours]").select_option("dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#print rect").first.get_attribute("fill") == "#fff"


def test_nothing_moves_for_who_wants_no_motion(open_page: Callable[..., Page]) -> None:
    page = open_page(reduced_motion="reduce")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(one => getComputedStyle(one).transitionDuration !== '0s').length"
    )
    assert moving == 0

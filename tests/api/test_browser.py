"""/docs in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Errors and warnings of the console, and failed requests."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    return said


def test_docs_loads_only_from_the_service_and_logs_no_errors(page: Page, service: str, complaints: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{service}/docs", wait_until="networkidle")
    page.get_by_text("Classify one ECG record").click()
    page.get_by_text("All files of one record").wait_for()
    assert complaints == []
    assert asked
    assert all(url.startswith((service, "data:")) for url in asked)


def test_try_it_out_classifies_the_example_files(page: Page, service: str, complaints: list[str]) -> None:
    page.goto(f"{service}/docs", wait_until="networkidle")
    page.get_by_text("Classify one ECG record").click()
    block = page.locator(".opblock-post").filter(has_text="/diagnosis")
    block.get_by_text("Add string item").click()
    for chooser, name in zip(block.locator("input[type=file]").all(), ("normal.hea", "normal.dat"), strict=True):
        chooser.set_input_files(ROOT / "examples" / name)
    block.locator("button.execute").click()
    block.locator(".live-responses-table .response-col_status").last.wait_for()
    assert block.locator(".live-responses-table .response-col_status").last.inner_text().startswith("200")
    assert '"diagnosis": "NORM"' in block.locator(".live-responses-table").inner_text()
    assert complaints == []


def test_try_it_out_classifies_the_csv_example(page: Page, service: str, complaints: list[str]) -> None:
    page.goto(f"{service}/docs", wait_until="networkidle")
    page.get_by_text("Classify one ECG record").click()
    block = page.locator(".opblock-post").filter(has_text="/diagnosis")
    block.locator(".opblock-section-request-body select").first.select_option("text/csv")
    block.locator("button.execute").click()
    block.locator(".live-responses-table .response-col_status").last.wait_for()
    assert '"diagnosis": "NORM"' in block.locator(".live-responses-table").inner_text()
    assert complaints == []

"""The answer and the refusal in words, and how files come in."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

import ecg_core
from ecg_core.classification import DISCLAIMER, Classification
from tests.page.conftest import EXAMPLES, PREFIX, choose, sheet, try_out, verdict

MEASURED = {
    "measurements": {
        "heart_rate_bpm": 71,
        "rhythm": "regular",
        "pr_ms": None,
        "qrs_ms": 148,
        "qt_ms": 412,
        "qtc_ms": 431,
        "qtc_formula": "Fridericia",
        "axis_deg": -38,
        "leads": {},
    },
    "statements": [
        {
            "code": "CLBBB",
            "name": "complete left bundle branch block",
            "name_de": "kompletter Linksschenkelblock",
            "kind": "diagnostic",
            "probability": 0.97,
            "threshold": 0.4,
            "finding": True,
        }
    ],
}


def enriched(route: Route) -> None:
    answer = ecg_core.classify({"x.zip": (EXAMPLES / "left_bundle_branch_block.zip").read_bytes()})
    route.fulfill(json={**answer.to_dict(), **MEASURED})


def wait_for_answer(page: Page) -> None:
    page.locator("#verdict").wait_for()


def answer_to(name: str) -> Classification:
    """What the core says of an example."""
    return ecg_core.classify({name: (EXAMPLES / name).read_bytes()})


def test_a_chosen_file_gets_its_answer_in_words(page: Page) -> None:
    choose(page, "left_bundle_branch_block.zip")
    wait_for_answer(page)
    assert verdict(page) == "CD · conduction disturbance"
    said = page.locator(".answer").inner_text()
    block = answer_to("left_bundle_branch_block.zip")
    shown = [f"probability {block.probability:.3f}", f"{block.probabilities['NORM']:.3f}"]
    shown += [f"threshold {block.thresholds[name]:.2f}" for name in ("CD", "NORM")]
    for words in (*shown, "AUC", "PTB-XL"):
        assert words in said
    page.get_by_text("Recording", exact=True).click()
    expect(page.locator(".answer")).to_contain_text("resampled from 500 to 100 Hz")


def test_the_bars_show_probabilities_and_thresholds(page: Page) -> None:
    choose(page, "left_bundle_branch_block.zip")
    wait_for_answer(page)
    bar = page.locator(".bars li.finding")
    assert bar.locator(".label").inner_text() == "CD conduction disturbance"
    block = answer_to("left_bundle_branch_block.zip")
    found, mark = bar.locator("rect.found").get_attribute("width"), bar.locator("rect.mark").get_attribute("x")
    assert float(found or 0) == pytest.approx(100 * block.probabilities["CD"])
    assert float(mark or 0) == pytest.approx(100 * block.thresholds["CD"] - 0.4)


def test_the_files_of_one_record_are_sent_together(page: Page) -> None:
    choose(page, "normal.dat", "normal.hea")
    wait_for_answer(page)
    assert verdict(page) == "NORM · normal ECG"
    assert page.locator(".records").is_hidden()


def test_files_can_be_dropped(page: Page) -> None:
    data = (EXAMPLES / "watch_lead_i.csv").read_bytes()
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name));
            return transfer;
        }""",
        ["watch_lead_i.csv", list(data)],
    )
    page.dispatch_event(".intake", "drop", {"dataTransfer": transfer})
    wait_for_answer(page)
    assert verdict(page).startswith("NORM")
    assert "Read without II, III" in page.locator(".notices").inner_text()


def test_a_folder_can_be_chosen(page: Page, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with zipfile.ZipFile(EXAMPLES / "normal.zip") as archive:
            archive.extractall(tmp_path / name)
        (tmp_path / name / "normal.atr").write_bytes(b"annotations")
        (tmp_path / name / ".DS_Store").write_bytes(b"x")
    page.locator("input[webkitdirectory]").set_input_files(tmp_path)
    expect(page.locator(".records tbody td.done")).to_have_count(2)
    expect(page.locator(".live")).to_have_text("2 other files of these records were not sent.")


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("Normal ECG", "NORM · normal ECG"),
        ("ST depression", "STTC · ST/T change"),
        ("Watch, lead I", "NORM · normal ECG"),
        ("No diagnosis", "No diagnosis"),
    ],
)
def test_the_buttons_try_it_out(page: Page, word: str, shown: str) -> None:
    try_out(page, word)
    wait_for_answer(page)
    assert verdict(page) == shown


def test_no_diagnosis_says_why_and_that_it_is_not_normal(page: Page) -> None:
    try_out(page, "No diagnosis")
    wait_for_answer(page)
    said = page.locator(".caution").inner_text()
    assert "Nothing was measured for these leads alone" in said
    assert "does not mean normal" in said


def test_the_disclaimer_is_always_in_view(open_page: Callable[..., Page]) -> None:
    page = open_page(width=360, height=640)
    for _ in range(2):
        expect(page.locator("footer")).to_contain_text(DISCLAIMER)
        expect(page.locator("footer p").first).to_be_in_viewport()
        try_out(page, "Normal ECG")
        sheet(page)


def test_a_refusal_asks_for_what_its_hint_names_and_sends_it(page: Page) -> None:
    try_out(page, "Sampling rate missing")
    wait_for_answer(page)
    assert verdict(page) == "Not classified"
    refusal = page.locator(".refusal")
    expect(refusal).to_contain_text("The file states no sampling rate")
    expect(refusal).to_contain_text("or give it below.")
    expect(refusal).to_contain_text("sampling_rate_unknown")
    assert [field.get_attribute("name") for field in refusal.locator("input, select").all()] == ["fs_hz"]
    page.get_by_label("Sampling rate in Hz").fill("250")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#verdict")).to_have_text("NORM · normal ECG")
    assert json.loads(sheet(page).get_attribute("data-sheet") or "")["kind"] == "3x4"


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("time,I,II\n{rows}", "units", "mV"),
        ("time,a,b\n{rows}", "leads", "I,II"),
    ],
)
def test_units_and_leads_can_be_stated(page: Page, tmp_path: Path, table: str, field: str, value: str) -> None:
    text = httpx.get(f"{page.url}/inconclusive.csv").text.splitlines()
    file = tmp_path / "table.csv"
    unit = " (mV)" if field == "leads" else ""
    head = table.partition("\n")[0].replace(",a,b", f",a{unit},b{unit}")
    file.write_text("\n".join([head, *text[1:]]) + "\n")
    choose(page, file)
    form = page.locator("form.options")
    form.wait_for()
    box = form.locator(f"[name={field}]")
    box.select_option(value) if field == "units" else box.fill(value)
    with page.expect_request(lambda request: "/diagnosis?" in request.url) as sent:
        page.get_by_role("button", name="Send again").click()
    assert f"{field}=" in sent.value.url


def test_names_of_files_are_never_html(page: Page, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>.zip"
    (tmp_path / name).write_bytes((EXAMPLES / "normal.zip").read_bytes())
    choose(page, tmp_path / name)
    wait_for_answer(page)
    assert page.locator(".file").inner_text() == name
    assert page.locator("#app img").count() == 0


def test_measurements_and_statements_are_shown_when_they_come(page: Page) -> None:
    page.route("**/diagnosis*", enriched)
    choose(page, "left_bundle_branch_block.zip")
    wait_for_answer(page)
    said = page.locator(".answer").inner_text()
    for words in (
        "Heart rate\n71 /min",
        "PR\n–",
        "QTc (Fridericia)\n431 ms",
        "-38 °",
        "complete left bundle branch block",
    ):
        assert words in said
    sheet(page)
    label = page.locator(".sheet").first.get_attribute("aria-label") or ""
    assert "CD · conduction disturbance" in label
    assert "71/min" in label
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator(".answer")).to_contain_text("kompletter Linksschenkelblock")


def test_the_page_works_behind_a_prefix(open_page: Callable[..., Page], prefixed: str) -> None:
    page = open_page(prefixed)
    try_out(page, "Left bundle branch block")
    wait_for_answer(page)
    assert verdict(page) == "CD · conduction disturbance"
    sheet(page)
    href = page.get_by_role("link", name="Interface").evaluate("link => link.href")
    assert href.endswith(f"{PREFIX}/docs")


def test_nothing_is_kept_when_the_tab_is_closed(page: Page) -> None:
    choose(page, "normal.zip")
    sheet(page)
    page.get_by_role("button", name="Deutsch").click()
    assert page.evaluate("[localStorage.length, document.cookie, Object.keys(sessionStorage).join()]") == [
        0,
        "",
        "ekg-language",
    ]
    assert page.evaluate("indexedDB.databases().then(found => found.length)") == 0
    assert page.evaluate("caches.keys().then(found => found.length)") == 0


def test_german_by_the_browser_and_by_the_switch(open_page: Callable[..., Page]) -> None:
    page = open_page(locale="de-DE")
    page.get_by_role("button", name="Linksschenkelblock").click()
    wait_for_answer(page)
    assert verdict(page).replace("\u00ad", "") == "CD · Erregungsleitungsstörung"
    probability = f"{answer_to('left_bundle_branch_block.zip').probability:.3f}".replace(".", ",")
    assert f"Wahrscheinlichkeit {probability}" in page.locator(".answer").inner_text()
    assert page.evaluate("document.documentElement.lang") == "de"
    page.get_by_role("button", name="English").click()
    assert verdict(page) == "CD · conduction disturbance"
    page.reload()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_german_refusal_keeps_the_message_of_the_service(open_page: Callable[..., Page]) -> None:
    page = open_page(locale="de-DE")
    page.get_by_role("button", name="Abtastrate fehlt").click()
    wait_for_answer(page)
    said = page.locator(".refusal").inner_text()
    assert "Die Datei nennt keine Abtastrate." in said
    assert "The file states no sampling rate" in said


def test_every_code_of_the_service_has_german_words() -> None:
    source = (EXAMPLES.parent / "functions/api/page/src/meanings.ts").read_text()
    page = (EXAMPLES.parent / "docs/http-api.md").read_text()
    known = set(re.findall(r"^  (\w+):", source, re.M))
    sections = ("## Warnings", "### Codes of ECG files")
    for title in sections:
        table = page.split(title, 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
        codes = set(re.findall(r"^\| `(\w+)` \|", table, re.M)) - {"artifact_invalid"}
        assert codes
        assert codes <= known

"""Many records, and two of them compared."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import ecg_core
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, write_files, zip_bytes
from tests.page.conftest import choose, sheet, verdict


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three records of two files each, one of them the header only, and one archive."""
    made = tmp_path_factory.mktemp("records")
    for seed, (name, kind) in enumerate([("a1", "normal"), ("a2", "lbbb"), ("a10", "st_depression")]):
        write_files(wfdb_files(synthesize(kind, seed=seed), name), made)
    write_files({"b.zip": zip_bytes(wfdb_files(synthesize("rbbb", seed=3), "b"))}, made)
    write_files({"lost.hea": wfdb_files(synthesize("normal", seed=3), "lost")["lost.hea"]}, made)
    write_files({"=cmd().txt": b"no ECG at all\n"}, made)
    return made


@pytest.fixture
def listed(page: Page, folder: Path) -> Page:
    choose(page, *sorted(folder.iterdir()))
    expect(page.locator(".records [role=status]")).to_have_text("6 of 6 answered")
    return page


def names(page: Page) -> list[str]:
    return [text for text in page.locator(".records tbody tr:visible th").all_inner_texts() if text]


def test_records_are_grouped_and_each_gets_its_answer(listed: Page) -> None:
    assert names(listed) == ["=cmd().txt", "a1.hea", "a2.hea", "a10.hea", "b.zip", "lost.hea"]
    rows = listed.locator(".records tbody tr")
    expect(rows.nth(1)).to_contain_text("NORM · normal ECG")
    expect(rows.nth(2)).to_contain_text("CD · conduction disturbance")
    expect(rows.nth(5)).to_contain_text("Not classified")
    expect(rows.nth(5)).to_contain_text("files that its header asks for are missing")


def test_the_table_is_sorted_by_any_column(listed: Page) -> None:
    head = listed.locator(".records thead")
    head.get_by_role("button", name="CD").click()
    assert names(listed)[:2] in (["a2.hea", "b.zip"], ["b.zip", "a2.hea"])
    expect(head.locator("th").nth(3)).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button", name="File").click()
    assert names(listed)[1:4] == ["a1.hea", "a2.hea", "a10.hea"]
    head.get_by_role("button", name="File").click()
    assert names(listed)[0] == "lost.hea"


def test_the_table_is_filtered_by_words(listed: Page) -> None:
    listed.get_by_role("searchbox").fill("conduction")
    assert set(names(listed)) == {"a2.hea", "b.zip"}
    listed.get_by_role("searchbox").fill("record_incomplete")
    assert names(listed) == ["lost.hea"]


def test_opening_a_record_keeps_the_list(listed: Page) -> None:
    listed.get_by_role("button", name="a2.hea").click()
    assert verdict(listed) == "CD · conduction disturbance"
    sheet(listed)
    assert len(names(listed)) == 6
    listed.get_by_role("button", name="a1.hea").click()
    assert verdict(listed) == "NORM · normal ECG"


def test_all_answers_as_csv(listed: Page, folder: Path) -> None:
    with listed.expect_download() as loading:
        listed.get_by_role("button", name="All answers as CSV").click()
    table = list(csv.DictReader(io.StringIO(Path(loading.value.path()).read_text())))
    rows = {row["file"]: row for row in table}
    answer = ecg_core.classify({name: (folder / name).read_bytes() for name in ("a2.hea", "a2.dat")})
    assert float(rows["a2.hea"]["p_CD"]) == answer.probabilities["CD"]
    assert float(rows["a2.hea"]["threshold_CD"]) == answer.thresholds["CD"]
    assert (rows["a2.hea"]["diagnosis"], rows["a2.hea"]["sha256"]) == ("CD", answer.recording.sha256)
    assert (rows["lost.hea"]["status"], rows["lost.hea"]["code"]) == ("refused", "record_incomplete")
    # No table program may take the name of a file as a formula.
    assert "'=cmd().txt" in rows


def test_the_list_can_be_cleared(listed: Page) -> None:
    listed.get_by_role("button", name="Clear the list").click()
    assert listed.locator(".records").is_hidden()
    assert listed.locator("#verdict").count() == 0
    choose(listed, "normal.zip")
    sheet(listed)
    assert verdict(listed) == "NORM · normal ECG"


# Counts frames. Of two pages at the same time, the one with less to do gets more of them.
WATCH = """() => {
    window.frames_seen = 0;
    const next = () => { window.frames_seen++; requestAnimationFrame(next); };
    requestAnimationFrame(next);
}"""


def test_500_records_stay_fluid(page: Page, open_page: Callable[..., Page], tmp_path: Path) -> None:
    """Against the real service. An idle page beside it says how many frames this machine has to give."""
    kinds = [zip_bytes(wfdb_files(synthesize("normal", fs_hz=100, seed=seed).only(["I"]), "one")) for seed in range(10)]
    files = [tmp_path / f"record{number:03}.zip" for number in range(500)]
    for number, file in enumerate(files):
        file.write_bytes(kinds[number % len(kinds)])
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def spent(name: str) -> float:
        return float(
            next(one["value"] for one in session.send("Performance.getMetrics")["metrics"] if one["name"] == name)
        )

    def wait_for(count: int) -> None:
        said = "count => parseInt(document.querySelector('.records [role=status]').textContent) >= count"
        page.wait_for_function(said, arg=count, timeout=180_000)

    idle = open_page()
    for each in (idle, page):
        each.evaluate(WATCH)
    layouts = spent("LayoutCount")
    choose(page, *files)
    wait_for(100)
    first = spent("ScriptDuration")
    wait_for(200)
    second = spent("ScriptDuration")
    wait_for(400)
    third = spent("ScriptDuration")
    wait_for(500)
    last = spent("ScriptDuration")
    expect(page.locator(".records [role=status]")).to_have_text("500 of 500 answered")
    layouts = spent("LayoutCount") - layouts
    # The last hundred records cost as much as the second hundred.
    assert last - third < 5 * (second - first)
    frames, possible = page.evaluate("frames_seen"), idle.evaluate("frames_seen")
    assert frames > possible / 2
    # Changes of the table come together: it is laid out in few of the frames, however quickly the answers come.
    assert layouts < 30 + possible / 10
    page.locator(".records thead").get_by_role("button", name="File").click()
    page.get_by_role("searchbox").fill("record49")
    assert len(names(page)) == 10
    page.get_by_role("button", name="record499.zip").click()
    assert verdict(page).startswith("NORM")


def test_two_ecgs_are_compared(page: Page, tmp_path: Path) -> None:
    for name, kind, rate in (("before", "normal", 60), ("after", "lbbb", 90)):
        (tmp_path / f"{name}.csv").write_bytes(csv_bytes(synthesize(kind, heart_rate_bpm=rate, fs_hz=250, seed=1)))
    choose(page, tmp_path / "before.csv", tmp_path / "after.csv")
    expect(page.locator(".records [role=status]")).to_have_text("2 of 2 answered")
    page.get_by_role("button", name="before.csv").click()
    sheet(page)
    page.locator("[name=compare]").select_option(label="after.csv")
    table = page.locator(".differences")
    expect(table).to_contain_text("CD · conduction disturbance")
    row = table.locator("tr").filter(has_text="CD (conduction disturbance)").inner_text()
    shown = [float(number.replace("−", "-")) for number in re.findall(r"[+−]?\d\.\d{3}", row)]
    assert shown[2] == pytest.approx(shown[1] - shown[0], abs=0.0011)
    said = page.locator(".legend").inner_text()
    assert re.search(r"before\.csv: \d+ beats, (59|60|61)/min", said)
    assert re.search(r"after\.csv: \d+ beats, (89|90|91)/min", said)
    page.locator(".comparison .viewer canvas[data-sheet]").wait_for()
    page.locator("[name=compare]").select_option(label="nothing")
    assert page.locator(".comparison").inner_text() == ""

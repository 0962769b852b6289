"""Large files take the upload road by themselves: to a real S3 (moto), through the drop, and back onto the paper."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import ecg_core
from ecg_core.drop import Drop
from ecg_core.model.classifier import default_classifier
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, write_files
from functions.api.settings import LAMBDA_BODY_BYTES, Settings
from functions.s3_drop.store import BucketStore
from tests.api.serving import serving
from tests.page.conftest import choose, sheet, verdict
from tests.s3_drop.cloud import INBOX, RESULTS, Cloud, cloud


@pytest.fixture(scope="module")
def storage() -> Iterator[Cloud]:
    with cloud(notified=False) as made, pytest.MonkeyPatch.context() as environment:
        for name, value in made.environment.items():
            environment.setenv(name, value)
        yield made


@pytest.fixture(scope="module")
def address(storage: Cloud) -> Iterator[str]:
    """A service with the limits of Lambda. A thread does what the drop does, as the queue would call it."""
    drop = Drop(BucketStore(storage.s3, INBOX), BucketStore(storage.s3, RESULTS), default_classifier())
    done, ended = set[str](), Event()

    def watch() -> None:
        while not ended.wait(0.1):
            for entry in storage.s3.list_objects_v2(Bucket=INBOX).get("Contents", []):
                if entry["Key"] not in done:
                    done.add(entry["Key"])
                    drop.arrived(entry["Key"])

    thread = Thread(target=watch, daemon=True)
    thread.start()
    settings = Settings(INBOX, RESULTS, LAMBDA_BODY_BYTES, uploads_origin=storage.endpoint)
    with serving(settings) as made:
        yield made
    ended.set()
    thread.join(30)


@pytest.fixture
def page(open_page: Callable[..., Page], address: str, storage: Cloud) -> Page:
    return open_page(address, also=(storage.endpoint + "/",))


@pytest.fixture(scope="module")
def holter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty minutes of two leads, in two files of 5 MB together."""
    folder = tmp_path_factory.mktemp("holter")
    minute = synthesize("normal", duration_s=60, seed=1).only(["II", "V1"])
    write_files(wfdb_files(replace(minute, signal=np.tile(minute.signal, 40)), "holter"), folder)
    return folder


def test_a_large_record_is_uploaded_answered_and_drawn(page: Page, address: str, holter: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {urlsplit(request.url).path}"))
    page.locator(".key summary").click()
    page.locator("[name=key]").fill("secret-key")
    with page.expect_request(lambda request: request.method == "PUT") as put:
        choose(page, holter / "holter.hea", holter / "holter.dat")
    sent = put.value.all_headers()
    # The storage gets no key. Both files come as one archive.
    assert sent["if-none-match"] == "*"
    assert "x-api-key" not in sent
    assert int(sent["content-length"]) > LAMBDA_BODY_BYTES
    page.locator("#verdict").wait_for()
    files = {name: (holter / name).read_bytes() for name in ("holter.hea", "holter.dat")}
    result = ecg_core.classify(files)
    assert result.diagnosis is not None
    assert verdict(page).startswith(result.diagnosis)
    sheet(page)
    expect(page.locator(".scale")).to_contain_text("0 to 10 s of 2400 s")
    with page.expect_response(lambda answer: "start_s=" in answer.url) as answered:
        page.locator(".sheet").focus()
        page.keyboard.press("End")
    expect(page.locator(".scale")).to_contain_text("2390 to 2400 s of 2400 s")
    assert answered.value.json()["start_s"] > 1900
    page.locator("[name=marks]").check()
    page.locator(".paper").get_by_text("Brackets:").wait_for()
    # What the service can say of a body only, is not offered.
    assert page.locator("[name=explain]").count() == 0
    shown = page.locator(".downloads button").all_inner_texts()
    assert shown == ["Print", "JSON", "SVG", "PNG"]
    with page.expect_download() as loading:
        page.get_by_role("button", name="SVG", exact=True).click()
    assert "Not a medical device" in Path(loading.value.path()).read_text()
    signals = [one for one in asked if one.endswith("/signal")]
    assert signals
    assert all(one.startswith("GET /results/") for one in signals)
    assert "POST /diagnosis" not in asked


def test_what_a_large_file_leaves_open_is_stated_and_sent_again(page: Page, tmp_path: Path) -> None:
    recording = synthesize("lbbb", duration_s=60, fs_hz=1000, seed=2)
    table = np.char.mod("%.5f", recording.signal.T)
    rows = "\n".join(map(",".join, table))
    (tmp_path / "bare.csv").write_text(",".join(f"{lead} (mV)" for lead in recording.leads) + "\n" + rows + "\n")
    assert (tmp_path / "bare.csv").stat().st_size > LAMBDA_BODY_BYTES
    choose(page, tmp_path / "bare.csv")
    page.locator("form.options").wait_for()
    expect(page.locator(".refusal")).to_contain_text("sampling_rate_unknown")
    page.get_by_label("Sampling rate in Hz").fill("1000")
    with page.expect_request(lambda request: "/uploads?" in request.url) as sent:
        page.get_by_role("button", name="Send again").click()
    assert "fs_hz=1000" in sent.value.url
    expect(page.locator("#verdict")).to_have_text("CD · conduction disturbance")
    sheet(page)
    expect(page.locator(".scale")).to_contain_text("1000 Hz")


def test_an_upload_that_is_refused_for_its_signal_is_still_drawn(page: Page, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    noise = replace(
        synthesize(fs_hz=500, seed=1).only(["II", "V1"]),
        signal=random.normal(size=(2, 1_200_000)).astype(np.float32),
    )
    write_files(wfdb_files(noise, "noise"), tmp_path)
    choose(page, tmp_path / "noise.hea", tmp_path / "noise.dat")
    page.locator("#verdict").wait_for()
    expect(page.locator(".refusal")).to_contain_text("signal_noisy")
    sheet(page)
    expect(page.locator(".scale")).to_contain_text("0 to 10 s of 2400 s")

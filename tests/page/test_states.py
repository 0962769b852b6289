"""The API key, the upload road, and what the page says when the service cannot answer."""

import json
import zipfile
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from functions.api.settings import Settings
from tests.api.serving import serving
from tests.page.conftest import choose, sheet, try_out, verdict


def refused(code: str, status: int, **headers: str) -> dict[str, Any]:
    problem = {"type": "x", "title": "x", "status": status, "detail": f"This is {code}.", "code": code, "hint": "Wait."}
    return {
        "status": status,
        "body": json.dumps(problem),
        "content_type": "application/problem+json",
        "headers": headers,
    }


def test_the_key_goes_with_each_request_and_lives_as_long_as_the_tab(page: Page) -> None:
    keys: list[str | None] = []

    def gateway(route: Route) -> None:
        key = route.request.headers.get("x-api-key")
        keys.append(key)
        if key == "secret-key":
            route.continue_()
        else:
            route.fulfill(**refused("api_key_invalid", 403))

    page.route("**/diagnosis*", gateway)
    page.route("**/signal*", gateway)
    choose(page, "normal.zip")
    page.locator("#verdict").wait_for()
    expect(page.locator(".refusal")).to_contain_text("api_key_invalid")
    page.locator(".key summary").click()
    page.locator("[name=key]").fill("secret-key")
    page.get_by_role("button", name="Send again").click()
    sheet(page)
    assert verdict(page) == "NORM · normal ECG"
    assert keys[-1] == "secret-key"
    page.reload()
    choose(page, "normal.zip")
    sheet(page)
    assert page.evaluate("localStorage.length") == 0
    other = page.context.new_page()
    other.goto(page.url)
    assert other.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize(("code", "status"), [("service_busy", 503), ("too_many_requests", 429)])
def test_a_busy_service_is_asked_again(page: Page, code: str, status: int) -> None:
    asked: list[str] = []

    def busy(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) < 3:
            route.fulfill(**refused(code, status, **{"retry-after": "0.05"}))
        else:
            route.continue_()

    page.route("**/diagnosis*", busy)
    choose(page, "normal.zip")
    page.locator("#verdict").wait_for()
    assert verdict(page) == "NORM · normal ECG"
    assert len(asked) == 3


@pytest.mark.parametrize(("code", "status"), [("service_busy", 503), ("too_many_requests", 429)])
def test_a_service_that_stays_busy_is_said_in_words_and_can_be_asked_again(page: Page, code: str, status: int) -> None:
    page.route("**/diagnosis*", lambda route: route.fulfill(**refused(code, status, **{"retry-after": "0.05"})))
    choose(page, "normal.zip")
    page.locator("#verdict").wait_for()
    expect(page.locator(".refusal")).to_contain_text(f"This is {code}.")
    page.unroute("**/diagnosis*")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#verdict")).to_have_text("NORM · normal ECG")


def test_being_offline_is_said_in_words(page: Page) -> None:
    page.context.set_offline(True)
    choose(page, "normal.zip")
    page.locator("#verdict").wait_for()
    expect(page.locator(".refusal")).to_contain_text("Your device is offline.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#verdict")).to_have_text("NORM · normal ECG")


def test_a_service_that_is_gone_is_said_in_words(open_page: Callable[..., Page]) -> None:
    with serving(Settings()) as address:
        page = open_page(address)
    choose(page, "normal.zip")
    page.locator("#verdict").wait_for()
    expect(page.locator(".refusal")).to_contain_text("The service cannot be reached.")


def test_an_answer_of_some_other_host_is_no_diagnosis(page: Page) -> None:
    page.route("**/diagnosis*", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    choose(page, "normal.zip")
    page.locator("#verdict").wait_for()
    assert verdict(page) == "Not classified"
    expect(page.locator(".refusal")).to_contain_text("status 502")


def test_a_missing_trace_is_said_and_the_answer_stays(page: Page) -> None:
    page.route("**/signal*", lambda route: route.fulfill(**refused("internal_error", 500)))
    choose(page, "normal.zip")
    expect(page.locator(".paper")).to_contain_text("The ECG cannot be drawn: This is internal_error.")
    assert verdict(page) == "NORM · normal ECG"


def test_several_files_of_an_upload_become_one_zip(page: Page, tmp_path: Path) -> None:
    """The archive that the page makes, read by Python."""
    packed: list[bytes] = []
    page.expose_function("keep", lambda url: packed.append(b64decode(url.partition(",")[2])))
    page.evaluate(
        """() => {
            const send = XMLHttpRequest.prototype.send;
            XMLHttpRequest.prototype.send = function (body) {
                const reader = new FileReader();
                reader.onload = () => window.keep(reader.result);
                reader.readAsDataURL(body);
                send.call(this, body);
            };
        }"""
    )
    page.route("**/model", lambda route: route.fulfill(json={"limits": {"max_body_bytes": 1}}))
    address = {"method": "PUT", "url": page.url.replace("/ui", "/bucket"), "headers": {}, "expires_in_s": 1}
    page.route("**/uploads?*", lambda route: route.fulfill(status=201, json={"upload": address, "result": "results/1"}))
    page.route("**/bucket", lambda route: route.fulfill(status=403))
    data = bytes(range(256)) * 16_000
    (tmp_path / "ä.hea").write_bytes("ä 1 500 10\nä.dat 16 1000/mV 16 0 0 0 0 I\n".encode())
    (tmp_path / "ä.dat").write_bytes(data)
    choose(page, tmp_path / "ä.hea", tmp_path / "ä.dat")
    expect(page.locator(".refusal")).to_contain_text("The upload failed (status 403).")
    for _ in range(50):
        if packed:
            break
        page.wait_for_timeout(100)
    with zipfile.ZipFile(BytesIO(packed[0])) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["ä.hea", "ä.dat"]
        assert archive.read("ä.dat") == data


def test_where_large_files_go_is_in_the_policy() -> None:
    place = {"INBOX_BUCKET": "inbox", "RESULTS_BUCKET": "results", "AWS_REGION": "eu-central-1"}
    assert Settings.of(place).uploads_origin == "https://inbox.s3.eu-central-1.amazonaws.com"
    assert Settings.of({**place, "AWS_ENDPOINT_URL": "http://h:9/x"}).uploads_origin == "http://h:9"
    assert Settings.of({}).uploads_origin is None


def test_nothing_is_asked_before_a_file_comes(open_page: Callable[..., Page]) -> None:
    page = open_page()
    names = page.evaluate(
        "performance.getEntriesByType('resource').map(one => one.name.split('/').pop().split('?')[0])"
    )
    assert set(names) <= {"app.js", "app.css", "icon.svg"}
    try_out(page, "Normal ECG")
    sheet(page)

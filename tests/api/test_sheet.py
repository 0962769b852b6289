"""The options of the SVG over HTTP."""

from typing import Any

import httpx
import pytest

import ecg_core
from ecg_core.reports.sheet import Sheet
from ecg_core.reports.svg import plot

SVG = {"accept": "image/svg+xml"}


def drawn(client: httpx.Client, data: bytes, accept: dict[str, str] | None = None, **options: Any) -> httpx.Response:
    files = {"file": ("normal.zip", data)}
    return client.post("/diagnosis", params=options, files=files, headers=SVG if accept is None else accept)


def test_the_sheet_is_drawn_as_asked(client: httpx.Client, example: dict[str, bytes]) -> None:
    data = example["normal.zip"]
    result = ecg_core.classify({"normal.zip": data})
    answer = drawn(client, data, speed=50, gain_mm=20, layout="6x2", start_s=2.5)
    assert answer.content == plot(result.recording, result, 2.5, Sheet(50, 20.0, "6x2"))
    assert drawn(client, data).content == plot(result.recording, result)


@pytest.mark.parametrize(
    ("name", "value"),
    [("speed", "30"), ("speed", "x"), ("gain_mm", "7"), ("layout", "4x4"), ("start_s", "-1"), ("start_s", "nan")],
)
def test_other_values_are_refused_and_named(
    client: httpx.Client, example: dict[str, bytes], name: str, value: str
) -> None:
    for accept in (None, {}):
        answer = drawn(client, example["normal.zip"], accept, **{name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
        assert name in answer.json()["detail"]


def test_a_sheet_beyond_the_end_is_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = drawn(client, example["normal.zip"], start_s=10)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


def test_the_options_do_not_change_the_json(client: httpx.Client, example: dict[str, bytes]) -> None:
    data = example["normal.zip"]
    assert drawn(client, data, {}, speed=50, layout="12x1", start_s=3).content == drawn(client, data, {}).content

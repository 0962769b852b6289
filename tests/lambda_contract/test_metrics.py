"""The lines that CloudWatch reads as metrics: their format, and what they must never hold."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.model.classifier import classify
from functions import metrics as module
from functions.metrics import BATCH, COLD_STARTS, LATENCY, REFUSALS, WITHOUT, Metrics, answers, score
from tests.conftest import ROOT
from tests.lambda_contract.emulator import Function, binary, function
from tests.lambda_contract.events import event, multipart

# From the specification of the format.
NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
DEFINITION = {
    "type": "object",
    "required": ["Name"],
    "properties": {"Name": NAME, "Unit": {"enum": ["Count", "Milliseconds", "None"]}},
}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "properties": {
        "Namespace": NAME,
        "Dimensions": {"type": "array", "minItems": 1, "items": {"type": "array", "maxItems": 30, "items": NAME}},
        "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": DEFINITION},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_600_000_000_000},
                "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": DIRECTIVE},
            },
        }
    },
}


def read(line: dict[str, Any]) -> dict[tuple[str, ...], float]:
    """As CloudWatch reads it: (metric, values of its dimensions) -> number."""
    jsonschema.validate(line, SCHEMA)
    found = {}
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            values = [line[name] for name in dimensions]
            assert all(isinstance(value, str) and value for value in values)
            for metric in directive["Metrics"]:
                assert isinstance(line[metric["Name"]], int | float)
                found[(metric["Name"], *values)] = line[metric["Name"]]
    return found


def lines_of(text: str) -> list[dict[str, Any]]:
    parsed = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in parsed if line.get("message") == "metrics"]


def test_the_first_request_is_a_cold_start_and_every_one_has_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Metrics("api")
    metrics.worked(12.5, None)
    metrics.worked(3.5, "no_ecg_leads")
    metrics.refused("not_found")
    first, second, third = map(read, lines_of(capsys.readouterr().out))
    assert first == {(LATENCY, "api"): 12.5, (COLD_STARTS, "api"): 1}
    assert second == {(LATENCY, "api"): 3.5, (REFUSALS, "api", "no_ecg_leads"): 1}
    assert third == {(REFUSALS, "api", "not_found"): 1}


def test_diagnoses_and_scores_are_written_for_a_whole_batch_only(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Metrics("api")
    for at in range(2 * BATCH - 1):
        metrics.classified("NORM" if at % 4 else None, {"NORM": at % 2, "CD": 0.25})
    (line,) = lines_of(capsys.readouterr().out)
    assert read(line) == {
        (answers("NORM"), "api"): BATCH * 3 / 4,
        (answers(WITHOUT), "api"): BATCH / 4,
        (score("NORM"), "api"): 0.5,
        (score("CD"), "api"): 0.25,
    }
    metrics.classified("CD", {"NORM": 0, "CD": 0.25})
    assert len(lines_of(capsys.readouterr().out)) == 1


@pytest.mark.parametrize(
    "environment", [{}, {"METRICS": "on"}, {"AWS_LAMBDA_FUNCTION_NAME": "api"}, {"METRICS": "off"}]
)
def test_nothing_is_written_elsewhere(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Metrics.of(environment)
    metrics.worked(1, "too_short")
    for _ in range(BATCH):
        metrics.classified("NORM", {"NORM": 1})
    assert not capsys.readouterr().out
    assert Metrics.of({"METRICS": "on", "AWS_LAMBDA_FUNCTION_NAME": "api"})._function == "api"


@pytest.fixture(scope="module")
def measured() -> Iterator[Function]:
    if binary() is None:
        pytest.skip("the runtime interface emulator is not installed: `make setup` does, or EKG_RIE names it")
    with function(environment={"METRICS": "on"}) as running:
        yield running


def test_on_lambda_every_line_is_read_and_none_holds_an_id(measured: Function) -> None:
    names = ("normal.hea", "normal.dat")
    body, headers = multipart({name: (ROOT / "examples" / name).read_bytes() for name in names})
    asked = [event("rest", "POST", "/diagnosis", body, headers, stage="v1") for _ in range(BATCH)]
    asked += [event("rest", "POST", "/diagnosis", b"no ECG", stage="v1"), event("rest", "GET", "/nothing", stage="v1")]
    ids = [one["requestContext"]["requestId"] for one in asked]
    for one in asked:
        measured.invoke(one)
    text = "\n".join(measured.lines())
    lines = lines_of(text)
    values = [read(line) for line in lines]
    result = classify({name: (ROOT / "examples" / name).read_bytes() for name in names})
    assert sum(found.get((COLD_STARTS, "api"), 0) for found in values) == 1
    assert sum((LATENCY, "api") in found for found in values) == BATCH + 1
    assert [found for found in values if (answers("NORM"), "api") in found] == [
        {
            (answers("NORM"), "api"): BATCH,
            **{(score(label), "api"): result.probabilities[label] for label in SUPERCLASSES},
        }
    ]
    codes = [found for found in values for metric, *_ in found if metric == REFUSALS]
    assert len(codes) == 2
    shown = json.dumps(lines)
    assert not [one for one in (*ids, "normal", result.recording.sha256) if one in shown]
    # The line of the request has the gateway's id: its access log has the same.
    requests = [json.loads(line) for line in text.splitlines() if '"message": "request"' in line]
    assert [line["gateway_id"] for line in requests] == ids


def test_the_diagnoses_that_are_counted_are_all_that_there_are() -> None:
    assert WITHOUT not in DIAGNOSES
    assert module.metrics._function is None

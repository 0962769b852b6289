"""The drop's function under the real runtime emulator, its buckets in moto's server over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import ecg_core
from ecg_core.cli.examples import examples
from tests.lambda_contract.emulator import Function, binary, function
from tests.s3_drop.cloud import Cloud, cloud
from tests.s3_drop.events import SWEEP, TEST_EVENT, backfill_batch, s3_event, sqs_event
from tests.s3_drop.queue import work

pytestmark = pytest.mark.skipif(
    binary() is None, reason="the runtime emulator is not installed: `make setup` does, or EKG_RIE names it"
)

DROP = "functions.s3_drop.handler.handler"
SECRET = "Hans-Meier-1947"


@pytest.fixture(scope="module")
def example() -> dict[str, bytes]:
    return examples()


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Cloud, Function]]:
    with cloud() as aws, function(DROP, {**aws.environment, "FORMS": "fhir"}) as running:
        yield aws, running


def lines(running: Function) -> list[dict[str, Any]]:
    return [json.loads(line) for line in running.lines() if line.startswith("{")]


def test_a_pair_goes_from_the_bucket_through_the_queue_to_its_result(
    place: tuple[Cloud, Function], example: dict[str, bytes]
) -> None:
    aws, running = place
    files = {name: example[name] for name in ("normal.dat", "normal.hea")}
    aws.drop({f"{SECRET}/ö +%/{name}": body for name, body in files.items()})
    while work(aws, running.invoke):
        pass
    expected = ecg_core.classify(files)
    assert aws.outcomes()[f"{SECRET}/ö +%/normal.hea.json"] == expected.to_json()
    assert json.loads(aws.outcomes()[f"{SECRET}/ö +%/normal.hea.fhir.json"])["resourceType"] == "DiagnosticReport"
    said = [line for line in lines(running) if line["message"] == "record"]
    assert {"written"} <= {line["state"] for line in said} <= {"written", "unchanged"}
    assert all(line["request_id"] for line in said)


def test_the_four_kinds_of_events_and_no_other(place: tuple[Cloud, Function], example: dict[str, bytes]) -> None:
    aws, running = place
    aws.drop({"a.csv": example["st_depression.csv"]})
    assert running.invoke(sqs_event(TEST_EVENT, s3_event("a.csv"), "poison")) == {
        "batchItemFailures": [{"itemIdentifier": "2"}]
    }
    (answer,) = running.invoke(s3_event("a.csv"))["answers"]
    assert answer == {"key": "a.csv", "state": "unchanged", "code": None, "outcome": "a.csv.json"}
    assert running.invoke(backfill_batch("a.csv")) == {"answers": [answer]}
    assert set(running.invoke(SWEEP)) == {"reported", "settled", "waiting", "left", "faults"}
    assert running.invoke({"requestContext": {}})["errorType"] == "UnknownEvent"


def test_an_error_of_the_storage_is_reported_without_the_key(place: tuple[Cloud, Function]) -> None:
    _, running = place
    told = running.invoke(s3_event(f"{SECRET}.csv", bucket="not-ours"))
    assert told["errorType"] == "Unfinished"
    assert SECRET not in json.dumps(told)


def test_the_log_does_not_contain_the_key(place: tuple[Cloud, Function]) -> None:
    _, running = place
    assert SECRET not in "\n".join(running.lines())


def test_an_unreachable_storage_returns_every_message_and_logs_no_key(example: dict[str, bytes]) -> None:
    from tests.s3_drop.cloud import environment

    with function(DROP, environment("http://127.0.0.1:9")) as running:
        answer = running.invoke(sqs_event(s3_event(f"{SECRET}.csv"), s3_event(f"{SECRET}/b.hea")))
        assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["0", "1"]
        assert SECRET not in "\n".join(running.lines())
        assert {line["error"] for line in lines(running) if line["message"] == "fault"} == {"EndpointConnectionError"}


def test_without_its_buckets_the_function_does_not_start() -> None:
    with function(DROP, {"AWS_DEFAULT_REGION": "eu-central-1"}) as running:
        assert running.invoke(s3_event("a.csv"))["errorType"] == "ValueError"

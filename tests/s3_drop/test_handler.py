"""The real handler, in this process, against moto's server over HTTP."""

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from werkzeug.wrappers import Request

from ecg_core import EcgError, classify
from ecg_core.drop.addresses import address
from ecg_core.readers.source import Bytes
from ecg_core.recording import MAX_BYTES
from ecg_core.synthesis.writers import zip_bytes
from tests.s3_drop.cloud import INBOX, MAX_RECEIVES, RESULTS, Cloud
from tests.s3_drop.events import SWEEP, TEST_EVENT, backfill_batch, eventbridge_event, s3_event, sqs_event
from tests.s3_drop.faults import BUSY, DENIED, INTERNAL, SLOW_DOWN, Fault, Layer, faulty_cloud, lost, torn, without_list
from tests.s3_drop.function import invoke, loaded
from tests.s3_drop.queue import Context, drain, work
from tests.unit.drop.records import holter, segmented

Files = dict[str, bytes]
Load = Callable[..., ModuleType]
LogLines = Callable[[], list[dict[str, Any]]]
VISIBILITY_S = 1
SECRET = "Hans-Meier-1947"
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture
def layered(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cloud, Layer, ModuleType]]:
    with faulty_cloud(VISIBILITY_S) as (aws, layer):
        yield aws, layer, loaded(aws.environment, monkeypatch)


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def about(key: str, fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault if request.path.endswith(key) else None


def test_dropped_files_are_answered_through_the_queue(aws: Cloud, function: Load, pair: Files, table: bytes) -> None:
    module = function()
    aws.drop(
        {"a/record.hea": pair["record.hea"], "b.csv": table, "c.zip": b"no zip", "a/record.dat": pair["record.dat"]}
    )
    drain(aws, lambda event: invoke(module, event))
    with pytest.raises(EcgError) as refused:
        classify({"c.zip": b"no zip"})
    assert aws.outcomes() == {
        "a/record.hea.json": classify(pair).to_json(),
        "b.csv.json": classify({"b.csv": table}).to_json(),
        "c.zip.json": refused.value.to_json(),
    }
    assert set(aws.versions().values()) == {1}
    types = {key: aws.s3.head_object(Bucket=RESULTS, Key=key)["ContentType"] for key in aws.outcomes()}
    assert types == {
        "a/record.hea.json": "application/json",
        "b.csv.json": "application/json",
        "c.zip.json": "application/problem+json",
    }


@pytest.mark.parametrize(
    "folder",
    [
        "with space/",
        "a+b/",
        "100%/",
        "%2e%2e/",
        "Ärzte/",
        "心電図/",
        "a//",
        "/",
        "a/?x=1&y=#/",
        "'\"<&>/",
        "f" * 1013 + "/",
    ],
)
def test_keys_of_every_kind_arrive_as_they_are(aws: Cloud, function: Load, pair: Files, folder: str) -> None:
    module = function()
    aws.drop({folder + name: body for name, body in pair.items()})
    drain(aws, lambda event: invoke(module, event))
    assert aws.outcomes() == {address(f"{folder}record.hea"): classify(pair).to_json()}


def test_the_forms_that_the_settings_name_are_written(aws: Cloud, function: Load, table: bytes) -> None:
    module = function(FORMS="svg, fhir")
    aws.drop({"b.csv": table})
    invoke(module, s3_event("b.csv"))
    assert set(aws.outcomes()) == {"b.csv.json", "b.csv.svg", "b.csv.fhir.json"}
    assert aws.s3.head_object(Bucket=RESULTS, Key="b.csv.svg")["ContentType"] == "image/svg+xml"
    assert aws.s3.head_object(Bucket=RESULTS, Key="b.csv.fhir.json")["ContentType"] == "application/fhir+json"


def test_metadata_of_an_object_are_options(aws: Cloud, function: Load) -> None:
    module = function()
    body = b"I,II\n" + b"0.1,0.2\n" * 100
    codes = []
    for metadata in ({}, {"units": "mV"}, {"units": "mV", "fs-hz": "500"}, {"units": "mV", "fs-hz": "soon"}):
        aws.s3.put_object(Bucket=INBOX, Key="b.csv", Body=body, Metadata=metadata)
        drain(aws, lambda event: invoke(module, event))
        codes.append(json.loads(aws.outcomes()["b.csv.json"])["code"])
    assert codes == ["units_unknown", "sampling_rate_unknown", "too_short", "sampling_rate_out_of_range"]


def test_new_bytes_leave_the_older_outcome_as_a_version(aws: Cloud, function: Load, table: bytes) -> None:
    module = function()
    for body in (table, table, b"no ecg", table):
        aws.drop({"b.csv": body})
        drain(aws, lambda event: invoke(module, event))
    assert aws.outcomes() == {"b.csv.json": classify({"b.csv": table}).to_json()}
    assert aws.versions()["b.csv.json"] == 3


@pytest.mark.parametrize(
    "body",
    [
        "nonsense",
        "[]",
        "null",
        "{}",
        '{"Records": {}}',
        '{"Records": [{}]}',
        '{"Records": [{"eventSource": "aws:ses"}]}',
        "[" * 100_000,
        '{"source": "aws.s3"}',
        json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": "x", "s3": 1}]}),
    ],
)
def test_a_poison_message_in_a_batch_of_ten_comes_back_alone(
    aws: Cloud, function: Load, table: bytes, body: str, log_lines: LogLines
) -> None:
    module = function()
    keys = [f"{index}.csv" for index in range(9)]
    aws.drop(dict.fromkeys(keys, table))
    events: list[object] = [s3_event(key) for key in keys]
    events.insert(4, body)
    assert failures(invoke(module, sqs_event(*events))) == ["4"]
    assert set(aws.outcomes()) == {f"{key}.json" for key in keys}
    assert [line["error"] for line in log_lines() if line["message"] == "fault"] == ["UnknownEvent"]


@pytest.mark.parametrize(
    "event",
    [
        TEST_EVENT,
        {"Records": []},
        s3_event("b.csv", name="ObjectRemoved:Delete"),
        s3_event("b.csv", name="LifecycleExpiration:Delete"),
        eventbridge_event("b.csv", kind="Object Deleted"),
        s3_event("gone.csv"),
        s3_event("folder/"),
    ],
)
def test_a_message_without_a_record_to_classify_succeeds(
    aws: Cloud, function: Load, table: bytes, event: dict[str, Any]
) -> None:
    module = function()
    aws.drop({"b.csv": table})
    assert invoke(module, sqs_event(event)) == NOTHING_FAILED
    invoke(module, event)
    assert aws.outcomes() == {}


@pytest.mark.parametrize(
    "name", ["ObjectCreated:Post", "ObjectCreated:CompleteMultipartUpload", "ObjectRestore:Completed"]
)
def test_every_other_event_is_used_as_a_hint(aws: Cloud, function: Load, table: bytes, name: str) -> None:
    module = function()
    aws.drop({"b.csv": table})
    assert invoke(module, sqs_event(s3_event("b.csv", name=name))) == NOTHING_FAILED
    assert set(aws.outcomes()) == {"b.csv.json"}


def test_an_event_by_way_of_eventbridge_is_not_decoded(aws: Cloud, function: Load, table: bytes) -> None:
    module = function()
    aws.drop({"a+b %41.csv": table})
    assert invoke(module, sqs_event(eventbridge_event("a+b %41.csv"))) == NOTHING_FAILED
    assert set(aws.outcomes()) == {"a+b %41.csv.json"}


def test_s3_may_call_directly(aws: Cloud, function: Load, pair: Files) -> None:
    module = function()
    aws.drop(pair)
    expected = {"key": "record.hea", "state": "written", "code": None, "outcome": "record.hea.json"}
    assert invoke(module, s3_event(*pair)) == {"answers": [expected]}


@pytest.mark.parametrize(
    "event", [None, [], "text", {}, {"requestContext": {"http": {}}}, {"Records": [{"eventSource": "aws:sns"}]}]
)
def test_an_event_of_another_kind_raises(function: Load, event: Any) -> None:
    module = function()
    with pytest.raises(module.UnknownEvent):
        invoke(module, event)


def test_another_bucket_is_not_read(aws: Cloud, function: Load, table: bytes, log_lines: LogLines) -> None:
    module = function()
    aws.s3.create_bucket(Bucket="another", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    aws.s3.put_object(Bucket="another", Key="b.csv", Body=table)
    event = s3_event("b.csv", bucket="another")
    assert failures(invoke(module, sqs_event(event))) == ["0"]
    with pytest.raises(module.Unfinished):
        invoke(module, event)
    assert {line["error"] for line in log_lines() if line["message"] == "fault"} == {"OtherBucket"}
    assert aws.results() == {}


def test_a_batch_that_cannot_finish_returns_what_is_left(aws: Cloud, function: Load, table: bytes) -> None:
    module = function()
    keys = ["0.csv", "1.csv", "2.csv"]
    aws.drop(dict.fromkeys(keys, table))

    class Ending(Context):
        def get_remaining_time_in_millis(self) -> int:
            self.asked.append(0)
            # Asked once before each record and before each of its four calls.
            return 60_000 if len(self.asked) <= 2 * 5 else 15_000

    assert failures(invoke(module, sqs_event(*map(s3_event, keys)), Ending())) == ["2"]
    assert set(aws.outcomes()) == {"0.csv.json", "1.csv.json"}
    assert invoke(module, sqs_event(s3_event("2.csv"))) == NOTHING_FAILED


def test_a_record_that_takes_too_long_ends_before_lambda_ends_the_batch(
    aws: Cloud, function: Load, pair: Files
) -> None:
    module = function()
    aws.drop(pair)

    class Ending(Context):
        def get_remaining_time_in_millis(self) -> int:
            self.asked.append(0)
            return 60_000 if len(self.asked) < 4 else 4_000

    context = Ending()
    assert failures(invoke(module, sqs_event(*map(s3_event, pair)), context)) == ["0", "1"]
    assert aws.outcomes() == {}
    assert len(context.asked) == 5


def test_a_signal_of_a_backfill_s_batch_is_left_to_its_header(
    layered: tuple[Cloud, Layer, ModuleType], pair: Files
) -> None:
    aws, layer, module = layered
    aws.drop({f"{number}/{name}": body for number in range(3) for name, body in pair.items()})
    layer.calls = 0
    keys = [f"{number}/{name}" for number in range(3) for name in sorted(pair)]
    answers = invoke(module, backfill_batch(*keys))["answers"]
    assert [(answer["key"], answer["state"]) for answer in answers] == [
        (f"{n}/record.hea", "written") for n in range(3)
    ]
    assert layer.calls == 3 * 8


def test_a_backfill_answers_the_segments_of_a_record_that_is_not_whole(aws: Cloud, function: Load) -> None:
    module = function()
    files = {name: body for name, body in segmented().items() if name != "whole_0001.dat"}
    aws.drop(files)
    answers = {answer["key"]: answer["state"] for answer in invoke(module, backfill_batch(*sorted(files)))["answers"]}
    assert answers == {"whole.hea": "waiting", "whole_0000.hea": "written", "whole_0001.hea": "waiting"}


def test_a_bomb_in_a_batch_returns_no_message(aws: Cloud, function: Load, pair: Files, table: bytes) -> None:
    module = function()
    files = segmented()
    whole = files.pop("whole.hea")
    masters = {f"m{number:03}.hea": whole.replace(b"whole/", b"m%03d/" % number) for number in range(1000)}
    aws.drop({"bomb.zip": zip_bytes({**masters, **files}), "b.csv": table, **pair})
    answer = invoke(module, sqs_event(*map(s3_event, ["bomb.zip", "b.csv", *pair])))
    assert answer == NOTHING_FAILED
    assert set(aws.outcomes()) == {"bomb.zip.json", "b.csv.json", "record.hea.json"}
    assert json.loads(aws.outcomes()["bomb.zip.json"])["code"] == "several_records"


def test_a_backfill_s_batch_is_answered_by_key(aws: Cloud, function: Load, pair: Files, table: bytes) -> None:
    module = function()
    keys = ["a+b %41/record.dat", "a+b %41/record.hea", "b.csv", "notes.md", "c.bin"]
    bodies = [pair["record.dat"], pair["record.hea"], table, b"", b"nonsense"]
    aws.drop(dict(zip(keys, bodies, strict=True)))
    answers = invoke(module, backfill_batch(*keys))["answers"]
    assert answers == [
        {"key": "a+b %41/record.hea", "state": "written", "code": None, "outcome": "a+b %41/record.hea.json"},
        {"key": "b.csv", "state": "written", "code": None, "outcome": "b.csv.json"},
        {"key": "notes.md", "state": "ignored", "code": None, "outcome": "ignored/notes.md.json"},
        {"key": "c.bin", "state": "waiting", "code": None, "outcome": None},
    ]
    assert [answer["state"] for answer in invoke(module, backfill_batch(*keys))["answers"]][:2] == ["unchanged"] * 2


def test_another_bucket_s_backfill_has_addresses_of_its_own(aws: Cloud, function: Load, pair: Files) -> None:
    archive = "archive-of-old"
    module = function(BACKFILL_BUCKET=archive)
    aws.s3.create_bucket(Bucket=archive, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    aws.s3.put_object(Bucket=archive, Key="record.hea", Body=pair["record.hea"])
    (answer,) = invoke(module, backfill_batch("record.hea", bucket=archive))["answers"]
    assert answer["state"] == "waiting"
    assert set(aws.results()) == {f"backfill/{archive}/waiting/record.dat"}
    aws.s3.put_object(Bucket=archive, Key="record.dat", Body=pair["record.dat"])
    (answer,) = invoke(module, backfill_batch("record.dat", bucket=None))["answers"]
    assert answer["outcome"] == f"backfill/{archive}/record.hea.json"
    assert aws.results()[answer["outcome"]] == classify(pair).to_json()


def test_a_backfill_s_batch_with_a_fault_fails_when_the_others_are_answered(
    layered: tuple[Cloud, Layer, ModuleType], table: bytes
) -> None:
    aws, layer, module = layered
    aws.drop({"a.csv": table, "b.csv": table})
    layer.rules = [about("/a.csv", DENIED)]
    with pytest.raises(module.Unfinished, match="1 of 2"):
        invoke(module, backfill_batch("a.csv", "b.csv"))
    assert set(aws.outcomes()) == {"b.csv.json"}


def test_an_archived_object_does_not_fail_the_batch_and_is_answered_after_its_restoration(
    aws: Cloud, function: Load, pair: Files, table: bytes
) -> None:
    module = function()
    aws.drop({"b.csv": table, "record.hea": pair["record.hea"]})
    for key, body in (("a.csv", table), ("record.dat", pair["record.dat"])):
        aws.s3.put_object(Bucket=INBOX, Key=key, Body=body, StorageClass="GLACIER")
    keys = ("record.hea", "a.csv", "b.csv", "record.dat")
    answers = {answer["key"]: answer["state"] for answer in invoke(module, backfill_batch(*keys))["answers"]}
    assert answers == {"record.hea": "archived", "a.csv": "archived", "b.csv": "written"}
    assert set(aws.outcomes()) == {"b.csv.json"}
    assert set(aws.results("archived/")) == {"archived/a.csv", "archived/record.dat"}
    for key in ("a.csv", "record.dat"):
        aws.s3.restore_object(Bucket=INBOX, Key=key, RestoreRequest={"Days": 1})
        event = s3_event(key, name="ObjectRestore:Completed")
        assert invoke(module, sqs_event(event)) == NOTHING_FAILED
    assert set(aws.outcomes()) == {"a.csv.json", "b.csv.json", "record.hea.json"}


def test_the_sweep_reports_what_waits_too_long(
    aws: Cloud, function: Load, pair: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = function(WAIT_HOURS="2")
    aws.drop({"record.hea": pair["record.hea"]})
    invoke(module, s3_event("record.hea"))
    nothing = {"reported": 0, "settled": 0, "waiting": 0, "left": 0, "faults": 0}
    assert invoke(module, SWEEP) == nothing

    class Later:
        @staticmethod
        def now(zone: object) -> datetime:
            return datetime.now(UTC) + timedelta(hours=3)

    monkeypatch.setattr(module, "datetime", Later)
    assert invoke(module, SWEEP, Context(left_s=5)) == {**nothing, "left": 1}
    assert invoke(module, SWEEP) == {**nothing, "reported": 1, "settled": 1}
    assert json.loads(aws.outcomes()["record.hea.json"])["code"] == "record_incomplete"


@pytest.mark.parametrize(
    "environment",
    [
        {"INBOX_BUCKET": ""},
        {"RESULTS_BUCKET": ""},
        {"RESULTS_BUCKET": INBOX},
        {"BACKFILL_BUCKET": RESULTS},
        {"FORMS": "svg,pdf"},
        {"WAIT_HOURS": "soon"},
    ],
)
def test_a_function_that_is_set_up_wrongly_does_not_start(function: Load, environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        function(**environment)


@pytest.mark.parametrize("fault", [SLOW_DOWN, INTERNAL, lost, torn])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_storage_that_fails_now_and_then_is_asked_again(
    layered: tuple[Cloud, Layer, ModuleType], pair: Files, table: bytes, fault: Fault, seed: int
) -> None:
    aws, layer, module = layered
    aws.drop({**pair, "b.csv": table})
    chance = random.Random(seed)
    layer.rules = [lambda request: fault if chance.random() < 0.3 else None]
    for _ in range(30):
        if not failures(invoke(module, sqs_event(*map(s3_event, [*pair, "b.csv"])))):
            break
    layer.rules = []
    assert layer.faults > 1
    assert aws.outcomes() == {
        "record.hea.json": classify(pair).to_json(),
        "b.csv.json": classify({"b.csv": table}).to_json(),
    }
    assert set(aws.versions().values()) == {1}


def test_a_write_that_is_under_way_elsewhere_is_tried_again(
    layered: tuple[Cloud, Layer, ModuleType], table: bytes
) -> None:
    aws, layer, module = layered
    aws.drop({"b.csv": table})
    busy = iter([True, True])
    layer.rules = [lambda request: BUSY if request.method == "PUT" and next(busy, False) else None]
    assert invoke(module, sqs_event(s3_event("b.csv"))) == NOTHING_FAILED
    assert set(aws.outcomes()) == {"b.csv.json"}


def test_access_denied_ends_in_the_dead_letter_queue_and_a_redrive_gives_the_same_bytes(
    layered: tuple[Cloud, Layer, ModuleType], table: bytes, log_lines: LogLines
) -> None:
    aws, layer, module = layered
    aws.drop({f"{SECRET}/a.csv": table, "b.csv": table})
    layer.rules = [about("/a.csv", DENIED)]
    for _ in range(MAX_RECEIVES + 1):
        drain_visible(aws, module)
        time.sleep(VISIBILITY_S + 0.1)
    drain_visible(aws, module)
    assert (aws.depth(aws.queue), aws.depth(aws.dead)) == (0, 1)
    assert set(aws.outcomes()) == {"b.csv.json"}
    lines = log_lines()
    assert SECRET not in json.dumps(lines)
    hashed = hashlib.sha256(f"{SECRET}/a.csv".encode()).hexdigest()[:16]
    assert {line["key"] for line in lines if line["message"] == "fault"} == {hashed}

    layer.rules = []
    (message,) = aws.received(aws.dead)
    aws.sqs.send_message(QueueUrl=aws.queue, MessageBody=message["Body"])
    drain_visible(aws, module)
    assert aws.outcomes()[f"{SECRET}/a.csv.json"] == classify({"a.csv": table}).to_json()


def drain_visible(aws: Cloud, module: ModuleType) -> None:
    while (
        aws.sqs.get_queue_attributes(QueueUrl=aws.queue, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"][
            "ApproximateNumberOfMessages"
        ]
        != "0"
    ):
        work(aws, lambda event: invoke(module, event))


def test_without_the_right_to_list_a_missing_key_is_a_fault(
    layered: tuple[Cloud, Layer, ModuleType], table: bytes
) -> None:
    aws, layer, module = layered
    aws.drop({"b.csv": table})
    layer.rules = [without_list]
    assert failures(invoke(module, sqs_event(s3_event("b.csv")))) == ["0"]
    layer.rules = []
    assert aws.results() == {}


def test_of_a_large_object_only_ranges_are_fetched(layered: tuple[Cloud, Layer, ModuleType]) -> None:
    aws, _, module = layered
    files = holter()
    assert len(files["record.dat"]) > MAX_BYTES
    aws.drop({"large.csv": b"I\n" + b"1\n" * (MAX_BYTES // 2), **files})
    assert invoke(module, sqs_event(*map(s3_event, ["large.csv", *files]))) == NOTHING_FAILED
    assert json.loads(aws.outcomes()["large.csv.json"])["code"] == "file_too_large"
    expected = classify({"record.hea": files["record.hea"], "record.dat": Bytes(files["record.dat"])})
    assert aws.outcomes()["record.hea.json"] == expected.to_json()


def test_a_log_line_says_what_was_done_and_holds_no_key(
    aws: Cloud, function: Load, pair: Files, log_lines: LogLines
) -> None:
    module = function()
    files = {f"{SECRET}/{name}": body.replace(b"# synthetic", f"# {SECRET}".encode()) for name, body in pair.items()}
    aws.drop({**files, f"{SECRET}.csv": SECRET.encode()})
    invoke(module, sqs_event(*map(s3_event, [*files, f"{SECRET}.csv"])))
    lines = log_lines()
    assert SECRET not in json.dumps(lines)
    assert [(line["message"], line["state"], line["code"]) for line in lines] == [
        ("record", "written", None),
        ("record", "written", None),
        ("record", "written", "unsupported_format"),
    ]
    assert lines[0]["record"] == hashlib.sha256(f"{SECRET}/record.hea".encode()).hexdigest()[:16]
    assert {"timestamp", "level", "request_id", "key", "ms"} <= set(lines[0])

"""The drop on a store without events, which is moto's server over HTTP here."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import ecg_core
from ecg_core.cli.examples import examples
from ecg_core.drop.addresses import WAITING
from functions import poll, s3
from functions.poll import FAILED, PROBE, WRONG, PolledBucket, main
from tests.s3_drop.cloud import INBOX, RESULTS, Cloud, cloud

PAIR = {name: examples()[name] for name in ("normal.hea", "normal.dat")}
QUICK = ["--once", "--interval", "0"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with cloud() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def test_what_is_in_the_inbox_is_answered_with_the_same_bytes(aws: Cloud) -> None:
    aws.drop({f"clinic a/{name}": body for name, body in PAIR.items()})
    aws.drop({"README.txt": b"no ECG", "broken.csv": b"I,II\n"})
    assert main(QUICK) == 0
    outcomes = aws.outcomes()
    assert outcomes["clinic a/normal.hea.json"] == ecg_core.classify(PAIR).to_json()
    assert b'"type": "urn:ekg:problem:' in outcomes["broken.csv.json"]
    assert PROBE not in aws.results()
    before = aws.versions()
    assert main(QUICK) == 0
    # The probe is written and deleted at each start.
    assert {key: n for key, n in aws.versions().items() if key != PROBE} == {
        key: n for key, n in before.items() if key != PROBE
    }


def test_the_buckets_are_made_on_request(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOX_BUCKET", "new-inbox")
    monkeypatch.setenv("RESULTS_BUCKET", "new-results")
    assert main(QUICK) == FAILED
    assert main(["--create", *QUICK]) == 0
    assert main(["--create", *QUICK]) == 0
    names = {bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]}
    assert {"new-inbox", "new-results"} <= names


@pytest.mark.parametrize("header", ["If-None-Match", "If-Match"])
def test_a_store_that_ignores_conditions_is_refused(
    aws: Cloud, header: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = s3.client

    def forgetful(*arguments: Any) -> Any:
        """Some stores read the request as if the header were not there."""

        def forget(params: dict[str, Any], **_: Any) -> None:
            params["headers"].pop(header, None)

        client = usual(*arguments)
        client.meta.events.register("before-call.s3.PutObject", forget)
        return client

    monkeypatch.setattr(poll.s3, "client", forgetful)
    aws.drop({"normal.zip": examples()["normal.zip"]})
    assert main(QUICK) == WRONG
    assert "ignores" in capsys.readouterr().err
    assert not aws.outcomes()


def test_settled_notes_are_deleted_and_open_ones_stay(aws: Cloud) -> None:
    for key, body in ((f"{WAITING}a", b""), (f"{WAITING}b", b"open"), ("a.json", b"")):
        aws.s3.put_object(Bucket=RESULTS, Key=key, Body=body)
    PolledBucket(aws.s3, RESULTS).expire(WAITING, datetime.now(UTC) + timedelta(hours=1))
    assert set(aws.results()) == {f"{WAITING}b", "a.json"}
    PolledBucket(aws.s3, RESULTS).expire("", datetime.now(UTC) - timedelta(hours=1))
    assert set(aws.results()) == {f"{WAITING}b", "a.json"}


def test_no_key_is_logged_and_a_fault_ends_with_a_status(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.drop({"Hans Meier.zip": examples()["normal.zip"]})
    assert main(QUICK) == 0
    assert '"state": "written"' in capsys.readouterr().out
    aws.drop({"Hans Meier.csv": examples()["st_depression.csv"]})

    def broken(*_: Any, **__: Any) -> None:
        raise TimeoutError("Hans Meier")

    monkeypatch.setattr(PolledBucket, "get", broken)
    assert main(QUICK) == FAILED
    shown = capsys.readouterr()
    assert '"error": "TimeoutError"' in shown.out
    assert "Meier" not in shown.out + shown.err


def test_a_missing_setting_and_a_store_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INBOX_BUCKET", raising=False)
    assert main([]) == WRONG
    for name, value in {"INBOX_BUCKET": INBOX, "RESULTS_BUCKET": RESULTS, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(poll, "ATTEMPTS", 1)
    assert main([]) == FAILED
    assert "cannot be used" in capsys.readouterr().err

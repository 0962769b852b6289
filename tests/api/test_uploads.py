"""POST /uploads and GET /results/{id}, against moto's S3 over HTTP."""

import json
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import boto3
import httpx
import numpy as np
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

import ecg_core
from ecg_core.drop import Drop, Entry
from ecg_core.model.classifier import default_classifier
from ecg_core.recording import MAX_BYTES
from ecg_core.synthesis.edf import edf_bytes
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, zip_bytes
from functions import log
from functions.api.settings import LAMBDA_BODY_BYTES, Settings
from functions.s3_drop.store import BucketStore
from tests.api.sending import code_of
from tests.api.serving import serving
from tests.api.test_schema import findings
from tests.conftest import ROOT

INBOX, RESULTS = "inbox-of-test", "results-of-test"
ID = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A client of a running S3. The environment variables lead the service to the same S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        client = boto3.client("s3")
        for bucket in (INBOX, RESULTS):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield client
    server.stop()


@pytest.fixture(scope="module")
def address(s3: Any) -> Iterator[str]:
    with serving(Settings(INBOX, RESULTS)) as address:
        yield address


def dropped(s3: Any, key: str) -> None:
    """Does what the drop does for the event of this key."""
    Drop(BucketStore(s3, INBOX), BucketStore(s3, RESULTS), default_classifier()).arrived(key)


def asked(address: str, size: int, **options: str) -> dict[str, Any]:
    """The answer of POST /uploads."""
    answer = httpx.post(f"{address}/uploads", params={"size": size, **options})
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def sent(upload: dict[str, Any], data: bytes, **other: str) -> httpx.Response:
    """The answer of S3 to the file."""
    return httpx.request(upload["method"], upload["url"], content=data, headers={**upload["headers"], **other})


def uploaded(address: str, data: bytes, **options: str) -> str:
    """The id of a file that is now in the inbox."""
    ticket = asked(address, len(data), **options)
    assert sent(ticket["upload"], data).status_code == 200
    return str(ticket["result"]).rpartition("/")[2]


def test_without_buckets_uploads_are_not_configured(client: httpx.Client) -> None:
    paths = (f"/results/{ID}", f"/results/{ID}/signal")
    for answer in (client.post("/uploads?size=1"), *map(client.get, paths)):
        assert (answer.status_code, code_of(answer)) == (503, "uploads_not_configured")


def test_a_file_is_uploaded_classified_and_its_result_fetched(address: str, s3: Any, example: dict[str, bytes]) -> None:
    data = example["normal.zip"]
    ticket = asked(address, len(data))
    result = urljoin(f"{address}/uploads", ticket["result"])
    assert httpx.get(result).status_code == 404

    assert sent(ticket["upload"], data).status_code == 200
    key = s3.list_objects_v2(Bucket=INBOX)["Contents"][0]["Key"]
    assert key == f"uploads/{result.rsplit('/', 1)[1]}"
    waiting = httpx.get(result)
    assert (waiting.status_code, waiting.json()) == (202, {"status": "pending"})
    assert int(waiting.headers["retry-after"]) > 0

    dropped(s3, key)
    answer = httpx.get(result)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == ecg_core.classify({"normal.zip": data}).to_json()


def test_the_lines_of_an_upload_its_drop_and_its_result_have_the_same_record(
    address: str, s3: Any, example: dict[str, bytes], log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    ticket = asked(address, 1)
    id = ticket["result"].rpartition("/")[2]
    httpx.get(f"{address}/results/{id}")
    lines = [line for line in log_lines() if line["route"] in ("/uploads", "/results/{id}")]
    assert [line["record"] for line in lines] == [log.hashed(f"uploads/{id}")] * 2
    # The drop's line about this key has it too (tests/s3_drop/test_handler.py). The id itself is in no line.
    assert id not in json.dumps(lines)


def test_an_upload_works_once(address: str, s3: Any, example: dict[str, bytes]) -> None:
    data = example["normal.zip"]
    upload = asked(address, len(data))["upload"]
    assert sent(upload, data).status_code == 200
    for other in (data, bytes(len(data))):
        assert sent(upload, other).status_code == 412
    key = "uploads/" + upload["url"].partition("?")[0].rpartition("/")[2]
    (version,) = s3.list_object_versions(Bucket=INBOX, Prefix=key)["Versions"]
    assert version["Size"] == len(data)


def signature(upload: dict[str, Any], headers: dict[str, str]) -> str:
    """What S3 computes for this address and these headers."""
    parts = urlsplit(upload["url"])
    query = dict(parse_qsl(parts.query))
    received = AWSRequest("PUT", parts._replace(query="").geturl(), headers={**headers, "host": parts.netloc})
    received.params = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    received.context["timestamp"] = query["X-Amz-Date"]
    signer = S3SigV4QueryAuth(Credentials("test", "test"), "s3", "eu-central-1")
    # S3 signs the headers that the address names, with the values that arrive.
    kept = HTTPHeaders.from_dict(
        {name: received.headers.get(name, "") for name in query["X-Amz-SignedHeaders"].split(";")}
    )
    request = [
        *("PUT", parts.path, signer.canonical_query_string(received), signer.canonical_headers(kept) + "\n"),
        *(signer.signed_headers(kept), "UNSIGNED-PAYLOAD"),
    ]
    return str(signer.signature(signer.string_to_sign(received, "\n".join(request)), received))


def test_size_and_single_use_are_part_of_the_signature(address: str) -> None:
    upload = asked(address, 1234)["upload"]
    query = dict(parse_qsl(urlsplit(upload["url"]).query))
    assert query["X-Amz-SignedHeaders"] == "content-length;host;if-none-match"
    assert int(query["X-Amz-Expires"]) == upload["expires_in_s"] == 300
    right = {"content-length": "1234", "if-none-match": "*"}
    assert upload["headers"] == right
    assert signature(upload, right) == query["X-Amz-Signature"]
    for wrong in ({**right, "content-length": "1235"}, {"content-length": "1234"}, {**right, "if-none-match": "x"}):
        assert signature(upload, wrong) != query["X-Amz-Signature"]


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [
        (str(2**31 + 1), 413, "file_too_large"),
        ("0", 422, "request_invalid"),
        ("-1", 422, "request_invalid"),
        ("x", 422, "request_invalid"),
        (None, 422, "request_invalid"),
    ],
)
def test_an_upload_needs_a_size_that_is_read(address: str, size: str | None, status: int, code: str) -> None:
    answer = httpx.post(f"{address}/uploads", params={"size": size} if size else {})
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_the_result_of_an_upload_may_be_a_refusal(address: str, s3: Any) -> None:
    s3.put_object(Bucket=INBOX, Key=f"uploads/{ID}", Body=b"nonsense")
    dropped(s3, f"uploads/{ID}")
    answer = httpx.get(f"{address}/results/{ID}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/problem+json")
    assert answer.json()["code"] == "unsupported_format"


def test_what_the_file_leaves_open_is_stated_with_the_upload(address: str, s3: Any, example: dict[str, bytes]) -> None:
    table = example["st_depression.csv"].decode()
    # Without time and names.
    bare = "\n".join(line.partition(",")[2] for line in table.splitlines()[1:]).encode()
    options = {"fs_hz": "250", "units": "millivolt", "leads": "I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, -"}
    id = uploaded(address, bare, **options)
    stored = s3.head_object(Bucket=INBOX, Key=f"uploads/{id}")["Metadata"]
    assert stored == {"fs-hz": "250.0", "units": "mV", "leads": "I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,-"}
    assert httpx.get(f"{address}/results/{id}/signal").json()["fs_hz"] == 250
    dropped(s3, f"uploads/{id}")
    answer = httpx.get(f"{address}/results/{id}")
    assert answer.content == ecg_core.classify({"x": bare}, fs_hz=250, units="mV", leads=options["leads"]).to_json()


def test_what_is_stated_is_part_of_the_signature(address: str) -> None:
    upload = asked(address, 1, gain="200")["upload"]
    query = dict(parse_qsl(urlsplit(upload["url"]).query))
    assert upload["headers"] == {"content-length": "1", "if-none-match": "*", "x-amz-meta-gain": "200.0"}
    assert signature(upload, upload["headers"]) == query["X-Amz-Signature"]
    assert signature(upload, {**upload["headers"], "x-amz-meta-gain": "100.0"}) != query["X-Amz-Signature"]


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("fs_hz", "5", "sampling_rate_out_of_range"),
        ("units", "kg", "units_unknown"),
        ("leads", "I,I", "duplicate_leads"),
        ("gain", "0", "units_unknown"),
    ],
)
def test_a_wrong_statement_is_refused_before_the_upload(address: str, option: str, value: str, code: str) -> None:
    answer = httpx.post(f"{address}/uploads", params={"size": 1, option: value})
    assert (answer.status_code, code_of(answer)) == (422, code)


def test_the_samples_of_an_upload_are_those_of_the_file(address: str, example: dict[str, bytes]) -> None:
    id = uploaded(address, example["normal.zip"])
    files = {"file": ("normal.zip", example["normal.zip"])}
    for options in ({}, {"start_s": 3, "length_s": 2, "marks": True}):
        answer = httpx.get(f"{address}/results/{id}/signal", params=options)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json() == httpx.post(f"{address}/signal", params=options, files=files).json()


class Counting(BucketStore):
    """Counts the bytes that are read by ranges."""

    ranged = 0

    def range(self, entry: Entry, offset: int, length: int) -> bytes:
        type(self).ranged += length
        return super().range(entry, offset, length)


def test_of_a_large_upload_only_the_stretch_is_read(
    address: str, s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two leads over 3 hours at 1000 Hz: 43 MB."""
    minute = synthesize("normal", duration_s=60, fs_hz=1000, seed=1).only(["II", "V1"])
    long = replace(minute, signal=np.tile(minute.signal, (1, 180)))
    data = edf_bytes(long)
    assert len(data) > MAX_BYTES
    monkeypatch.setattr("functions.s3_drop.store.BucketStore", Counting)
    id = uploaded(address, data)
    answer = httpx.get(f"{address}/results/{id}/signal", params={"start_s": 7200, "marks": True}, timeout=60).json()
    assert (answer["duration_s"], answer["start_s"], answer["samples"]) == (10_800, 7200, 120_000)
    assert 0 < Counting.ranged < len(data) / 4
    assert len(answer["marks"]) > 120
    (lead,) = (lead for lead in answer["leads"] if lead["name"] == "II")
    steps = np.frombuffer(b64decode(lead["data"]), "<i2") * answer["uv_per_step"] + lead["offset_uv"]
    np.testing.assert_allclose(steps[:1000], minute.signal[0][:1000] * 1000, atol=2)


def test_an_upload_that_is_refused_for_its_signal_can_be_drawn(address: str, s3: Any) -> None:
    record = wfdb_files(synthesize("normal", duration_s=3, seed=1), "short")
    id = uploaded(address, zip_bytes(record))
    dropped(s3, f"uploads/{id}")
    assert httpx.get(f"{address}/results/{id}").json()["code"] == "too_short"
    assert httpx.get(f"{address}/results/{id}/signal").json()["samples"] == 1500


def test_samples_that_cannot_be_had_are_refused(address: str, s3: Any) -> None:
    id = uploaded(address, b"nonsense")
    refused = httpx.get(f"{address}/results/{id}/signal")
    assert (refused.status_code, code_of(refused)) == (415, "unsupported_format")
    s3.delete_object(Bucket=INBOX, Key=f"uploads/{id}")
    for name, code in ((id, "result_not_found"), ("0" * 32, "result_not_found"), ("x", "result_not_found")):
        gone = httpx.get(f"{address}/results/{name}/signal")
        assert (gone.status_code, code_of(gone)) == (404, code)
    wrong = httpx.get(f"{address}/results/{ID}/signal", params={"start_s": -1})
    assert (wrong.status_code, code_of(wrong)) == (422, "request_invalid")


def test_the_upload_uses_the_regional_host_of_the_bucket(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with serving(Settings(INBOX, RESULTS)) as address:
        url = asked(address, 1)["upload"]["url"]
    assert url.startswith(f"https://{INBOX}.s3.eu-central-1.amazonaws.com/uploads/")


def test_every_upload_has_its_own_address(address: str) -> None:
    assert len({asked(address, 1)["result"] for _ in range(20)}) == 20


@pytest.mark.parametrize("name", ["x", "../inbox", "%2e%2e%2fuploads", ID.upper(), ID + "0", ID[:-1] + "%0a"])
def test_results_gives_access_to_no_other_object(address: str, s3: Any, name: str) -> None:
    s3.put_object(Bucket=RESULTS, Key="uploads/x.json", Body=b"{}")
    answer = httpx.get(f"{address}/results/{name}")
    assert (answer.status_code, code_of(answer)[-9:]) == (404, "not_found")


def test_an_unknown_result_is_not_found(address: str) -> None:
    answer = httpx.get(f"{address}/results/{'0' * 32}")
    assert (answer.status_code, code_of(answer)) == (404, "result_not_found")


def test_an_error_of_s3_is_answered_with_storage_unavailable(s3: Any) -> None:
    with serving(Settings("no-such-bucket", "no-such-bucket")) as address:
        answers = [httpx.get(f"{address}/results/{ID}{path}") for path in ("", "/signal")]
    assert {(answer.status_code, code_of(answer)) for answer in answers} == {(503, "storage_unavailable")}


def test_an_unreachable_s3_is_answered_with_storage_unavailable(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with serving(Settings(INBOX, RESULTS)) as address:
        answer = httpx.get(f"{address}/results/{ID}", timeout=30)
    assert (answer.status_code, code_of(answer)) == (503, "storage_unavailable")
    assert "127.0.0.1" not in answer.text


def test_generated_requests_cause_no_5xx_and_every_answer_matches_the_schema(address: str, tmp_path: Path) -> None:
    assert not findings(address, tmp_path, "--include-path-regex", "^/(uploads|results)")


def test_the_client_uses_uploads_for_a_file_above_the_limit(s3: Any, tmp_path: Path) -> None:
    record = wfdb_files(synthesize("normal", duration_s=400), "long")
    for name, data in record.items():
        (tmp_path / name).write_bytes(data)
    known = {item["Key"] for item in s3.list_objects_v2(Bucket=INBOX).get("Contents", [])}

    def drop() -> None:
        while not (new := {item["Key"] for item in s3.list_objects_v2(Bucket=INBOX).get("Contents", [])} - known):
            time.sleep(0.1)
        dropped(s3, new.pop())

    Thread(target=drop, daemon=True).start()
    with serving(Settings(INBOX, RESULTS, max_body_bytes=LAMBDA_BODY_BYTES)) as address:
        command = [sys.executable, "client.py", str(tmp_path / "long.hea"), "--url", address, "--json"]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ecg_core.classify(record).to_json() + b"\n"
    assert json.loads(run.stdout)["recording"]["duration_s"] == 400

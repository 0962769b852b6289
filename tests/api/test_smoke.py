"""`ekg smoke` against the real service, and against services that are wrong in one place each."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer

from ecg_core.cli import main
from ecg_core.cli.examples import examples
from ecg_core.cli.smoke import REFUSED
from ecg_core.drop import Drop
from ecg_core.model.classifier import default_classifier
from functions.api.settings import Settings
from functions.s3_drop.store import BucketStore
from tests.api.serving import serving

INBOX, RESULTS = "inbox-of-smoke", "results-of-smoke"
NOT_HERE = {"content-length", "transfer-encoding", "connection", "date", "server"}
Headers = dict[str, str]
Exchange = Callable[[str, Headers, int, Headers, bytes], tuple[int, Headers, bytes]]


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    with serving(Settings()) as address:
        yield address


@pytest.fixture(autouse=True)
def files_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecg_core.cli.examples.examples", made_once)


made_once = cache(examples)


@contextmanager
def tampered(real: str, change: Exchange) -> Iterator[str]:
    """A service that changes the answers of the real one. change: path, request headers, status, headers, body."""

    class Tampered(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            passed = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            found = client.request(self.command, real + self.path, content=sent, headers=passed)
            kept = {name: value for name, value in found.headers.items() if name not in NOT_HERE}
            asked = {name.lower(): value for name, value in self.headers.items()}
            status, headers, body = change(self.path, asked, found.status_code, kept, found.content)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    client = httpx.Client(trust_env=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tampered)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        client.close()


def replaced(path: str, old: bytes, new: bytes) -> Exchange:
    """Replaces bytes in the answers of one path."""

    def change(at: str, _: Headers, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        return status, headers, body.replace(old, new) if at.startswith(path) else body

    return change


def test_the_real_service_passes_every_check(real: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke", real]) == 0
    # The service runs in this process, and its log goes to the same place.
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]
    assert lines[-1] == "all checks passed"
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert sum("the same bytes" in line for line in lines) == 6
    assert sum("POST /diagnosis, " in line for line in lines) == 6 + len(REFUSED) + 1


SHA = default_classifier().card["sha256"].encode()


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("GET /:", replaced("/", b"EKG-Klassifikations-API", b"Other API")),
        ("GET /health:", replaced("/health", b'"ready"', b'"starting"')),
        ("GET /health:", replaced("/health", b'"version"', b'"revision"')),
        ("GET /model:", replaced("/model", SHA, b"0" * 64)),
        ("a zip:", replaced("/diagnosis", b'"probability": 0.', b'"probability": 0.0')),
        ("a zip:", replaced("/diagnosis", b'"diagnosis": "NORM"', b'"diagnosis": "CD"')),
        ("no ECG:", replaced("/diagnosis", b"unsupported_format", b"other_format")),
        ("not there:", replaced("/nothing", b"not_found", b"missing")),
    ],
)
def test_a_changed_answer_is_found_and_named(
    real: str, where: str, change: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    with tampered(real, change) as address:
        assert main(["smoke", address]) == 3
    failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("FAILED")]
    assert any(where in line for line in failed), failed


def test_a_missing_header_another_type_and_a_redirect_are_found(real: str, capsys: pytest.CaptureFixture[str]) -> None:
    def change(at: str, _: Headers, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        if at == "/":
            headers.pop("x-content-type-options")
        if at == "/model":
            return 301, {**headers, "location": "/health"}, body
        return status, {**headers, "content-type": "text/html"} if at == "/health" else headers, body

    with tampered(real, change) as address:
        assert main(["smoke", address]) == 3
    shown = capsys.readouterr().out
    for name in ("GET /:", "GET /model:", "GET /health:"):
        assert f"FAILED  {name}" in shown


def test_another_model_is_compared_by_shape(real: str, capsys: pytest.CaptureFixture[str]) -> None:
    def other(at: str, _: Headers, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        return status, headers, body.replace(SHA, b"1" * 64).replace(b'"probability": 0.9', b'"probability": 0.8')

    with tampered(real, other) as address:
        assert main(["smoke", address]) == 0
    assert capsys.readouterr().out.count("the same shape") == 6

    def mixed(at: str, _: Headers, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        # Two models answer, as in the middle of a deployment.
        return status, headers, body if at == "/diagnosis" else body.replace(SHA, b"1" * 64)

    with tampered(real, mixed) as address:
        assert main(["smoke", address]) == 3


def keyed(right: str) -> Exchange:
    refused = json.dumps({"status": 403, "code": "api_key_invalid"}).encode()

    def change(at: str, asked: Headers, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        if at.startswith("/diagnosis") and asked.get("x-api-key") != right:
            return 403, {"content-type": "application/problem+json"}, refused
        return status, headers, body

    return change


def test_the_key_is_sent_is_needed_and_is_not_shown(real: str, capsys: pytest.CaptureFixture[str]) -> None:
    with tampered(real, keyed("s3cret")) as address:
        assert main(["smoke", address, "--api-key", "s3cret", "--no-upload"]) == 0
        assert main(["smoke", address, "--api-key", "s4cret"]) == 2
        assert main(["smoke", address]) == 2
    shown = capsys.readouterr()
    assert "the key: is needed" in shown.out
    assert "cret" not in shown.out + shown.err


def test_a_service_that_forgot_its_key_fails(real: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke", real, "--api-key", "any"]) == 3
    assert "answers without the key" in capsys.readouterr().out


def guarded(key: str, starts: str, forgets: str = "", unsigned: bytes = b"") -> Exchange:
    """A gateway that asks for a key and for a caller. starts: how its header Authorization starts.

    forgets: the header that it does not look at. unsigned: its answer at unknown addresses, instead of the service's.
    """
    refused = json.dumps({"status": 401, "code": "unauthorized"}).encode()

    def change(at: str, asked: Headers, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        shown = asked.get("authorization", "")
        known = {"x-api-key": asked.get("x-api-key") == key, "authorization": shown.startswith(starts)}
        if at.startswith("/diagnosis") and not all(right for name, right in known.items() if name != forgets):
            return 401, {"content-type": "application/problem+json"}, refused
        if at.startswith("/nothing"):
            # API Gateway reads this header as a signature at every address that it does not know.
            if shown:
                return 403, {"content-type": "application/problem+json"}, b'{"code": "signature_invalid"}'
            return (
                (401, {"content-type": "application/problem+json"}, unsigned) if unsigned else (status, headers, body)
            )
        return status, headers, body

    return change


CALLERS = [(["--bearer", "t0ken"], "Bearer t0ken", "token"), (["--sigv4"], "AWS4-HMAC-SHA256 Cred", "signature")]


@pytest.mark.parametrize(("options", "starts", "name"), CALLERS)
def test_the_caller_is_shown_beside_the_key_and_both_are_needed(
    real: str,
    options: list[str],
    starts: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(variable, "any")
    monkeypatch.setattr("ecg_core.cli.smoke.RECORDS", {"a zip": ("normal.zip",)})
    asked = [*options, "--api-key", "k3y", "--no-upload"]
    unsigned = b'{"status": 401, "code": "unauthorized"}' if name == "signature" else b""
    with tampered(real, guarded("k3y", starts, unsigned=unsigned)) as address:
        assert main(["smoke", address, *asked]) == 0
        assert f"the key: is needed and a {name}" in capsys.readouterr().out
        assert main(["smoke", address, "--api-key", "k3y"]) == 2
        assert main(["smoke", address, *options]) == 2
    for forgets, said in (("x-api-key", "key"), ("authorization", name)):
        with tampered(real, guarded("k3y", starts, forgets)) as address:
            assert main(["smoke", address, *asked]) == 3
        assert f"answers without the {said}, too" in capsys.readouterr().out


def test_only_what_is_open_is_asked_and_the_rest_must_be_closed(real: str, capsys: pytest.CaptureFixture[str]) -> None:
    with tampered(real, guarded("k3y", "Bearer ")) as address:
        assert main(["smoke", address, "--open"]) == 0
    assert [line.split(": ")[0] for line in capsys.readouterr().out.splitlines() if line.startswith("ok")] == [
        *("ok      GET /", "ok      GET /health", "ok      GET /model", "ok      an address that is not there"),
        "ok      POST /diagnosis, without anything",
    ]
    assert main(["smoke", real, "--open"]) == 3


def test_a_signature_without_credentials_is_a_wrong_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    assert main(["smoke", "http://127.0.0.1:9", "--sigv4"]) == 2
    assert "export-credentials" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "status"), [("http://127.0.0.1:9", 3), ("ftp://host", 2), ("host", 2), ("http://host/?a=b", 2)]
)
def test_an_address_without_a_service(url: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke", url]) == status
    shown = capsys.readouterr()
    assert shown.err
    assert "ok " not in shown.out


def test_a_busy_gateway_is_asked_again(
    real: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ecg_core.cli.calls.RETRY_S", 0.01)
    cold = ["/health", "/diagnosis"]

    def change(at: str, _: Headers, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        if at in cold:
            cold.remove(at)
            return 504, {"content-type": "application/json"}, b"{}"
        return status, headers, body

    with tampered(real, change) as address:
        assert main(["smoke", address]) == 0
    assert not cold


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("s3")
    for bucket in (INBOX, RESULTS):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    # Other servers of moto in this process have the same buckets.
    for bucket in (INBOX, RESULTS):
        for found in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            client.delete_object(Bucket=bucket, Key=found["Key"])
        client.delete_bucket(Bucket=bucket)
    server.stop()


@pytest.mark.parametrize("answers", [True, False])
def test_the_upload_is_stored_and_its_result_compared(
    s3: Any, answers: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pause = Event()

    def dropped(_: float) -> None:
        """In place of a pause: the drop does its work, or it is dead."""
        pause.wait(0.3)
        for found in s3.list_objects_v2(Bucket=INBOX).get("Contents", []) if answers else []:
            Drop(BucketStore(s3, INBOX), BucketStore(s3, RESULTS), default_classifier()).arrived(found["Key"])

    monkeypatch.setattr("ecg_core.cli.smoke.time.sleep", dropped)
    with serving(Settings(INBOX, RESULTS)) as address:
        assert main(["smoke", address, "--timeout", "4"]) == (0 if answers else 3)
    shown = capsys.readouterr().out
    assert ("POST /uploads: NORM, the same bytes" if answers else "FAILED  POST /uploads: no result after 4 s") in shown

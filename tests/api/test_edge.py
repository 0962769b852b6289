"""What holds for every request: limits, headers, log lines, errors of the service."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from ecg_core import Classifier
from functions import log
from functions.api.settings import LAMBDA_BODY_BYTES, Settings
from tests.api.sending import code_of, pair, parts
from tests.api.serving import serving

SECRET = "Hans-Meier-1947"
LogLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    """The address of a service with a limit of 1,000 bytes."""
    with serving(Settings(max_body_bytes=1000)) as address:
        yield address


def exchange(address: str, request: bytes) -> bytes:
    """Sends raw bytes and returns all that the server answers."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize("size", [1001, 3_000_000])
def test_the_refusal_of_a_body_above_the_limit_reaches_the_client(small: str, size: int) -> None:
    answer = httpx.post(f"{small}/diagnosis", content=bytes(size))
    assert (answer.status_code, code_of(answer)) == (413, "file_too_large")
    assert "/uploads" not in answer.json()["hint"]


def test_with_buckets_the_refusal_of_a_large_body_names_uploads() -> None:
    with serving(Settings("inbox", "results", max_body_bytes=1000)) as address:
        answer = httpx.post(f"{address}/diagnosis", content=bytes(1001))
    assert code_of(answer) == "file_too_large"
    assert "/uploads" in answer.json()["hint"]


@pytest.mark.parametrize("path", ["/", "/health", "/model", "/docs"])
def test_head_is_answered_as_get_without_a_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


def test_an_unknown_method_is_not_written_to_the_log(client: httpx.Client, log_lines: LogLines) -> None:
    assert client.request("MEIER", "/health").status_code == 405
    assert log_lines()[-1]["method"] == "?"


def test_a_python_warning_is_logged_without_its_text_and_path(log_lines: LogLines) -> None:
    log.warned(RuntimeWarning(SECRET), RuntimeWarning, f"/srv/{SECRET}/ecg_core/quality.py", 7)
    line = log_lines()[-1]
    assert (line["level"], line["error"], line["at"]) == ("WARNING", "RuntimeWarning", ["ecg_core/quality.py:7"])


def test_a_body_at_the_limit_is_read(small: str) -> None:
    assert code_of(httpx.post(f"{small}/diagnosis", content=bytes(1000))) != "file_too_large"


def test_a_body_without_a_length_is_refused_at_the_limit(small: str) -> None:
    def endless() -> Iterator[bytes]:
        yield from (bytes(500) for _ in range(20))

    assert code_of(httpx.post(f"{small}/diagnosis", content=endless())) == "file_too_large"


def test_a_multipart_body_without_a_length_is_refused_at_the_limit(small: str) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{small}/diagnosis", content=iter([head, bytes(2000), b"\r\n--b--\r\n"]), headers=kind)
    assert code_of(answer) == "file_too_large"


def test_a_content_length_above_the_limit_is_refused(small: str) -> None:
    host = urlsplit(small).netloc
    request = f"POST /diagnosis HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n".encode()
    assert b"413" in exchange(small, request + bytes(2000)).split(b"\r\n")[0]


def test_a_client_that_disconnects_causes_no_error(service: str, client: httpx.Client, log_lines: LogLines) -> None:
    where = urlsplit(service)
    with socket.create_connection((where.hostname, where.port)) as connection:
        connection.sendall(b"POST /diagnosis HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    assert client.get("/health").status_code == 200
    assert not [line for line in log_lines() if line["level"] == "ERROR"]


def test_the_limit_on_lambda_fits_into_6_mb_of_base64() -> None:
    assert Settings.of({"AWS_LAMBDA_FUNCTION_NAME": "api"}).max_body_bytes == LAMBDA_BODY_BYTES
    assert LAMBDA_BODY_BYTES * 4 / 3 < 6 * 1024 * 1024
    assert Settings.of({}).max_body_bytes > 24_000_000


@pytest.mark.parametrize("path", ["/", "/health", "/model", "/docs", "/openapi.json", "/nothing", "/docs/start.js"])
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/docs", "/nothing"])
def test_only_a_service_behind_tls_asks_browsers_to_stay_with_tls(client: httpx.Client, path: str) -> None:
    assert "strict-transport-security" not in client.get(path).headers
    with serving(Settings(alone=True)) as on_lambda:
        assert httpx.get(f"{on_lambda}{path}").headers["strict-transport-security"] == "max-age=31536000"


def test_an_answer_must_not_be_cached(client: httpx.Client, example: dict[str, bytes]) -> None:
    assert client.post("/diagnosis", files=parts(pair(example))).headers["cache-control"] == "no-store"


def test_an_unknown_path_is_answered_with_a_problem(client: httpx.Client) -> None:
    answer = client.get(f"/{SECRET}")
    assert (answer.status_code, code_of(answer)) == (404, "not_found")
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/diagnosis"), ("POST", "/"), ("DELETE", "/results/x"), ("PUT", "/uploads")]
)
def test_a_wrong_method_is_answered_with_a_problem_and_the_allow_header(
    client: httpx.Client, method: str, path: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, code_of(answer)) == (405, "method_not_allowed")
    assert answer.headers["allow"]


def test_a_path_with_an_extra_slash_is_not_redirected(client: httpx.Client) -> None:
    assert client.get("/health/").status_code == 404


def test_each_request_is_logged_in_one_line(
    client: httpx.Client, example: dict[str, bytes], log_lines: LogLines
) -> None:
    start = time.perf_counter()
    answer = client.post("/diagnosis", files=parts(pair(example)))
    line = log_lines()[-1]
    elapsed_ms = (time.perf_counter() - start) * 1000
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"], line["code"]) == ("POST", "/diagnosis", 200, None)
    assert line["sent_bytes"] == len(answer.content)
    assert line["received_bytes"] > 120_000
    assert 0 < line["ms"] < elapsed_ms


def test_the_log_line_holds_the_code_of_a_refusal(client: httpx.Client, log_lines: LogLines) -> None:
    client.post("/diagnosis", content=b"nonsense")
    line = log_lines()[-1]
    assert (line["status"], line["code"]) == (415, "unsupported_format")
    client.get("/nothing")
    assert log_lines()[-1]["code"] == "not_found"


def test_nothing_of_a_refused_file_reaches_the_log_or_the_answer(
    client: httpx.Client, example: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    header = example["normal.hea"].replace(b"normal", SECRET.encode()) + f"# name: {SECRET}\n".encode()
    broken = [
        parts({f"{SECRET}.hea": header}),
        parts({f"{SECRET}.hea": header, f"{SECRET}.dat": example["normal.dat"][:1000]}),
        parts({f"{SECRET}.hea": header.replace(b"1000", SECRET.encode()), f"{SECRET}.dat": example["normal.dat"]}),
        parts({f"{SECRET}.csv": f"{SECRET},I\n{SECRET},1\n".encode() * 900}),
        parts({f"{SECRET}.csv": f"time,{SECRET}\n1,2\n2,3\n".encode()}),
        parts({f"../../{SECRET}": SECRET.encode()}),
        parts({SECRET * 30: SECRET.encode()}),
        [*parts({f"{SECRET}.csv": b"1"}), *parts({f"{SECRET}.csv": b"2"})],
        parts({f"{SECRET}\r{SECRET}": SECRET.encode()}),
        parts({f"{SECRET}.zip": b"PK\x03\x04" + SECRET.encode()}),
    ]
    answers = [client.post(f"/diagnosis?filename={SECRET}&units={SECRET}", files=files) for files in broken]
    answers += [
        client.get(f"/results/{SECRET}"),
        client.request(SECRET, "/diagnosis"),
        client.get(f"/{SECRET}?{SECRET}"),
    ]
    said = capfd.readouterr()
    for answer in answers:
        assert answer.status_code >= 400
        assert SECRET not in answer.text
        assert "/ecg_core" not in answer.text
        assert "Traceback" not in answer.text
    assert SECRET not in said.out + said.err


def test_an_unexpected_error_is_a_problem_and_its_text_is_not_shown(
    example: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Classifier, "classify", fails)
    with serving(Settings()) as address:
        answer = httpx.post(f"{address}/diagnosis", files=parts(pair(example)))
        assert (answer.status_code, code_of(answer)) == (500, "internal_error")
        assert httpx.get(f"{address}/health").status_code == 200
    lines = log_lines()
    fault = next(line for line in lines if line["level"] == "ERROR")
    assert fault["error"] == "RuntimeError"
    assert fault["request_id"] == answer.headers["x-request-id"]
    assert any("functions/api/diagnosis.py" in place for place in fault["at"])
    assert SECRET not in json.dumps(lines)
    assert SECRET not in answer.text

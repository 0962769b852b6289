"""client.py as a user runs it: with the real service, and with servers that answer what a service must not answer."""

import io
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ecg_core import classify
from ecg_core.model.classifier import default_classifier
from ecg_core.reports.text import answer_text
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, write_files
from tests.builders import make_classification

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "client.py"
RESULT = make_classification({"CD": 0.97, "STTC": 0.61}).to_json()
JSON, FHIR, SVG, PROBLEM = "application/json", "application/fhir+json", "image/svg+xml", "application/problem+json"
LARGE = 4_600_000


@dataclass(frozen=True)
class Reply:
    status: int = 200
    kind: str = JSON
    body: bytes = RESULT
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    trickle_s: float = 0.0


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at_s: float

    def parts(self) -> list[tuple[str, str | None, bytes]]:
        """(field, file name, content) of a multipart body, in order."""
        message = message_from_bytes(
            b"Content-Type: " + self.headers["content-type"].encode() + b"\r\n\r\n" + self.body
        )
        found = []
        for part in message.get_payload():
            assert not isinstance(part, str)
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            found.append((str(part.get_param("name", header="content-disposition")), part.get_filename(), content))
        return found


class Script:
    """A server that gives each address its replies in turn. The last reply is repeated.

    trickled: how many pieces of trickling bodies it has sent.
    """

    def __init__(self, replies: Mapping[str, Reply | Sequence[Reply]]) -> None:
        self.replies = {
            address: [reply] if isinstance(reply, Reply) else list(reply) for address, reply in replies.items()
        }
        self.received: list[Received] = []
        self.written = 0
        self.ended = threading.Event()
        script = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                script.received.append(Received(self.command, self.path, headers, body, time.monotonic()))
                queue = script.replies.get(
                    f"{self.command} {self.path.split('?')[0]}", [Reply(404, "text/plain", b"no")]
                )
                reply = queue.pop(0) if len(queue) > 1 else queue[0]
                script.ended.wait(reply.delay_s)
                self.send_response(reply.status)
                given = {"Content-Type": reply.kind, "Content-Length": str(len(reply.body)), **reply.headers}
                for name, value in given.items():
                    self.send_header(name, value)
                self.end_headers()
                pieces = (
                    [reply.body] if not reply.trickle_s else [reply.body[at : at + 1] for at in range(len(reply.body))]
                )
                for piece in pieces:
                    self.wfile.write(piece)
                    script.written += len(piece)
                    script.ended.wait(reply.trickle_s)

            do_GET = do_POST = do_PUT = answer  # noqa: N815

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    # The client has ended before the answer. Some of these tests are about that.
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> "Script":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.received]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: bytes
    err: str


ENVIRONMENT = {
    name: value for name, value in os.environ.items() if "proxy" not in name.lower()[-5:] and name[:4] != "EKG_"
}


def client(*arguments: object, stdin: bytes = b"", env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Outcome:
    command = [sys.executable, "-W", "error", str(CLIENT), *map(str, arguments)]
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "utf-8", **(env or {})}
    done = subprocess.run(command, input=stdin, capture_output=True, env=environment, cwd=cwd, timeout=60, check=False)
    outcome = Outcome(done.returncode, done.stdout, done.stderr.decode())
    assert "Traceback" not in outcome.err
    return outcome


def refused(outcome: Outcome, code: int = 2) -> str:
    """The message of one or two lines; nothing else was printed."""
    assert outcome.code == code, outcome
    assert outcome.out == b""
    assert 1 <= len(outcome.err.splitlines()) <= 2
    return outcome.err


def problem(status: int, code: str, detail: str = "It is not so.", hint: str = "Do it so.") -> Reply:
    content = {"type": f"urn:ekg:problem:{code}", "status": status, "detail": detail, "code": code, "hint": hint}
    return Reply(status, PROBLEM, json.dumps(content).encode())


NO_UPLOADS = problem(503, "uploads_not_configured")


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "ecg.csv"
    path.write_bytes(csv_bytes(synthesize("normal")))
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.csv"
    path.write_bytes(b"1" * LARGE)
    return path


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of the real service."""
    pytest.importorskip("uvicorn")
    if not (ROOT / "functions/api/app.py").is_file():
        pytest.skip("the service is not there")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "functions.serve", "--port", str(port)]
    environment = {name: value for name, value in ENVIRONMENT.items() if name not in ("INBOX_BUCKET", "RESULTS_BUCKET")}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            deadline = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            assert process.poll() is None, "the service did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


# The real service


@pytest.mark.parametrize("name", ["r", "r.HEA", "r.DAT"])
def test_a_wfdb_record_is_sent_by_any_of_its_files_and_answered_byte_for_byte(
    service: str, tmp_path: Path, name: str
) -> None:
    files = wfdb_files(synthesize("lbbb"), "r")
    write_files({"r.HEA": files["r.hea"], "r.DAT": files["r.dat"]}, tmp_path)
    answered = client(tmp_path / name, "--json", "--url", service)
    assert (answered.code, answered.err) == (0, "")
    assert answered.out == classify(files).to_json() + b"\n"


def test_the_files_of_a_record_can_be_named_one_by_one(service: str, tmp_path: Path) -> None:
    paths = write_files(wfdb_files(synthesize("normal"), "r"), tmp_path)
    assert client(*paths, "--url", service).code == 0


def test_a_person_reads_diagnosis_bars_and_disclaimer(service: str) -> None:
    answered = client(ROOT / "examples/normal.hea", env={"EKG_URL": service + "/"})
    shown = answered.out.decode()
    assert answered.code == 0
    assert "NORM  normal ECG, probability 0." in shown
    assert all(f"\n  {label}" in shown for label in ("NORM", "CD", "STTC"))
    assert shown.count("┃") == 3
    assert "Not a medical device" in shown


def test_report_and_plot_are_written(service: str, tmp_path: Path) -> None:
    pytest.importorskip("ecg_core.reports.svg")
    report, plot = tmp_path / "report.json", tmp_path / "plot.svg"
    answered = client(ROOT / "examples/normal.zip", "--fhir", report, "--svg", plot, "--url", service)
    assert (answered.code, answered.err) == (0, "")
    assert json.loads(report.read_bytes())["resourceType"] == "DiagnosticReport"
    assert ElementTree.fromstring(plot.read_bytes()).tag.endswith("svg")


def test_an_explanation_reads_as_in_the_command_line(service: str, tmp_path: Path) -> None:
    files, plot = wfdb_files(synthesize("lbbb"), "r"), tmp_path / "plot.svg"
    write_files(files, tmp_path)
    answered = client(tmp_path / "r.hea", "--explain", "--svg", plot, "--url", service)
    assert (answered.code, answered.err) == (0, "")
    local = answer_text(default_classifier().classify(files, explain=True))
    assert "speaks most for CD" in local
    for line in local.split("\n"):
        assert line in answered.out.decode().split("\n")
    assert b"evidence for CD" in plot.read_bytes()


def test_statements_read_as_in_the_command_line_and_all_are_given_on_request(service: str, tmp_path: Path) -> None:
    files = wfdb_files(synthesize("lbbb"), "r")
    write_files(files, tmp_path)
    shown = client(tmp_path / "r.hea", "--url", service).out.decode()
    assert "  CLBBB   complete left bundle branch block 0." in shown
    assert shown.rstrip().split("\n") == answer_text(classify(files)).rstrip().split("\n")
    whole = classify(files, statements="all")
    read = client(tmp_path / "r.hea", "--statements", "all", "--url", service).out.decode()
    assert "below its threshold" in read
    assert read.rstrip().split("\n") == answer_text(whole).rstrip().split("\n")
    answered = client(tmp_path / "r.hea", "--statements", "all", "--json", "--url", service)
    assert answered.out == whole.to_json() + b"\n"


def test_an_answer_of_an_older_service_has_no_statements(csv: Path) -> None:
    older = {name: value for name, value in json.loads(RESULT).items() if name != "statements"}
    with Script({"POST /diagnosis": Reply(body=json.dumps(older).encode())}) as script:
        answered = client(csv, "--url", script.url)
    assert (answered.code, answered.err) == (0, "")


def test_a_refusal_of_the_service_shows_message_hint_and_code(service: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"no ecg")
    assert "(unsupported_format)" in refused(client(path, "--url", service))


def test_a_header_alone_is_refused_by_the_service(service: str, tmp_path: Path) -> None:
    write_files({"r.hea": wfdb_files(synthesize("normal"), "r")["r.hea"]}, tmp_path)
    assert "(record_incomplete)" in refused(client(tmp_path / "r.hea", "--url", service))


def test_unit_and_rate_are_passed_on(service: str, tmp_path: Path) -> None:
    path = tmp_path / "ecg.csv"
    values = synthesize("normal").signal[0]
    path.write_text("I\n" + "\n".join(f"{value:.4f}" for value in values))
    assert "(units_unknown)" in refused(client(path, "--url", service, "--fs", 500))
    assert client(path, "--url", service, "--fs", 500, "--units", "mV").code == 0
    assert "fs_hz" in refused(client(path, "--url", service, "--fs", "fast"))


def test_a_large_record_is_sent_directly_to_a_service_without_uploads(service: str, large: Path) -> None:
    assert "uploads" not in refused(client(large, "--url", service))


# What is sent


def test_the_request_carries_base_names_key_and_query(tmp_path: Path) -> None:
    paths = write_files(wfdb_files(synthesize("normal"), "r"), tmp_path)
    with Script({"POST /prod/diagnosis": Reply()}) as script:
        answered = client(
            paths[0], "--url", f"{script.url}/prod/", "--fs", "500", "--units", "mV", env={"EKG_API_KEY": "k1\n"}
        )
    assert answered.code == 0
    (request,) = script.received
    assert request.path == "/prod/diagnosis?fs_hz=500&units=mV"
    assert request.headers["x-api-key"] == "k1"
    assert request.headers["accept"] == JSON
    assert sorted(request.parts()) == sorted(("file", path.name, path.read_bytes()) for path in paths)


def test_the_token_goes_to_the_service_only(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply()}) as script:
        assert client(csv, "--url", script.url, env={"EKG_BEARER": "t1\n", "EKG_API_KEY": "k1"}).code == 0
        assert client(csv, "--url", script.url, "--bearer", "t2").code == 0
    assert [request.headers["authorization"] for request in script.received] == ["Bearer t1", "Bearer t2"]
    assert [request.headers.get("x-api-key") for request in script.received] == ["k1", None]


@pytest.mark.parametrize("session", ["", "FwoGZXIvYXdzEBY/token+/="])
def test_a_signed_request_is_what_botocore_would_sign(csv: Path, session: str) -> None:
    env = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalr+EXAMPLE/KEY",
        "AWS_REGION": "eu-central-1",
    }
    with Script({"POST /v1/diagnosis": Reply()}) as script:
        arguments = ("--url", f"{script.url}/v1", "--sigv4", "--fs", "500", "--leads", "I,II")
        assert client(csv, *arguments, env={**env, "AWS_SESSION_TOKEN": session}).code == 0
    (request,) = script.received
    assert request.headers["authorization"] == signed_again(request.method, script.url + request.path, request, session)
    assert "Credential=AKIDEXAMPLE/" in request.headers["authorization"]
    assert request.headers.get("x-amz-security-token", "") == session


def signed_again(method: str, url: str, request: Received, session: str) -> str:
    """By botocore, at the time that the request names."""
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "wJalr+EXAMPLE/KEY", session or None), "execute-api", "eu-central-1")
    headers = {name: value for name, value in request.headers.items() if name in ("host", "x-amz-date")}
    headers |= {"X-Amz-Security-Token": session} if session else {}
    again = AWSRequest(method, url, headers, request.body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    made = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    names = signer.signed_headers(signer.headers_to_sign(again))
    return f"AWS4-HMAC-SHA256 Credential={signer.scope(again)}, SignedHeaders={names}, Signature={made}"


def test_without_aws_credentials_nothing_is_sent(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply()}) as script:
        assert "AWS" in refused(client(csv, "--url", script.url, "--sigv4", env={"AWS_ACCESS_KEY_ID": ""}))
    assert not script.received


def test_the_signal_files_of_all_segments_are_sent(tmp_path: Path) -> None:
    segments = {f"r_{number}.{suffix}": b"" for number in (1, 2) for suffix in ("hea", "dat")}
    headers = {name: f"{name[:3]} 1 500 10\n{name[:3]}.dat 16\n".encode() for name in segments if name.endswith("hea")}
    master = b"r/3 1 500 30\n# \xc3\x85: a/b\n# \xfc\nr_1 10\n~ 10\nr_2 10\n"
    write_files({"r.hea": master, **dict.fromkeys(segments, b"xx"), **headers, "r_9.dat": b"other"}, tmp_path)
    with Script({"POST /diagnosis": Reply()}) as script:
        assert client(tmp_path / "r", "--url", script.url).code == 0
    assert {name for _, name, _ in script.received[0].parts()} == {"r.hea", *segments}


def test_a_file_beside_a_header_that_does_not_name_it_is_sent_alone(csv: Path) -> None:
    csv.with_suffix(".hea").write_bytes(b"ecg 1 500 10\nother.dat 16\n")
    with Script({"POST /diagnosis": Reply()}) as script:
        client(csv, "--url", script.url)
    assert [name for _, name, _ in script.received[0].parts()] == ["ecg.csv"]


def test_the_path_is_asked_for_when_none_is_given(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply()}) as script:
        answered = client("--url", script.url, "--json", stdin=f'"{csv}"\n'.encode())
    assert (answered.code, answered.out) == (0, RESULT + b"\n")
    assert "Path" in answered.err


def test_each_form_is_one_request_with_its_accept_header(csv: Path, tmp_path: Path) -> None:
    replies = [Reply(), Reply(kind=FHIR, body=b"{}"), Reply(kind=SVG, body=b"<svg/>")]
    report, plot = tmp_path / "r.json", tmp_path / "p.svg"
    with Script({"POST /diagnosis": replies}) as script:
        answered = client(csv, "--url", script.url, "--svg", plot, "--fhir", report)
    assert answered.code == 0
    assert [request.headers["accept"] for request in script.received] == [JSON, FHIR, SVG]
    assert (report.read_bytes(), plot.read_bytes()) == (b"{}", b"<svg/>")


# What is printed


def test_all_findings_and_warnings_are_printed(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply()}) as script:
        shown = client(csv, "--url", script.url).out.decode()
    assert "CD  conduction disturbance, probability 0.970" in shown
    assert "also above its threshold: STTC" in shown
    assert "expected with these leads (I): AUC NORM 0.900, CD 0.800, STTC 0.800" in shown


def test_a_missing_diagnosis_is_printed_with_its_reason(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply(body=make_classification().to_json())}) as script:
        shown = client(csv, "--url", script.url).out.decode()
    assert shown.startswith("  no diagnosis\n")
    assert "! None of the three is above its threshold. (no_finding)" in shown


def test_a_terminal_without_the_bars_characters_gets_an_answer(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply()}) as script:
        answered = client(csv, "--url", script.url, env={"PYTHONIOENCODING": "cp1252"})
    assert answered.code == 0
    assert b"CD  conduction disturbance" in answered.out


@pytest.mark.parametrize("evil", ["\x1b]0;owned\x07", "\x9b31m", "a\nb\r"])
def test_control_characters_of_the_server_do_not_reach_the_terminal(csv: Path, evil: str) -> None:
    result = json.loads(RESULT)
    result["warnings"] = [{"code": evil, "message": evil}]
    result["disclaimer"] = evil
    replies = [Reply(body=json.dumps(result).encode()), problem(422, evil, evil, evil)]
    with Script({"POST /diagnosis": replies}) as script:
        answered, refusal = client(csv, "--url", script.url), client(csv, "--url", script.url)
    assert answered.code == 0
    for text in (answered.out.decode(), refused(refusal)):
        assert all(c.isprintable() or c == "\n" for c in text)
        assert evil not in text


# The record


def test_a_path_that_is_no_record_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "empty.dat").touch()
    os.mkfifo(tmp_path / "pipe.dat")
    for path, word in {"gone.dat": "does not exist", "": "folder", "empty.dat": "empty", "pipe.dat": "no file"}.items():
        assert word in refused(client(tmp_path / path, "--url", "http://127.0.0.1:1"))


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(client(tmp_path / ("x" * 300)))


@pytest.mark.parametrize("name", ["../secret.dat", "/etc/passwd", "a\\b.dat", "C:x.dat", "..", "https://host/x"])
def test_a_header_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "in/r.hea"
    write_files({"r.hea": f"r 1 500 10\n{name} 16\n".encode()}, path.parent)
    write_files({"secret.dat": b"x"}, tmp_path)
    assert "outside its folder" in refused(client(path))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [path for folder in "ab" for path in write_files({"x.csv": b"1"}, tmp_path / folder)]
    assert "Two files" in refused(client(*paths))


@pytest.mark.parametrize(("names", "bytes_"), [(("x.dat", "y.dat"), 12_000_001), (("x.edf",), 2**31 + 1)])
def test_a_record_above_the_services_limit_is_not_sent(tmp_path: Path, names: tuple[str, ...], bytes_: int) -> None:
    paths = [tmp_path / name for name in names]
    for path in paths:
        with path.open("wb") as file:
            file.truncate(bytes_)
    assert "larger than" in refused(client(*paths))


def test_the_answer_does_not_overwrite_the_record(csv: Path) -> None:
    before = csv.read_bytes()
    assert "overwrite" in refused(client(csv, "--svg", csv))
    assert csv.read_bytes() == before


def test_an_answer_that_cannot_be_written_is_reported(csv: Path, tmp_path: Path) -> None:
    with Script({"POST /diagnosis": [Reply(), Reply(kind=SVG, body=b"<svg/>")]}) as script:
        answered = client(csv, "--url", script.url, "--svg", tmp_path / "gone/plot.svg")
    assert answered.code == 2
    assert "cannot be written" in answered.err


# The wrong address, the wrong answer


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://host",
        "file:///etc/passwd",
        "http://u:p@host",
        "http://host?x=1",
        "http://h:p",
        "http://",
    ],
)
def test_an_invalid_url_is_refused(csv: Path, url: str) -> None:
    assert "--url" in refused(client(csv, "--url", url))


@pytest.mark.parametrize("arguments", [["--api-key", "k\nx"], ["--api-key", "ключ"]])
def test_an_api_key_that_cannot_be_sent_is_a_wrong_call(csv: Path, arguments: list[str]) -> None:
    assert "cannot be sent" in refused(client(csv, *arguments))


@pytest.mark.parametrize(("seconds", "code"), [("-1", 3), ("0", 3), ("nan", 0), ("inf", 0)])
def test_a_timeout_of_zero_fails_and_an_infinite_one_is_capped(csv: Path, seconds: str, code: int) -> None:
    with Script({"POST /diagnosis": Reply(delay_s=0.1)}) as script:
        assert client(csv, "--url", script.url, f"--timeout={seconds}").code == code


def test_if_nothing_listens_the_hint_names_make_run(csv: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        said = refused(client(csv, "--url", url), 3)
    assert url in said
    assert "make run" in said


def test_an_unknown_host_is_reported(csv: Path) -> None:
    assert "nobody knows" in refused(client(csv, "--url", "http://ekg.invalid"), 3)


def test_a_server_without_tls_is_reported(csv: Path) -> None:
    with Script({}) as script:
        assert "no TLS" in refused(client(csv, "--url", script.url.replace("http:", "https:")), 3)


def test_an_untrusted_certificate_is_reported(csv: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other.example", "-days", "2"]
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    script = Script({"POST /diagnosis": Reply()})
    script.server.socket = context.wrap_socket(script.server.socket, server_side=True)
    with script:
        said = refused(client(csv, "--url", script.url.replace("http:", "https:")), 3)
    assert "certificate" in said
    assert script.calls == []


def test_a_proxy_is_not_used_for_this_machine(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply()}) as script:
        assert client(csv, "--url", script.url, env={"http_proxy": "http://127.0.0.1:1"}).code == 0


def test_a_slow_answer_is_a_timeout(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply(delay_s=20)}) as script:
        assert "in time" in refused(client(csv, "--url", script.url, "--timeout", "0.3"), 3)


def test_an_answer_that_breaks_off_is_reported(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply(headers={"Content-Length": "9999"})}) as script:
        assert "broke off" in refused(client(csv, "--url", script.url), 3)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(kind="text/html", body=b"<html>Log in</html>"),
        Reply(kind=JSON, body=b"<html>"),
        Reply(kind=JSON, body=b'{"message": "another service"}'),
        Reply(kind=JSON, body=b'{"diagnosis": "NORM"}'),
        Reply(kind=JSON, body=b'{"diagnosis": NaN, "findings": 3, "expected_performance": 1e999}'),
        Reply(kind=JSON, body=RESULT.replace(b"0.97", b"1e999")),
        Reply(kind=JSON, body=b"[" * 100_000),
        Reply(kind=JSON, body=b"[]"),
    ],
)
def test_an_answer_of_another_service_is_reported(csv: Path, reply: Reply) -> None:
    with Script({"POST /diagnosis": reply}) as script:
        assert "no answer of the service" in refused(client(csv, "--url", script.url), 3)


def test_a_plot_of_the_wrong_type_is_not_written(csv: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.svg"
    with Script({"POST /diagnosis": Reply()}) as script:
        assert client(csv, "--url", script.url, "--svg", plot).code == 3
    assert not plot.exists()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("target", ["https://other.example/diagnosis", "http://[broken"])
def test_a_redirect_is_not_followed_and_its_target_named(csv: Path, status: int, target: str) -> None:
    with Script({"POST /diagnosis": Reply(status, headers={"Location": target})}) as script:
        said = refused(client(csv, "--url", script.url))
    assert target in said
    assert len(script.calls) == 1


@pytest.mark.parametrize(
    "reply", [Reply(403, JSON, b'{"message":"Forbidden"}'), Reply(401, body=b""), problem(403, "api_key_invalid")]
)
def test_a_missing_or_wrong_key_is_reported(csv: Path, reply: Reply) -> None:
    with Script({"POST /diagnosis": reply}) as script:
        assert "--api-key" in refused(client(csv, "--url", script.url))


@pytest.mark.parametrize(("status", "code"), [(404, 2), (405, 2), (400, 2), (500, 3)])
def test_a_status_without_a_problem_object_is_reported(csv: Path, status: int, code: int) -> None:
    with Script({"POST /diagnosis": Reply(status, "text/html", b"<h1>no</h1>")}) as script:
        said = refused(client(csv, "--url", script.url), code)
    assert f"status {status}" in said
    assert "<h1>" not in said


@pytest.mark.parametrize(("status", "exit_status"), [(403, 2), (415, 2), (422, 2), (500, 3), (503, 3)])
def test_a_problem_shows_its_detail_hint_and_code_and_is_not_retried(csv: Path, status: int, exit_status: int) -> None:
    with Script({"POST /diagnosis": problem(status, "some_code")}) as script:
        said = refused(client(csv, "--url", script.url), exit_status)
    assert said == "It is not so.\n  Do it so. (some_code)\n"
    assert len(script.calls) == 1


def test_with_json_a_refusal_prints_the_problem_object(csv: Path) -> None:
    reply = problem(422, "too_short")
    with Script({"POST /diagnosis": reply}) as script:
        answered = client(csv, "--url", script.url, "--json")
    assert (answered.code, answered.out) == (2, reply.body + b"\n")


# Retries and timeouts


@pytest.mark.parametrize(
    ("busy", "code", "said"),
    [
        (Reply(429, JSON, b"{}", {"Retry-After": "0"}), 2, "Too many calls"),
        (Reply(503, PROBLEM, b'{"code": "service_busy"}', {"Retry-After": "0"}), 3, "(service_busy)"),
    ],
)
def test_a_busy_service_is_asked_again_up_to_three_times(csv: Path, busy: Reply, code: int, said: str) -> None:
    with Script({"POST /diagnosis": [busy, busy, busy, Reply()]}) as script:
        assert client(csv, "--url", script.url).code == 0
    assert len(script.calls) == 4
    with Script({"POST /diagnosis": busy}) as script:
        assert said in refused(client(csv, "--url", script.url), code)
    assert len(script.calls) == 4


def test_the_client_waits_as_long_as_the_service_asks(csv: Path) -> None:
    with Script({"POST /diagnosis": [Reply(429, JSON, b"{}", {"Retry-After": "1"}), Reply()]}) as script:
        assert client(csv, "--url", script.url).code == 0
    first, second = script.received
    assert second.at_s - first.at_s >= 1


def test_an_answer_that_arrives_too_slowly_is_a_timeout(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply(200, "application/json", b" " * 200, trickle_s=0.2)}) as service:
        said = refused(client(csv, "--url", service.url, "--timeout", 1), 3)
        written = service.written
    assert "no answer in time" in said
    # The whole answer would take 40 s. Each of its bytes comes within the timeout.
    assert 0 < written < 200


def test_a_too_large_answer_is_not_read_to_its_end(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply(200, "application/json", b" " * 60_000_000)}) as service:
        assert "broke off" in refused(client(csv, "--url", service.url), 3)


@pytest.mark.parametrize("arguments", [(), ("",)])
def test_a_call_without_a_file_is_refused(arguments: tuple[str, ...]) -> None:
    assert "No file was named" in refused(client(*arguments)).replace("Path of the ECG file: ", "")


def test_the_same_file_for_report_and_plot_is_refused(csv: Path) -> None:
    assert "same file" in refused(client(csv, "--fhir", "a.out", "--svg", "./a.out"))


def test_a_wait_beyond_the_timeout_is_not_started(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply(429, JSON, b"{}", {"Retry-After": "3600"})}) as script:
        refused(client(csv, "--url", script.url))
    assert script.calls == ["POST /diagnosis"]


def test_an_exhausted_quota_is_not_retried(csv: Path) -> None:
    with Script({"POST /diagnosis": problem(429, "quota_exceeded")}) as script:
        assert "(quota_exceeded)" in refused(client(csv, "--url", script.url))
    assert len(script.calls) == 1


@pytest.mark.parametrize(("status", "content"), [(502, {"code": "x"}), (503, {}), (504, {"code": "x"})])
def test_a_failing_gateway_is_retried_once(csv: Path, status: int, content: dict[str, str]) -> None:
    failing = Reply(status, PROBLEM, json.dumps({"detail": "It is down.", **content}).encode(), {"Retry-After": "0"})
    with Script({"POST /diagnosis": [failing, Reply()]}) as script:
        assert client(csv, "--url", script.url).code == 0
    with Script({"POST /diagnosis": failing}) as script:
        assert "It is down." in refused(client(csv, "--url", script.url), 3)
    assert len(script.calls) == 2


# Uploads


def ticket(script: Script, **changes: Any) -> Reply:
    given = {"url": f"{script.url}/bucket?X-Amz-Signature=s", "headers": {"if-none-match": "*"}}
    return Reply(201, body=json.dumps({"upload": {**given, **changes}, "result": "results/1"}).encode())


def pending(retry_after: str = "0") -> Reply:
    return Reply(202, JSON, b'{"status": "pending"}', {"Retry-After": retry_after})


def uploads(script: Script, *outcomes: Reply, stored: int = 200, **changes: Any) -> None:
    script.replies["POST /prod/uploads"] = [ticket(script, **changes)]
    script.replies["PUT /bucket"] = [Reply(stored, "text/plain", b"")]
    script.replies["GET /prod/results/1"] = list(outcomes)


def test_a_large_record_is_uploaded_and_its_outcome_awaited(large: Path) -> None:
    with Script({}) as script:
        uploads(script, pending(), pending(), Reply())
        answered = client(large, "--json", "--url", f"{script.url}/prod", "--api-key", "k1")
    assert (answered.code, answered.out) == (0, RESULT + b"\n")
    assert script.calls == [
        *(f"POST /prod/uploads?size={LARGE}", "PUT /bucket?X-Amz-Signature=s"),
        *["GET /prod/results/1"] * 3,
    ]
    stored = script.received[1]
    assert (len(stored.body), stored.headers["content-length"]) == (LARGE, str(LARGE))
    assert stored.headers["if-none-match"] == "*"
    assert [request.headers.get("x-api-key") for request in script.received] == ["k1", None, "k1", "k1", "k1"]


def test_a_file_above_the_limit_of_a_record_is_uploaded_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "holter.edf"
    path.write_bytes(b"0" * 24_000_001)
    with Script({}) as script:
        uploads(script, Reply())
        assert client(path, "--url", f"{script.url}/prod").code == 0
    assert script.calls[0] == "POST /prod/uploads?size=24000001"
    assert script.received[1].headers["content-length"] == "24000001"
    assert script.received[1].body == path.read_bytes()
    with Script({"POST /uploads": NO_UPLOADS}) as script:
        assert "takes no uploads" in refused(client(path, "--url", script.url))
    assert script.calls == ["POST /uploads?size=24000001"]


def test_several_files_are_uploaded_as_one_zip(tmp_path: Path) -> None:
    files = {"r.hea": b"r 1 500 10\nr.dat 16\n", "r.dat": b"1" * LARGE}
    paths = write_files(files, tmp_path)
    with Script({}) as script:
        uploads(script, Reply())
        assert client(*paths, "--url", f"{script.url}/prod").code == 0
    assert script.calls[0] == f"POST /prod/uploads?size={len(script.received[1].body)}"
    with zipfile.ZipFile(io.BytesIO(script.received[1].body)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_a_record_that_the_service_finds_too_large_is_uploaded(csv: Path) -> None:
    with Script({"POST /prod/diagnosis": Reply(413, JSON, b'{"message":"x"}')}) as script:
        uploads(script, Reply())
        assert client(csv, "--url", f"{script.url}/prod").code == 0
    assert script.calls[:2] == ["POST /prod/diagnosis", f"POST /prod/uploads?size={csv.stat().st_size}"]


def test_without_uploads_a_large_record_is_sent_directly(large: Path) -> None:
    with Script({"POST /uploads": NO_UPLOADS, "POST /diagnosis": Reply()}) as script:
        assert client(large, "--url", script.url).code == 0
    assert script.calls == [f"POST /uploads?size={LARGE}", "POST /diagnosis"]


@pytest.mark.parametrize("uploads_reply", [NO_UPLOADS, Reply(404, "text/html", b"")])
def test_without_uploads_a_too_large_record_is_refused(csv: Path, uploads_reply: Reply) -> None:
    replies = {"POST /uploads": uploads_reply, "POST /diagnosis": problem(413, "file_too_large", "It is too large.")}
    with Script(replies) as script:
        assert "It is too large.\n  Send an excerpt" in refused(client(csv, "--url", script.url))
    assert script.calls == ["POST /diagnosis", f"POST /uploads?size={csv.stat().st_size}"]


def test_a_refused_upload_is_a_refusal(large: Path) -> None:
    with Script({"POST /uploads": Reply(403, JSON, b'{"message":"Forbidden"}')}) as script:
        assert "--api-key" in refused(client(large, "--url", script.url))


@pytest.mark.parametrize("option", ["--fhir", "--svg", "--fs", "--units", "--explain", "--statements"])
def test_an_upload_takes_no_options_and_says_so(large: Path, tmp_path: Path, option: str) -> None:
    with Script({}) as script:
        uploads(script, Reply())
        given = {"--explain": [option], "--statements": [option, "all"]}.get(option, [option, tmp_path / "out"])
        assert option in refused(client(large, "--url", f"{script.url}/prod", *given))
    assert script.calls == [f"POST /prod/uploads?size={LARGE}"]


def test_the_outcome_of_an_upload_may_be_a_refusal(large: Path) -> None:
    refusal = problem(422, "too_short")
    with Script({}) as script:
        uploads(script, Reply(200, PROBLEM, refusal.body))
        assert "(too_short)" in refused(client(large, "--url", f"{script.url}/prod"))


@pytest.mark.parametrize("outcome", [pending("1"), Reply(delay_s=20)])
def test_a_late_outcome_can_be_fetched_later(large: Path, outcome: Reply) -> None:
    with Script({}) as script:
        uploads(script, outcome)
        # Long enough for a slow machine to upload; as long as this, the outcome is then waited for.
        said = refused(client(large, "--url", f"{script.url}/prod", "--timeout", "3"), 3)
    assert f"later at {script.url}/prod/results/1" in said


def test_a_missing_outcome_is_reported(large: Path) -> None:
    with Script({}) as script:
        uploads(script, problem(404, "result_not_found"))
        assert "(result_not_found)" in refused(client(large, "--url", f"{script.url}/prod"))


def test_a_refusal_of_the_storage_is_reported(large: Path) -> None:
    with Script({}) as script:
        uploads(script, Reply(), stored=403)
        assert "storage" in refused(client(large, "--url", f"{script.url}/prod"), 3)


@pytest.mark.parametrize(
    "changes", [{"url": "file:///etc/passwd"}, {"headers": [1]}, {"headers": None}, {"headers": {"key": "\ud800"}}]
)
def test_an_invalid_ticket_is_reported(large: Path, changes: dict[str, Any]) -> None:
    with Script({}) as script:
        uploads(script, Reply(), **changes)
        assert "no answer of the service" in refused(client(large, "--url", f"{script.url}/prod"), 3)


def test_the_key_is_sent_to_no_other_host(large: Path) -> None:
    with Script({}) as script:
        uploads(script, Reply())
        content = json.loads(ticket(script).body)
        content["result"] = "http://other.example/results/1"
        script.replies["POST /prod/uploads"] = [Reply(201, body=json.dumps(content).encode())]
        refused(client(large, "--url", f"{script.url}/prod", "--api-key", "k1"), 3)
    assert script.calls == [f"POST /prod/uploads?size={LARGE}"]


# How it ends


def test_ctrl_c_ends_quietly(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply(delay_s=60)}) as script:
        command = [sys.executable, str(CLIENT), str(csv), "--url", script.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
            while not script.received:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("reply", [Reply(), problem(422, "too_short")])
def test_closing_the_output_early_is_no_fault(csv: Path, reply: Reply) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with Script({"POST /diagnosis": reply}) as script:
        command = [sys.executable, str(CLIENT), str(csv), "--json", "--url", script.url]
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=30, check=False)
    os.close(writing)
    assert done.returncode == 2
    assert not any(word in done.stderr for word in (b"Traceback", b"ignored", b"written"))


def test_the_client_needs_nothing_but_the_standard_library(csv: Path) -> None:
    with Script({"POST /diagnosis": Reply()}) as script:
        command = [sys.executable, "-I", "-S", str(CLIENT), str(csv), "--url", script.url]
        done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, timeout=30, check=False)
    assert done.returncode == 0, done.stderr

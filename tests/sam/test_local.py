"""What `sam` builds and serves on a laptop: the same image behind the same routes."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ecg_core.classifier import classify
from tests.lambda_contract.events import multipart
from tests.sam.conftest import ROOT, environment, output_of
from tests.sam.events import FOLDER

PROBLEM = "application/problem+json"
START_SECONDS = 60
RECORD = {name: (ROOT / "examples" / name).read_bytes() for name in ("normal.hea", "normal.dat")}
ARCHIVE = (ROOT / "examples/normal.zip").read_bytes()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def containers() -> set[str]:
    """Those of the image that sam built here."""
    return set(output_of(["docker", "ps", "--all", "--quiet", "--filter", "ancestor=apifunction:api"]).split())


@pytest.fixture(scope="module")
def api(sam: Path, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """`sam local start-api`, with what samconfig.toml says."""
    port, log = free_port(), tmp_path_factory.mktemp("api") / "log"
    before = containers()
    command = [sam / "sam", "local", "start-api", "--template", built, "--port", str(port)]
    config = ["--config-file", ROOT / "samconfig.toml"]
    with log.open("wb") as written:
        process = subprocess.Popen([*command, *config], cwd=ROOT, env=environment(), stdout=written, stderr=written)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        # It ignores SIGINT in the background, and takes its container along at SIGTERM.
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        for left in containers() - before:
            subprocess.run(["docker", "rm", "--force", left], check=False, capture_output=True)


def test_the_event_of_a_diagnosis_is_answered(sam: Path, built: Path) -> None:
    event = FOLDER / "api-diagnosis.json"
    command = [sam / "sam", "local", "invoke", "ApiFunction", "--template", built, "--event", event]
    answer = json.loads(output_of([*command, "--config-file", ROOT / "samconfig.toml"]))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert answer["body"].encode() == classify(RECORD).to_json()


def test_the_root_answers_its_one_sentence(api: httpx.Client) -> None:
    answer = api.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"message": "EKG-Klassifikations-API läuft"}


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_a_header_and_its_signal_are_classified(api: httpx.Client, accept: str) -> None:
    body, headers = multipart(RECORD)
    answer = api.post("/diagnosis", content=body, headers={**headers, "Accept": accept})
    assert answer.status_code == 200
    assert answer.content == classify(RECORD).to_json()


def test_a_bare_archive_is_classified(api: httpx.Client) -> None:
    headers = {"Content-Type": "application/zip"}
    answer = api.post("/diagnosis", params={"filename": "normal.zip"}, content=ARCHIVE, headers=headers)
    assert answer.status_code == 200
    assert answer.content == classify({"normal.zip": ARCHIVE}).to_json()


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/fhir+json, application/json;q=.5"])
def test_a_report_in_fhir(api: httpx.Client, accept: str) -> None:
    answer = api.post("/diagnosis", files={"file": ("normal.zip", ARCHIVE)}, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "application/fhir+json"
    assert answer.json()["resourceType"] == "DiagnosticReport"


def test_a_plot_in_svg(api: httpx.Client) -> None:
    answer = api.post("/diagnosis", files={"file": ("normal.zip", ARCHIVE)}, headers={"Accept": "image/svg+xml"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == "image/svg+xml"
    assert answer.text.startswith(("<?xml", "<svg"))


def test_the_documentation_brings_its_assets(api: httpx.Client) -> None:
    page = api.get("/docs", headers={"Accept": "text/html"})
    assert page.headers["content-type"].split(";")[0] == "text/html"
    assert "<html" in page.text
    assert api.get("/openapi.json").json()["openapi"].startswith("3.")
    script = api.get("/docs/swagger-ui-bundle.js")
    assert script.headers["content-type"].split(";")[0] == "text/javascript"
    assert b"SwaggerUIBundle" in script.content
    assert b"{" in api.get("/docs/swagger-ui.css").content


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "application/json"),
        ("/model", "application/json"),
        ("/health", "application/json"),
        ("/openapi.json", "application/json"),
        ("/docs", "text/html"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/docs/start.js", "text/javascript"),
        ("/docs/icon.svg", "image/svg+xml"),
        ("/docs/nothing", PROBLEM),
    ],
)
def test_every_type_arrives_as_itself_also_where_json_was_asked_for(
    api: httpx.Client, path: str, content_type: str
) -> None:
    answers = [api.get(path, headers={"Accept": accept}) for accept in ("*/*", "application/json")]
    for answer in answers:
        assert answer.headers["content-type"].split(";")[0] == content_type
    first, second = (answer.content for answer in answers)
    assert first == second
    assert first.startswith((b"{", b"<!DOCTYPE", b"<svg", b".", b"Swagger", b"/*"))


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"].split(";")[0] == PROBLEM
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    return told


def test_refusals_arrive_as_problems(api: httpx.Client) -> None:
    def refused(data: bytes, name: str = "x.bin") -> dict[str, Any]:
        return problem(api.post("/diagnosis", files={"file": (name, data)}))

    assert refused(bytes(range(256)) * 8)["code"] == "unsupported_format"
    assert refused(RECORD["normal.hea"], "normal.hea")["code"] == "record_incomplete"
    assert problem(api.get("/docs/nothing"))["code"] == "not_found"
    assert problem(api.post("/uploads"))["code"] == "uploads_not_configured"
    assert problem(api.get(f"/results/{'0' * 32}"))["code"] == "uploads_not_configured"


def test_the_model_and_its_health_are_told(api: httpx.Client) -> None:
    assert api.get("/health").json()["status"] == "ready"
    assert api.get("/model").json()["sha256"] == api.get("/health").json()["model"]["sha256"]

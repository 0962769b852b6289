"""What `sam` builds and runs on a laptop: the image behind the routes and behind the inbox, S3 being moto's server."""

import gzip
import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer
from playwright.sync_api import sync_playwright

from ecg_core.model.classifier import classify
from functions.api import docs
from tests.lambda_contract.emulator import free_port
from tests.lambda_contract.events import multipart
from tests.s3_drop.cloud import INBOX, RESULTS, Cloud, furnished
from tests.s3_drop.events import s3_event
from tests.sam.conftest import ROOT, environment, output_of
from tests.sam.events import FOLDER, PAIR, TABLE

# One process for all tests with Docker: the image is built once, and containers() sees no other test's.

PROBLEM = "application/problem+json"
START_SECONDS = 60
RECORD = {name: (ROOT / "examples" / name).read_bytes() for name in ("normal.hea", "normal.dat")}
ARCHIVE = (ROOT / "examples/normal.zip").read_bytes()
CHROMIUM = Path("/usr/bin/chromium")
# The name of this machine inside a container.
HOST = "host.docker.internal"
FUNCTIONS = {"ApiFunction": "apifunction:api", "S3DropFunction": "s3dropfunction:drop"}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def containers() -> set[str]:
    """Ids of the containers whose image sam built here."""
    filters = [word for image in FUNCTIONS.values() for word in ("--filter", f"ancestor={image}")]
    return set(output_of(["docker", "ps", "--all", "--quiet", *filters]).split())


@pytest.fixture(scope="module")
def storage_port() -> Iterator[int]:
    """The port of an S3 server. It listens on every address: containers do not reach this machine's 127.0.0.1."""
    server = ThreadedMotoServer(ip_address="0.0.0.0", port=0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


@pytest.fixture
def aws(storage_port: int) -> Cloud:
    """Both buckets, empty."""
    return furnished(f"http://127.0.0.1:{storage_port}", notified=False)


@pytest.fixture(scope="module")
def options(storage_port: int, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Options of `sam local`: the functions use that S3 server."""
    variables = {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{storage_port}",
        "INBOX_BUCKET": INBOX,
        "RESULTS_BUCKET": RESULTS,
    }
    written = tmp_path_factory.mktemp("local") / "variables.json"
    written.write_text(json.dumps(dict.fromkeys(FUNCTIONS, variables)))
    reached = ["--env-vars", written, "--add-host", f"{HOST}:host-gateway"]
    return [*reached, "--config-file", ROOT / "samconfig.toml"]


@pytest.fixture(scope="module")
def drop(sam: Path, built: Path, options: list[object]) -> Callable[[Path], dict[str, Any]]:
    """`sam local invoke S3DropFunction -e`: what it answers to the event in a file."""

    def invoke(event: Path) -> dict[str, Any]:
        command = [sam / "sam", "local", "invoke", "S3DropFunction", "--template", built, "-e", event, *options]
        answer: dict[str, Any] = json.loads(output_of(command))
        return answer

    return invoke


@pytest.fixture(scope="module")
def api(
    sam: Path, built: Path, options: list[object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """`sam local start-api`, with what samconfig.toml says."""
    port, log = free_port(), tmp_path_factory.mktemp("api") / "log"
    before = containers()
    command = [sam / "sam", "local", "start-api", "--template", built, "--port", str(port), *options]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, env=environment(), stdout=written, stderr=written
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        # In the background it ignores SIGINT. At SIGTERM it also ends its container.
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
        ("/ui", "text/html"),
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
    assert first.startswith((b"{", b"<!DOCTYPE"))


@pytest.mark.parametrize(
    ("name", "content_type", "accept"),
    [
        ("swagger-ui.css", "text/css", "text/css,*/*;q=0.1"),
        ("swagger-ui-bundle.js", "text/javascript", "*/*"),
        ("start.js", "text/javascript", "*/*"),
        ("icon.svg", "image/svg+xml", "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8"),
    ],
)
def test_assets_arrive_compressed_where_a_browser_asks(
    api: httpx.Client, name: str, content_type: str, accept: str
) -> None:
    answer = api.get(f"/docs/{name}", headers={"Accept": accept})
    assert answer.headers["content-type"].split(";")[0] == content_type
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == gzip.decompress(docs.asset(name).packed)
    again = api.get(f"/docs/{name}", headers={"Accept": accept, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_classifies_and_draws_in_a_browser(api: httpx.Client) -> None:
    """Through the gateway: compressed files, binary bodies, relative addresses."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here: apt-get install chromium")
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(locale="en-US")
        page.set_default_timeout(60_000)
        page.on("request", lambda request: asked.append(request.url))
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{api.base_url}/ui")
        page.locator("input[type=file]").first.set_input_files(ROOT / "examples/left_bundle_branch_block.zip")
        page.locator(".paper canvas[data-sheet]").wait_for()
        assert page.locator("#verdict").inner_text() == "CD · conduction disturbance"
        page.locator("[name=marks]").check()
        page.locator(".paper").get_by_text("Brackets:").wait_for()
        page.get_by_role("button", name="Sampling rate missing").click()
        page.locator("form.options").wait_for()
        page.get_by_label("Sampling rate in Hz").fill("250")
        page.get_by_role("button", name="Send again").click()
        page.get_by_role("heading", name="NORM · normal ECG").wait_for()
        browser.close()
    assert errors == []
    assert all(url.startswith((f"{api.base_url}/", "blob:")) for url in asked)
    paths = [url.removeprefix(str(api.base_url)).partition("?")[0] for url in asked]
    assert {"/ui", "/ui/app.js", "/ui/app.css", "/ui/without_rate.csv", "/diagnosis", "/signal"} <= set(paths)


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"].split(";")[0] == PROBLEM
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    return told


@pytest.mark.usefixtures("aws")
def test_refusals_arrive_as_problems(api: httpx.Client) -> None:
    def refused(data: bytes, name: str = "x.bin") -> dict[str, Any]:
        return problem(api.post("/diagnosis", files={"file": (name, data)}))

    assert refused(bytes(range(256)) * 8)["code"] == "unsupported_format"
    assert refused(RECORD["normal.hea"], "normal.hea")["code"] == "record_incomplete"
    assert problem(api.get("/docs/nothing"))["code"] == "not_found"
    assert problem(api.get(f"/results/{'0' * 32}"))["code"] == "result_not_found"


def test_the_model_and_its_health_are_told(api: httpx.Client) -> None:
    assert api.get("/health").json()["status"] == "ready"
    assert api.get("/model").json()["sha256"] == api.get("/health").json()["model"]["sha256"]


def test_the_event_of_s3_is_answered_and_its_record_s_outcome_is_there(
    drop: Callable[[Path], dict[str, Any]], aws: Cloud
) -> None:
    aws.drop({key: RECORD[key.rpartition("/")[2]] for key in PAIR})
    header = PAIR[1]
    answer = drop(FOLDER / "s3-drop.json")
    assert answer == {
        "answers": [{"key": header, "state": "written", "code": None, "outcome": f"{header}.json"}],
    }
    assert aws.results("clinic a/") == {f"{header}.json": classify(RECORD).to_json()}
    # The same files again, as the queue brings them.
    assert drop(FOLDER / "sqs-drop.json") == {"batchItemFailures": []}
    assert aws.versions(RESULTS)[f"{header}.json"] == 1


def test_a_batch_of_the_backfill_and_the_sweep_are_answered(drop: Callable[[Path], dict[str, Any]], aws: Cloud) -> None:
    table = (ROOT / "examples/st_depression.csv").read_bytes()
    aws.drop({TABLE: table, **{key: RECORD[key.rpartition("/")[2]] for key in PAIR}})
    answered = {answer["key"]: answer["outcome"] for answer in drop(FOLDER / "backfill-batch.json")["answers"]}
    assert answered == {PAIR[1]: f"{PAIR[1]}.json", TABLE: f"{TABLE}.json"}
    assert aws.results(TABLE) == {f"{TABLE}.json": classify({"st_depression.csv": table}).to_json()}
    assert drop(FOLDER / "sweep.json")["faults"] == 0


def test_an_upload_goes_through_the_inbox_to_its_result(
    api: httpx.Client, drop: Callable[[Path], dict[str, Any]], aws: Cloud, tmp_path: Path
) -> None:
    ticket = api.post("/uploads", params={"size": len(ARCHIVE)})
    assert ticket.status_code == 201
    upload = ticket.json()["upload"]
    url = upload["url"].replace(HOST, "127.0.0.1")
    assert httpx.put(url, content=ARCHIVE, headers=upload["headers"]).is_success
    assert httpx.put(url, content=ARCHIVE, headers=upload["headers"]).status_code == 412
    result = f"/{ticket.json()['result']}"
    assert api.get(result).status_code == 202
    (tmp_path / "event.json").write_text(json.dumps(s3_event(result.replace("/results/", "uploads/"))))
    drop(tmp_path / "event.json")
    assert api.get(result).content == classify({"normal.zip": ARCHIVE}).to_json()
    drawn = api.get(f"{result}/signal", params={"marks": "true", "length_s": 4}).json()
    assert (drawn["samples"], drawn["marks"][0]["qrs_onset_s"] is not None) == (2000, True)

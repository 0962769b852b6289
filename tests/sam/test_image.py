"""The image, run as Lambda runs it: read-only root, no /dev/shm, a user that owns nothing, no HOME."""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from ecg_core.model.classifier import classify
from tests.lambda_contract.events import event, multipart
from tests.s3_drop.events import TEST_EVENT, sqs_event
from tests.sam.conftest import ROOT, output_of, run

# One process for all tests with Docker: the image is built once.

# Lambda's own user. It is not in /etc/passwd.
USER = "993:990"
# Without the base image, whose size is not ours.
MAX_OWN_MB = 200
START_SECONDS = 30

# Every module of the service and of what it imports must come from compiled code: nothing may be compiled at the start.
COMPILED = """
import importlib, sys
from importlib.machinery import SourceFileLoader
compiled = []
SourceFileLoader.source_to_code = lambda self, data, path, **_: compiled.append(path) or compile(data, path, "exec")
for module in (
    "functions.api.handler", "functions.s3_drop.handler", "awslambdaric.bootstrap", "boto3.session", "soundfile",
    "ecg_core.reports.fhir", "ecg_core.reports.svg", "ecg_core.reports.dicom_sr.report"
):
    importlib.import_module(module)
print(compiled)
"""
UNCHECKED = """
from importlib.util import cache_from_source
from pathlib import Path
sources = [path for folder in ("/var/task", "/opt/venv/lib") for path in Path(folder).rglob("*.py")]
flags = {Path(cache_from_source(path)).read_bytes()[4:8] for path in sources}
print(len(sources) > 500, sorted(flags))
"""
ABSENT = """
from importlib.util import find_spec
names = "torch pandas scipy wfdb pip setuptools wheel ensurepip pytest tests".split()
print([name for name in names if find_spec(name)])
"""
PRESIGNED = """
import boto3
client = boto3.client("s3", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
print(client.generate_presigned_post("inbox", "uploads/1")["url"])
"""

# What the drop needs to start.
DROP = ("-e", "INBOX_BUCKET=inbox", "-e", "RESULTS_BUCKET=results", "-e", "AWS_REGION=eu-central-1")


# The runtime is a child of the emulator. Its command line begins with Python.
ENVIRONMENT = """
for process in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <$process/cmdline) in /opt/venv/bin/python*) tr '\\0' '\\n' <$process/environ ;; esac
done
"""
# Paths that Docker itself mounts or changes.
MOUNTED = {"/rie", "/tmp", "/etc", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf", "/dev", "/run"}


@dataclass(frozen=True)
class Container:
    id: str
    port: int

    def invoke(self, sent: dict[str, Any]) -> dict[str, Any]:
        address = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        with urlopen(Request(address, json.dumps(sent).encode()), timeout=60) as answer:
            answered: dict[str, Any] = json.load(answer)
        return answered

    def sh(self, script: str) -> str:
        return output_of(["docker", "exec", self.id, "sh", "-c", script])

    def log(self) -> str:
        done = run(["docker", "logs", self.id])
        return done.stdout + done.stderr


@contextmanager
def as_lambda(image: str, rie: Path, command: Sequence[str] = (), options: Sequence[str] = ()) -> Iterator[Container]:
    """The emulator is mounted and starts the image's own entry point, with its own command or another."""
    config = json.loads(output_of(["docker", "image", "inspect", "-f", "{{json .Config}}", image]))
    container = output_of(
        [
            *("docker", "run", "--detach", "--read-only", "--tmpfs", "/tmp", "--ipc", "none", "--user", USER),
            *(
                "--cap-drop",
                "ALL",
                "--security-opt",
                "no-new-privileges",
                "-v",
                f"{rie}:/rie:ro",
                "-p",
                "127.0.0.1:0:8080",
            ),
            *("-e", "AWS_LAMBDA_FUNCTION_NAME=function", "-e", "AWS_ENDPOINT_URL=", *options),
            *("--entrypoint", "/rie", image, "--log-level", "info", "/usr/bin/env", "-u", "HOME"),
            *(*config["Entrypoint"], *(command or config["Cmd"])),
        ]
    ).strip()
    try:
        port = int(output_of(["docker", "port", container, "8080"]).split(":")[1])
        deadline = time.monotonic() + START_SECONDS
        while "(rapid) exec" not in (found := Container(container, port)).log():
            assert time.monotonic() < deadline, "the emulator does not start"
            time.sleep(0.05)
        yield found
    finally:
        subprocess.run(["docker", "rm", "--force", container], check=False, capture_output=True)


def python(image: str, script: str, *, interpreter: str = "/opt/venv/bin/python", options: Sequence[str] = ()) -> str:
    flags = ["--rm", "--read-only", "--user", USER, *options]
    return output_of(["docker", "run", *flags, "--entrypoint", interpreter, image, "-c", script]).strip()


@pytest.fixture(scope="module")
def running(image: str, rie: Path) -> Iterator[Container]:
    with as_lambda(image, rie) as container:
        yield container


def test_the_image_runs_without_root_and_is_small(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(output_of(["docker", "image", "inspect", image]))[0]
    layers = output_of(
        ["docker", "history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", image]
    )
    own_mb = sum(int(line.split()[0]) for line in layers.splitlines() if "COPY" in line) / 1e6
    with capsys.disabled():
        print(f"\nimage: {found['Size'] / 1e6:.0f} MB, of which {own_mb:.0f} MB are not the base's")
    assert found["Config"]["User"] == "65534:65534"
    assert own_mb < MAX_OWN_MB


def test_the_image_holds_nothing_that_serving_does_not_need(image: str) -> None:
    assert python(image, ABSENT) == "[]"
    assert python(image, ABSENT, interpreter="python3") == "[]"
    tools = "for tool in gcc cc make git curl pip pip3; do command -v $tool; done; true"
    assert output_of(["docker", "run", "--rm", "--entrypoint", "sh", image, "-c", tools]) == ""
    listed = output_of(["docker", "run", "--rm", "--entrypoint", "find", image, "/var/task", "-maxdepth", "2"]).split()
    assert {path for path in listed if path.count("/") < 4} == {
        *("/var/task", "/var/task/artifacts", "/var/task/ecg_core", "/var/task/functions", "/var/task/LICENSE")
    }
    assert "/var/task/ecg_core/training" not in listed
    assert "/var/task/functions/Dockerfile" not in listed


def test_nothing_is_compiled_at_the_start(image: str) -> None:
    assert python(image, COMPILED, options=DROP) == "[]"
    assert python(image, UNCHECKED) == r"True [b'\x01\x00\x00\x00']"


def test_an_empty_endpoint_variable_is_ignored_and_s3_is_known(image: str) -> None:
    assert python(image, PRESIGNED, options=["-e", "AWS_ENDPOINT_URL="]) == "https://inbox.s3.amazonaws.com/"


def test_it_starts_and_answers_as_lambda_runs_it(running: Container, capsys: pytest.CaptureFixture[str]) -> None:
    assert running.invoke(event("rest", "GET", "/"))["body"] == '{"message": "EKG-Klassifikations-API läuft"}'
    init = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", running.log())
    assert init
    files = {name: (ROOT / "examples" / name).read_bytes() for name in ("normal.hea", "normal.dat")}
    sent = event("rest", "POST", "/diagnosis", *multipart(files))
    durations = []
    for _ in range(20):
        start = time.perf_counter()
        answer = running.invoke(sent)
        durations.append(time.perf_counter() - start)
    assert answer["statusCode"] == 200
    assert answer["body"].encode() == classify(files).to_json()
    with capsys.disabled():
        print(f"\ncold start: {float(init[1]):.0f} ms; warm: {sorted(durations)[10] * 1000:.1f} ms, emulator included")


def test_the_drop_starts_there_too(image: str, rie: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with as_lambda(image, rie, ["functions.s3_drop.handler.handler"], DROP) as container:
        # What S3 sends to a new queue needs no S3 to answer it.
        assert container.invoke({"Service": "Amazon S3", "Event": "s3:TestEvent"}) == {"answers": []}
        assert container.invoke(sqs_event(TEST_EVENT)) == {"batchItemFailures": []}
        init = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", container.log())
    assert init
    with capsys.disabled():
        print(f"\nthe drop's cold start: {float(init[1]):.0f} ms")


def test_the_container_is_as_bare_as_lambda_and_stays_clean(running: Container) -> None:
    running.invoke(event("rest", "GET", "/health"))
    assert running.sh("id -u; id -g").split() == USER.split(":")
    assert running.sh("test -e /dev/shm && echo there; ls -A /tmp; true") == ""
    assert running.sh("touch /var/task/x 2>/dev/null || echo read-only") == "read-only\n"
    variables = {line.partition("=")[0] for line in running.sh(ENVIRONMENT).splitlines()}
    assert "AWS_LAMBDA_RUNTIME_API" in variables
    assert "HOME" not in variables
    changed = {line[2:] for line in output_of(["docker", "diff", running.id]).splitlines()}
    assert changed <= MOUNTED

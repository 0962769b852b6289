"""The tools and what they build, once in each process. Where a tool is missing, its tests are skipped."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lambda_contract import emulator

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
# The venv into which `make setup` installs the tools, or another one.
SAM = Path(os.environ.get("EKG_SAM", ROOT / ".venv-sam"))
CHECKOV = Path(os.environ.get("EKG_CHECKOV", SAM))
REGION = "eu-central-1"


def environment() -> dict[str, str]:
    """The environment of a tool: no telemetry and no AWS credentials."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**ours, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION, "AWS_CONFIG_FILE": os.devnull}


def run(command: Sequence[object], **options: Any) -> "subprocess.CompletedProcess[str]":
    """Runs a command in the checkout and waits for it. Does not raise when it fails."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, **options)


def output_of(command: Sequence[object], **options: Any) -> str:
    """The output of a command that must succeed."""
    done = run(command, **options)
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def sam() -> Path:
    """The folder of sam's programs."""
    if not (SAM / "bin/sam").exists():
        pytest.skip("sam is not installed: `make setup` does, or EKG_SAM names its venv")
    return SAM / "bin"


@pytest.fixture(scope="session")
def checkov() -> Path:
    if not (CHECKOV / "bin/checkov").exists():
        pytest.skip("checkov is not installed: `make setup` does, or EKG_CHECKOV names its venv")
    return CHECKOV / "bin/checkov"


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers."""
    try:
        done = run(["docker", "info"], timeout=30)
    except FileNotFoundError:
        pytest.skip("docker is not installed")
    if done.returncode:
        pytest.skip("no Docker engine answers `docker info`")


@pytest.fixture(scope="session")
def transformed(sam: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as CloudFormation sees it, after SAM's transform."""
    written = tmp_path_factory.mktemp("transformed") / "template.json"
    written.write_text(output_of([sam / "python", ROOT / "tests/sam/transform.py", TEMPLATE]))
    return written


@pytest.fixture(scope="session")
def stack(transformed: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(transformed.read_text())
    return parsed


@pytest.fixture(scope="session")
def rie() -> Path:
    """The runtime interface emulator."""
    found = emulator.binary()
    if found is None and SAM.exists():
        found = next(SAM.glob("lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"), None)
    if found is None:
        pytest.skip("the runtime interface emulator is not installed: `make setup` does, or EKG_RIE names it")
    return found


@pytest.fixture(scope="session")
def image(engine: None) -> str:
    """The image as `make image` builds it."""
    output_of(["docker", "build", "-f", "functions/Dockerfile", "-t", "ekg", "."], timeout=600)
    return "ekg"


@pytest.fixture(scope="session")
def built(engine: None, sam: Path, image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template that `sam build` leaves. The engine keeps the layers of `image`, so this takes seconds."""
    folder = tmp_path_factory.mktemp("built")
    output_of([sam / "sam", "build", "--build-dir", folder], timeout=600)
    return folder / "template.yaml"

"""The SBOM lists what is installed, in a form that CycloneDX's own validator accepts."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from functions import sbom
from tests.bench.closure import closure, requirements
from tests.conftest import ROOT

LOCK = ROOT / "functions/requirements.lock"
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""


def _printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert sbom.main(arguments) == 0
    return capsys.readouterr().out


def _libraries(printed: str) -> dict[str, str]:
    components = json.loads(printed)["components"]
    return {each["name"]: each["version"] for each in components if each["type"] == "library"}


def test_the_image_s_list_is_exactly_what_its_requirements_install(capsys: pytest.CaptureFixture[str]) -> None:
    installed = {
        re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower(): each.version
        for each in closure(requirements(ROOT / "functions/requirements.txt"))
    }
    assert _libraries(_printed(capsys, "--lock", str(LOCK))) == installed


def test_the_release_s_list_is_what_the_wheel_needs(capsys: pytest.CaptureFixture[str]) -> None:
    needed = closure(["numpy", "onnxruntime", "soxr", "threadpoolctl", "tqdm"])
    assert _libraries(_printed(capsys, "--release")) == {each.metadata["Name"]: each.version for each in needed}


@pytest.mark.parametrize("arguments", [("--lock", str(LOCK)), ("--release",), ()], ids=["image", "release", "all"])
def test_cyclonedx_accepts_it(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    printed = _printed(capsys, *arguments)
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(printed) is None
    # The validator can refuse.
    assert validator.validate_str(printed.replace('"library"', '"book"')) is not None


def test_every_reference_leads_to_a_component(capsys: pytest.CaptureFixture[str]) -> None:
    found: dict[str, Any] = json.loads(_printed(capsys, "--lock", str(LOCK)))
    known = {each["bom-ref"] for each in [*found["components"], found["metadata"]["component"]]}
    graph = {each["ref"]: each["dependsOn"] for each in found["dependencies"]}
    assert {reference for needs in graph.values() for reference in needs} <= known
    assert any("starlette" in each for each in graph[next(name for name in graph if "/fastapi@" in name)])


def test_the_model_is_in_it_with_its_checksum(capsys: pytest.CaptureFixture[str]) -> None:
    components = json.loads(_printed(capsys, "--release"))["components"]
    (model,) = [each for each in components if each["type"] == "machine-learning-model"]
    assert model["hashes"][0]["content"] == hashlib.sha256((ROOT / "artifacts/model.onnx").read_bytes()).hexdigest()


def test_every_package_has_a_licence(capsys: pytest.CaptureFixture[str]) -> None:
    table = _printed(capsys, "--lock", str(LOCK), "--licences")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert {row[0] for row in rows} >= {"numpy", "onnxruntime", "boto3"}
    assert [row for row in rows if len(row) != 3 or row[2] in ("", "not declared", "UNKNOWN")] == []


def test_another_version_than_the_locked_one_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "other.lock"
    lock.write_text("h11==0.0.1 \\\n    --hash=sha256:00\n")
    with pytest.raises(ValueError, match=r"other\.lock has 0\.0\.1"):
        sbom.main(["--lock", str(lock)])


def test_debian_s_packages_are_listed_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status = tmp_path / "status"
    status.write_text(STATUS)
    monkeypatch.setattr(sbom, "DPKG_STATUS", status)
    found = _libraries(_printed(capsys))
    assert found["libc6"] == "2.36-9+deb12u10"
    assert "gone" not in found
    monkeypatch.setattr(sbom, "DPKG_STATUS", tmp_path / "none")
    assert "libc6" not in _libraries(_printed(capsys))

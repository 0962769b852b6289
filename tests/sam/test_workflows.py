"""The workflow that deploys: no stored keys, every check before the deployment, and the smoke test after it."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sam.conftest import ROOT

FOLDER = ROOT / ".github/workflows"
TEXT = (FOLDER / "deploy.yml").read_text()


def workflow() -> dict[str, Any]:
    # YAML reads the key "on" as true.
    found: dict[str, Any] = {"on" if key is True else key: value for key, value in yaml.safe_load(TEXT).items()}
    return found


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow()["jobs"]["deploy"]["steps"]
    return found


def test_it_holds_no_keys_and_gets_its_role_by_a_token_of_this_run() -> None:
    job = workflow()["jobs"]["deploy"]
    assert workflow()["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["environment"] == "production"
    (signed_in,) = [step for step in steps() if "configure-aws-credentials" in step.get("uses", "")]
    assert "role-to-assume" in signed_in["with"]
    assert not {"aws-access-key-id", "aws-secret-access-key"} & set(signed_in["with"])
    assert not re.search(r"secrets\.|AKIA|aws_secret", TEXT, re.IGNORECASE)


def test_no_pull_request_starts_it_and_a_running_one_is_not_cancelled() -> None:
    assert set(workflow()["on"]) == {"workflow_dispatch", "push"}
    assert workflow()["on"]["push"] == {"tags": ["v*"]}
    assert workflow()["concurrency"]["cancel-in-progress"] is False


def test_checks_come_before_the_deployment_and_the_smoke_test_after_it() -> None:
    commands = "\n".join(step.get("run", step.get("uses", "")) for step in steps())
    order = [
        "sam validate --lint",
        "cfn-lint",
        "sam build",
        "configure-aws-credentials",
        "sam deploy",
        'smoke "$url" $SMOKE_OPTIONS ||',
    ]
    places = [commands.index(word) for word in order]
    assert places == sorted(places)
    # Code that was not checked out from this repository never sees the role before the template is checked.
    assert "|| status=$?" in commands[commands.index("add-mask") :]


def ran(tmp_path: Path, step: str, smoke: str, sam: str = "exit 0") -> tuple[int, list[str]]:
    """Runs a step as GitHub does, with commands that are replaced. Its status, and the calls of `ekg smoke`."""
    (script,) = [one["run"] for one in steps() if one.get("name") == step]
    replaced = {
        ".venv-sam/bin/sam": sam,
        ".venv-run/bin/python": f"echo called $# >> calls\n{smoke}",
        "bin/aws": "echo https://service",
        "bin/sleep": "/bin/sleep 0.05",
    }
    for name, text in replaced.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "build").mkdir()
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "STACK_NAME": "ekg", "AWS_DEFAULT_REGION": "eu-central-1"}
    command = ["bash", "-e", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60)
    calls = tmp_path / "calls"
    return done.returncode, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize("status", [0, 1])
def test_the_canary_is_called_and_only_the_deployment_decides(tmp_path: Path, status: int) -> None:
    step = "Deploy, and call the service while the new version takes over"
    # The service fails meanwhile. That is a matter of the alarms.
    ended, calls = ran(tmp_path, step, smoke="exit 3", sam=f"/bin/sleep 0.5; exit {status}")
    assert ended == status
    assert calls


@pytest.mark.parametrize(
    ("smoke", "status", "calls"),
    [
        ("exit 0", 0, 1),
        ("exit 3", 3, 1),
        ("exit 2", 2, 4),
        # A new key is not valid at once.
        ("[ $(wc -l < calls) -ge 3 ] || exit 2", 0, 3),
    ],
)
def test_the_smoke_test_ends_the_workflow_and_waits_for_a_new_key(
    tmp_path: Path, smoke: str, status: int, calls: int
) -> None:
    ended, called = ran(tmp_path, "Check the service", smoke)
    assert (ended, len(called)) == (status, calls)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.name)
def test_actions_have_exact_versions_and_variables_come_by_the_environment(path: Path) -> None:
    text = path.read_text()
    for used in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w./-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})", used), used
    for job in yaml.safe_load(text)["jobs"].values():
        for step in job["steps"]:
            # GitHub writes an expression into the script before the shell reads it: a value could be a command.
            assert "${{" not in step.get("run", "")

"""The OpenAPI document, held against the running service by schemathesis."""

import subprocess
import sys
from pathlib import Path

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")


def test_no_request_finds_a_fault_or_an_answer_outside_the_schema(service: str, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{service}/openapi.json", "--url", service]
    options = ["--generation-deterministic", "--max-examples", "100", "--continue-on-failure", "--no-color"]
    # Without buckets both answer 503, as documented; the road with buckets has tests of its own.
    options += ["--exclude-path-regex", "^/(uploads|results)"]
    run = subprocess.run(
        [*command, "--checks", ",".join(CHECKS), *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-6000:]
    assert "POST /diagnosis" in run.stdout or "operations" in run.stdout.lower()

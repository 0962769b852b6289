"""schemathesis generates requests from the OpenAPI document and compares the answers with it."""

import subprocess
import sys
from pathlib import Path

CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")


def findings(address: str, folder: Path, *options: str) -> str:
    """The errors that schemathesis finds; empty if there are none."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{address}/openapi.json", "--url", address]
    common = ["--generation-deterministic", "--max-examples", "100", "--continue-on-failure", "--no-color"]
    run = subprocess.run(
        [*command, "--checks", ",".join(CHECKS), *common, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "API Operations" in run.stdout, run.stdout + run.stderr
    return run.stdout[-6000:] if run.returncode else ""


def test_generated_requests_cause_no_5xx_and_every_answer_matches_the_schema(service: str, tmp_path: Path) -> None:
    # Without buckets, uploads and results answer 503. test_uploads.py tests them with buckets.
    assert not findings(service, tmp_path, "--exclude-path-regex", "^/(uploads|results)")

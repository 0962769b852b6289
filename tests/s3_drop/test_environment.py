"""What the function needs of the place where it runs, and what it leaves there."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ecg_core import classify
from tests.conftest import ROOT
from tests.s3_drop.cloud import Cloud
from tests.s3_drop.events import s3_event, sqs_event

Files = dict[str, bytes]

# A file may have no byte, as if every disk were full.
ON_A_FULL_DISK = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
from functions.s3_drop.handler import handler
class context:
    aws_request_id = "1"
    get_remaining_time_in_millis = staticmethod(lambda: 120_000)
answer = handler(json.load(sys.stdin), context)
import tempfile
try:
    tempfile.TemporaryFile(buffering=0).write(b"x")
    answer["disk"] = "writable"
except OSError:
    answer["disk"] = "full"
print(json.dumps(answer))
"""
LOADED = """
import json, sys
import functions.s3_drop.handler
print(json.dumps(sorted({"fastapi", "starlette", "pydantic", "mangum", "scipy", "torch", "pandas", "wfdb", "soxr",
    "ecg_core.readers.table.reader", "ecg_core.readers.archive",
    "ecg_core.reports.svg", "numpy.ma"} & set(sys.modules))))
"""


def run(script: str, environment: dict[str, str], event: object = None) -> str:
    """A new process; its last line."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**plain, **environment},
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_full_disk_stops_nothing(aws: Cloud, pair: Files, table: bytes, samples: Path) -> None:
    flac = {path.name: path.read_bytes() for path in sorted((samples / "wfdb").glob("*flac*"))}
    files = {**pair, "b.csv": table, **flac}
    aws.drop(files)
    event = sqs_event(*map(s3_event, files))
    answer = json.loads(run(ON_A_FULL_DISK, {**aws.environment, "FORMS": "svg,fhir"}, event))
    assert answer == {"batchItemFailures": [], "disk": "full"}
    assert aws.outcomes()["record.hea.json"] == classify(pair).to_json()
    assert {"b.csv.svg", "b.csv.fhir.json"} <= set(aws.outcomes())


def test_a_start_loads_no_reader_and_nothing_of_the_service(aws: Cloud) -> None:
    assert json.loads(run(LOADED, aws.environment)) == []

"""The events in infra/events, for `sam local invoke -e`. To write them again: python -m tests.sam.events"""

import json
from pathlib import Path
from typing import Any

from tests.lambda_contract.events import event, multipart
from tests.s3_drop.events import SWEEP, backfill_batch, s3_event, sqs_event

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "infra/events"
# An event has an id of its own; in a file it stays the same.
REQUEST_ID = "00000000-0000-4000-8000-000000000000"
# A space, as S3 writes it in a notification.
PAIR = ("clinic a/normal.dat", "clinic a/normal.hea")
TABLE = "clinic a/st_depression.csv"


def events() -> dict[str, dict[str, Any]]:
    """Name of the file -> event."""
    files = {name: (ROOT / "examples" / name).read_bytes() for name in ("normal.hea", "normal.dat")}
    body, headers = multipart(files)
    made = {
        "api-diagnosis.json": event("rest", "POST", "/diagnosis", body, {**headers, "Accept": "*/*"}, stage="v1"),
        "api-root.json": event("rest", "GET", "/", stage="v1"),
        "s3-drop.json": s3_event(*PAIR),
        "sqs-drop.json": sqs_event(*map(s3_event, PAIR)),
        "backfill-batch.json": backfill_batch(*PAIR, TABLE),
        "sweep.json": SWEEP,
    }
    for name, one in made.items():
        if name.startswith("api"):
            one["requestContext"]["requestId"] = REQUEST_ID
    for message in made["sqs-drop.json"]["Records"]:
        message["receiptHandle"] = message["messageId"]
    return made


def text(one: dict[str, Any]) -> str:
    return json.dumps(one, indent=1) + "\n"


if __name__ == "__main__":
    for name, one in events().items():
        (FOLDER / name).write_text(text(one))

"""The events in infra/events, for `sam local invoke -e`. To write them again: python -m tests.sam.events"""

import json
from pathlib import Path
from typing import Any

from tests.lambda_contract.events import event, multipart

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "infra/events"
# An event has an id of its own; in a file it stays the same.
REQUEST_ID = "00000000-0000-4000-8000-000000000000"


def events() -> dict[str, dict[str, Any]]:
    """Name of the file -> event."""
    files = {name: (ROOT / "examples" / name).read_bytes() for name in ("normal.hea", "normal.dat")}
    body, headers = multipart(files)
    made = {
        "api-diagnosis.json": event("rest", "POST", "/diagnosis", body, {**headers, "Accept": "*/*"}, stage="v1"),
        "api-root.json": event("rest", "GET", "/", stage="v1"),
    }
    for one in made.values():
        one["requestContext"]["requestId"] = REQUEST_ID
    return made


def text(one: dict[str, Any]) -> str:
    return json.dumps(one, indent=1) + "\n"


if __name__ == "__main__":
    for name, one in events().items():
        (FOLDER / name).write_text(text(one))

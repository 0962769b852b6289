"""One line of JSON a request, on standard output: what happened, never to whom or with what."""

import json
import logging
import sys
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

_ROOT = Path(__file__).resolve().parents[1]
# Where a fault arose, from the innermost call outwards.
MAX_FRAMES = 8


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"timestamp": time, "level": record.levelname, "message": record.getMessage(), **fields}
        return json.dumps(line, default=str)


class _StandardOutput(logging.StreamHandler[Any]):
    """Looks standard output up at each line: tests and runtimes exchange it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stdout


def _logger() -> logging.Logger:
    made = logging.getLogger("ekg")
    if not made.handlers:
        handler = _StandardOutput()
        handler.setFormatter(_Lines())
        made.addHandler(handler)
        made.setLevel(logging.INFO)
        made.propagate = False
    # Their own lines hold the path of every request, a key or characters of the body.
    for name in ("mangum", "python_multipart", "urllib3", "botocore"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.showwarning = warned
    return made


def warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning of Python as a line of the log, without the words and the full path that it prints."""
    _log.warning("warning", extra={"fields": {"error": category.__name__, "at": [f"{_place(filename)}:{lineno}"]}})


_log = _logger()


def said(message: str, **fields: object) -> None:
    """A line about what was answered."""
    _log.info(message, extra={"fields": fields})


def fault(error: BaseException, **fields: object) -> None:
    """A fault of our own: its type and where it arose. Its text may repeat what stood in the file, and is left out."""
    frames = [
        f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    _log.error(
        "fault", extra={"fields": {**fields, "error": type(error).__name__, "at": frames[: -MAX_FRAMES - 1 : -1]}}
    )


def _place(filename: str) -> str:
    path = Path(filename)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else "/".join(path.parts[-2:])

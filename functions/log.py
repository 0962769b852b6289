"""The log: one line of JSON for each request or record, on standard output.

A line holds ids, codes, sizes and times. It never holds file content, names, keys, paths or texts of errors.
"""

import json
import logging
import sys
import traceback
import warnings
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

_ROOT = Path(__file__).resolve().parents[1]
# Frames of a fault's traceback in its log line, the innermost first.
MAX_FRAMES = 8
# Digits of a key's sha256 in a log line. Who knows the key can find its lines; the log does not tell the key.
HASH_DIGITS = 16


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"timestamp": time, "level": record.levelname, "message": record.getMessage(), **fields}
        return json.dumps(line, default=str)


class _StandardOutput(logging.StreamHandler[Any]):
    """Looks up sys.stdout for each line, because tests and Lambda's runtime replace it."""

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
    # Lines of these libraries would hold paths of requests, keys, or characters of the body.
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
    """Replaces warnings.showwarning: logs a Python warning without its text and without the full path."""
    _log.warning("warning", extra={"fields": {"error": category.__name__, "at": [f"{_place(filename)}:{lineno}"]}})


_log = _logger()


def line(message: str, **fields: object) -> None:
    """Logs what was answered."""
    _log.info(message, extra={"fields": fields})


def fault(error: BaseException, **fields: object) -> None:
    """Logs an error of this service: its type and where it arose. Its text may quote the file, so it is left out."""
    frames = [
        f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    _log.error(
        "fault", extra={"fields": {**fields, "error": type(error).__name__, "at": frames[: -MAX_FRAMES - 1 : -1]}}
    )


def hashed(key: str) -> str:
    """Stands for a key of a bucket. The lines of the API and of the drop about one file have the same."""
    return sha256(key.encode(errors="surrogatepass")).hexdigest()[:HASH_DIGITS]


def _place(filename: str) -> str:
    path = Path(filename)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else "/".join(path.parts[-2:])

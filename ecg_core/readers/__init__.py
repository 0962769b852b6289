"""One module per file format: sniff() and read(). Dispatches on content, never on trust."""

from ecg_core.errors import UnsupportedFormat
from ecg_core.recording import Files, Recording


def read(files: Files, *, fs_hz: float | None = None, units: str | None = None) -> Recording:
    raise UnsupportedFormat("not yet")

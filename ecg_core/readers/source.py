"""Random access to the bytes of a file: in memory, on disk, or an object of a bucket.

Long recordings of a fixed layout are read through it. Only the header and some windows are loaded.
"""

import hashlib
from pathlib import Path

from ecg_core.recording import Source

__all__ = ["Bytes", "FileSource", "Source", "digest"]

# The digest of a large file covers this much of its beginning and of its end.
DIGEST_BYTES = 1_000_000
LARGE = f"checksum of a large file: of its size and of its first and last {DIGEST_BYTES // 1_000_000} MB"


def digest(source: Source) -> str:
    """sha256 of the size in decimal digits, the first and the last DIGEST_BYTES of a file."""
    found = hashlib.sha256(b"%d" % source.size)
    found.update(source.read(0, DIGEST_BYTES))
    found.update(source.read(max(source.size - DIGEST_BYTES, 0), DIGEST_BYTES))
    return found.hexdigest()


class Bytes:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class FileSource:
    """A file on disk. It is opened for each reading, so that nothing has to be closed. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def read(self, offset: int, length: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

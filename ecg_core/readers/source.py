"""Random access to the bytes of a file: in memory, on disk, or an object of a bucket.

Long recordings of a fixed layout are read through it. Only the header and some windows are loaded.
"""

from os import SEEK_END
from pathlib import Path
from typing import Protocol


class Source(Protocol):
    """size: bytes of the whole file."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Up to length bytes from this offset. Fewer only at the end of the file."""


class Bytes:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class FileSource:
    """A file on disk. Close it after use."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size = self._file.seek(0, SEEK_END)

    def read(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)

    def close(self) -> None:
        self._file.close()

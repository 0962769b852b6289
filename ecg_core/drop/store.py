"""The protocol of a store, which keeps objects by key: a bucket, a folder, or a fake."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ecg_core.recording import Source


class Conflict(Exception):
    """The object has changed since it was read, so it was not replaced."""


class Archived(Exception):
    """The object exists, but in an archive (S3 Glacier). Its bytes cannot be read until somebody restores it."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


@dataclass(frozen=True)
class Entry:
    """etag: changes with the content. modified: the store's clock, with time zone. version: None without versions.

    metadata: filled by head() and get(), empty from list().
    """

    key: str
    size: int
    etag: str
    modified: datetime
    version: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored(Entry):
    """source: of a large object, which is read by ranges. Its body is empty then."""

    body: bytes = b""
    source: Source | None = None


class Store(Protocol):
    """Strongly consistent, as S3 is: a call sees every write that ended before it. Other errors are passed on."""

    @property
    def longest(self) -> int:
        """The maximum bytes of a key in UTF-8."""

    def get(self, key: str, limit: int) -> Stored | None:
        """The object, or None. Raises FileTooLarge above limit bytes, without reading the rest. Raises Archived."""

    def range(self, entry: Entry, offset: int, length: int) -> bytes:
        """Up to length bytes of the object from this offset, which must be within it.

        Raises Conflict if the object is not the one of the entry. Raises Archived.
        """

    def head(self, key: str) -> Entry | None:
        """The object without its body, or None. It works for archived objects too."""

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """The objects whose keys begin with the prefix, in the order of their keys. Each page is a separate request.

        after: only keys that sort after this one.
        """

    def put(
        self, key: str, body: bytes, *, replaces: str | None, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        """Writes only if the existing object has the etag `replaces`. None: only if there is no object.

        Otherwise raises Conflict.
        """


class Ranged:
    """A large object as a Source."""

    def __init__(self, store: Store, entry: Entry) -> None:
        self._store, self._entry = store, entry
        self.size = entry.size

    def read(self, offset: int, length: int) -> bytes:
        return self._store.range(self._entry, offset, length) if length and offset < self.size else b""

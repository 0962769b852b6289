"""What the drop asks of a place that keeps objects by their keys: a bucket, a folder, a fake."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class Conflict(Exception):
    """What was to be replaced is no longer what is there."""


@dataclass(frozen=True)
class Entry:
    """etag: changes with the content. modified: with time zone, by the store's clock. version: where there are any.

    metadata: only of head() and get().
    """

    key: str
    size: int
    etag: str
    modified: datetime
    version: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored(Entry):
    body: bytes = b""


class Store(Protocol):
    """Strongly consistent, as S3 is: what was written is what the next call sees. Faults are raised as they come."""

    @property
    def longest(self) -> int:
        """Bytes of a key in UTF-8. Nothing is at a longer one."""

    def get(self, key: str, limit: int) -> Stored | None:
        """The object, None where there is none. Raises FileTooLarge above limit bytes, before reading more of it."""

    def head(self, key: str) -> Entry | None:
        """All of the object but its body, None where there is none."""

    def list(self, prefix: str) -> Iterator[Entry]:
        """The objects whose keys begin so, in the order of their keys; pages are asked for one by one."""

    def put(
        self, key: str, body: bytes, *, replaces: str | None, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        """Writes, if what is there has the etag `replaces`; None: if nothing is there. Raises Conflict otherwise."""

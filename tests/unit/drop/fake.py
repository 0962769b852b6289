"""A Store in memory. Its hooks run before each call: another worker's deeds, or a failure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import md5

from ecg_core.drop import Conflict, Entry, Stored
from ecg_core.drop.addresses import MAX_KEY_BYTES
from ecg_core.errors import FileTooLarge

START = datetime(2026, 1, 1, tzinfo=UTC)
Hook = Callable[[str, str], None]


class Clock:
    """The clock of all stores of a test."""

    def __init__(self) -> None:
        self.now = START

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


class MemoryStore:
    """Like a bucket: the etag depends on the content only, so equal content has an equal etag.

    before: called with (operation, key) before each call. It may change the store, or raise.
    """

    longest = MAX_KEY_BYTES

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.objects: dict[str, Stored] = {}
        self.before: list[Hook] = []
        self.calls: list[tuple[str, str]] = []
        self.written: list[str] = []
        self.bytes_read = 0

    def __getitem__(self, key: str) -> bytes:
        return self.objects[key].body

    def __setitem__(self, key: str, body: bytes) -> None:
        """An upload."""
        self._store(key, body, {})

    def upload(self, key: str, body: bytes, metadata: Mapping[str, str]) -> None:
        self._store(key, body, metadata)

    def drop(self, files: Mapping[str, bytes]) -> None:
        for key, body in files.items():
            self[key] = body

    def get(self, key: str, limit: int) -> Stored | None:
        if len(key.encode()) > self.longest:
            return None
        self._called("get", key)
        found = self.objects.get(key)
        if found and found.size > limit:
            raise FileTooLarge("too large")
        self.bytes_read += found.size if found else 0
        return found

    def range(self, entry: Entry, offset: int, length: int) -> bytes:
        self._called("range", entry.key)
        found = self.objects.get(entry.key)
        if found is None or found.etag != entry.etag:
            raise Conflict
        assert 0 <= offset < found.size
        self.bytes_read += min(length, found.size - offset)
        return found.body[offset : offset + length]

    def head(self, key: str) -> Entry | None:
        if len(key.encode()) > self.longest:
            return None
        self._called("head", key)
        return self.objects.get(key)

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        if len(prefix.encode()) > self.longest:
            return
        self._called("list", prefix)
        yield from [self.objects[key] for key in sorted(self.objects) if key.startswith(prefix) and key > after]

    def put(
        self, key: str, body: bytes, *, replaces: str | None, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        self._called("put", key)
        there = self.objects.get(key)
        if (there.etag if there else None) != replaces:
            raise Conflict
        self.written.append(key)
        self._store(key, body, metadata)

    def _store(self, key: str, body: bytes, metadata: Mapping[str, str]) -> None:
        etag, version = md5(body, usedforsecurity=False).hexdigest(), str(len(self.calls))
        self.objects[key] = Stored(
            key, len(body), etag, self.clock.now.replace(microsecond=0), version, dict(metadata), body
        )

    def _called(self, operation: str, key: str) -> None:
        assert len(key.encode()) <= self.longest, "S3 refuses such a key"
        self.calls.append((operation, key))
        for hook in tuple(self.before):
            hook(operation, key)


def once(operation: str, key: str, deed: Callable[[], object]) -> Hook:
    """A hook that does the deed before the first such call."""
    done: list[bool] = []

    def hook(called: str, about: str) -> None:
        if (called, about) == (operation, key) and not done:
            done.append(True)
            deed()

    return hook

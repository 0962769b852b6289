"""A folder as a Store: a key is a path in it. Several watchers on one machine may use it at the same time."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from uuid import uuid4

from ecg_core.drop.addresses import MAX_KEY_BYTES, NOTES
from ecg_core.drop.store import Conflict, Entry, Stored
from ecg_core.errors import FileTooLarge
from ecg_core.readers.wfdb.header import MAX_NAME_LENGTH

# Subfolder for metadata, the lock, and files that are being written. It is on the same disk, so moving a finished file
# out of it copies nothing.
OWN = ".ekg"
NOTE = ".note"
# Much larger than any metadata file that put() writes.
MAX_METADATA_BYTES = 100_000
# The path separator of this system, if it is not a slash. No key may contain it.
_SEPARATOR = os.sep if os.sep != "/" else "\0"


class FolderStore:
    # The same limit as S3, so that both stores use the same addresses. A path may be longer.
    longest = MAX_KEY_BYTES

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own = root / OWN
        self._writing = Lock()

    def get(self, key: str, limit: int) -> Stored | None:
        """Raises FileTooLarge, and OSError for a file that cannot be read."""
        path = self._path(key)
        # Opening a named pipe would wait for a writer without end.
        if not path.is_file():
            return None
        try:
            with path.open("rb") as file:
                about = _entry(key, os.fstat(file.fileno()))
                body = file.read(limit + 1)
        except FileNotFoundError:
            return None
        if len(body) > limit:
            raise FileTooLarge(f"The file is larger than {limit:,} bytes.")
        return Stored(key, len(body), about.etag, about.modified, metadata=self._metadata(key, about.etag), body=body)

    def range(self, entry: Entry, offset: int, length: int) -> bytes:
        try:
            with self._path(entry.key).open("rb") as file:
                if _entry(entry.key, os.fstat(file.fileno())).etag != entry.etag:
                    raise Conflict
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError:
            raise Conflict from None

    def head(self, key: str) -> Entry | None:
        path = self._path(key)
        if not path.is_file():
            return None
        about = _entry(key, path.stat())
        return Entry(key, about.size, about.etag, about.modified, metadata=self._metadata(key, about.etag))

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        return (entry for entry in self._below(prefix[: prefix.rfind("/") + 1], prefix) if entry.key > after)

    def _below(self, folder: str, prefix: str) -> Iterator[Entry]:
        """Skips entries that cannot be read, such as a link to itself."""
        try:
            with os.scandir(self._place(folder)) as found:
                entries = sorted(found, key=lambda entry: entry.name + "/" * entry.is_dir(follow_symlinks=False))
        except OSError:
            return
        for entry in entries:
            key = folder + entry.name
            if entry.is_dir(follow_symlinks=False):
                if key != OWN and f"{key}/".startswith(prefix):
                    yield from self._below(f"{key}/", prefix)
                continue
            if key.startswith(NOTES):
                key = key.removesuffix(NOTE)
            if key.startswith(prefix):
                with suppress(OSError):
                    yield _entry(key, entry.stat())

    def put(
        self, key: str, body: bytes, *, replaces: str | None, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        """Raises Conflict. A reader never sees half a file, even if the process is killed during the write."""
        with self._locked():
            there = self.head(key)
            if (there.etag if there else None) != replaces:
                raise Conflict
            # The process may be killed between the two renames. So the metadata have the etag of the file that they
            # belong to.
            written = self._written(body)
            about = json.dumps({"etag": _entry(key, written.stat()).etag, "metadata": dict(metadata)}).encode()
            _move(self._written(about), self._about(key))
            _move(written, self._path(key))

    def expire(self, prefix: str, before: datetime) -> None:
        """Removes empty files older than `before`, which are settled notes. In a bucket, a lifecycle rule does this."""
        with self._locked():
            for entry in list(self.list(prefix)):
                if not entry.size and entry.modified < before:
                    self._path(entry.key).unlink(missing_ok=True)
                    self._about(entry.key).unlink(missing_ok=True)

    def _written(self, body: bytes) -> Path:
        path = self._own / f"{uuid4().hex}.part"
        path.write_bytes(body)
        return path

    def _metadata(self, key: str, etag: str) -> dict[str, str]:
        with suppress(FileNotFoundError), self._about(key).open("rb") as file:
            about = json.loads(file.read(MAX_METADATA_BYTES))
            if about["etag"] == etag:
                return dict(about["metadata"])
        return {}

    def _about(self, key: str) -> Path:
        return self._own / f"{sha256(key.encode(errors='surrogateescape')).hexdigest()}.json"

    def _path(self, key: str) -> Path:
        """The path of an object. A note gets an extension: a note about file `a` must not block a folder `a/`."""
        return self._place(key + NOTE if key.startswith(NOTES) else key)

    def _place(self, key: str) -> Path:
        """The path in the folder. Raises ValueError for a key that leads out of it."""
        parts = key.rstrip("/").split("/") if key else []
        if any(part in ("", ".", "..") or _SEPARATOR in part or "\0" in part for part in parts):
            raise ValueError("a key of this store is a relative path without empty parts")
        return self._root.joinpath(*map(_shortened, parts))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Excludes other threads, and other processes if the system has flock."""
        self._own.mkdir(parents=True, exist_ok=True)
        with self._writing, (self._own / "lock").open("wb") as file:
            try:
                from fcntl import LOCK_EX, flock
            except ImportError:
                pass
            else:
                # Some network shares have no locks. Run only one watcher there.
                with suppress(OSError):
                    flock(file, LOCK_EX)
            yield


def _move(written: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    written.replace(place)


def _entry(key: str, status: os.stat_result) -> Entry:
    etag = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
    # A copy may keep the mtime of its original, but ctime is the time of its arrival. A time in the future (a network
    # share with a wrong clock) counts as now.
    changed = min(status.st_ctime if os.name == "posix" else max(status.st_mtime, status.st_ctime), time.time())
    return Entry(key, status.st_size, etag, datetime.fromtimestamp(changed, UTC))


def _shortened(part: str) -> str:
    """A file name within the limit of file systems: an outcome's name is longer than its record's name."""
    data = os.fsencode(part)
    return part if len(data) <= MAX_NAME_LENGTH else sha256(data).hexdigest() + Path(part).suffix

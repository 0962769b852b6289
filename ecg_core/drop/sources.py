"""The files of one record as they are in the inbox now. Each file is read once."""

from collections.abc import Callable
from hashlib import sha256
from itertools import islice

from ecg_core.drop.options import stated
from ecg_core.drop.store import Archived, Entry, Ranged, Store, Stored
from ecg_core.errors import EcgError, FileTooLarge
from ecg_core.readers.names import folded, is_junk, spellings, split
from ecg_core.readers.records import too_large
from ecg_core.readers.wfdb.header import Header
from ecg_core.recording import MAX_BYTES

# For one spelling of a stem, this many keys are listed to find an extension in another case (.DAT for .dat).
MAX_SIBLINGS = 1_000
# A record of a thousand segments has 2,001 files. Reading them takes half a minute.
MAX_FILES = 2_048


class Missing(Exception):
    """A file is missing, and stop_at_missing is set."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Sources:
    """The interface for records.record(): get() finds names that exist, header() reads headers.

    stop_at_missing: raise Missing at the first name that does not exist. refusal: why the files cannot be read, for
    example their size. After it is set, files are only checked for existence.
    """

    def __init__(self, inbox: Store, named: Callable[[str], None] = lambda name: None) -> None:
        """named: called with each name before the store is asked for it."""
        self._inbox, self._named = inbox, named
        self._read: dict[str, Stored] = {}
        self._unread: dict[str, Entry] = {}
        self._headers: dict[str, Header] = {}
        self._absent: set[str] = set()
        self._names: dict[str, str | None] = {}
        self._left = MAX_BYTES
        self.stop_at_missing = False
        self.refusal: EcgError | None = None

    def get(self, name: str, /) -> str | None:
        """The existing key for a name, in any spelling. Reads the file.

        Raises Missing, Archived, and FileTooLarge for more names than MAX_FILES.
        """
        if name not in self._names:
            if len(self._names) >= MAX_FILES:
                raise FileTooLarge(f"The record has more than {MAX_FILES:,} files.")
            self._named(name)
            self._names[name] = self._found(name)
        if self._names[name] is None and self.stop_at_missing:
            raise Missing(name)
        return self._names[name]

    def _found(self, name: str) -> str | None:
        if is_junk(name):
            return None
        if self.exists(name):
            return name
        other = sibling(self._inbox, name)
        return other if other is not None and self.exists(other) else None

    def exists(self, key: str) -> bool:
        """Whether an object with exactly this key exists. Reads it if the limits allow. Raises Archived."""
        if key in self._read or key in self._unread:
            return True
        try:
            stored = self._inbox.get(key, self._left)
        except FileTooLarge:
            stored = self._large(key)
        except Archived:
            if self._exists_unread(key):
                raise
            stored = None
        if stored is None:
            self._absent.add(key)
            return False
        self._read[key] = stored
        self._left -= len(stored.body)
        return True

    def _large(self, key: str) -> Stored | None:
        """A large object, which is read by ranges."""
        there = self._inbox.head(key)
        if there is None:
            return None
        source = Ranged(self._inbox, there)
        return Stored(key, there.size, there.etag, there.modified, there.version, there.metadata, source=source)

    def _exists_unread(self, key: str) -> bool:
        there = self._inbox.head(key)
        if there is not None:
            self._unread[key] = there
        return there is not None

    def body(self, key: str) -> bytes:
        """The bytes of a file that exists. Empty if it was only checked for existence."""
        return self._read[key].body if key in self._read else b""

    def header(self, key: str) -> Header:
        """The parsed header of a file that exists. Raises HeaderInvalid, FileTooLarge."""
        if key in self._read and self._read[key].source:
            raise too_large()
        if key not in self._headers:
            self._headers[key] = Header(self.body(key))
        return self._headers[key]

    def entry(self, key: str) -> Entry:
        """Key, size, etag and time of a file that exists."""
        return self._read.get(key) or self._unread[key]

    def of(self, keys: tuple[str, ...]) -> tuple[Stored, ...]:
        """The given files that were read, in the given order."""
        return tuple(self._read[key] for key in keys if key in self._read)

    @property
    def files(self) -> tuple[str, ...]:
        """All requested files that exist."""
        return (*self._read, *self._unread)

    @property
    def asked(self) -> frozenset[str]:
        """The requested names, folded."""
        return frozenset(map(folded, self._names))

    def have_changed(self) -> bool:
        """Whether a file has changed, appeared or disappeared since it was requested."""
        found = {**self._unread, **self._read}
        now = {key: self._inbox.head(key) for key in (*found, *self._absent)}
        return any(_identity(there) != _identity(found.get(key)) for key, there in now.items())


def _identity(there: Entry | None) -> object:
    """What identifies a version. The etag depends on the bytes only, and new metadata may come with the same bytes."""
    return (there.etag, there.version, stated(there.metadata)) if there else None


def sibling(inbox: Store, name: str) -> str | None:
    """Another key for the same file: its extension has another case, or its letters have another form of Unicode."""
    wanted = folded(name)
    for spelling in spellings(name):
        folder, stem, suffix = split(spelling)
        beside = islice(inbox.list(f"{folder}{stem}." if suffix else spelling), MAX_SIBLINGS)
        for entry in beside:
            if entry.key != name and folded(entry.key) == wanted:
                return entry.key
    return None


def digest(parts: tuple[Stored, ...]) -> str:
    """The sha256 of the files' names and bytes, in hex. Of a large file, its etag stands for its bytes."""
    total = sha256()
    for part in parts:
        name = part.key.rpartition("/")[2].encode(errors="surrogateescape")
        body = part.etag.encode() if part.source else part.body
        total.update(f"{len(name)} {part.size} ".encode() + name)
        total.update(body)
    return total.hexdigest()

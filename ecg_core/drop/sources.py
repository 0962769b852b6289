"""The files of one record as they lie in the inbox now, each read once."""

from collections.abc import Callable
from hashlib import sha256
from itertools import islice

from ecg_core import records
from ecg_core.drop.store import Store, Stored
from ecg_core.errors import FileTooLarge
from ecg_core.recording import MAX_BYTES

# Of names with one stem, when the extension is looked for in any case.
MAX_SIBLINGS = 1_000
# A record of a thousand segments has 2,001 files; they are read in half a minute.
MAX_FILES = 2_048


class Sources:
    """Answers records.record's questions: get() is the names that exist, body() the reader of headers.

    Reading stops at the limits of a record: too_large then says so, and whether a file exists is all that is asked.
    """

    def __init__(self, inbox: Store, named: Callable[[str], None] = lambda name: None) -> None:
        """named: told each name before it is looked for."""
        self._inbox, self._named = inbox, named
        self._read: dict[str, Stored] = {}
        self._names: dict[str, str | None] = {}
        self._left = MAX_BYTES
        self.too_large = False

    def get(self, name: str, /) -> str | None:
        """The key that is there for a name, its extension in any case; it was read then."""
        if name not in self._names:
            self._named(name)
            self._names[name] = self._found(name)
        return self._names[name]

    def _found(self, name: str) -> str | None:
        if self.exists(name):
            return name
        other = sibling(self._inbox, name)
        return other if other is not None and self.exists(other) else None

    def exists(self, key: str) -> bool:
        """Whether there is an object with exactly this key; it is read, if the limits allow."""
        if key in self._read:
            return True
        try:
            stored = self._inbox.get(key, self._left if len(self._read) < MAX_FILES else 0)
        except FileTooLarge:
            self.too_large = True
            return True
        if stored is not None:
            self._read[key] = stored
            self._left -= stored.size
        return stored is not None

    def body(self, key: str) -> bytes:
        """Of a file that exists; empty if it was too large to be read."""
        return self._read[key].body if key in self._read else b""

    def of(self, keys: tuple[str, ...]) -> tuple[Stored, ...]:
        """What was read of these, in their order."""
        return tuple(self._read[key] for key in keys if key in self._read)


def sibling(inbox: Store, name: str) -> str | None:
    """Another key with this stem whose extension differs in upper and lower case only."""
    folder, stem, _ = records.split(name)
    wanted = records.folded(name)
    beside = islice(inbox.list(f"{folder}{stem}."), MAX_SIBLINGS)
    return next((entry.key for entry in beside if entry.key != name and records.folded(entry.key) == wanted), None)


def digest(parts: tuple[Stored, ...]) -> str:
    """sha256 of the files' names and bytes, hex: what was read, before anything is made of it."""
    total = sha256()
    for part in parts:
        name = part.key.rpartition("/")[2].encode(errors="surrogateescape")
        total.update(f"{len(name)} {len(part.body)} ".encode() + name)
        total.update(part.body)
    return total.hexdigest()

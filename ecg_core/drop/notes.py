"""Notes about a file: which keys wait for it (WAITING), which wait for its restoration from an archive (ARCHIVED), and
which headers with another stem name it (MEMBERS).

A note is a JSON object {key: token}. In a WAITING note the token identifies the upload that waits, in an ARCHIVED note
the upload that cannot be read; in a MEMBERS note it is empty. A settled note is an empty file: the drop has no right to
delete.
"""

import json
from collections.abc import Collection
from contextlib import suppress

from ecg_core.drop.addresses import ARCHIVED, MEMBERS, WAITING, lone_address, note_address
from ecg_core.drop.store import Conflict, Entry, Store, Stored

# Keys in the note about one file. When the file arrives, the record of each key is read. A hundred take ten seconds.
MAX_KEYS = {MEMBERS: 100, WAITING: 1_000, ARCHIVED: 1_000}
# A thousand keys of maximal length, if JSON needs six characters for each of theirs.
MAX_NOTE_BYTES = 8_000_000
# More than the number of workers that can write one note at the same time.
MAX_ATTEMPTS = 20


class Notes:
    def __init__(self, results: Store) -> None:
        self._results = results

    def get(self, kind: str, name: str) -> Stored | None:
        """The note about a file, even if it is settled (empty). None if there is none."""
        return self._results.get(self._place(kind, name), MAX_NOTE_BYTES)

    def add(self, kind: str, name: str, key: str, token: str = "") -> None:
        """Adds a key to the note about a file.

        If a WAITING or ARCHIVED note is full, the key gets a note of its own. The sweep finds that note; the arrival of
        the file does not. A full MEMBERS note does not change: see shared.py. Raises Conflict for too many writers.
        """
        places = [self._place(kind, name), *([] if kind == MEMBERS else [lone_address(kind, name, key)])]
        for place in places:
            if self._added(place, key, token, MAX_KEYS[kind]):
                break

    def _added(self, place: str, key: str, token: str, most: int) -> bool:
        """False if the note is full."""
        for _ in range(MAX_ATTEMPTS):
            known = self._results.get(place, MAX_NOTE_BYTES)
            keys = _read(known)
            if keys.get(key) == token:
                return True
            if key not in keys and len(keys) >= most:
                return False
            body = json.dumps({**keys, key: token}, sort_keys=True).encode()
            with suppress(Conflict):
                self._put(place, body, known.etag if known else None)
                return True
        raise Conflict

    def settle(self, note: Stored) -> None:
        """Empties the note, unless another worker has written to it since it was read."""
        self.keep(note, ())

    def keep(self, note: Stored, keys: Collection[str]) -> None:
        """Leaves only these keys in the note, unless another worker has written to it since it was read."""
        left = {key: token for key, token in _read(note).items() if key in keys}
        with suppress(Conflict):
            self._put(note.key, json.dumps(left, sort_keys=True).encode() if left else b"", note.etag)

    def _place(self, kind: str, name: str) -> str:
        return note_address(kind, name, self._results.longest)

    def _put(self, place: str, body: bytes, replaces: str | None) -> None:
        self._results.put(place, body, replaces=replaces, content_type="application/json", metadata={})


def _read(note: Stored | None) -> dict[str, str]:
    return dict(json.loads(note.body)) if note and note.body else {}


def keys_of(note: Stored | None) -> frozenset[str]:
    return frozenset(_read(note))


def token_of(there: Entry) -> str:
    """Identifies an upload. Even if a new upload has the same bytes, its token differs."""
    return f"{there.etag} {there.modified.isoformat()}"

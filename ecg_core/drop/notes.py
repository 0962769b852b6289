"""What the drop remembers about a file: which keys wait for it, and which headers ask for it by another name.

A note is a JSON object: keys, and of what waits a token that changes with it. Nothing is ever deleted, so that the drop
needs no right to: a note that is settled is empty.
"""

import json
from contextlib import suppress

from ecg_core.drop.addresses import MEMBERS, WAITING, note_address
from ecg_core.drop.store import Conflict, Store, Stored

# Of one name. All that ask for it are looked at when it arrives: a hundred take ten seconds.
MAX_KEYS = {MEMBERS: 100, WAITING: 1_000}
# A thousand of the longest keys, each character written as six.
MAX_NOTE_BYTES = 8_000_000
# As many workers as may write one note at the same moment, and more.
MAX_ATTEMPTS = 20


class Notes:
    def __init__(self, results: Store) -> None:
        self._results = results

    def get(self, kind: str, name: str) -> Stored | None:
        """The note about a file, None if there is none; settled ones count."""
        return self._results.get(self._place(kind, name), MAX_NOTE_BYTES)

    def add(self, kind: str, name: str, key: str, token: str = "") -> None:
        """Raises Conflict if others write the same note all the time, or too many keys wait for one name.

        A header too many among those that ask for a name is left out: its own arrival leads to it, the name's does not.
        """
        for _ in range(MAX_ATTEMPTS):
            known = self.get(kind, name)
            keys = _read(known)
            if keys.get(key) == token or (kind == MEMBERS and len(keys) >= MAX_KEYS[kind]):
                return
            if len(keys) >= MAX_KEYS[kind]:
                raise Conflict
            body = json.dumps({**keys, key: token}, sort_keys=True).encode()
            with suppress(Conflict):
                self._put(self._place(kind, name), body, known.etag if known else None)
                return
        raise Conflict

    def settle(self, note: Stored) -> None:
        """Empties it, unless somebody has written to it since."""
        with suppress(Conflict):
            self._put(note.key, b"", note.etag)

    def _place(self, kind: str, name: str) -> str:
        return note_address(kind, name, self._results.longest)

    def _put(self, place: str, body: bytes, replaces: str | None) -> None:
        self._results.put(place, body, replaces=replaces, content_type="application/json", metadata={})


def _read(note: Stored | None) -> dict[str, str]:
    return dict(json.loads(note.body)) if note and note.body else {}


def keys_of(note: Stored | None) -> frozenset[str]:
    return frozenset(_read(note))

"""What the drop remembers about a file: which keys wait for it, and which headers ask for it by another name.

A note is a JSON list of keys. Nothing is ever deleted, so that the drop needs no right to: a note that is settled is
empty.
"""

import json
from contextlib import suppress

from ecg_core.drop.addresses import note_address
from ecg_core.drop.store import Conflict, Store, Stored

# A name that ten thousand records share, with keys of a hundred bytes.
MAX_NOTE_BYTES = 1_000_000
# As many workers as may write one note at the same moment, and more.
MAX_ATTEMPTS = 20


class Notes:
    def __init__(self, results: Store) -> None:
        self._results = results

    def get(self, kind: str, name: str) -> Stored | None:
        """The note about a file, None if there is none; settled ones count."""
        return self._results.get(note_address(kind, name), MAX_NOTE_BYTES)

    def add(self, kind: str, name: str, key: str) -> None:
        """Raises Conflict if others write the same note all the time."""
        place = note_address(kind, name)
        for _ in range(MAX_ATTEMPTS):
            known = self._results.get(place, MAX_NOTE_BYTES)
            keys = keys_of(known)
            if key in keys:
                return
            with suppress(Conflict):
                self._put(place, json.dumps(sorted({*keys, key})).encode(), known.etag if known else None)
                return
        raise Conflict

    def settle(self, note: Stored) -> None:
        """Empties it, unless somebody has written to it since."""
        with suppress(Conflict):
            self._put(note.key, b"", note.etag)

    def _put(self, place: str, body: bytes, replaces: str | None) -> None:
        self._results.put(place, body, replaces=replaces, content_type="application/json", metadata={})


def keys_of(note: Stored | None) -> frozenset[str]:
    return frozenset(json.loads(note.body)) if note and note.body else frozenset()

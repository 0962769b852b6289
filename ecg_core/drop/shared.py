"""Files that are named by more headers than a MEMBERS note holds. The sweep finds the other headers in the folder.

A header and its files are in one folder. When such a file arrives, the headers in its note are answered at once, and a
SHARED note asks the sweep to check every header of the folder. The note says how far the sweep has come, so the next
sweep continues there. If the file gets new bytes, the search starts again.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from ecg_core.drop.addresses import SHARED, note_address
from ecg_core.drop.notes import MAX_NOTE_BYTES
from ecg_core.drop.record import all_folded
from ecg_core.drop.store import Archived, Conflict, Store, Stored
from ecg_core.errors import FileTooLarge, HeaderInvalid
from ecg_core.readers.names import folded, is_header, split
from ecg_core.readers.wfdb.header import MAX_HEADER_BYTES, Header


@dataclass(frozen=True)
class Search:
    """A SHARED note. token: identifies the upload of the file. after: the last key that was checked."""

    file: str
    token: str
    after: str = ""

    @classmethod
    def of(cls, note: Stored) -> "Search | None":
        """None for a settled note."""
        return cls(**json.loads(note.body)) if note.body else None


class Shared:
    def __init__(self, inbox: Store, results: Store) -> None:
        self._inbox, self._results = inbox, results

    def ask(self, file: str, token: str) -> None:
        """Asks the sweep to answer all records whose headers name this file. Raises Conflict."""
        place = note_address(SHARED, file, self._results.longest)
        note = self._results.get(place, MAX_NOTE_BYTES)
        there = Search.of(note) if note else None
        if there is None or (there.file, there.token) != (file, token):
            self._put(place, Search(file, token), note)

    def save(self, note: Stored, after: str | None) -> None:
        """Notes how far the search has come; None settles the note. Does nothing if the file arrived again."""
        search = Search.of(note)
        with suppress(Conflict):
            self._put(note.key, replace(search, after=after) if search and after is not None else None, note)

    def _put(self, place: str, search: Search | None, note: Stored | None) -> None:
        body = json.dumps(asdict(search)).encode() if search else b""
        replaces = note.etag if note else None
        self._results.put(place, body, replaces=replaces, content_type="application/json", metadata={})

    def headers(self, search: Search) -> Iterator[str]:
        """The headers that were not checked yet, in the order of keys."""
        folder = split(search.file)[0]
        for entry in self._inbox.list(folder, search.after):
            if is_header(entry.key) and split(entry.key)[0] == folder:
                yield entry.key

    def may_name(self, header: str, file: str) -> bool:
        """A master header may name any file: its segments name files. An archived header may too."""
        try:
            there = self._inbox.get(header, MAX_HEADER_BYTES)
            read = Header(there.body) if there else None
            asked = read.asks_for if read else ()
        except Archived:
            return True
        except (HeaderInvalid, FileTooLarge):
            return False
        return bool(read and read.is_master) or folded(file) in all_folded(split(header)[0] + name for name in asked)

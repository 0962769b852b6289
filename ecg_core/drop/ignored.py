"""The list of files in which no ECG was found and none was to be: an object for each, with the reason.

Nothing in the inbox is passed over in silence. Each file has an object of its own, because many workers may write at
the same time, and because an entry must be removed alone: the file is replaced by an ECG, or a header comes that names
it. A removed entry is an empty object: the drop has no right to delete.
"""

import json

from ecg_core.drop.addresses import ignored_address
from ecg_core.drop.store import Store
from ecg_core.errors import EcgError, EmptyFile, HeaderInvalid, NoEcgLeads, RecordIncomplete, UnsupportedFormat
from ecg_core.readers.names import SIGNAL_SUFFIXES, Noise, is_junk, is_noise, may_be_signal, split

# Above the size of any entry: the longest key, each character escaped, and the reason.
MAX_ENTRY_BYTES = 10_000
# Refusals that say: there is no ECG here.
_NO_ECG = (UnsupportedFormat, EmptyFile, NoEcgLeads)
# The shadow that macOS lays beside each file has the file's extension.
_NO_ECG_OF_JUNK = (*_NO_ECG, RecordIncomplete, HeaderInvalid)


class Ignored:
    """Each method raises Conflict if another worker wrote the same entry first."""

    def __init__(self, results: Store) -> None:
        self._results = results

    def address(self, key: str) -> str:
        return ignored_address(key, self._results.longest)

    def add(self, key: str, reason: Noise) -> None:
        there = self._results.get(self.address(key), MAX_ENTRY_BYTES)
        body = json.dumps({"key": key, "reason": reason}).encode()
        if there is None or there.body != body:
            self._put(key, body, there.etag if there else None)

    def remove(self, key: str) -> None:
        """Empties the entry, if there is one. Asks the store only about files that may be in the list."""
        if not may_be_ignored(key):
            return
        there = self._results.head(self.address(key))
        if there and there.size:
            self._put(key, b"", there.etag)

    def _put(self, key: str, body: bytes, replaces: str | None) -> None:
        self._results.put(self.address(key), body, replaces=replaces, content_type="application/json", metadata={})


def may_be_ignored(key: str) -> bool:
    """Whether a file of this name is ignored if no ECG is found in it: always, or beside a header of its stem."""
    return is_noise(key) or is_annotation_beside_header(key)


def is_annotation_beside_header(key: str) -> bool:
    """Whether a file beside a header that does not name it is an annotation: neither a file format nor a signal."""
    return may_be_signal(key) and split(key)[2].lower() not in SIGNAL_SUFFIXES


def holds_no_ecg(key: str, refusal: EcgError) -> bool:
    """Whether the refusal means that a file of such a name is ignored. Any other refusal is its outcome."""
    return isinstance(refusal, _NO_ECG_OF_JUNK if is_junk(key) else _NO_ECG)

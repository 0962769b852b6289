"""The list of ignored files: files without an ECG whose names do not promise one. Each has an object with the reason.

Every file of the inbox is reported, even an ignored one. Each has its own object, because many workers may write at the
same time. An entry must also be removable alone: the file may be replaced by an ECG, or a header that names it may
arrive. A removed entry is an empty object, because the drop has no right to delete.
"""

import json

from ecg_core.drop.addresses import ignored_address
from ecg_core.drop.store import Store
from ecg_core.errors import EcgError, EmptyFile, HeaderInvalid, NoEcgLeads, RecordIncomplete, UnsupportedFormat
from ecg_core.readers.names import SIGNAL_SUFFIXES, Noise, is_junk, is_noise, may_be_signal, split

# Larger than any entry: the longest key, with each character escaped, and the reason.
MAX_ENTRY_BYTES = 10_000
# Refusals that mean: the file holds no ECG.
_NO_ECG = (UnsupportedFormat, EmptyFile, NoEcgLeads)
# The shadow file that macOS writes beside each file has the same extension as that file.
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
        """Empties the entry if there is one. Asks the store only about files that may be in the list."""
        if not may_be_ignored(key):
            return
        there = self._results.head(self.address(key))
        if there and there.size:
            self._put(key, b"", there.etag)

    def _put(self, key: str, body: bytes, replaces: str | None) -> None:
        self._results.put(self.address(key), body, replaces=replaces, content_type="application/json", metadata={})


def may_be_ignored(key: str) -> bool:
    """Whether a file of this name is ignored if it holds no ECG: always, or only beside a header of its stem."""
    return is_noise(key) or is_annotation_beside_header(key)


def is_annotation_beside_header(key: str) -> bool:
    """Whether a file is an annotation: a header beside it does not name it, and it is neither a format nor a signal."""
    return may_be_signal(key) and split(key)[2].lower() not in SIGNAL_SUFFIXES


def holds_no_ecg(key: str, refusal: EcgError) -> bool:
    """Whether a file of this name is ignored after this refusal. Otherwise the refusal is its outcome."""
    return isinstance(refusal, _NO_ECG_OF_JUNK if is_junk(key) else _NO_ECG)

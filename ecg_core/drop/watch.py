"""Watches an inbox by listing it repeatedly. Network shares, and many S3-compatible stores, send no events."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ecg_core.drop.addresses import WAITING
from ecg_core.drop.drop import Drop
from ecg_core.drop.store import Store
from ecg_core.drop.sweep import sweep
from ecg_core.drop.writer import Answer
from ecg_core.model.classifier import Classifier
from ecg_core.readers.names import is_header

# Time between two listings. Listing 10,000 files takes 30 ms.
INTERVAL_S = 2.0
# Time between two sweeps of the open notes.
SWEEP_S = 60.0
PATIENCE = timedelta(hours=24)


class Expiring(Store, Protocol):
    def expire(self, prefix: str, before: datetime) -> None:
        """Removes empty objects older than `before`, which are settled notes."""


class Arrivals:
    """Finds new and changed files that are complete. A file that is still being copied is not complete."""

    def __init__(self, inbox: Store) -> None:
        self._inbox = inbox
        self._seen: dict[str, str] = {}
        self._told: dict[str, str] = {}

    def settled(self) -> list[str]:
        """The keys to answer now, headers first: files unchanged since the last call and not returned before."""
        now = {entry.key: entry.etag for entry in self._inbox.list("")}
        keys = [key for key, etag in now.items() if self._seen.get(key) == etag and self._told.get(key) != etag]
        self._seen = now
        self._told = {key: etag for key, etag in self._told.items() if key in now} | {key: now[key] for key in keys}
        return sorted(keys, key=lambda key: (not is_header(key), key))

    def again(self, key: str) -> None:
        """Returns the key again at the next call, because it could not be answered."""
        self._told.pop(key, None)


class Watcher:
    def __init__(
        self,
        inbox: Store,
        results: Expiring,
        classifier: Classifier,
        forms: tuple[str, ...] = (),
        patience: timedelta = PATIENCE,
    ) -> None:
        self._inbox, self._results = inbox, results
        self._classifier, self._forms, self._patience = classifier, forms, patience
        self._arrivals = Arrivals(self._inbox)

    def look(self, answered: Callable[[Answer], None], failed: Callable[[Exception], None]) -> None:
        """Answers the files that arrived since the last call. A file that fails is tried again at the next call."""
        drop, said = self._drop(), set[Answer]()
        for key in self._arrivals.settled():
            try:
                for answer in drop.arrived(key):
                    # Several files may belong to one record. Report its answer once.
                    if answer not in said:
                        answered(answer)
                    said.add(answer)
            except Exception as fault:
                self._arrivals.again(key)
                failed(fault)

    def sweep(self, answered: Callable[[Answer], None], failed: Callable[[Exception], None]) -> None:
        """Answers records that have waited longer than the patience."""
        now = datetime.now(UTC)
        swept = sweep(self._drop, self._results, now, self._patience, grace=timedelta(0))
        for answer in swept.answers:
            if answer.state == "written":
                answered(answer)
        for fault in swept.faults:
            failed(fault)
        self._results.expire(WAITING, now - self._patience)

    def forever(
        self, answered: Callable[[Answer], None], failed: Callable[[Exception], None], interval_s: float = INTERVAL_S
    ) -> None:
        """Looks and sweeps until interrupted. If a store is not available, it tries again."""
        swept = time.monotonic()
        while True:
            try:
                self.look(answered, failed)
                if time.monotonic() - swept >= SWEEP_S:
                    swept = time.monotonic()
                    self.sweep(answered, failed)
            except Exception as fault:
                failed(fault)
            time.sleep(interval_s)

    def _drop(self) -> Drop:
        return Drop(self._inbox, self._results, self._classifier, self._forms)

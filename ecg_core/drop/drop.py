"""From a hint that a file may be new to its records and their outcomes."""

from datetime import datetime
from functools import partial

from ecg_core.drop.addresses import MEMBERS, WAITING
from ecg_core.drop.attempt import Attempt
from ecg_core.drop.batch import Batch, persistently
from ecg_core.drop.ignored import Ignored, is_annotation_beside_header
from ecg_core.drop.notes import MAX_KEYS, Notes, keys_of, token_of
from ecg_core.drop.owners import Owners
from ecg_core.drop.record import AnsweredRecord, leads_to
from ecg_core.drop.shared import Shared
from ecg_core.drop.store import Store
from ecg_core.drop.writer import Answer, Listener, Writer
from ecg_core.model.classifier import Classifier
from ecg_core.readers.names import is_header, is_junk, may_be_signal


class Drop:
    """Answers the hints of one batch. It remembers what it read, so later hints need a new Drop."""

    def __init__(
        self,
        inbox: Store,
        results: Store,
        classifier: Classifier,
        forms: tuple[str, ...] = (),
        written: Listener = lambda result: None,
    ) -> None:
        """forms: extensions from FORMS that are written beside each result. written: is told each new result after it
        was written; it raises nothing. shared: see shared.py.
        """
        self._writer = Writer(inbox, results, classifier, forms, written)
        self._notes = Notes(results)
        self._ignored = Ignored(results)
        attempt = Attempt(inbox, self._notes, self._ignored, self._writer)
        self._batch = Batch(attempt, self._notes, self._ignored, self._writer)
        self._owners = Owners(inbox, self._batch)
        self._inbox = inbox
        self.shared = Shared(inbox, results)

    def arrived(self, key: str, overdue: datetime | None = None) -> tuple[Answer, ...]:
        """Answers the records that the file belongs to; usually one.

        overdue: a record that has waited since before this time is answered without its missing files. Raises
        Contended, and what the stores raise.
        """
        if is_junk(key):
            return (self._batch.single(key, overdue).answer,)
        found = self._records_about(key, overdue)
        self._settle(key, found)
        self._retract_own(key, found)
        return tuple(dict.fromkeys(record.answer for record in found))

    def has_seen(self, key: str) -> bool:
        """Whether a record of this batch has a result that includes this file."""
        return self._batch.has_result_of(key)

    def place_of(self, answer: Answer) -> str | None:
        """The key of a record's outcome, or of its entry in the list of ignored files."""
        if answer.state == "ignored":
            return self._ignored.address(answer.key)
        return self._writer.address(answer.key) if answer.state in ("written", "unchanged") else None

    def _records_about(self, key: str, overdue: datetime | None) -> list[AnsweredRecord]:
        """The records whose headers name the file. If there are none, the file is its own record."""
        owned = self._owners.of(key, overdue)
        persistently(partial(self._leave_to_sweep, key, owned.left, is_new=overdue is None))
        found = owned.records
        if is_header(key):
            return found
        asking = [record for record in found if record.asks_for(key)]
        if asking:
            return asking
        headed = is_annotation_beside_header(key) and any(record.has_header_beside(key) for record in found)
        if any(record.answer.state == "archived" for record in found):
            # The file that cannot be read now may be its header. So the file is never overdue and waits.
            overdue = None
        return [self._batch.single(key, overdue, headed)]

    def _leave_to_sweep(self, key: str, headers: set[str], is_new: bool) -> None:
        """Notes these headers for the sweep. If the note of headers is full, more headers may name a new file."""
        full = is_new and len(self._batch.headers_of(key)) >= MAX_KEYS[MEMBERS]
        there = self._inbox.head(key) if headers or full else None
        if there is None:
            return
        for header in sorted(headers):
            self._notes.add(WAITING, key, header, token_of(there))
        if full:
            self.shared.ask(key, token_of(there))

    def _settle(self, key: str, found: list[AnsweredRecord]) -> None:
        """Settles the note about who waits for this file, if each record that waits was now answered with the file."""
        if not (is_header(key) or may_be_signal(key) or self._batch.headers_of(key)):
            return
        note = self._notes.get(WAITING, key)
        if note is None:
            return
        if note.body and all(any(record.has_seen(key, waiting) for record in found) for waiting in keys_of(note)):
            self._notes.settle(note)

    def _retract_own(self, key: str, found: list[AnsweredRecord]) -> None:
        """Empties outcomes from before the header came: of the signal files beside it, or of this file."""
        for record in found:
            if is_header(key) and record.answer.key == key and record.is_answered:
                self._batch.retract(record, [file for file in record.files[1:] if leads_to(file, key)])
            elif record.broken:
                self._batch.retract(record, [key])

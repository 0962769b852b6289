"""A hint -> the record that it is about -> its outcome."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ecg_core import records
from ecg_core.classifier import Classifier
from ecg_core.drop.addresses import MEMBERS, WAITING
from ecg_core.drop.notes import Notes, keys_of
from ecg_core.drop.outcome import CODE
from ecg_core.drop.sources import Sources, sibling
from ecg_core.drop.store import Conflict, Store
from ecg_core.drop.writer import Answer, Writer
from ecg_core.errors import EcgError, EmptyFile, FileTooLarge, HeaderInvalid, RecordIncomplete, UnsupportedFormat

Found = TypeVar("Found")

# A conflict means that somebody else got ahead: so many in a row are a fault.
MAX_ATTEMPTS = 10
# A record of more files waits for the last of them before any is read: files mostly arrive in the order of their names,
# and reading all of them at each arrival would be quadratic.
FEW_FILES = 8


class Contended(Exception):
    """Others were ahead at every attempt; the hint may be tried again later."""


@dataclass(frozen=True)
class _Record:
    """An answered record. names: its files, folded; None: it waits, and not all are known. broken: its header is."""

    answer: Answer
    names: frozenset[str] | None = frozenset()
    broken: bool = False

    def holds(self, key: str) -> bool:
        return self.answer.state != "gone" and (self.names is None or records.folded(key) in self.names)


class Drop:
    """For the hints of one batch: a record that was answered for one of them is not looked at again for another.

    That is sound because all of them came before any was looked at.
    """

    def __init__(self, inbox: Store, results: Store, classifier: Classifier, forms: tuple[str, ...] = ()) -> None:
        """forms: of FORMS, to write beside each result."""
        self._inbox = inbox
        self._writer = Writer(inbox, results, classifier, forms)
        self._notes = Notes(results)
        self._records: dict[str, _Record] = {}
        self._headers: dict[str, frozenset[str]] = {}

    def arrived(self, key: str, overdue: datetime | None = None) -> tuple[Answer, ...]:
        """Answers the records that the file belongs to; mostly one.

        overdue: what has been waiting since before then is answered as it is. Raises Contended, and what the stores
        raise.
        """
        if records.is_junk(key):
            return (Answer(key, "ignored"),)
        asking = [self._record(header, overdue) for header in self._headers_of(key)]
        found = [record for record in asking if record.holds(key)]
        if records.is_header(key):
            found = found or [self._record(key, overdue)]
        elif records.may_be_signal(key):
            found += self._beside(key, found, overdue)
        found = found or [self._single(key, overdue)]
        self._settle(key, found)
        return tuple(record.answer for record in found)

    def _headers_of(self, key: str) -> frozenset[str]:
        """The headers that ask for this file although it has another stem than they."""
        if key not in self._headers:
            self._headers[key] = keys_of(self._notes.get(MEMBERS, key))
        return self._headers[key]

    def _beside(self, key: str, found: list[_Record], overdue: datetime | None) -> Iterator[_Record]:
        """The record of the header at a file's stem, if it asks for the file or cannot be read."""
        header = records.header_beside(key)
        if any(record.holds(header) for record in found):
            return
        record = self._whole(header, overdue)
        if record.answer.state == "gone":
            other = sibling(self._inbox, header)
            if other is None:
                return
            record = self._whole(other, overdue)
        if record.holds(key) or record.broken:
            yield record
        elif records.split(key)[2].lower() not in records.SIGNAL_SUFFIXES and not found:
            # An annotator's.
            yield _Record(Answer(key, "ignored"))

    def _whole(self, header: str, overdue: datetime | None) -> _Record:
        """The record of a header, or the one whose segment it is."""
        masters = (self._record(master, overdue) for master in self._headers_of(header))
        return next((master for master in masters if master.holds(header)), None) or self._record(header, overdue)

    def _settle(self, key: str, found: list[_Record]) -> None:
        """The file that others waited for has arrived: if all of them have seen it, none waits for it any more."""
        if not (records.is_header(key) or records.may_be_signal(key) or self._headers_of(key)):
            return
        note = self._notes.get(WAITING, key)
        seen = [record for record in found if record.names is not None and record.holds(key)]
        if note and note.body and all(any(record.holds(waiting) for record in seen) for waiting in keys_of(note)):
            self._notes.settle(note)

    def _record(self, header: str, overdue: datetime | None) -> _Record:
        if header not in self._records:
            self._records[header] = _persistently(lambda: self._try_record(header, overdue))
        return self._records[header]

    def _single(self, key: str, overdue: datetime | None) -> _Record:
        if records.is_noise(key):
            return _Record(Answer(key, "ignored"))
        if key not in self._records:
            answer = _persistently(lambda: self._try_single(key, overdue))
            self._records[key] = _Record(answer, frozenset({records.folded(key)}))
        return self._records[key]

    def _try_record(self, header: str, overdue: datetime | None) -> _Record:
        before = self._writer.before(header)
        sources = Sources(self._inbox, self._remembering(header))
        if not sources.exists(header):
            return _Record(Answer(header, "gone"))
        try:
            if overdue is None and self._still_waits(header, records.signal_names(sources.body(header))):
                return _Record(Answer(header, "waiting"), None)
            group = records.record(header, sources, sources.body)
        except HeaderInvalid:
            # Reading the header alone tells what is wrong with it.
            return _Record(
                self._writer.answer(header, before, sources, (header,)), frozenset({records.folded(header)}), True
            )
        names = frozenset(map(records.folded, (*group.names, *group.missing)))
        if group.missing and not sources.too_large:
            arrived = sources.of((header,))[0].modified
            if overdue is None or arrived >= overdue:
                self._notes.add(WAITING, group.missing[-1], header)
                return _Record(Answer(header, "waiting"), names)
            if before.outcome and arrived <= before.outcome.modified:
                # It was whole when it was answered; somebody clears the inbox.
                return _Record(Answer(header, "unchanged", before.outcome.metadata.get(CODE)), names)
        return _Record(self._writer.answer(header, before, sources, group.names), names)

    def _still_waits(self, header: str, asked: tuple[str, ...]) -> bool:
        if len(asked) <= FEW_FILES:
            return False
        last = records.split(header)[0] + asked[-1]
        return (
            header in keys_of(self._notes.get(WAITING, last))
            and self._inbox.head(last) is None
            and sibling(self._inbox, last) is None
        )

    def _remembering(self, header: str) -> Callable[[str], None]:
        """Notes which files the header asks for before they are looked for: the later of the two sees both."""
        stems = {records.split(header)[:2]}

        def named(name: str) -> None:
            stem = records.split(name)[:2]
            # Such a file leads to the header beside it.
            if not (records.may_be_signal(name) and stem in stems):
                self._notes.add(MEMBERS, name, header)
            if records.is_header(name):
                stems.add(stem)

        return named

    def _try_single(self, key: str, overdue: datetime | None) -> Answer:
        before = self._writer.before(key)
        sources = Sources(self._inbox)
        if not sources.exists(key):
            return Answer(key, "gone")
        return self._writer.answer(key, before, sources, (key,), lambda refusal: self._waits(key, refusal, overdue))

    def _waits(self, key: str, refusal: EcgError, overdue: datetime | None) -> bool:
        """Whether what cannot be read alone may be a signal whose header is still to come; then that is noted."""
        unreadable: tuple[type[EcgError], ...] = (RecordIncomplete, EmptyFile, FileTooLarge)
        if records.split(key)[2].lower() not in records.SIGNAL_SUFFIXES:
            # With an extension that no format has, it may be one of any form.
            unreadable += (UnsupportedFormat,)
        if not (records.may_be_signal(key) and isinstance(refusal, unreadable)):
            return False
        there = self._inbox.head(key)
        if overdue is not None and there is not None and there.modified < overdue:
            return False
        self._notes.add(WAITING, records.header_beside(key), key)
        return True


def _persistently(attempt: Callable[[], Found]) -> Found:
    """Raises Contended."""
    for _ in range(MAX_ATTEMPTS):
        try:
            return attempt()
        except Conflict:
            continue
    raise Contended

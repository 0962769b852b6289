"""A hint -> the records that it is about -> their outcomes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from ecg_core.drop.addresses import MEMBERS, WAITING
from ecg_core.drop.notes import Notes, keys_of
from ecg_core.drop.sources import Missing, Sources, sibling
from ecg_core.drop.store import Conflict, Entry, Store
from ecg_core.drop.writer import Answer, Writer
from ecg_core.errors import EcgError, EmptyFile, FileTooLarge, HeaderInvalid, RecordIncomplete, UnsupportedFormat
from ecg_core.model.classifier import Classifier
from ecg_core.readers import records
from ecg_core.readers.names import (
    SIGNAL_SUFFIXES,
    folded,
    header_beside,
    is_header,
    is_junk,
    is_noise,
    may_be_signal,
    split,
)
from ecg_core.readers.wfdb.header import MAX_HEADER_BYTES, Header

Found = TypeVar("Found")

# A conflict means that somebody else got ahead: so many in a row are a fault.
MAX_ATTEMPTS = 10
# Of a record with more files the last is asked for first: files mostly arrive in the order of their names, and asking
# for all that are there at each arrival would be quadratic.
FEW_FILES = 8


class Contended(Exception):
    """Others were ahead at every attempt; the hint may be tried again later."""


@dataclass(frozen=True)
class _Record:
    """An answered record. files: those that were there, its header first. asked: names that its header asks for.

    broken: the header cannot be read.
    """

    answer: Answer
    files: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    broken: bool = False

    def asks_for(self, key: str) -> bool:
        """A header that cannot be read keeps the files of its stem."""
        beside = self.broken and split(key)[:2] == split(self.answer.key)[:2]
        return beside or folded(key) in self.asked

    def has_seen(self, *keys: str) -> bool:
        return {folded(key) for key in keys} <= {folded(file) for file in self.files}

    def has_header_beside(self, key: str) -> bool:
        headers = (file for file in (self.answer.key, *self.files) if is_header(file))
        return any(split(header)[:2] == split(key)[:2] for header in headers)

    @property
    def is_answered(self) -> bool:
        return self.answer.state in ("written", "unchanged")

    @property
    def is_result(self) -> bool:
        return self.is_answered and self.answer.code is None


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
        self._members: dict[str, frozenset[str]] = {}

    def arrived(self, key: str, overdue: datetime | None = None) -> tuple[Answer, ...]:
        """Answers the records that the file belongs to; mostly one.

        overdue: what has been waiting since before then is answered as it is. Raises Contended, and what the stores
        raise.
        """
        if is_junk(key):
            return (Answer(key, "ignored"),)
        found = self._records_of(key, overdue)
        if not is_header(key):
            beside, found = found, [record for record in found if record.asks_for(key)]
            annotation = _is_annotation(key) and any(record.has_header_beside(key) for record in beside)
            found = found or [_Record(Answer(key, "ignored")) if annotation else self._single(key, overdue)]
        self._settle(key, found)
        self._retract_own(key, found)
        return tuple(dict.fromkeys(record.answer for record in found))

    def has_seen(self, key: str) -> bool:
        """Whether a result that was answered already is of this file, too."""
        return any(record.is_result and record.has_seen(key) for record in self._records.values())

    def address(self, key: str) -> str:
        """Of the outcome."""
        return self._writer.address(key)

    def _records_of(self, key: str, overdue: datetime | None) -> list[_Record]:
        """Those of the headers that may ask for the file: by a note, beside it, or itself."""
        found = [record for header in sorted(self._headers_of(key)) for record in self._whole(header, overdue)]
        if is_header(key):
            return [*found, *self._whole(key, overdue)]
        if may_be_signal(key):
            found += self._whole(header_beside(key), overdue)
            if all(record.answer.state == "gone" for record in found):
                other = sibling(self._inbox, header_beside(key))
                found = self._whole(other, overdue) if other else []
        return [record for record in found if record.answer.state != "gone"]

    def _headers_of(self, key: str) -> frozenset[str]:
        """The headers that ask for this file although it has another stem than they."""
        if key not in self._members:
            self._members[key] = keys_of(self._notes.get(MEMBERS, key))
        return self._members[key]

    def _whole(self, header: str, overdue: datetime | None) -> list[_Record]:
        """The record of a header, and those whose segment it is.

        A segment of a result is no record of its own.
        """
        masters = [master for master in sorted(self._headers_of(header) - {header}) if self._asks(master, header)]
        asking = [self._record(master, overdue) for master in masters]
        results = [record for record in asking if record.is_result and record.asks_for(header)]
        return results or [*asking, self._record(header, overdue)]

    def _asks(self, master: str, header: str) -> bool:
        """Whether a header asks for a segment now; the note may be older than it."""
        try:
            there = self._inbox.get(master, MAX_HEADER_BYTES)
            names = Header(there.body).asks_for if there else ()
        except (HeaderInvalid, FileTooLarge):
            return False
        folder = split(master)[0]
        return folded(header) in {folded(folder + name) for name in names}

    def _settle(self, key: str, found: list[_Record]) -> None:
        """The file that others waited for has arrived: if it was seen by all of them, none waits for it any more."""
        if not (is_header(key) or may_be_signal(key) or self._headers_of(key)):
            return
        note = self._notes.get(WAITING, key)
        if note is None:
            return
        if note.body and all(any(record.has_seen(key, waiting) for record in found) for waiting in keys_of(note)):
            self._notes.settle(note)

    def _retract_own(self, key: str, found: list[_Record]) -> None:
        """Empties what signals beside a header got when it had not come, or what this file got then."""
        for record in found:
            if is_header(key) and record.answer.key == key and record.is_answered:
                self._retract(record, [file for file in record.files[1:] if not _leads_elsewhere(file, key)])
            elif record.broken or (record.answer.state == "ignored" and not is_noise(key)):
                self._retract(record, [key])

    def _record(self, header: str, overdue: datetime | None) -> _Record:
        if header not in self._records:
            record = _persistently(lambda: self._try_record(header, overdue))
            self._records[header] = record
            if record.is_answered:
                self._retract(record, [file for file in record.files[1:] if _leads_elsewhere(file, header)])
            if record.answer.state == "written":
                # A master that came meanwhile has not seen what was just written.
                known, self._members[header] = self._headers_of(header), keys_of(self._notes.get(MEMBERS, header))
                for master in sorted(self._members[header] - known):
                    self._record(master, overdue)
        return self._records[header]

    def _retract(self, record: _Record, files: list[str]) -> None:
        """Empties what the files got of their own before their record was there: results only where it is one."""
        for file in files:
            if record.is_result or not is_header(file):
                _persistently(partial(self._writer.retract, file, refused=not record.is_result))

    def _single(self, key: str, overdue: datetime | None) -> _Record:
        if is_noise(key):
            return _Record(Answer(key, "ignored"))
        if key not in self._records:
            self._records[key] = _Record(_persistently(lambda: self._try_single(key, overdue)))
        return self._records[key]

    def _try_record(self, header: str, overdue: datetime | None) -> _Record:
        before = self._writer.before(header)
        sources = Sources(self._inbox, self._remembering(header))
        if not sources.exists(header):
            return _Record(Answer(header, "gone"))
        there = sources.entry(header)
        due = overdue is not None and there.modified < overdue
        direct: list[str] = []
        try:
            direct = [split(header)[0] + name for name in sources.header(header).asks_for]
            sources.stop_at_missing = not due
            if not due and len(direct) > FEW_FILES:
                sources.get(direct[-1])
            group = records.record(header, sources, sources.header)
            files, missing = group.names, group.missing
        except Missing as stopped:
            self._notes.add(WAITING, stopped.name, header, _token(there))
            return _Record(Answer(header, "waiting"), sources.files, sources.asked | _folded(direct))
        except (HeaderInvalid, FileTooLarge) as error:
            # Reading the header alone tells what is wrong with it.
            sources.refusal = sources.refusal or (error if isinstance(error, FileTooLarge) else None)
            answer = self._writer.answer(header, before, sources, (header,))
            return _Record(answer, (header,), _folded([header, *direct]), broken=True)
        asked = _folded([*files, *missing])
        if missing and before.is_result_of(sources.of(files)):
            # It was whole when it was answered; somebody clears the inbox.
            return _Record(before.unchanged(header), files, asked)
        return _Record(self._writer.answer(header, before, sources, files), files, asked)

    def _remembering(self, header: str) -> Callable[[str], None]:
        """Notes which files the header asks for before they are looked for: the later of the two sees both."""
        stems = {split(header)[:2]}

        def named(name: str) -> None:
            stem = split(name)[:2]
            if _leads_elsewhere(name, header) and not (may_be_signal(name) and stem in stems):
                self._notes.add(MEMBERS, name, header)
            if is_header(name):
                stems.add(stem)

        return named

    def _try_single(self, key: str, overdue: datetime | None) -> Answer:
        before = self._writer.before(key)
        sources = Sources(self._inbox)
        if not sources.exists(key):
            return Answer(key, "gone")
        there = sources.entry(key)

        def waits(refusal: EcgError) -> bool:
            if not _may_await_header(key, refusal) or (overdue is not None and there.modified < overdue):
                return False
            self._notes.add(WAITING, header_beside(key), key, _token(there))
            return True

        return self._writer.answer(key, before, sources, (key,), waits)


def _may_await_header(key: str, refusal: EcgError) -> bool:
    """Whether what cannot be read alone may be a signal whose header is still to come."""
    unreadable: tuple[type[EcgError], ...] = (RecordIncomplete, EmptyFile, FileTooLarge)
    if split(key)[2].lower() not in SIGNAL_SUFFIXES:
        # With an extension that no format has, it may be one of any form.
        unreadable += (UnsupportedFormat,)
    return may_be_signal(key) and isinstance(refusal, unreadable)


def _leads_elsewhere(file: str, header: str) -> bool:
    """Whether the name of a file does not lead to the header that asks for it."""
    return not (may_be_signal(file) and split(file)[:2] == split(header)[:2])


def _is_annotation(key: str) -> bool:
    """What stands beside a header that does not ask for it, unless it is named as a record or a signal."""
    return may_be_signal(key) and split(key)[2].lower() not in SIGNAL_SUFFIXES


def _folded(names: list[str]) -> frozenset[str]:
    return frozenset(map(folded, names))


def _token(there: Entry) -> str:
    """Of what waits: the same object again, or another one, changes the note."""
    return f"{there.etag} {there.modified.isoformat()}"


def _persistently(attempt: Callable[[], Found]) -> Found:
    """Raises Contended."""
    for _ in range(MAX_ATTEMPTS):
        try:
            return attempt()
        except Conflict:
            continue
    raise Contended

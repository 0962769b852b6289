"""The records of one batch of hints: each is answered once, retried after conflicts, and remembered."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from ecg_core.drop.addresses import MEMBERS, WAITING
from ecg_core.drop.attempt import Attempt
from ecg_core.drop.ignored import Ignored
from ecg_core.drop.notes import Notes, keys_of
from ecg_core.drop.record import AnsweredRecord, leads_to
from ecg_core.drop.store import Conflict
from ecg_core.drop.writer import Writer
from ecg_core.readers.names import is_header

Found = TypeVar("Found")

# A conflict means that another worker wrote first. This many in a row mean that something is wrong.
MAX_ATTEMPTS = 10


# Many headers may name one file, and each may name a thousand files. When the records of a batch have this many files,
# no other record is read because of a shared file; the sweep reads it. A thousand files take about 15 seconds.
MAX_FILES = 1_000


class Contended(Exception):
    """Another worker wrote first at every attempt. The hint may be tried again later."""


class Batch:
    """Answers each record once. A second hint about the same record does not read it again.

    This is safe: all hints of the batch came before its first record was read.
    """

    def __init__(self, attempt: Attempt, notes: Notes, ignored: Ignored, writer: Writer) -> None:
        self._attempt, self._notes, self._ignored, self._writer = attempt, notes, ignored, writer
        self._records: dict[str, AnsweredRecord] = {}
        self._headers: dict[str, frozenset[str]] = {}
        self._read = 0

    def record(self, header: str, overdue: datetime | None) -> AnsweredRecord:
        """The record of a header. Raises Contended."""
        if header not in self._records:
            record = persistently(partial(self._attempt.record, header, overdue))
            self._records[header] = record
            self._read += len(record.files)
            if record.is_answered:
                self.retract(record, [file for file in record.files[1:] if not leads_to(file, header)])
            if record.answer.state == "written":
                # A master header that arrived during the attempt could not retract this outcome. So its record does it
                # now.
                known, self._headers[header] = self.headers_of(header), keys_of(self._notes.get(MEMBERS, header))
                for master in sorted(self._headers[header] - known):
                    if self.has_room_for(master):
                        self.record(master, overdue)
                    else:
                        self._notes.add(WAITING, header, master)
        return self._records[header]

    def has_room_for(self, header: str) -> bool:
        """Whether one more of several records may be read in this batch. The sweep reads the others."""
        return header in self._records or self._read < MAX_FILES

    def single(self, key: str, overdue: datetime | None, beside_header: bool = False) -> AnsweredRecord:
        """The record of this one file. beside_header: a header of its stem does not name it. Raises Contended."""
        if key not in self._records:
            self._records[key] = persistently(partial(self._attempt.single, key, overdue, beside_header))
        return self._records[key]

    def headers_of(self, key: str) -> frozenset[str]:
        """The headers with another stem that name this file. They come from a note and may have changed since."""
        if key not in self._headers:
            self._headers[key] = keys_of(self._notes.get(MEMBERS, key))
        return self._headers[key]

    def retract(self, record: AnsweredRecord, files: list[str]) -> None:
        """Retracts the outcomes that these files got on their own before their record was complete.

        It also removes them from the list of ignored files. If the record has a result, all outcomes are retracted.
        Otherwise only refusals are, and none of a segment. Raises Contended.
        """
        for file in files:
            if record.is_result or not is_header(file):
                persistently(partial(self._writer.retract, file, refused=not record.is_result))
                persistently(partial(self._ignored.remove, file))

    def has_result_of(self, key: str) -> bool:
        """Whether a record of this batch has a result that includes this file."""
        return any(record.is_result and key in record.files for record in self._records.values())


def persistently(attempt: Callable[[], Found]) -> Found:
    """Repeats an attempt until no other worker writes first. Raises Contended after too many attempts."""
    for _ in range(MAX_ATTEMPTS):
        try:
            return attempt()
        except Conflict:
            continue
    raise Contended

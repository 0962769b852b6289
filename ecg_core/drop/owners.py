"""Finds the records that a file belongs to.

Each record is answered as soon as it is found. Whether a segment is also a record depends on the result of the
segmented record.
"""

from dataclasses import dataclass, field
from datetime import datetime

from ecg_core.drop.batch import Batch
from ecg_core.drop.record import AnsweredRecord, all_folded
from ecg_core.drop.sources import sibling
from ecg_core.drop.store import Archived, Store
from ecg_core.errors import FileTooLarge, HeaderInvalid
from ecg_core.readers.names import folded, header_beside, is_header, may_be_signal, split
from ecg_core.readers.wfdb.header import MAX_HEADER_BYTES, Header


@dataclass(frozen=True)
class Owned:
    """left: headers that may name the file but were not read, because the batch has no room for their records."""

    records: list[AnsweredRecord] = field(default_factory=list)
    left: set[str] = field(default_factory=set)


class Owners:
    """Follows notes, stems and master headers from a file to its records."""

    def __init__(self, inbox: Store, batch: Batch) -> None:
        self._inbox, self._batch = inbox, batch

    def of(self, key: str, overdue: datetime | None) -> Owned:
        """Answers the records whose headers may name the file, and returns them.

        There are three ways to a header: a note about the file names it, it has the same stem, or the file itself is a
        header.
        """
        owned = Owned()
        for header in sorted(self._batch.headers_of(key)):
            if self._batch.has_room_for(header):
                self._whole(header, overdue, owned)
            else:
                owned.left.add(header)
        if is_header(key):
            self._whole(key, overdue, owned)
            return owned
        if may_be_signal(key):
            self._whole(header_beside(key), overdue, owned)
            if all(record.answer.state == "gone" for record in owned.records):
                other = sibling(self._inbox, header_beside(key))
                if other:
                    self._whole(other, overdue, owned)
        return Owned([record for record in owned.records if record.answer.state != "gone"], owned.left)

    def _whole(self, header: str, overdue: datetime | None, owned: Owned) -> None:
        """Finds the record of a header, and the segmented records that name this header as a segment.

        If such a segmented record has a result, the segment is part of it and no separate record. Then only the
        segmented record counts.
        """
        asking = []
        for master in sorted(self._batch.headers_of(header) - {header}):
            if not self._batch.has_room_for(master):
                owned.left.add(master)
            elif self._names_segment(master, header):
                asking.append(self._batch.record(master, overdue))
        results = [record for record in asking if record.is_result and header in record.files]
        owned.records.extend(results or [*asking, self._batch.record(header, overdue)])

    def _names_segment(self, master: str, header: str) -> bool:
        """Whether a master header names this segment now. The note may come from an older version of the header."""
        try:
            there = self._inbox.get(master, MAX_HEADER_BYTES)
            names = Header(there.body).asks_for if there else ()
        except (HeaderInvalid, FileTooLarge, Archived):
            return False
        folder = split(master)[0]
        return folded(header) in all_folded(folder + name for name in names)

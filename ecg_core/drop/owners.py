"""Which records a file belongs to.

The records are answered on the way: whether a segment is a record itself depends on the result of the whole.
"""

from datetime import datetime

from ecg_core.drop.batch import Batch
from ecg_core.drop.record import AnsweredRecord, all_folded
from ecg_core.drop.sources import sibling
from ecg_core.drop.store import Archived, Store
from ecg_core.errors import FileTooLarge, HeaderInvalid
from ecg_core.readers.names import folded, header_beside, is_header, may_be_signal, split
from ecg_core.readers.wfdb.header import MAX_HEADER_BYTES, Header


class Owners:
    """Follows notes, stems and master headers from a file to its records."""

    def __init__(self, inbox: Store, batch: Batch) -> None:
        self._inbox, self._batch = inbox, batch

    def of(self, key: str, overdue: datetime | None) -> list[AnsweredRecord]:
        """The records whose header may name the file, answered.

        Three ways lead to a header: a note about the file, the same stem, or the file is the header.
        """
        headers = sorted(self._batch.headers_of(key))
        found = [record for header in headers for record in self._whole(header, overdue)]
        if is_header(key):
            return [*found, *self._whole(key, overdue)]
        if may_be_signal(key):
            found += self._whole(header_beside(key), overdue)
            if all(record.answer.state == "gone" for record in found):
                other = sibling(self._inbox, header_beside(key))
                found = self._whole(other, overdue) if other else []
        return [record for record in found if record.answer.state != "gone"]

    def _whole(self, header: str, overdue: datetime | None) -> list[AnsweredRecord]:
        """The record of a header, and the segmented records that name this header as a segment.

        If such a segmented record has a result, the segment is part of it and no separate record. Then only the
        segmented record is returned.
        """
        candidates = sorted(self._batch.headers_of(header) - {header})
        masters = [master for master in candidates if self._names_segment(master, header)]
        asking = [self._batch.record(master, overdue) for master in masters]
        results = [record for record in asking if record.is_result and header in record.files]
        return results or [*asking, self._batch.record(header, overdue)]

    def _names_segment(self, master: str, header: str) -> bool:
        """Whether a master header names this segment now. The note may tell what an older version of it named."""
        try:
            there = self._inbox.get(master, MAX_HEADER_BYTES)
            names = Header(there.body).asks_for if there else ()
        except (HeaderInvalid, FileTooLarge, Archived):
            return False
        folder = split(master)[0]
        return folded(header) in all_folded(folder + name for name in names)

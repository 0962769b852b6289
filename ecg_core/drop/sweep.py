"""What arrivals leave undone: records whose last file never came, and notes about records that are whole by now."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ecg_core.drop.addresses import WAITING
from ecg_core.drop.drop import Drop
from ecg_core.drop.notes import MAX_NOTE_BYTES, Notes, keys_of
from ecg_core.drop.store import Entry, Store
from ecg_core.drop.writer import Answer

# A younger note may be in the hands of the worker that wrote it.
GRACE = timedelta(minutes=5)


@dataclass
class Swept:
    """Notes. settled: nothing waits there any more. waiting: still. left: not looked at for want of time.

    answers: of the records that were looked at. faults: each kept one note from being looked at.
    """

    settled: int = 0
    waiting: int = 0
    left: int = 0
    answers: list[Answer] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)


def sweep(
    drop: Drop,
    results: Store,
    now: datetime,
    patience: timedelta,
    in_time: Callable[[], bool] = lambda: True,
    grace: timedelta = GRACE,
) -> Swept:
    """Looks at every open note again; what has waited for longer than patience is answered as it is.

    The notes that are due come first, so that however many others there are, these are reached in time.
    """
    swept, overdue = Swept(), now - patience
    for due in (True, False):
        for entry in results.list(WAITING):
            if not entry.size or entry.modified > now - grace or (entry.modified < overdue) != due:
                continue
            if in_time():
                _look_again(drop, results, entry, overdue, swept)
            else:
                swept.left += 1
    return swept


def _look_again(drop: Drop, results: Store, entry: Entry, overdue: datetime, swept: Swept) -> None:
    try:
        note = results.get(entry.key, MAX_NOTE_BYTES)
        answers = [answer for key in sorted(keys_of(note)) for answer in drop.arrived(key, overdue)]
        swept.answers += answers
        if any(answer.state == "waiting" for answer in answers):
            swept.waiting += 1
        elif note:
            Notes(results).settle(note)
            swept.settled += 1
    except Exception as fault:
        swept.faults.append(fault)

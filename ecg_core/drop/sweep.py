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
    """Notes. settled: nothing waits there any more. waiting: still. left: not looked at for want of time, or more.

    answers: of the records that were looked at. faults: each kept one note from being looked at.
    """

    settled: int = 0
    waiting: int = 0
    left: int = 0
    answers: list[Answer] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)


def sweep(
    new_drop: Callable[[], Drop],
    results: Store,
    now: datetime,
    patience: timedelta,
    in_time: Callable[[], bool] = lambda: True,
    grace: timedelta = GRACE,
) -> Swept:
    """Looks at every open note again; what has waited for longer than patience is answered as it is.

    The notes that are due come first, so that however many others there are, these are reached in time. new_drop: asked
    for each note, since what a Drop has seen for one may have changed before the next.
    """
    swept, overdue, others = Swept(), now - patience, list[Entry]()
    for entry in results.list(WAITING):
        if not in_time():
            swept.left += 1
            break
        if not entry.size or entry.modified > now - grace:
            continue
        if entry.modified < overdue:
            _look_again(new_drop(), results, entry, overdue, swept)
        else:
            others.append(entry)
    for number, entry in enumerate(others):
        if not in_time():
            swept.left += len(others) - number
            break
        _look_again(new_drop(), results, entry, overdue, swept)
    return swept


def _look_again(drop: Drop, results: Store, entry: Entry, overdue: datetime, swept: Swept) -> None:
    try:
        note = results.get(entry.key, MAX_NOTE_BYTES)
        waiting = False
        for key in sorted(keys_of(note)):
            answers = drop.arrived(key, overdue)
            waiting = waiting or any(answer.state == "waiting" and answer.key == key for answer in answers)
            swept.answers += answers
        if waiting:
            swept.waiting += 1
        elif note:
            Notes(results).settle(note)
            swept.settled += 1
    except Exception as fault:
        swept.faults.append(fault)

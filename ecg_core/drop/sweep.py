"""Reads the open WAITING notes again: answers records whose files never came, settles notes that nobody needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ecg_core.drop.addresses import WAITING
from ecg_core.drop.drop import Drop
from ecg_core.drop.notes import MAX_NOTE_BYTES, Notes, keys_of
from ecg_core.drop.store import Entry, Store
from ecg_core.drop.writer import Answer

# The worker that wrote a younger note may still be at work on the same record.
GRACE = timedelta(minutes=5)


@dataclass
class Swept:
    """Numbers of notes. settled: nothing waits for the file any more. waiting: something still does.

    left: not read because the time was over; at least so many. answers: one for each record that was read. faults: one
    for each note that could not be worked through.
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
    """Answers the records of every open note again. One that has waited longer than patience gets its outcome as it is.

    Notes older than patience come first, so that many younger ones cannot keep them from their turn. in_time: False
    ends the sweep. grace: notes younger than this are skipped. new_drop: called for each note, because a Drop remembers
    what it read, and that may have changed before the next note.
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

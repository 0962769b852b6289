"""Reads the open notes again: answers records whose files never came, and settles notes that nobody needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from heapq import nsmallest
from itertools import takewhile

from ecg_core.drop.addresses import ARCHIVED, SHARED, WAITING, key_bytes
from ecg_core.drop.drop import Drop
from ecg_core.drop.notes import MAX_NOTE_BYTES, Notes, keys_of
from ecg_core.drop.shared import Search
from ecg_core.drop.store import Entry, Store
from ecg_core.drop.writer import Answer

# The worker that wrote a younger note may still be working on the record.
GRACE = timedelta(minutes=5)
# Notes about archived files that one sweep checks. A sweep on Lambda has time for a thousand.
MAX_ARCHIVED = 2_000
# The state of an answer that keeps the key in its note.
_OPEN = {WAITING: "waiting", ARCHIVED: "archived"}


@dataclass
class Swept:
    """Numbers of notes. settled: nothing waits for the file any more. waiting: something still waits.

    left: a lower limit of the notes that were not finished because the time was over. answers: one for each record that
    was read. faults: one for each note that failed.
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
    """Answers the records of every open note again. Records that have waited longer than patience get their outcome.

    Notes older than patience come first, so that many younger notes cannot delay them. Notes about archived files come
    last. in_time: the sweep ends when it returns False. grace: notes younger than this are skipped. new_drop: called
    for each note, because a Drop remembers what it read, and that may be out of date for the next note.
    """
    swept, overdue, others = Swept(), now - patience, list[Entry]()
    look_again = partial(_look_again, new_drop, results, overdue, in_time, swept)
    for entry in results.list(WAITING):
        if not in_time():
            swept.left += 1
            break
        if not entry.size or entry.modified > now - grace:
            continue
        if entry.modified < overdue:
            look_again(WAITING, entry)
        else:
            others.append(entry)
    for number, entry in enumerate(others):
        if not in_time():
            swept.left += len(others) - number
            break
        look_again(WAITING, entry)
    for entry in results.list(SHARED):
        if not in_time():
            break
        if entry.size and entry.modified <= now - grace:
            _search(new_drop(), results, entry, overdue, in_time, swept)
    archived = _some_archived(results, now, now - grace, in_time)
    for number, entry in enumerate(archived):
        if not in_time():
            swept.left += len(archived) - number
            break
        look_again(ARCHIVED, entry)
    return swept


def _some_archived(results: Store, now: datetime, before: datetime, in_time: Callable[[], bool]) -> list[Entry]:
    """Some notes about archived files, different ones at each sweep. Most of these files may stay archived for ever."""
    notes = (entry for entry in results.list(ARCHIVED) if entry.size and entry.modified <= before)
    return nsmallest(
        MAX_ARCHIVED,
        takewhile(lambda entry: in_time(), notes),
        key=lambda entry: sha256(f"{now} ".encode() + key_bytes(entry.key)).digest(),
    )


def _look_again(
    new_drop: Callable[[], Drop],
    results: Store,
    overdue: datetime,
    in_time: Callable[[], bool],
    swept: Swept,
    kind: str,
    entry: Entry,
) -> None:
    """Answers the keys of a note again. Removes keys that no longer wait from the note, even if the time is over."""
    try:
        drop, note = new_drop(), results.get(entry.key, MAX_NOTE_BYTES)
        if note is None:
            return
        keys = sorted(keys_of(note))
        stay = set(keys)
        for key in keys:
            if key != keys[0] and not in_time():
                swept.left += 1
                break
            try:
                answers = drop.arrived(key, overdue)
            except Exception as fault:
                swept.faults.append(fault)
                continue
            swept.answers += answers
            if not any(answer.state == _OPEN[kind] and answer.key == key for answer in answers):
                stay.remove(key)
        else:
            swept.waiting += bool(stay)
            swept.settled += not stay
        if len(stay) < len(keys):
            Notes(results).keep(note, stay)
    except Exception as fault:
        swept.faults.append(fault)


def _search(
    drop: Drop, results: Store, entry: Entry, overdue: datetime, in_time: Callable[[], bool], swept: Swept
) -> None:
    """Answers the records of all headers that name a shared file. Starts where the last sweep ended."""
    try:
        note = results.get(entry.key, MAX_NOTE_BYTES)
        search = Search.of(note) if note else None
        if note is None or search is None:
            return
        after = search.after
        for header in drop.shared.headers(search):
            if not in_time():
                swept.left += 1
                drop.shared.save(note, after)
                return
            after = header
            try:
                if drop.shared.may_name(header, search.file):
                    swept.answers += drop.arrived(header, overdue)
            except Exception as fault:
                # A header that always fails must not block the next ones.
                swept.faults.append(fault)
                Notes(results).add(WAITING, search.file, header, search.token)
        drop.shared.save(note, None)
        swept.settled += 1
    except Exception as fault:
        swept.faults.append(fault)

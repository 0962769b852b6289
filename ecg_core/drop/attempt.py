"""One attempt to answer a record: reads its files from the inbox, then writes its outcome, or a note that it waits.

An attempt remembers nothing and does not retry: see batch.py.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from ecg_core.drop.addresses import ARCHIVED, MEMBERS, WAITING
from ecg_core.drop.ignored import Ignored, holds_no_ecg
from ecg_core.drop.notes import Notes, token_of
from ecg_core.drop.record import AnsweredRecord, all_folded, leads_to
from ecg_core.drop.sources import Missing, Sources
from ecg_core.drop.store import Archived, Conflict, Store
from ecg_core.drop.writer import Answer, Writer
from ecg_core.errors import EcgError, EmptyFile, FileTooLarge, HeaderInvalid, RecordIncomplete, UnsupportedFormat
from ecg_core.readers import records
from ecg_core.readers.choice import MATLAB
from ecg_core.readers.names import (
    SIGNAL_SUFFIXES,
    Noise,
    header_beside,
    is_header,
    may_be_signal,
    noise,
    split,
    stem_of,
)

# If a record has more files than this, its last file is requested first. Files usually arrive in the order of their
# names, so while the last one is missing, one request is enough. Requesting all n files at every arrival would take n *
# n requests.
FEW_FILES = 8


class Attempt:
    """Each method raises Conflict if another worker wrote first. The attempt must be started again then."""

    def __init__(self, inbox: Store, notes: Notes, ignored: Ignored, writer: Writer) -> None:
        self._inbox, self._notes, self._ignored, self._writer = inbox, notes, ignored, writer

    def record(self, header: str, overdue: datetime | None) -> AnsweredRecord:
        """Answers the record of a header.

        overdue: a header older than this is answered even if files are missing; None: it waits for them.
        """
        before = self._writer.before(header)
        sources = Sources(self._inbox, self._note_members(header))
        direct: list[str] = []
        try:
            if not sources.exists(header):
                return AnsweredRecord(Answer(header, "gone"))
            there = sources.entry(header)
            due = overdue is not None and there.modified < overdue
            direct = [split(header)[0] + name for name in sources.header(header).asks_for]
            sources.stop_at_missing = not due
            if not due and len(direct) > FEW_FILES:
                sources.get(direct[-1])
            group = records.record(header, sources, sources.header)
            files, missing = group.names, group.missing
        except Missing as stopped:
            self._notes.add(WAITING, stopped.name, header, token_of(there))
            return AnsweredRecord(Answer(header, "waiting"), sources.files, sources.asked | all_folded(direct))
        except Archived as unread:
            return self._archived(header, unread.key, sources, direct)
        except (HeaderInvalid, FileTooLarge) as error:
            # The header alone gives the same error, so only the header is classified.
            sources.refusal = sources.refusal or (error if isinstance(error, FileTooLarge) else None)
            answer = self._writer.answer(header, before, sources, (header,))
            return AnsweredRecord(answer, (header,), all_folded([header, *direct]), broken=True)
        asked = all_folded([*files, *missing])
        if missing and before.is_result_of(sources.of(files)):
            # The record was complete when it got its result, and its files are being removed now. The result stays.
            return AnsweredRecord(before.unchanged(header), files, asked)
        return AnsweredRecord(self._writer.answer(header, before, sources, files), files, asked)

    def single(self, key: str, overdue: datetime | None, beside_header: bool) -> AnsweredRecord:
        """Answers a file that no header names. A signal file older than overdue no longer waits for a header.

        beside_header: a header of its stem exists. A file whose extension belongs to no format is an annotation then.
        """
        before = self._writer.before(key)
        sources = Sources(self._inbox)
        try:
            if not sources.exists(key):
                return AnsweredRecord(Answer(key, "gone"))
        except Archived:
            return self._archived(key, key, sources)
        there = sources.entry(key)

        reason: Noise | None = "annotation" if beside_header else noise(key)
        due = overdue is not None and there.modified < overdue

        def instead(refusal: EcgError) -> Answer | None:
            if reason in (None, "hidden") and not due and _may_await_header(key, sources.body(key), refusal):
                self._notes.add(WAITING, header_beside(key), key, token_of(there))
                return Answer(key, "waiting")
            return Answer(key, "ignored", reason=reason) if reason and holds_no_ecg(key, refusal) else None

        answer = self._writer.answer(key, before, sources, (key,), instead)
        if reason and answer.state == "ignored":
            if before.outcome:
                self._writer.empty(key, before.outcome)
            self._ignored.add(key, reason)
            if sources.have_changed():
                # Another worker may have answered the new bytes before this one wrote.
                raise Conflict
        else:
            self._ignored.remove(key)
        return AnsweredRecord(answer)

    def _archived(self, key: str, file: str, sources: Sources, direct: Sequence[str] = ()) -> AnsweredRecord:
        """A record with a file that cannot be read now. It never becomes overdue, because no file is missing."""
        self._notes.add(ARCHIVED, file, key, token_of(sources.entry(file)))
        return AnsweredRecord(Answer(key, "archived"), sources.files, sources.asked | all_folded(direct))

    def _note_members(self, header: str) -> Callable[[str], None]:
        """Returns a function that writes the note from a file to its header. It is called before the file is requested.

        If the file arrives after the request, its arrival finds the note. If it arrived before, the request finds it.
        """
        stems = set[tuple[str, str]]()

        def named(name: str) -> None:
            stem = stem_of(name)
            if not leads_to(name, header) and not (may_be_signal(name) and stem in stems):
                self._notes.add(MEMBERS, name, header)
            if is_header(name):
                stems.add(stem)

        return named


def _may_await_header(key: str, body: bytes, refusal: EcgError) -> bool:
    """Whether a file that cannot be read alone may be a signal file whose header has not arrived yet."""
    if body.startswith(MATLAB):
        return False
    unreadable: tuple[type[EcgError], ...] = (RecordIncomplete, EmptyFile, FileTooLarge)
    if split(key)[2].lower() not in SIGNAL_SUFFIXES:
        # No format has this extension, but a header may name the file as its signal.
        unreadable += (UnsupportedFormat,)
    return may_be_signal(key) and isinstance(refusal, unreadable)

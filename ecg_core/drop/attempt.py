"""One attempt to answer a record: read its files from the inbox now, then write its outcome or a note that it waits.

No memory and no retries here: see batch.py.
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

# In a record with more files than this, the last file is looked for first. Files mostly arrive in the order of their
# names, so while it is missing one call is enough. Looking for all files at every arrival would take n * n calls.
FEW_FILES = 8


class Attempt:
    """Each method raises Conflict if another worker wrote first. Then the attempt must start again."""

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
            # The refusal needs the header only: classifying it alone gives the same error.
            sources.refusal = sources.refusal or (error if isinstance(error, FileTooLarge) else None)
            answer = self._writer.answer(header, before, sources, (header,))
            return AnsweredRecord(answer, (header,), all_folded([header, *direct]), broken=True)
        asked = all_folded([*files, *missing])
        if missing and before.is_result_of(sources.of(files)):
            # The record was complete when it got its result. Now its files are being removed: the result stays.
            return AnsweredRecord(before.unchanged(header), files, asked)
        return AnsweredRecord(self._writer.answer(header, before, sources, files), files, asked)

    def single(self, key: str, overdue: datetime | None, beside_header: bool) -> AnsweredRecord:
        """Answers a file that no header names. A signal file older than overdue does not wait for a header.

        beside_header: a header of its stem is there. Then a file with an extension of no format is an annotation.
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
            if reason in (None, "hidden") and not due and _may_await_header(key, refusal):
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
        """A record one of whose files cannot be read now. It never becomes overdue: nothing is missing."""
        self._notes.add(ARCHIVED, file, key, token_of(sources.entry(file)))
        return AnsweredRecord(Answer(key, "archived"), sources.files, sources.asked | all_folded(direct))

    def _note_members(self, header: str) -> Callable[[str], None]:
        """Called with each name before the file is looked for: writes the note that leads from the file to the header.

        A file that arrives after the look-up finds the note; one that arrived before is found by the look-up.
        """
        stems = set[tuple[str, str]]()

        def named(name: str) -> None:
            stem = stem_of(name)
            if not leads_to(name, header) and not (may_be_signal(name) and stem in stems):
                self._notes.add(MEMBERS, name, header)
            if is_header(name):
                stems.add(stem)

        return named


def _may_await_header(key: str, refusal: EcgError) -> bool:
    """Whether a file that cannot be read alone may be a signal file whose header has not arrived yet."""
    unreadable: tuple[type[EcgError], ...] = (RecordIncomplete, EmptyFile, FileTooLarge)
    if split(key)[2].lower() not in SIGNAL_SUFFIXES:
        # No format has this extension. A header may still name the file as its signal.
        unreadable += (UnsupportedFormat,)
    return may_be_signal(key) and isinstance(refusal, unreadable)

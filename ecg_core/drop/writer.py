"""From the files of a record to its outcome. It is written if it is new and no other worker wrote first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ecg_core.classification import Classification
from ecg_core.drop.addresses import FORMS, OUTCOME, address
from ecg_core.drop.outcome import (
    CODE,
    CONTENT_TYPES,
    HEADERS,
    IDENTITY,
    OPTIONAL,
    Outcome,
    classified,
    headers_digest,
    made_of,
)
from ecg_core.drop.sources import Sources
from ecg_core.drop.store import Archived, Conflict, Entry, Store, Stored
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.readers.names import Noise

Listener = Callable[[Classification], None]
State = Literal["written", "unchanged", "waiting", "archived", "gone", "ignored"]
# An outcome has 1 to 20 kB.
MAX_OUTCOME_BYTES = 1_000_000
# The content type of an emptied outcome.
NOTHING = "application/octet-stream"


@dataclass(frozen=True)
class Answer:
    """What was done for a record.

    key: the record's header, or its single file. code: of a refusal, None for a result. diagnosis, probabilities: of a
    new result.
    state, one of: written: the outcome is new. unchanged: the outcome existed already. waiting: a file of the record is
    missing. archived: a file of it must be restored from an archive first. gone: no object has this key. ignored: no
    ECG was found in the file and its name expects none, such as README; the list of ignored files has the reason.
    """

    key: str
    state: State
    code: str | None = None
    diagnosis: str | None = None
    reason: Noise | None = None
    probabilities: Mapping[str, float] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Before:
    """What the results store held before the inbox was read. forms: by extension, only those to be written."""

    outcome: Stored | None
    forms: dict[str, Entry | None]

    @property
    def metadata(self) -> Mapping[str, str]:
        return self.outcome.metadata if self.outcome else {}

    @property
    def is_result(self) -> bool:
        return bool(self.outcome and self.outcome.size) and CODE not in self.metadata

    def says(self, made: dict[str, str]) -> bool:
        """Whether the outcome has exactly these inputs (see outcome.made_of), and no form is missing."""
        same = all(self.metadata.get(name) == made.get(name) for name in (*made, *OPTIONAL))
        return same and self.complete(CODE in self.metadata)

    def complete(self, refused: bool) -> bool:
        """Whether every form belongs to the outcome. If a worker was killed, a form of another outcome may remain."""
        return refused or all(
            form and form.size and all(form.metadata.get(name) == self.metadata.get(name) for name in IDENTITY)
            for form in self.forms.values()
        )

    def is_result_of(self, parts: tuple[Stored, ...]) -> bool:
        """Whether the outcome is a result of a record with exactly these headers."""
        return self.is_result and self.metadata.get(HEADERS) == headers_digest(parts)

    def unchanged(self, key: str) -> Answer:
        return Answer(key, "unchanged", self.metadata.get(CODE))


class Writer:
    def __init__(
        self, inbox: Store, results: Store, classifier: Classifier, forms: tuple[str, ...], written: Listener
    ) -> None:
        """forms: extensions from FORMS that are written beside each result. written: is told each new result."""
        self._inbox, self._results, self._written = inbox, results, written
        self._classifier = classifier
        self._forms = forms

    def address(self, key: str, form: str = OUTCOME) -> str:
        return address(key, form, self._results.longest)

    def before(self, key: str) -> Before:
        try:
            outcome = self._results.get(self.address(key), MAX_OUTCOME_BYTES)
        except Archived:
            # An old outcome may be in an archive. Its metadata are enough.
            there = self._results.head(self.address(key))
            outcome = Stored(**vars(there)) if there else None
        return Before(outcome, {form: self._results.head(self.address(key, form)) for form in self._forms})

    def answer(
        self,
        key: str,
        before: Before,
        sources: Sources,
        names: tuple[str, ...],
        instead: Callable[[EcgError], Answer | None] = lambda refusal: None,
    ) -> Answer:
        """Classifies the files and writes the outcome if it is new.

        Raises Conflict if the outcome or the files have changed since they were read. instead: called before a refusal
        is written. If it returns an answer, that is the answer and nothing is written.
        """
        parts = sources.of(names)
        made = made_of(self._classifier, parts)
        if before.outcome and not sources.refusal and before.says(made):
            return before.unchanged(key)
        outcome = classified(self._classifier, parts, made, sources.refusal)
        if isinstance(outcome.answer, EcgError) and (other := instead(outcome.answer)):
            return other
        code = outcome.code
        if before.outcome and outcome.same_as(before.outcome) and before.complete(refused=code is not None):
            return Answer(key, "unchanged", code)
        self._write(key, before, outcome)
        if before.outcome and sources.have_changed():
            # The ABA problem: an etag depends on the content only. The files may have changed and changed back since
            # they were read. Other workers then wrote a new outcome and the old one again, with the old etag, so put()
            # sees no conflict. So start again if a file is not as it was read. If there was no outcome before, put()
            # sees the conflict.
            raise Conflict
        if isinstance(outcome.answer, Classification):
            self._written(outcome.answer)
        return Answer(key, "written", code, outcome.diagnosis, probabilities=outcome.probabilities)

    def _write(self, key: str, before: Before, outcome: Outcome) -> None:
        """Writes the other forms before the outcome, so that every reader who finds the outcome finds them too."""
        for form in FORMS:
            asked = form in self._forms
            if not asked and before.outcome is None:
                continue
            place = self.address(key, form)
            there = before.forms[form] if asked else self._results.head(place)
            # The drop has no right to delete. It empties a form that no longer belongs to the outcome.
            body = outcome.form(form) if asked else b""
            if body or (there and there.size):
                self._put(place, body, there, CONTENT_TYPES[form], outcome)
        self._put(self.address(key), outcome.body(), before.outcome, outcome.content_type, outcome)

    def _put(self, place: str, body: bytes, there: Entry | None, content_type: str, outcome: Outcome) -> None:
        replaces = there.etag if there else None
        self._results.put(place, body, replaces=replaces, content_type=content_type, metadata=outcome.metadata)

    def retract(self, key: str, refused: bool) -> None:
        """Empties the outcome that a file got before its record was complete. refused: only a refusal."""
        there = self._results.head(self.address(key))
        if there and not (refused and CODE not in there.metadata):
            self.empty(key, there)

    def empty(self, key: str, there: Entry) -> None:
        """Empties an outcome and its forms. there: the outcome as it was read. Raises Conflict if it has changed."""
        if not there.size:
            return
        for form in (*FORMS, OUTCOME):
            written = there if form == OUTCOME else self._results.head(self.address(key, form))
            if written and written.size:
                self._results.put(written.key, b"", replaces=written.etag, content_type=NOTHING, metadata={})

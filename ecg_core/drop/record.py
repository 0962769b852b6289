"""A record with its answer, and what this says about other files in the same folder."""

from collections.abc import Iterable
from dataclasses import dataclass

from ecg_core.drop.writer import Answer
from ecg_core.readers.names import folded, header_beside, is_header, may_be_signal, stem_of


@dataclass(frozen=True)
class AnsweredRecord:
    """files: the files of the record that exist, header first. asked: the names in its header, folded.

    broken: the header cannot be read.
    """

    answer: Answer
    files: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    broken: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether the record has an outcome: a result or a refusal."""
        return self.answer.state in ("written", "unchanged")

    @property
    def is_result(self) -> bool:
        return self.is_answered and self.answer.code is None

    def asks_for(self, key: str) -> bool:
        """Whether the header names this file, and the record has no other spelling of it.

        A broken header counts as naming every file with its stem.
        """
        if self.broken and same_stem(key, self.answer.key):
            return True
        return folded(key) in self.asked and (key in self.files or folded(key) not in all_folded(self.files))

    def has_seen(self, name: str, waiting: str) -> bool:
        """Whether the key that waited for this name is part of the record, and the record has a file of this name."""
        return waiting in self.files and folded(name) in all_folded(self.files)

    def has_header_beside(self, key: str) -> bool:
        """Whether one of the record's headers has the same folder and stem as the file."""
        headers = (file for file in (self.answer.key, *self.files) if is_header(file))
        return any(same_stem(header, key) for header in headers)


def all_folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(folded, names))


def same_stem(one: str, other: str) -> bool:
    """Whether two keys differ only in their extension."""
    return stem_of(one) == stem_of(other)


def leads_to(file: str, header: str) -> bool:
    """Whether a worker finds this header from the file's name alone. Otherwise it needs a MEMBERS note.

    It finds only the header x.hea, with the extension in lower case. x.HEA may exist beside it.
    """
    return may_be_signal(file) and header_beside(file) == header

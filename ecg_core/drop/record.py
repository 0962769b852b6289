"""A record and its answer, and what that tells about the files beside it."""

from collections.abc import Iterable
from dataclasses import dataclass

from ecg_core.drop.writer import Answer
from ecg_core.readers.names import folded, is_header, may_be_signal, split


@dataclass(frozen=True)
class AnsweredRecord:
    """files: the files of the record that exist, its header first. asked: the folded names that its header names.

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
        """Whether the header names this file. A broken header counts as naming every file with its stem."""
        beside = self.broken and same_stem(key, self.answer.key)
        return beside or folded(key) in self.asked

    def has_seen(self, *keys: str) -> bool:
        """Whether all of these were files of the record when it was answered."""
        return all_folded(keys) <= all_folded(self.files)

    def has_header_beside(self, key: str) -> bool:
        """Whether one of the record's headers has the same folder and stem as the file."""
        headers = (file for file in (self.answer.key, *self.files) if is_header(file))
        return any(same_stem(header, key) for header in headers)


def all_folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(folded, names))


def same_stem(one: str, other: str) -> bool:
    """Whether two keys are equal but for the extension."""
    return split(one)[:2] == split(other)[:2]


def leads_to(file: str, header: str) -> bool:
    """Whether a worker finds this header from the file's name alone. It needs a note (MEMBERS) otherwise."""
    return may_be_signal(file) and same_stem(file, header)

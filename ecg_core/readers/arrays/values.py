"""The values of a file of arrays as a tree, and the arrays among them that may be an ECG."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SeveralRecords, UnsupportedFormat
from ecg_core.leads import canonical_lead
from ecg_core.readers.text import fold

Array = NDArray[Any]
Texts = tuple[str, ...]
Struct = dict[str, "Value"]

# 5 s at 50 Hz, the shortest ECG that is read. A shorter array is something beside it, such as an age or a label.
MIN_SAMPLES = 250
# A name that says what the array is: "ecg", "ECG_data", "raw.ekg".
_ECG_NAME = re.compile(r"(?<![a-z])(ecg|ekg)(?![a-z])")
SEVERAL_HINT = "Send a file with one array of leads and samples. Of several arrays, the one with the name ecg is read."


@dataclass(frozen=True)
class Unread:
    """A value that is not read. kind: what it is, in words for a message."""

    kind: str


Value = Array | Texts | Struct | list["Value"] | Unread


@dataclass(frozen=True)
class Candidate:
    """array: as in the file, without axes of length 1. names: of its rows, if each row is a value of its own.

    path: the names that lead to it. scopes: the structs around it, the innermost first.
    """

    array: Array
    path: tuple[str, ...]
    scopes: tuple[Struct, ...]
    names: Texts = ()

    @property
    def is_vector(self) -> bool:
        return self.array.ndim < 2

    @property
    def is_named_ecg(self) -> bool:
        return any(_ECG_NAME.search(fold(name).replace("_", " ")) for name in self.path)


def the_ecg(tree: Struct) -> tuple[Candidate, int]:
    """(the array that is the ECG, the number of other long arrays). Raises SeveralRecords, UnsupportedFormat."""
    unread: list[str] = []
    found = list(_candidates(tree, (), (tree,), unread))
    likely = [candidate for candidate in found if not candidate.is_vector] or found
    if len(likely) > 1:
        likely = [candidate for candidate in likely if candidate.is_named_ecg]
        if len(likely) != 1:
            raise SeveralRecords(f"The file holds {len(found)} arrays that may be an ECG.", SEVERAL_HINT)
    if likely:
        return likely[0], len(found) - 1
    if unread:
        raise UnsupportedFormat(f"The file holds {unread[0]}, not an array of real numbers.", SEVERAL_HINT)
    raise UnsupportedFormat("No array of the file is long enough for an ECG.", SEVERAL_HINT)


def _candidates(
    value: Value, path: tuple[str, ...], scopes: tuple[Struct, ...], unread: list[str]
) -> Iterator[Candidate]:
    if isinstance(value, dict):
        leads = _lead_vectors(value)
        if leads:
            yield Candidate(_stacked(leads), path, scopes, tuple(leads))
        for name, inner in value.items():
            if name not in leads:
                around = (inner, *scopes) if isinstance(inner, dict) else scopes
                yield from _candidates(inner, (*path, name), around, unread)
    elif isinstance(value, list):
        for item in value:
            around = (item, *scopes) if isinstance(item, dict) else scopes
            yield from _candidates(item, path, around, unread)
    elif isinstance(value, Unread):
        unread.append(value.kind)
    elif isinstance(value, np.ndarray) and max(value.shape, default=1) >= MIN_SAMPLES:
        array = value.squeeze()
        if array.ndim > 1 or not _rises(array):
            yield Candidate(array, path, scopes)


def _lead_vectors(struct: Struct) -> dict[str, Array]:
    """The vectors of a struct that have the names of leads. One alone may be something else: I is a current too."""
    found = {
        name: value.squeeze()
        for name, value in struct.items()
        if isinstance(value, np.ndarray) and value.squeeze().ndim == 1 and len(value.squeeze()) >= MIN_SAMPLES
        if canonical_lead(name)
    }
    return found if len(found) > 1 else {}


def _stacked(vectors: dict[str, Array]) -> Array:
    if len({len(vector) for vector in vectors.values()}) > 1:
        raise HeaderInvalid("The leads of the file have different numbers of samples.")
    return np.stack(list(vectors.values()))


def _rises(vector: Array) -> bool:
    """Whether each value is larger than the one before: times or places of beats, never an ECG."""
    return bool(np.all(vector[1:] > vector[:-1]))


def texts_of(rows: Sequence[str]) -> Texts:
    """Texts without the blanks and zero bytes that fill them up."""
    return tuple(row.strip(" \t\r\n\0") for row in rows)

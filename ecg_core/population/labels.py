"""labels.csv: which findings each record has. What it leaves open is refused; nothing is guessed."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.errors import EcgError
from ecg_core.population.refusals import PopulationRefused
from ecg_core.readers.names import composed
from ecg_core.readers.paths import Input, read_bounded
from ecg_core.readers.text import as_utf8

RECORD_COLUMNS = ("record", "path", "file", "filename")
PATIENT_COLUMNS = ("patient", "patient_id")
YES = frozenset({"1", "1.0", "true", "t", "yes", "y", "ja", "wahr"})
NO = frozenset({"0", "0.0", "false", "f", "no", "n", "nein", "falsch"})
NOT_LABELLED = frozenset({"", "na", "n/a", "nan", "null", "none"})
SEPARATORS = (",", ";", "\t")
# A hundred thousand lines fit.
MAX_FILE_BYTES = 10_000_000
FORM = (
    f"One line a record: {RECORD_COLUMNS[0]}, then {', '.join(DIAGNOSES)} with 1, 0 or nothing. See docs/accuracy.md."
)


@dataclass(frozen=True)
class Row:
    """line: its number in the file. truth: {superclass: has it}, of those that are labelled. patient: "" if unknown."""

    line: int
    record: str
    truth: Mapping[str, bool]
    patient: str


def read_labels(file: Path) -> list[Row]:
    """The rows with at least one label. Raises PopulationRefused."""
    try:
        text = as_utf8(read_bounded(file, MAX_FILE_BYTES)).decode("utf-8", "replace").removeprefix("\ufeff")
    except EcgError:
        raise PopulationRefused(
            "labels_unreadable", "The labels cannot be read, or have more than 10 MB.", FORM
        ) from None
    separators = [one for one in SEPARATORS if len(_header(text, one)) > 1]
    if len(separators) != 1:
        raise _refused("labels_not_a_table", "The first line of the labels names no columns, or has two separators.")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separators[0], strict=True)
    try:
        columns = _Columns(next(lines))
        rows = [columns.row(lines.line_num, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error:
        raise _refused("labels_not_a_table", f"Line {lines.line_num} of the labels is no line of a table.") from None
    return [row for row in rows if row.truth]


def _header(text: str, separator: str) -> list[str]:
    """The known columns in the first line, if this separates them."""
    cells = [cell.strip().strip('"').lower() for cell in text.partition("\n")[0].split(separator)]
    known = {*RECORD_COLUMNS, *PATIENT_COLUMNS, *(label.lower() for label in SUPERCLASSES)}
    return [cell for cell in cells if cell in known]


class _Columns:
    def __init__(self, header: Sequence[str]) -> None:
        names = [cell.strip().lower() for cell in header]
        self._width = len(names)
        self._record = _one(names, RECORD_COLUMNS, "record")
        self._patient = _one(names, PATIENT_COLUMNS, "patient")
        found = {label: _one(names, (label.lower(),), label) for label in SUPERCLASSES}
        self._labels = {label: place for label, place in found.items() if place is not None}
        if self._record is None or not self._labels:
            raise _refused("labels_lack_columns", "The labels lack a column with the record, or one with a class.")

    def row(self, line: int, cells: Sequence[str]) -> Row:
        if len(cells) != self._width:
            raise _refused(
                "labels_not_a_table", f"Line {line} of the labels has {len(cells)} cells, not {self._width}."
            )
        record = cells[self._record or 0].strip()
        if not record:
            raise _refused("label_without_record", f"Line {line} of the labels names no record.")
        given = {label: _label(cells[place], line, label) for label, place in self._labels.items()}
        patient = "" if self._patient is None else cells[self._patient].strip()
        return Row(line, record, {label: said for label, said in given.items() if said is not None}, patient)


def _one(names: Sequence[str], spellings: Sequence[str], said: str) -> int | None:
    places = [place for place, name in enumerate(names) if name in spellings]
    if len(places) > 1:
        raise _refused("label_columns_ambiguous", f"Several columns of the labels may be the {said}.")
    return places[0] if places else None


def _label(cell: str, line: int, label: str) -> bool | None:
    word = cell.strip().lower()
    if word in NOT_LABELLED:
        return None
    if word in YES or word in NO:
        return word in YES
    raise _refused("label_not_understood", f"Line {line} of the labels says neither yes nor no for {label}.")


def _refused(code: str, message: str) -> PopulationRefused:
    return PopulationRefused(code, message, FORM)


def matched(rows: Sequence[Row], inputs: Sequence[Input]) -> tuple[list[tuple[Row, Input]], list[int]]:
    """(each labelled record with its input, the lines whose record is not there).

    A row names its record by the end of its path, with or without extension: 0001, 0001.hea, ward/0001.hea or the whole
    path. Raises PopulationRefused if a name fits several records, or if two rows of one record differ.
    """
    ending: dict[str, set[int]] = {}
    whole = [{name for path in item.paths for name in _spellings(str(path.resolve()))} for item in inputs]
    for place, names in enumerate(whole):
        for name in names:
            ending.setdefault(name.rpartition("/")[2], set()).add(place)
    found: dict[int, Row] = {}
    missing = []
    for row in rows:
        name = _plain(row.record)
        candidates = ending.get(name.rpartition("/")[2], set())
        fitting = [place for place in candidates if any(f"/{one}".endswith(f"/{name}") for one in whole[place])]
        if len(fitting) > 1:
            message = f"Line {row.line} of the labels may mean several records: their files have the same name."
            raise PopulationRefused("label_record_ambiguous", message, "Write the path within the folder.")
        if not fitting:
            missing.append(row.line)
            continue
        before = found.setdefault(fitting[0], row)
        if (before.truth, before.patient) != (row.truth, row.patient):
            message = f"Lines {before.line} and {row.line} of the labels differ about one record."
            raise PopulationRefused("labels_contradict", message, "Keep one line a record.")
    return [(row, inputs[place]) for place, row in sorted(found.items())], missing


def _spellings(path: str) -> tuple[str, str]:
    """The path with and without its extension."""
    whole = _plain(path)
    folder, _, file = whole.rpartition("/")
    return whole, f"{folder}/{file.rpartition('.')[0] or file}"


def _plain(path: str) -> str:
    return composed(path.replace("\\", "/")).removeprefix("./")

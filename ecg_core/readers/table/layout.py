"""Finds where the table of numbers begins in a text, its separator, and its header line."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ecg_core.errors import HeaderInvalid, SignalInvalid
from ecg_core.leads import MAX_NAME_LENGTH, canonical_leads
from ecg_core.readers.labels import units_of
from ecg_core.readers.table.cells import Kind, cells_of, kind_of
from ecg_core.readers.table.words import is_statement
from ecg_core.readers.units import unit_of

# Monitors export fewer than a hundred channels. A table with more columns does not have its leads in columns.
MAX_COLUMNS = 512
# The last rows of the head decide separator and kinds of columns. Twenty rows include rare empty cells.
_REFERENCE_ROWS = 20
# This many consecutive rows must look alike at the table's start. One line of metadata may be a number; three are not.
_ALIKE = 3

# Rows that tell a counter or a time from an ECG. An ECG never rises evenly for this many samples.
_FIRST_ROWS = 40

# AcqKnowledge writes this line above the names and units of its channels.
CHANNELS = re.compile(r"\W*(\d{1,3}) channels?\W*", re.IGNORECASE)
# At most this many lines below the rows are not rows.
_MAX_FOOTER = 64
_BEGINS_WITH_WORD = re.compile(r"[\s\"']*+(?:#|%|//|[^\W\d_]{2})")
_COMMENT = re.compile(r"^\s*(?:#|%|//|;)+\s*")
_TIME_UNIT = re.compile(
    r"(?:\d++(?:[.,]\d++)?\s?)?(?:s|sec|seconds?|sekunden?|m(?:illi)?s(?:ec(?:onds?)?)?|[uµμ]s(?:ec)?|microseconds?|ns|min|h|hours?)|h+:mm.*|m+:ss.*|samples?|n|#|date|datetime"
)


@dataclass(frozen=True)
class Table:
    """separator: "" for whitespace. names, units: one for each column, or empty. meta: the lines above.

    body: byte offset of the first row. line: its line number in the file, from 1. header: the unchanged line of names.
    below: the first rows. left_out: the content of a line between header and rows that was skipped, in words.
    """

    separator: str
    kinds: tuple[Kind, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    meta: tuple[str, ...]
    body: int
    line: int
    header: str = ""
    below: tuple[str, ...] = ()
    left_out: str = ""

    @cached_property
    def first(self) -> list[list[str]]:
        """The cells of the first rows. Rows with another number of columns are left out."""
        rows = (cells_of(line, self.separator) for line in self.below)
        return [cells for cells in rows if len(cells) == len(self.kinds)]


def _separator(rows: Sequence[str], above: Sequence[str]) -> str:
    """The separator of most rows. "" for whitespace, or for a single column, with or without decimal commas."""
    bare = [re.sub(r'"[^"]*"', "q", row) for row in rows]
    for separator in ";\t|":
        if sum(separator in row for row in bare) > len(bare) / 2:
            return separator
    commas = [row.count(",") for row in bare]
    if sum(count > 0 for count in commas) <= len(bare) / 2:
        return ""
    words = [word for row in rows for word in row.split()]
    if len(words) > len(rows) and all(word.count(",") <= 1 and kind_of(word) == "number" for word in words):
        return ""
    if max(commas) > 1 or not all(kind_of(row.strip()) == "number" for row in bare):
        return ","
    words = [line for line in above if kind_of(line.strip()) == "text" and not is_statement(line)]
    header = words[-1] if words else ""
    return "," if len(cells_of(_COMMENT.sub("", header), ",")) == 2 else ""


def _kinds(rows: Sequence[Sequence[str]]) -> tuple[Kind, ...]:
    def of_column(cells: Sequence[str]) -> Kind:
        found = Counter(kind for cell in cells if (kind := kind_of(cell)) != "empty")
        return found.most_common(1)[0][0] if found else "empty"

    return tuple(of_column(column) for column in zip(*rows, strict=True))


def _fits(cells: Sequence[str], kinds: Sequence[Kind]) -> bool:
    found = [kind_of(cell) for cell in cells]
    return (
        len(cells) == len(kinds)
        and "number" in found
        and all(kind in ("text", "empty") or is_ in (kind, "empty") for is_, kind in zip(found, kinds, strict=True))
    )


def _first_row(lines: Sequence[str], rows: Sequence[int], separator: str, kinds: Sequence[Kind]) -> int | None:
    """The index in `rows` of the first row of the table. None if no rows fit these kinds."""
    alike = 0
    for position, row in enumerate(rows):
        alike = alike + 1 if _fits(cells_of(lines[row], separator), kinds) else 0
        if alike == _ALIKE or (alike and (position == len(rows) - 1 or len(kinds) >= _ALIKE)):
            return position - alike + 1
    return None


def _counts_samples(cells: Sequence[str], below: Sequence[str], described: bool) -> bool:
    """Whether a line holds the number of samples of each channel, as AcqKnowledge writes it.

    Its time cell is empty, or a description by AcqKnowledge stands above.
    """
    counts = {cell for cell in cells if cell}
    return (
        len(cells) == len(below) > 1
        and (not cells[0] or described)
        and len(counts) == 1
        and counts.pop().isdecimal()
        and kind_of(below[0]) == "number"
    )


def _numbers_columns(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a line numbers the columns 0, 1, 2, ... or 1, 2, 3, ..., as pandas does, and is not a row."""
    numbers = list(cells[1:] if cells and not cells[0] else cells)
    if len(numbers) < 2 or len(cells) != len(below):
        return False
    in_order = any(numbers == [str(first + place) for place in range(len(numbers))] for first in (0, 1))
    return in_order and (len(numbers) > 3 or all("." in cell for cell in below[-len(numbers) :]))


def _is_unit_row(cells: Sequence[str]) -> bool:
    stated = [cell.strip(" ()[]").lower() for cell in cells if kind_of(cell) != "empty"]
    units = [unit_of(cell) for cell in stated]
    return any(units) and all(unit or _TIME_UNIT.fullmatch(cell) for unit, cell in zip(units, stated, strict=True))


def _header(line: str, separator: str, kinds: Sequence[Kind]) -> list[str]:
    """The cells of a header line, one for each column. Empty if the line does not fit the table."""
    line = _COMMENT.sub("", line)
    count = len(kinds)
    if count == 1:
        return [] if is_statement(line) else [line.strip(" \t\"',;")]
    if count == 2 and is_statement(line):
        return []
    splits = [cells_of(line, separator)]
    if not separator:
        splits += [re.split(r"\t+|\s{2,}", line.strip()), cells_of(line, ","), cells_of(line, ";")]
    for cells in splits:
        while len(cells) > count and not cells[-1]:
            cells = cells[:-1]
        if len(cells) == count:
            return cells
        if len(cells) < count and set(kinds[len(cells) :]) == {"empty"}:
            return [*cells, *[""] * (count - len(cells))]
        if len(cells) == count - 1:
            return ["", *cells]
    if any(canonical_leads(units_of(splits[0][: MAX_COLUMNS + 1])[0])):
        raise HeaderInvalid(
            f"The header line names {len(splits[0])} columns, but the rows have {count}.",
            "Give every column a name; with decimal commas, separate the columns by semicolons.",
        )
    return []


def _without_footer(lines: Sequence[str], rows: Sequence[int]) -> Sequence[int]:
    """The rows without the last ones that begin with a word, if rows above begin otherwise. See footer.footer_of."""
    for dropped in range(min(_MAX_FOOTER, len(rows) - _ALIKE) + 1):
        kept = rows[: len(rows) - dropped]
        if not _BEGINS_WITH_WORD.match(lines[kept[-1]]):
            return kept
    return rows


def _refuse_words_below(table: Table) -> None:
    """Raises SignalInvalid if the first column has numbers in the first rows and words in the last rows."""
    cells = [row[0] for row in table.first] if table.kinds[0] == "text" else []
    if cells and all(kind_of(cell) == "number" for cell in cells):
        raise SignalInvalid("Column 1 begins with numbers and ends with words.", "Remove what stands below the rows.")


def find_table(head: bytes) -> Table | None:
    """The table in a file's head (UTF-8, whole lines). None if there are no rows of numbers.

    Raises HeaderInvalid or SignalInvalid if header and rows do not fit together.
    """
    lines = head.decode("utf-8", "replace").split("\n")
    rows = [number for number, line in enumerate(lines) if line.strip()]
    if not rows:
        return None
    reference = [lines[row] for row in _without_footer(lines, rows)[-_REFERENCE_ROWS:]]
    digits = [row for row in reference if any(character.isdigit() for character in row)] or reference
    last_text = next((i for i in range(len(digits) - 1, -1, -1) if re.search(r"[A-Za-z]{3}", digits[i])), -1)
    separator = _separator(digits[last_text + 1 :] or digits, [lines[row] for row in rows])
    if max(row.count(separator or " ") for row in digits) >= MAX_COLUMNS:
        return None
    split = [cells_of(row, separator) for row in digits]
    split = [
        cells for cells in split if sum(kind_of(cell) == "number" for cell in cells) * 2 >= len(cells) - 2
    ] or split
    width = Counter(len(cells) for cells in split).most_common(1)[0][0]
    kinds = _kinds([cells for cells in split if len(cells) == width])
    if "number" not in kinds:
        return None
    first = _first_row(lines, rows, separator, kinds)
    if first is None:
        return None
    above = [lines[row] for row in rows[:first]]
    two = [cells_of(lines[row], separator) for row in rows[first : first + 2]]
    left_out = ""
    if len(two) == 2 and _counts_samples(two[0], two[1], any(map(CHANNELS.fullmatch, above))):
        left_out = "the number of samples"
    elif len(two) == 2 and _numbers_columns(two[0], two[1]):
        left_out = "the numbers of the columns"
    first += bool(left_out)
    names: list[str] = []
    units: list[str] = []
    if above and _is_unit_row(found := cells_of(_COMMENT.sub("", above[-1]), separator)) and len(found) == width > 1:
        units = found
        above.pop()
    if above:
        found = cells_of(above[-1], separator)
        if all(kind_of(cell) in ("number", "clock") for cell in found) and len(found) > 1:
            raise SignalInvalid(f"Line {rows[first - 1] + 1} has {len(found)} columns, the rows below it {width}.")
        names = _header(above[-1], separator, kinds)
    meta = above[:-1] if names else above
    header = above[-1] if names else ""
    body = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines[: rows[first]])
    below = tuple(lines[row] for row in rows[first : first + _FIRST_ROWS])
    # The limit is one character above the longest lead name, so that no cut name becomes a lead name.
    names = [name[: MAX_NAME_LENGTH + 1] for name in names]
    place = body, rows[first] + 1
    table = Table(separator, kinds, tuple(names), tuple(units), tuple(meta), *place, header, below, left_out)
    _refuse_words_below(table)
    return table

"""Detects several recordings in one table: blocks between empty lines, or a column of patients, records or files."""

import re

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SeveralRecords
from ecg_core.readers.table.parser import Parser

# The shortest recording: two seconds at 50 Hz. Shorter blocks come from doubled line ends or remarks.
MIN_BLOCK_ROWS = 100
# Counters of packets start again after this many values: 3 to 8 bits, or 16.
_PACKETS = (8, 16, 32, 64, 128, 256, 65_536)
_BLANK = re.compile(rb"\n[ \t]*+(?=\n)")

SEVERAL_HINT = "Send each recording as a table of its own."


def blocks(text: bytes, body: int) -> int:
    """The number of blocks with at least MIN_BLOCK_ROWS rows between empty lines."""
    found, start = 0, body
    for match in _BLANK.finditer(text, body):
        if match.start() - start >= MIN_BLOCK_ROWS:
            found += text.count(b"\n", start, match.start()) + 1 >= MIN_BLOCK_ROWS
        start = match.end() + 1
    return found + (text.count(b"\n", start) >= MIN_BLOCK_ROWS)


def refuse_new_count(counter: NDArray[np.float64], line: int) -> None:
    """Raises SeveralRecords if a counter of rows starts again. A counter of packets may do so."""
    if not np.isfinite(counter).all() or len(counter) < 2:
        return
    new = np.flatnonzero(np.diff(counter) < 0)
    if len(new) and int(counter.max()) + 1 not in _PACKETS:
        raise SeveralRecords(f"The rows are counted anew near line {line + 1 + int(new[0])}.", SEVERAL_HINT)


class Ids:
    """A column in which all filled cells must have the same value."""

    def __init__(self, parser: Parser, column: int) -> None:
        separator = parser.separator
        place = parser.place(column)
        end = re.escape(separator) if separator else rb" \t"
        cells = rb"(?:[^%s\n]*+%s){%d}" % (end, end if separator else rb"[ \t]++", place)
        self._before = rb"(?m)^[ \t]*+" + cells + rb" *+"
        self._end = rb" *+(?:[%s\n]|\Z)" % end
        self._value = re.compile(self._before + rb"([^%s\n]++)" % end)
        self._cell = end
        self._another: re.Pattern[bytes] | None = None

    def look(self, plain: bytes) -> None:
        """Raises SeveralRecords if a value differs from the first one. plain: rows of the table."""
        if self._another is None:
            match = self._value.search(plain)
            if match is None or not match[1].strip():
                return
            same = re.escape(match[1].strip()) + self._end
            self._another = re.compile(self._before + rb"(?!%s)[^%s\n\s]" % (same, self._cell))
        if self._another.search(plain):
            raise SeveralRecords("A column names more than one record, patient or file.", SEVERAL_HINT)

"""Rewrites rows of a table for NumPy's C parser: no quotes, decimal commas, clock times or empty cells remain."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SignalInvalid
from ecg_core.readers.table.cells import MISSING, WINDOWS_NAN, cells_of, kind_of
from ecg_core.readers.table.layout import Table
from ecg_core.readers.table.thousands import COMMA_BETWEEN_THOUSANDS, commas_mark_thousands

# 512 columns of twenty digits fit. A longer line is not a row of samples.
MAX_LINE_BYTES = 65_536

_BLANK_LINES = re.compile(rb"\n(?:[ \t]*+\n)+")
_QUOTED = re.compile(rb'"([^"\n]*+)"')
_WORDS = tuple(word.encode() for word in MISSING if word != "nan")
_WINDOWS_NAN = re.compile(WINDOWS_NAN.pattern.encode(), re.IGNORECASE)
_CLOCK = rb" *+\[?(?:[-\d./]++[T ]++)?(?:(\d++):)?(\d++):(\d++(?:[.:]\d*+)?)[^%s\n]*+"


class Parser:
    """Rewrites and parses chunks of rows. A clock time becomes three columns: h, m and s."""

    def __init__(self, table: Table, columns: Sequence[int], time: int | None) -> None:
        self.table = table
        self.separator = separator = table.separator.encode()
        self.wanted = [*columns, *([] if time is None else [time])]
        self.clock = time is not None and table.kinds[time] == "clock"
        self.width = len(table.kinds) + (2 if self.clock else 0)
        self.time = time
        self.columns = [self.place(column) for column in self.wanted]
        if self.clock and time is not None:
            self.columns += [time + 1, time + 2]
        blank = separator or rb" \t"
        pad = b" *+" if separator else rb"[ \t]*+"
        before = rb"(?m)^(%s(?:[^%s\n]*+%s){%d})" % (pad, blank, re.escape(separator) or rb"[ \t]+", time or 0)
        self.clock_cell = re.compile(before + _CLOCK % blank)
        self.clock_columns = rb"\g<1>0\g<2>%s\g<3>%s\g<4>" % ((separator or b" ",) * 2)
        self.quoted_separator = re.compile(rb'(?m)(?:^|%s) *+"[^"\n%s]*+%s' % ((re.escape(separator),) * 3))
        words = b"|".join(map(re.escape, _WORDS))
        # If whitespace separates the columns, a cell cannot be empty. A word such as "NaN" can still mark a missing
        # value.
        cell = rb" *+(?:(?:%s) *+)?+" % words if separator else rb"(?:%s)" % words
        # One pattern for each byte that may end a cell: searching for a single byte is ten times as fast.
        ends = (b"\n", separator) if separator else (b"\n", b" ", b"\t")
        self.thousands = commas_mark_thousands(table.first)
        # "0,512" contradicts the first rows, which showed commas between thousands. Such a comma is kept, so parsing
        # fails.
        self.decimal_commas = [before + b"0," for before in (b"\n", b"-", b" ", separator or b"\t")]
        self.missing = [(end, re.compile(rb"%s%s(?=[%s\n])" % (re.escape(end), cell, blank))) for end in ends]
        self.fill = False
        # Whether numbers of the last chunk had commas: between thousands or as decimal marks.
        self.commas = False

    def place(self, column: int) -> int:
        """The index of a column after the clock has become three columns."""
        return column + 2 if self.clock and self.time is not None and column > self.time else column

    def plain(self, chunk: bytes) -> bytes:
        """The chunk without blank lines, quotes and decimal commas; clock times become columns."""
        separator = self.separator
        self.commas = separator != b"," and b"," in chunk
        if b'"' in chunk and separator and self.quoted_separator.search(chunk):
            inner = b" " if separator != b"," else b"" if self.thousands else b"."
            self.commas = True
            chunk = _QUOTED.sub(lambda match: match[1].replace(separator, inner), chunk)
        chunk = chunk.translate(None, b"\"'")
        chunk = _BLANK_LINES.sub(b"\n", b"\n" + chunk.rstrip(b" \n\x1a")).strip(b"\n")
        if separator != b"," and self.thousands and not any(mark in chunk for mark in self.decimal_commas):
            chunk = COMMA_BETWEEN_THOUSANDS.sub(b"", chunk)
        elif separator != b"," and not self.thousands:
            chunk = chunk.replace(b",", b".")
        if self.clock:
            chunk = self.clock_cell.sub(self.clock_columns, chunk).replace(b":", b".")
        return chunk

    def widths(self, chunk: bytes) -> NDArray[np.int64]:
        """The number of columns in each line."""
        text = np.frombuffer(chunk, np.uint8)
        ends = text == 10
        starts = np.concatenate([[0], np.flatnonzero(ends) + 1])
        lengths = np.diff(starts, append=len(text) + 1)
        if lengths.max() > MAX_LINE_BYTES:
            raise SignalInvalid(f"A line is longer than {MAX_LINE_BYTES:,} bytes.")
        if self.separator:
            marks = text == self.separator[0]
            counts: NDArray[np.int64] = np.add.reduceat(marks, starts, dtype=np.int64)
            return counts + 1
        blank = ends | (text == 32) | (text == 9)
        marks = ~blank
        marks[1:] &= blank[:-1]
        words: NDArray[np.int64] = np.add.reduceat(marks, starts, dtype=np.int64)
        return words

    def parse(self, chunk: bytes) -> NDArray[np.float64]:
        lines = chunk.decode("latin-1").split("\n")
        delimiter = self.table.separator or None
        return np.loadtxt(lines, delimiter=delimiter, comments=None, usecols=self.columns, ndmin=2)

    def rows(self, chunk: bytes, plain: bytes, line: int) -> NDArray[np.float64]:
        """[rows, columns] of one chunk. line: the line number of its first line."""
        if not plain:
            return np.empty((0, len(self.columns)))
        wrong = np.flatnonzero(self.widths(plain) != self.width)
        if len(wrong):
            raise SignalInvalid(
                f"Line {_line_number(chunk, int(wrong[0]), line)} does not have {len(self.table.kinds)} columns.",
                "Export the table again: every row needs as many columns as the first.",
            )
        if not self.fill:
            try:
                return self.parse(plain)
            except ValueError:
                self.fill = True
        try:
            return self.parse(self.filled(plain))
        except ValueError:
            raise self.fault(chunk, line) from None

    def filled(self, plain: bytes) -> bytes:
        """The rows with "nan" in empty cells and in place of words that mean missing."""
        if b"#" in plain or b"(" in plain:
            plain = _WINDOWS_NAN.sub(b"nan", plain)
        rows = b"\n" + plain.lower() + b"\n"
        if separator := self.separator:
            for word in (b"", *_WORDS):
                if word in rows:
                    for before, after in ((separator, separator),) * 2 + ((b"\n", separator), (separator, b"\n")):
                        rows = rows.replace(before + word + after, before + b"nan" + after)
            if b" " not in rows:
                return rows[1:-1]
        for end, pattern in self.missing:
            rows = pattern.sub(end + b"nan", rows)
        return rows[1:-1]

    def fault(self, chunk: bytes, line: int) -> SignalInvalid:
        """The error for the first cell that is not a number."""
        place = f"A row from line {line} on"
        for number, row in enumerate(chunk.decode("utf-8", "replace").split("\n"), line):
            cells = cells_of(row, self.table.separator)
            wrong = [
                column
                for column in self.wanted
                if column < len(cells)
                and kind_of(cells[column]) not in ("number", "empty", "clock" if self.clock else "number")
            ]
            if wrong:
                place = f"Line {number}, column {wrong[0] + 1}"
                break
        return SignalInvalid(
            f"{place} holds something that is no number.",
            "Write numbers without units or thousands separators, and leave cells without a value empty.",
        )


def _line_number(chunk: bytes, row: int, line: int) -> int:
    """The line number in the file of a row: the index `row` counts only lines of the chunk that are not blank."""
    filled = (number for number, text in enumerate(chunk.split(b"\n"), line) if text.strip(b" \t\"'"))
    return next((number for position, number in enumerate(filled) if position == row), line)

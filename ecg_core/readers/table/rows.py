"""The rows of a table as numbers, parsed by NumPy's C parser in chunks, so that memory stays small."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, SignalInvalid
from ecg_core.readers.table.layout import MISSING, Table, cells_of, kind_of
from ecg_core.recording import MAX_VALUES

# Text that is parsed at once: large enough for the parser's speed; its lines as objects take thirty times the memory.
CHUNK_BYTES = 250_000
# An hour at 500 Hz, as many as 10 MB hold if each has five bytes; at worst, with empty cells, they take 0.8 s.
MAX_ROWS = 2_000_000
# 512 columns of twenty digits fit well; a longer line is no row of samples.
MAX_LINE_BYTES = 65_536

_BLANK_LINES = re.compile(rb"\n(?:[ \t]*+\n)+")
_QUOTED = re.compile(rb'"([^"\n]*+)"')
_WORDS = tuple(word.encode() for word in MISSING if word != "nan")
# A number that may be written with a mark between its thousands; the mark has become a point.
_GROUPED = re.compile(rb"[-+]?[1-9]\d{0,2}\.\d{3}")
# Of each chunk; fractions of a unit that were not rounded to three decimals show among far fewer.
_CELLS_LOOKED_AT = 200
_CLOCK = rb" *+\[?(?:[-\d./]++[T ]++)?(?:(\d++):)?(\d++):(\d++(?:[.:]\d*+)?)[^%s\n]*+"


@dataclass(frozen=True)
class Rows:
    """values: [columns, rows] mV. time: [rows] as it stands, or seconds of a clock.

    infinite: values beyond all numbers, now NaN. blank: empty lines between the rows.
    """

    values: NDArray[np.float32]
    time: NDArray[np.float64] | None
    infinite: int
    blank: int


def _chunks(text: bytes, start: int) -> Iterator[bytes]:
    while start < len(text):
        end = text.find(b"\n", start + CHUNK_BYTES) + 1 or len(text)
        if end - start > CHUNK_BYTES + MAX_LINE_BYTES:
            raise SignalInvalid(f"A line is longer than {MAX_LINE_BYTES:,} bytes.")
        yield text[start:end]
        start = end


class _Thousands:
    """Whether "1,234" is a thousand: undecided where such cells and whole numbers are all that the leads hold."""

    def __init__(self) -> None:
        self.possible, self.grouped, self.whole = True, False, False

    def look(self, values: NDArray[np.float64], plain: bytes, separator: str, columns: Sequence[int]) -> None:
        """values: [rows, leads] of a chunk that stands in `plain`, in these columns of its lines.

        A fraction below one, or one with other than three decimals, shows that the mark is a decimal mark.
        """
        if not self.possible or not len(values):
            return
        finite = np.isfinite(values)
        whole = finite & (values == np.rint(values))
        broken = finite & ~whole
        if np.any(broken & (np.abs(values) < 1)):
            self.possible = False
        elif broken.any() or not self.whole:
            lines = plain.split(b"\n")
            for chosen in (broken, whole):
                for place in np.flatnonzero(chosen)[:_CELLS_LOOKED_AT].tolist():
                    row, lead = divmod(place, values.shape[1])
                    self.look_at(lines[row].split(separator.encode() or None)[columns[lead]].strip())

    def look_at(self, cell: bytes) -> None:
        grouped = bool(_GROUPED.fullmatch(cell))
        self.grouped = self.grouped or grouped
        self.whole = self.whole or cell.lstrip(b"+-").isdigit()
        self.possible = self.possible and (grouped or b"." not in cell)

    def refuse(self) -> None:
        if self.possible and self.grouped and self.whole:
            raise SignalInvalid(
                "Numbers such as 1,234 stand beside whole numbers: they may be thousands or decimals.",
                "Write numbers without thousands separators.",
            )


class _Parser:
    """Rewrites chunks of rows so that the C parser takes them: a clock time becomes three columns, h, m and s."""

    def __init__(self, table: Table, columns: Sequence[int], time: int | None) -> None:
        self.table = table
        self.separator = separator = table.separator.encode()
        self.wanted = [*columns, *([] if time is None else [time])]
        self.clock = time is not None and table.kinds[time] == "clock"
        self.width = len(table.kinds) + (2 if self.clock else 0)
        self.columns = self.wanted
        if self.clock and time is not None:
            self.columns = [column + 2 if column > time else column for column in self.wanted] + [time + 1, time + 2]
        blank = separator or rb" \t"
        pad = b" *+" if separator else rb"[ \t]*+"
        before = rb"(?m)^(%s(?:[^%s\n]*+%s){%d})" % (pad, blank, re.escape(separator) or rb"[ \t]+", time or 0)
        self.clock_cell = re.compile(before + _CLOCK % blank)
        self.clock_columns = rb"\g<1>0\g<2>%s\g<3>%s\g<4>" % ((separator or b" ",) * 2)
        self.quoted_separator = re.compile(rb'(?m)(?:^|%s) *+"[^"\n%s]*+%s' % ((re.escape(separator),) * 3))
        words = b"|".join(map(re.escape, _WORDS))
        # Between blanks there is no empty cell, only a word that stands for one.
        cell = rb" *+(?:(?:%s) *+)?+" % words if separator else rb"(?:%s)" % words
        # One pattern for each byte that ends a cell: a search for a single byte is ten times as fast.
        ends = (b"\n", separator) if separator else (b"\n", b" ", b"\t")
        self.missing = [(end, re.compile(rb"%s%s(?=[%s\n])" % (re.escape(end), cell, blank))) for end in ends]
        self.fill = False

    def plain(self, chunk: bytes) -> bytes:
        """The chunk without blank lines, quotes, decimal commas and clock times."""
        separator = self.separator
        if b'"' in chunk and separator and self.quoted_separator.search(chunk):
            inner = b"." if separator == b"," else b" "
            chunk = _QUOTED.sub(lambda match: match[1].replace(separator, inner), chunk)
        chunk = chunk.translate(None, b"\"'")
        chunk = _BLANK_LINES.sub(b"\n", b"\n" + chunk.rstrip(b" \n\x1a")).strip(b"\n")
        if separator != b",":
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
        """[rows, columns] of one chunk, whose first line has this number."""
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
        """The rows with nan in empty cells, and for the words that stand for them."""
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
        """The error for the first cell that is no number."""
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
    """The number in the file of the row-th line of a chunk that is not blank."""
    filled = (number for number, text in enumerate(chunk.split(b"\n"), line) if text.strip(b" \t\"'"))
    return next((number for position, number in enumerate(filled) if position == row), line)


def read_rows(
    text: bytes, table: Table, columns: Sequence[int], scales: Sequence[float], time: int | None = None
) -> Rows:
    """The given columns of a table, times their scales in mV, and its time column.

    Raises SignalInvalid with the line that cannot be read, FileTooLarge.
    """
    # Blank lines are counted with the rows: a file of nothing else is no recording either.
    lines = text.count(b"\n", table.body) + 1
    if lines - 1 > MAX_ROWS:
        raise FileTooLarge(f"The table has more than {MAX_ROWS:,} rows.")
    if (lines - 1) * len(columns) > MAX_VALUES:
        raise FileTooLarge(f"The table holds more than {MAX_VALUES:,} values.")
    parser, thousands = _Parser(table, columns, time), _Thousands()
    line, infinite, blank, end = table.line, 0, 0, 0
    values = np.empty((len(columns), lines), np.float32)
    times = None if time is None else np.empty(lines)
    for chunk in _chunks(text, table.body):
        plain = parser.plain(chunk)
        rows = parser.rows(chunk, plain, line)
        leads = rows[:, : len(columns)]
        thousands.look(leads, plain, table.separator, parser.columns)
        blank += chunk.strip().count(b"\n") - plain.count(b"\n")
        line += chunk.count(b"\n")
        start, end = end, end + len(rows)
        if times is not None:
            clock = rows[:, len(columns) :]
            times[start:end] = clock @ np.array([3600.0, 60.0, 1.0]) if parser.clock else clock[:, 0]
        with np.errstate(over="ignore"):
            values[:, start:end] = (leads * scales).T
        bad = np.isinf(values[:, start:end])
        infinite += int(np.count_nonzero(bad))
        values[:, start:end][bad] = np.nan
    thousands.refuse()
    return Rows(values[:, :end], None if times is None else times[:end], infinite, blank)

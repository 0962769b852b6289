"""Parses the rows of a table with NumPy's C parser, in chunks to save memory."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, SeveralRecords, SignalInvalid
from ecg_core.readers.table.layout import Table
from ecg_core.readers.table.parser import MAX_LINE_BYTES, Parser
from ecg_core.readers.table.several import Ids, blocks
from ecg_core.readers.table.thousands import Thousands
from ecg_core.recording import MAX_VALUES

# Bytes that are parsed at once. Enough for full speed; the lines as Python objects take thirty times this memory.
CHUNK_BYTES = 250_000
# An hour at 500 Hz. 10 MB hold this many rows of five bytes. The worst case, with empty cells, takes 0.8 s.
MAX_ROWS = 2_000_000


@dataclass(frozen=True)
class Rows:
    """values: [columns, rows] mV. time: [rows] as written, or seconds if it is a clock.

    infinite: the number of infinite values, which became NaN. blank: empty lines between the rows. whole: whether all
    values were whole numbers before scaling. blocks: blocks of 100 rows or more, separated by empty lines.
    """

    values: NDArray[np.float32]
    time: NDArray[np.float64] | None
    infinite: int = 0
    blank: int = 0
    whole: bool = False
    blocks: int = 1


def _chunks(text: bytes, start: int, stop: int) -> Iterator[bytes]:
    while start < stop:
        end = text.find(b"\n", start + CHUNK_BYTES, stop) + 1 or stop
        if end - start > CHUNK_BYTES + MAX_LINE_BYTES:
            raise SignalInvalid(f"A line is longer than {MAX_LINE_BYTES:,} bytes.")
        yield text[start:end]
        start = end


def read_rows(
    text: bytes,
    table: Table,
    columns: Sequence[int],
    scales: Sequence[float],
    time: int | None = None,
    ids: Sequence[int] = (),
    stop: int | None = None,
    decimal_comma: bool = False,
) -> Rows:
    """Reads columns of a table, scaled to mV, and its time column. ids: columns that must hold a single value.

    stop: byte offset of the first line below the rows. decimal_comma: commas are decimal marks, never between
    thousands. Raises SignalInvalid with the line that cannot be read, FileTooLarge, SeveralRecords.
    """
    # Blank lines count as rows here: a file of blank lines must be refused too.
    stop = len(text) if stop is None else stop
    lines = text.count(b"\n", table.body, stop) + 1
    if lines - 1 > MAX_ROWS:
        raise FileTooLarge(f"The table has more than {MAX_ROWS:,} rows.")
    if (lines - 1) * len(columns) > MAX_VALUES:
        raise FileTooLarge(f"The table holds more than {MAX_VALUES:,} values.")
    try:
        return _parsed(text, stop, lines, table, columns, scales, time, ids, decimal_comma)
    except SignalInvalid:
        header = table.header.strip().encode()
        if header and re.search(rb"\n[ \t]*+" + re.escape(header) + rb"[ \t]*+\n", text[table.body :]):
            raise SeveralRecords(
                "The header line stands again among the rows: the table holds several recordings.",
                "Send each recording as a table of its own.",
            ) from None
        raise


def _parsed(
    text: bytes,
    stop: int,
    lines: int,
    table: Table,
    columns: Sequence[int],
    scales: Sequence[float],
    time: int | None,
    ids: Sequence[int],
    decimal_comma: bool,
) -> Rows:
    parser, thousands = Parser(table, columns, time), Thousands()
    watched = [Ids(parser, column) for column in ids]
    line, infinite, blank, end = table.line, 0, 0, 0
    values = np.empty((len(columns), lines), np.float32)
    times = None if time is None else np.empty(lines)
    for chunk in _chunks(text, table.body, stop):
        plain = parser.plain(chunk)
        rows = parser.rows(chunk, plain, line)
        leads = rows[:, : len(columns)]
        for column in watched:
            column.look(plain)
        thousands.look(leads, plain, table.separator, parser.columns, parser.commas and not decimal_comma)
        blank += chunk.strip().count(b"\n") - plain.count(b"\n")
        line += chunk.count(b"\n")
        start, end = end, end + len(rows)
        if times is not None:
            clock = rows[:, len(columns) :]
            times[start:end] = clock @ np.array([3600.0, 60.0, 1.0]) if parser.clock else clock[:, 0]
            thousands.look_at_times(times[start:end], chunk)
        with np.errstate(over="ignore"):
            values[:, start:end] = (leads * scales).T
        bad = np.isinf(values[:, start:end])
        infinite += int(np.count_nonzero(bad))
        values[:, start:end][bad] = np.nan
    thousands.refuse()
    return Rows(
        values[:, :end],
        None if times is None else times[:end],
        infinite,
        blank,
        not thousands.fraction,
        blocks(text, table.body) if blank else 1,
    )

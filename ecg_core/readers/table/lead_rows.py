"""Tables with a row for each lead: its name, then all of its samples. A first row may hold the times, or count.

The rows are turned into columns and read as any other table, so that the same rules hold for names, units and rates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from ecg_core.errors import FileTooLarge, SignalInvalid
from ecg_core.leads import canonical_leads
from ecg_core.readers.labels import electrode_pair, units_of
from ecg_core.readers.table.cells import cells_of, kind_of
from ecg_core.readers.table.rows import MAX_ROWS
from ecg_core.readers.text import HEAD_BYTES

# A row of fewer samples is not wider than tables with a column for each lead are: two seconds at 50 Hz.
MIN_SAMPLES = 100
# Of a line: five seconds at 100 Hz have twice as many and more, and few short lines stand above them.
_MIN_MEAN_BYTES = 250
# As many as any recorder has channels; a wider table has its leads in columns.
MAX_LINES = 512
# Of a line that is looked at: a name and some samples.
_LOOK_BYTES = 2_048
_SAMPLES_LOOKED_AT = 20
# Samples that are turned at once: the objects that hold them take ten times their memory.
_BLOCK = 4_096


@dataclass(frozen=True)
class _Line:
    """start, end: byte offsets. separator: "" for whitespace. name: "" if it has none. samples: whether it has many."""

    start: int
    end: int
    separator: str
    name: str
    samples: bool


def sniff(head: bytes) -> bool:
    """Whether a text's head, whose last line may be cut, begins with rows of leads: quick for all other texts."""
    if head.count(b"\n") * _MIN_MEAN_BYTES > len(head):
        return False
    return any(line.samples for line in _lines(head, first_only=True))


def _lines(text: bytes, *, first_only: bool = False) -> list[_Line]:
    """The lines of a text, up to the first row of samples or all of them."""
    found: list[_Line] = []
    start = 0
    while start < len(text) and len(found) <= MAX_LINES:
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        found.append(_line(text, start, end))
        if first_only and found[-1].samples:
            break
        start = end + 1
    return found


def _line(text: bytes, start: int, end: int) -> _Line:
    look = text[start : min(end, start + _LOOK_BYTES)]
    separator = max(",;\t|", key=lambda mark: look.count(mark.encode()))
    if not look.count(separator.encode()):
        separator = ""
    mark = separator.encode() if separator else b" "
    if text.count(mark, start, end) < MIN_SAMPLES:
        return _Line(start, end, separator, "", False)
    cells = cells_of(look.decode("utf-8", "replace"), separator)
    if len(look) == _LOOK_BYTES:
        cells = cells[:-1]
    kinds = [kind_of(cell) for cell in cells]
    name = cells[0] if cells and kinds[0] in ("text", "empty") else ""
    values = kinds[1:] if cells and kinds[0] in ("text", "empty") else kinds
    many = len(values) >= _SAMPLES_LOOKED_AT and values.count("number") >= 0.5 * len(values) and "text" not in values
    return _Line(start, end, separator, name, many)


def as_columns(text: bytes) -> bytes | None:
    """The table with a column for each of its rows, None if its rows are no leads. Raises SignalInvalid, FileTooLarge.

    The lines above the rows stay above. A name that is missing stays so.
    """
    if not sniff(text[:HEAD_BYTES]):
        return None
    lines = _lines(text)
    rows = [line for line in lines if line.samples]
    others = [line for line in lines if not line.samples and text[line.start : line.end].strip()]
    if len(lines) > MAX_LINES or any(line.start > rows[0].start for line in others):
        return None
    separator = rows[0].separator or " "
    quoted = any(text.count(b'"', row.start, row.end) > 2 for row in rows)
    if quoted or any((row.separator or " ") != separator for row in rows):
        return None
    names = [row.name for row in rows]
    counts = [text.count(separator.encode(), row.start, row.end) for row in rows]
    if max(counts) > MAX_ROWS:
        raise FileTooLarge(f"The table has more than {MAX_ROWS:,} samples of a lead.")
    # Rows without a name are leads if they are wider than any table with a column for each lead.
    if not any(canonical_leads([electrode_pair(name) or name for name in units_of(names)[0]])) and (
        min(counts) < MAX_LINES
    ):
        return None
    turned = BytesIO()
    turned.write(text[: rows[0].start])
    header = separator.join(names).encode() + b"\n" if any(names) else b""
    turned.write(header)
    for block in _turned([_samples(text, row, separator.encode()) for row in rows], separator.encode()):
        turned.write(block)
    return turned.getvalue()


def _samples(text: bytes, row: _Line, separator: bytes) -> bytes:
    """The samples of a row, with the separator between them."""
    line = text[row.start : row.end].replace(b"\t", b" ") if separator == b" " else text[row.start : row.end]
    if separator == b" ":
        line = b" ".join(line.split())
    line = line.strip(b" \r" + separator)
    # The name may be empty, and has gone then.
    return line.split(separator, 1)[1].strip(b" ") if row.name else line


def _turned(rows: list[bytes], separator: bytes) -> Iterator[bytes]:
    """The lines of the table that has these rows as columns. Raises SignalInvalid."""
    marks = [np.flatnonzero(np.frombuffer(row, np.uint8) == separator[0]).astype(np.int32) for row in rows]
    for number, found in enumerate(marks, 1):
        if len(found) != len(marks[0]):
            raise SignalInvalid(
                f"Row {number} of the leads has {len(found) + 1:,} samples, the first one {len(marks[0]) + 1:,}.",
                "Write as many samples for each lead.",
            )
    count = len(marks[0]) + 1
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        blocks = []
        for row, found in zip(rows, marks, strict=True):
            begin = int(found[first - 1]) + 1 if first else 0
            end = int(found[last - 1]) if last < count else len(row)
            blocks.append(row[begin:end].split(separator))
        yield b"\n".join(map(separator.join, zip(*blocks, strict=True))) + b"\n"

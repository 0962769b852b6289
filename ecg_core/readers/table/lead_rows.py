"""Tables with one row for each lead: the name, then all samples. The first row may hold times or sample numbers.

Rows are turned into columns and then read as any other table, so names, units and rates follow the same rules.
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

# Two seconds at 50 Hz. Tables with a column for each lead rarely have as many columns.
MIN_SAMPLES = 100
# Mean length of the lines. Five seconds at 100 Hz need twice as many bytes, and few short lines stand above such rows.
_MIN_MEAN_BYTES = 250
# No recorder has more channels. A table with more lines has its leads in columns.
MAX_LINES = 512
# Bytes of a line that are checked: a name and some samples.
_LOOK_BYTES = 2_048
_SAMPLES_LOOKED_AT = 20
# Samples that are turned at once. As Python objects they take ten times their memory.
_BLOCK = 4_096


@dataclass(frozen=True)
class _Line:
    """start, end: byte offsets. separator: "" for whitespace. name: "" if missing. samples: whether it is a lead."""

    start: int
    end: int
    separator: str
    name: str
    samples: bool


def sniff(head: bytes) -> bool:
    """Whether a text begins with rows of leads. head: its beginning; its last line may be cut. Fast for other texts."""
    if head.count(b"\n") * _MIN_MEAN_BYTES > len(head):
        return False
    return any(line.samples for line in _lines(head, first_only=True))


def _lines(text: bytes, *, first_only: bool = False) -> list[_Line]:
    """The lines of a text: all, or only those up to the first row of samples."""
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
    """The table with rows turned into columns. None if its rows are not leads. Raises SignalInvalid, FileTooLarge.

    The lines above the rows stay above. A missing name stays empty.
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
    # Rows without a lead name are accepted only if they are longer than the widest table with leads in columns.
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
    # strip() has removed an empty name already.
    return line.split(separator, 1)[1].strip(b" ") if row.name else line


def _turned(rows: list[bytes], separator: bytes) -> Iterator[bytes]:
    """The lines of the table whose columns are these rows. Raises SignalInvalid for rows of different lengths."""
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

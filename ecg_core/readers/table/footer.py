"""Lines below the rows of a table that are not rows: summaries, comments, rules."""

import re
from dataclasses import dataclass

from ecg_core.readers.table.cells import cells_of, kind_of
from ecg_core.readers.table.layout import Table

# Spreadsheets and monitors write a few summary lines. Longer text is not a footer.
MAX_LINES, MAX_BYTES = 64, 16_384
_COMMENT = re.compile(r"[\s\"']*(?:#|%|//)|[-=_*~]{3,}$")
# In a damaged row the first number is not replaced by a word of two letters or more.
_WORD = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True)
class Footer:
    """start: byte offset of its first line, None if there is none. lines: its lines without blank ones."""

    start: int | None = None
    lines: tuple[str, ...] = ()


def footer_of(text: bytes, table: Table) -> Footer:
    """The lines at the end of a text that begin with a word although the rows begin with a number."""
    begin = max(table.body, len(text) - MAX_BYTES)
    if begin > table.body:
        begin = text.find(b"\n", begin) + 1 or len(text)
    start, position = None, len(text)
    found: list[str] = []
    for line in reversed(text[begin:].split(b"\n")):
        position -= len(line)
        decoded = line.decode("utf-8", "replace").strip(" \t\x1a")
        # A line of separators only is an empty row.
        decoded = decoded if decoded.strip(",;|\t") else ""
        if decoded:
            if len(found) == MAX_LINES or not _is_below(decoded, table):
                return Footer(start, tuple(reversed(found)))
            found.append(decoded)
            start = position
        position -= 1
    # Every line looks like a footer, so these lines are the rows.
    return Footer()


def _is_below(line: str, table: Table) -> bool:
    if _COMMENT.match(line):
        return True
    cells = cells_of(line, table.separator)
    first = next((place for place, cell in enumerate(cells) if cell), 0)
    if not cells or kind_of(cells[first]) != "text" or not _WORD.search(cells[first]):
        return False
    return first >= len(table.kinds) or table.kinds[first] in ("number", "clock")

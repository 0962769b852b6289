"""The role of a column that is not a lead: a time, a counter of rows, or the name of a patient, record or file."""

import re
from collections.abc import Sequence
from itertools import pairwise

from ecg_core.readers.labels import split_unit
from ecg_core.readers.table.layout import Table
from ecg_core.readers.table.time_units import time_unit
from ecg_core.readers.text import fold

TIME = re.compile(
    r"time|zeit|temps|tiempo|tempo|tijd|elapsed|clock|uhrzeit|ticks"
    r"|(?<![a-z])(?:date|datum|hora|heure|ora)(?![a-z])"
    r"|^t[\s_]*[\[({]|^t_(?:s|ms|us|sec)$|^(?:t|s|ms|us|μs|h|min|secs?|seconds?|sekunden?|minutes?|hours?|milliseconds?|microseconds?)$"
)
COUNTER = re.compile(
    r"^(?:unnamed: ?\d+|samples?|sample ?(?:#|no|nr|number|index)?|index|idx|n|nr|no|#|row|frame|counter|n?seq\w*"
    r"|id)\.?$"
)
_SUFFIX = r"_?(?:ids?|no|nr|num|number|name|key|code|index|uid|uuid|#)"
# Names of patients, records or files. "ecg" alone is a signal.
_ID = re.compile(
    rf"(?:patients?|subjects?|subj|records?|study|files?|exam|examination|person|participants?|animal)(?:{_SUFFIX})?"
    rf"|(?:ecg|ekg|pat|rec|recording|case|hospital|admission|hadm|stay|waveform|dataset|holter){_SUFFIX}"
    r"|(?:p|s|u|uu|gu)?id|filename|filepath|path|mrn|accession(?:_?(?:no|number))?"
)
# Parts of one patient's recording. They are joined only if a time column shows that each continues the last.
_PART = re.compile(rf"(?:segment|window|strip|episode|session|visit|trial)(?:{_SUFFIX})?")


def is_id(name: str, *, timed: bool) -> bool:
    """Whether each value of a column of this name is another record. timed: whether the table has a time column."""
    plain = re.sub(r"[\s.:-]+", "_", fold(name)).strip("_")
    return bool(_ID.fullmatch(plain) or (not timed and _PART.fullmatch(plain)))


def counts(table: Table, column: int) -> bool:
    """Whether the first rows of a column count up by 1. The count may start again after some rows."""
    cells = [row[column] for row in table.first]
    if (
        table.kinds[column] != "number"
        or len(cells) < 3
        or not all(cell.isdecimal() and len(cell) < 16 for cell in cells)
    ):
        return False
    values = [int(cell) for cell in cells]
    steps = [after - before for before, after in pairwise(values)]
    return steps.count(1) >= 0.9 * (len(steps) - 1) and all(step == 1 or step < 0 for step in steps)


def _rises(table: Table, column: int) -> bool:
    """Whether the first rows of a column rise evenly, as times do."""
    try:
        values = [float(row[column].replace(",", ".")) for row in table.first if row[column]]
    except ValueError:
        return False
    steps = [after - before for before, after in pairwise(values)]
    return len(steps) > 9 and min(steps) > 0 and max(steps) < 2.5 * min(steps)


def is_no_channel(name: str, header: Sequence[str], column: int) -> bool:
    """Whether a column has the name of a time or a counter."""
    written = fold(header[column]) if column < len(header) else ""
    return bool(
        TIME.search(fold(split_unit(name)[0])) or COUNTER.match(fold(name)) or TIME.search(split_unit(written)[0])
    )


def time_column(
    table: Table, names: Sequence[str], units: Sequence[str], leads: Sequence[int]
) -> tuple[int | None, tuple[str | None, float, bool]]:
    """(the time column, its unit): a column named as a time, or else a clock or a first column without a name.

    A column with a unit is preferred to a clock.
    """
    candidates = [
        column
        for column, name in enumerate(names)
        if column not in leads and table.kinds[column] in ("number", "clock") and TIME.search(fold(name))
    ]
    stated = {column: _unit_of_time(names[column], units[column] if units else "") for column in candidates}
    clocks = [column for column, kind in enumerate(table.kinds) if kind == "clock" and column not in leads]
    if not candidates and not clocks:
        if any(names):
            unnamed = not names[0] and table.kinds[0] == "number" and 0 not in leads
            return (0 if unnamed and not counts(table, 0) else None), (None, 1.0, True)
        rising = (column for column in range(len(names)) if _rises(table, column) and not counts(table, column))
        return next(rising, None), (None, 1.0, True)
    column = (candidates or clocks)[0]
    if table.kinds[column] == "clock":
        column = next((other for other in candidates if table.kinds[other] == "number" and stated[other][0]), column)
    return column, stated.get(column, (None, 1.0, True))


def _unit_of_time(name: str, unit: str) -> tuple[str | None, float, bool]:
    found, below = time_unit(name), time_unit(unit)
    if found[0]:
        return found
    return below if below[0] else (None, 1.0, found[2] and below[2])

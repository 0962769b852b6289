"""Which columns of a table are leads of the ECG, in which unit, and which column holds the time."""

import re
from dataclasses import dataclass

from ecg_core.errors import DuplicateLeads, NoEcgLeads
from ecg_core.leads import LEADS, canonical_leads
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.labels import lead_in_any_language, split_unit, units_of
from ecg_core.readers.table.layout import Table
from ecg_core.readers.table.timeline import SECONDS_PER_UNIT
from ecg_core.readers.table.words import names_stated
from ecg_core.readers.text import fold
from ecg_core.readers.units import unit_of

_TIME = re.compile(
    r"time|zeit|temps|tiempo|tempo|tijd|elapsed|clock|uhrzeit|(?<![a-z])(?:date|datum|hora|heure|ora)(?![a-z])"
    r"|^(?:t|s|ms|us|μs|secs?|seconds?|sekunden?|milliseconds?|microseconds?)$"
)
_TIME_UNIT = re.compile(
    r"(?:^|[^a-z])(?:(s|secs?|seconds?|sekunden?|segundos?|secondes?|secondi|seconden)"
    r"|(ms|msecs?|millis|milli\w+|mili\w+)|([uμ]s|[uμ]secs?|micro\w+|mikro\w+)|(ns|nsecs?|nano\w+)|(min|minutes?|minuten))[\s._)\]}]*+$"
)
_COUNTER = re.compile(
    r"^(?:unnamed: ?\d+|samples?|sample ?(?:#|no|nr|number|index)?|index|idx|n|nr|no|#|row|frame|counter|seq\w*|id)\.?$"
)
_MUSE_RHYTHM = re.compile(r"rhythm signal: *\d+ *x *12", re.IGNORECASE)

NAMES_HINT = "Add a header line that names each column by its lead and unit, such as: time_s,I_mV,II_mV."


@dataclass(frozen=True)
class Columns:
    """leads: canonical names. positions: their columns. units: what the names state. time: its column."""

    leads: tuple[str, ...]
    positions: tuple[int, ...]
    units: tuple[str | None, ...]
    time: int | None
    time_unit: str | None
    others: int

    def has_clock(self, table: Table) -> bool:
        """Whether its times are clock times, such as 12:30:01.5."""
        return self.time is not None and table.kinds[self.time] == "clock"


def columns_of(table: Table, corrections: Corrections) -> Columns:
    names = _names(table, corrections)
    plain, units = units_of(names)
    if table.units:
        units = [unit or unit_of(cell) for unit, cell in zip(units, table.units, strict=True)]
    found = canonical_leads(plain)
    if len(names) == 1 and table.kinds[0] == "number" and found == [None]:
        found = [lead_in_any_language(plain[0])]
    leads = [(lead, column) for column, lead in enumerate(found) if lead]
    if not leads:
        raise NoEcgLeads("No column of the table is named by an ECG lead.", NAMES_HINT)
    if len({lead for lead, _ in leads}) < len(leads):
        raise DuplicateLeads("Two columns of the table are named by the same lead.")
    time, unit = _time(table, names, [column for _, column in leads])
    others = sum(
        table.kinds[column] != "empty"
        and column != time
        and not _COUNTER.match(fold(name))
        and bool(name)
        and not (_TIME.search(fold(split_unit(name)[0])))
        for column, name in enumerate(names)
        if not found[column]
    )
    if others:
        corrections.add(f"columns that are no ECG lead left out: {others}")
    return Columns(
        tuple(lead for lead, _ in leads),
        tuple(column for _, column in leads),
        tuple(units[column] for _, column in leads),
        time,
        unit,
        others,
    )


def _names(table: Table, corrections: Corrections) -> list[str]:
    """A name for each column, "" where there is none."""
    width = len(table.kinds)
    if table.names and any(canonical_leads(units_of(table.names)[0])):
        return list(table.names)
    stated = names_stated((*table.meta, "\t".join(table.names)))
    if len(stated) == width:
        return stated
    if len(stated) == width - 1 > 0:
        first = table.names[0] if table.names else ""
        return [first if _TIME.search(fold(first)) else "", *stated]
    if width == len(LEADS) and any(_MUSE_RHYTHM.search(line) for line in table.meta + table.names):
        corrections.add("columns named in the order of this export: I to aVF, V1 to V6")
        return list(LEADS)
    return list(table.names) or [""] * width


def _time(table: Table, names: list[str], leads: list[int]) -> tuple[int | None, str | None]:
    """The time column and its unit: named so, or the first one if it has no name."""
    candidates = [
        column
        for column, name in enumerate(names)
        if column not in leads and table.kinds[column] in ("number", "clock") and _TIME.search(fold(name))
    ]
    clocks = [column for column, kind in enumerate(table.kinds) if kind == "clock" and column not in leads]
    if not candidates and not clocks:
        return (0, None) if not names[0] and table.kinds[0] == "number" and 0 not in leads else (None, None)
    column = (candidates or clocks)[0]
    for text in (names[column], table.units[column] if table.units else ""):
        if match := _TIME_UNIT.search(fold(text)):
            return column, list(SECONDS_PER_UNIT)[next(i for i, group in enumerate(match.groups()) if group)]
    return column, None

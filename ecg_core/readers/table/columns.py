"""Which columns of a table are ECG leads, in which unit, and which column holds the time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ecg_core.errors import DuplicateLeads, NoEcgLeads
from ecg_core.leads import LEADS, canonical_leads
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.labels import electrode_pair, lead_in_any_language, split_unit, units_of
from ecg_core.readers.numbering import Naming, naming
from ecg_core.readers.options import LEADS_HINT, Options
from ecg_core.readers.table import numbered_columns
from ecg_core.readers.table.descriptions import description
from ecg_core.readers.table.layout import Table
from ecg_core.readers.table.roles import COUNTER, TIME, counts, is_id, is_no_channel, time_column
from ecg_core.readers.table.words import names_stated
from ecg_core.readers.text import fold
from ecg_core.readers.units import unit_of

_MUSE_RHYTHM = re.compile(r"rhythm signal: *\d+ *x *12", re.IGNORECASE)
NAMES_HINT = "Add a header line that names each column by its lead and unit, such as: time_s,I_mV,II_mV."


@dataclass(frozen=True)
class Columns:
    """leads: canonical names. positions: their columns. units: from the column names. time: its column.

    numbered: whether lead 1, 2, 3 were read as I, II, III. time_factor: units of time per step of 1. guess_unit:
    whether a missing unit of time may be guessed. counters, ids: columns with numbers of rows, or with names of
    records. given: whether any lead comes from the option. lines: lines of words from a description above the table.
    """

    leads: tuple[str, ...]
    positions: tuple[int, ...]
    units: tuple[str | None, ...]
    numbered: bool
    time: int | None
    time_unit: str | None
    time_factor: float
    guess_unit: bool
    counters: tuple[int, ...]
    ids: tuple[int, ...]
    given: bool
    lines: tuple[str, ...]

    def has_clock(self, table: Table) -> bool:
        """Whether the time column has clock times, such as 12:30:01.5."""
        return self.time is not None and table.kinds[self.time] == "clock"


def columns_of(table: Table, options: Options, corrections: Corrections) -> Columns:
    """The columns of a table. Raises NoEcgLeads, DuplicateLeads."""
    described = description(table.meta, table.kinds)
    names = list(described.names) or _names(table, corrections)
    plain, units = units_of(names)
    plain = [electrode_pair(name) or name for name in plain]
    rows = described.units or table.units
    if rows:
        units = [unit or unit_of(cell) for unit, cell in zip(units, rows, strict=True)]
    if described.names == () and numbered_columns.are_numbers(table, names, plain, units):
        numbered_columns.refuse(plain, options)
        plain = [""] * len(plain)
    found = canonical_leads(plain)
    if len(names) == 1 and table.kinds[0] == "number" and found == [None]:
        found = [lead_in_any_language(plain[0])]
        plain = [found[0] or plain[0]]
    leads = [column for column, lead in enumerate(found) if lead]
    words = [*table.names] or names
    time, (unit, factor, guess) = time_column(table, words if described.names else names, rows, leads)
    counters = [column for column in range(len(names)) if column not in leads and counts(table, column)]
    ids = [
        column
        for column, name in enumerate(names)
        if column not in (time, *leads, *counters) and is_id(name, timed=time is not None)
    ]
    channels = [
        column
        for column, kind in enumerate(table.kinds)
        if column in leads
        or (
            kind == "number"
            and column not in (time, *counters, *ids)
            and not is_no_channel(names[column], words, column)
        )
    ]
    if described.channels is not None:
        channels = [column for column in channels if column in described.channels]
    named = _named(plain, channels, options, corrections)
    pairs = [(lead, column) for lead, column in zip(named.leads, channels, strict=True) if lead]
    if not pairs:
        raise NoEcgLeads("No column of the table is named by an ECG lead.", _hint(channels))
    if len({lead for lead, _ in pairs}) < len(pairs):
        raise DuplicateLeads("Two columns of the table are named by the same lead.")
    positions = tuple(column for _, column in pairs)
    if others := _others(table, names, time, positions):
        corrections.add(f"columns that are no ECG lead left out: {others}")
    return Columns(
        tuple(lead for lead, _ in pairs),
        positions,
        tuple(units[column] for column in positions),
        named.numbered,
        time,
        unit,
        factor,
        guess,
        tuple(counters),
        tuple(ids),
        any(found[column] is None for column in positions),
        described.lines,
    )


def _hint(channels: Sequence[int]) -> str:
    if not channels:
        return NAMES_HINT
    places = ", ".join(str(column + 1) for column in channels[:12]) + (", ..." if len(channels) > 12 else "")
    count = f"{len(channels)} channels" if len(channels) > 1 else "one channel"
    return f"{NAMES_HINT} Or: {LEADS_HINT} The table has {count}: column {places}."


def _named(plain: Sequence[str], channels: Sequence[int], options: Options, corrections: Corrections) -> Naming:
    try:
        return naming([plain[column] for column in channels], options, corrections)
    except NoEcgLeads as refused:
        raise NoEcgLeads(refused.message, _hint(channels)) from None


def _others(table: Table, names: Sequence[str], time: int | None, positions: Sequence[int]) -> int:
    """The number of columns that are not read. Times and counters do not count."""
    return sum(
        table.kinds[column] != "empty"
        and column != time
        and column not in positions
        and not COUNTER.match(fold(name))
        and bool(name)
        and not (TIME.search(fold(split_unit(name)[0])))
        for column, name in enumerate(names)
    )


def _names(table: Table, corrections: Corrections) -> list[str]:
    """A name for each column; "" for a column without a name."""
    width = len(table.kinds)
    if table.names and any(canonical_leads(units_of(table.names)[0])):
        return list(table.names)
    stated = names_stated((*table.meta, "\t".join(table.names)))
    if len(stated) == width:
        return stated
    if len(stated) == width - 1 > 0:
        first = table.names[0] if table.names else ""
        return [first if TIME.search(fold(first)) else "", *stated]
    if width == len(LEADS) and any(_MUSE_RHYTHM.search(line) for line in table.meta + table.names):
        corrections.add("columns named in the order of this export: I to aVF, V1 to V6")
        return list(LEADS)
    return list(table.names) or [""] * width

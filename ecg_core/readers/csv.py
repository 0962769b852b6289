"""Tables with one column for each lead: CSV, TSV, TXT as spreadsheets, MATLAB, R, pandas and monitors write them.

The lead names stand in a header line or in a line above it. Sampling rate: from the time column, from words ("fs=500"),
or from the option. Unit: from the column names, a row of units, a gain or words above the table, or from the option.
What the table states counts; options fill in what it leaves open, and must not contradict the words above it. Nothing
is guessed: what is missing is an error.
"""

import hashlib
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import (
    DuplicateLeads,
    FileTooLarge,
    HeaderInvalid,
    NoEcgLeads,
    SignalInvalid,
    UnsupportedFormat,
)
from ecg_core.leads import LEADS, canonical_leads
from ecg_core.readers import statements
from ecg_core.readers.options import (
    agreed,
    choose_rate,
    choose_units,
    rates_agree,
    refuse_contradiction,
    unit_option,
)
from ecg_core.readers.table import Table, find_table
from ecg_core.readers.text import as_utf8, first_lines, fold, head_of
from ecg_core.readers.timeline import SECONDS_PER_UNIT, Timeline, is_counter, on_grid, read_timeline
from ecg_core.readers.values import Rows, read_rows
from ecg_core.recording import MAX_VALUES, MV_PER_UNIT, Recording

# A 32-bit converter over 10 mV resolves 2e-9 mV; an 8-bit one with steps of 1 mV would show no P wave.
_MIN_MV_PER_DIGIT, _MAX_MV_PER_DIGIT = 1e-9, 1.0
# The beginnings of XML, HTML, JSON and RTF, which hold no table.
_MARKUP = (b"<", b"{", b"[{", b"[\n", b"[ ")
# A WFDB header is text with numbers too: "100.dat 212 200 ...", or "record/segments signals rate".
_WFDB = re.compile(rb"(?m)^(?:[^\s#,;]+\.[A-Za-z]\w*|~)[ \t]++\d|\A(?:#[^\n]*+\n)*+[^\s,;]+/\d+[ \t]++\d+[ \t]++\d")

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

_NAMES_HINT = "Add a header line that names each column by its lead and unit, such as: time_s,I_mV,II_mV."


@dataclass(frozen=True)
class _Columns:
    """leads: canonical names. positions: their columns. units: what the names state. time: its column."""

    leads: tuple[str, ...]
    positions: tuple[int, ...]
    units: tuple[str | None, ...]
    time: int | None
    time_unit: str | None
    others: int


def sniff(data: bytes) -> bool:
    """True for text with rows of numbers near its beginning."""
    head = head_of(data)
    if head.lstrip().startswith(_MARKUP) or _WFDB.search(head):
        return False
    try:
        return find_table(head) is not None
    except (HeaderInvalid, SignalInvalid):
        return True


def read(name: str, data: bytes, *, fs_hz: float | None = None, units: str | None = None) -> Recording:
    """The recording in a table. fs_hz: Hz, units: "uV", "mV", ...: for files that state none.

    Raises NoEcgLeads, DuplicateLeads, UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, HeaderInvalid,
    SignalInvalid, FileTooLarge, UnsupportedFormat.
    """
    text = as_utf8(data)
    table = find_table(first_lines(text))
    if table is None:
        raise UnsupportedFormat("No table of numbers begins in the first lines of this text.", _NAMES_HINT)
    corrections: list[str] = []
    columns = _columns(table, corrections)
    words = _words(table)
    scales = _scales(words, columns, units, corrections)
    rows = _without_empty_end(read_rows(text, table, columns.positions, scales, columns.time), corrections)
    del text
    timeline = None
    if rows.time is not None and columns.time is not None:
        clock = table.kinds[columns.time] == "clock"
        timeline = read_timeline(rows.time, "s" if clock else columns.time_unit, clock=clock, line=table.line)
        unnamed = not (table.names and table.names[columns.time])
        if timeline and unnamed and (timeline.unit != "s" or is_counter(rows.time)):
            timeline = None
    rate = _rate(words, timeline, fs_hz, corrections)
    signal = rows.values
    del rows
    if timeline and columns.time_unit is None and columns.time is not None and table.kinds[columns.time] != "clock":
        corrections.append(f"unit of the time column taken as {timeline.unit}: it is not stated")
    if timeline and timeline.position is not None:
        if (int(timeline.position[-1]) + 1) * len(signal) > MAX_VALUES:
            raise FileTooLarge(f"The recording holds more than {MAX_VALUES:,} values.")
        signal = on_grid(signal, timeline)
        corrections.append(f"samples left out in the time column read as gaps: {timeline.missing}")
    return Recording(signal, rate, columns.leads, "csv", hashlib.sha256(data).hexdigest(), tuple(corrections))


def _without_empty_end(rows: Rows, corrections: list[str]) -> Rows:
    missing = np.isnan(rows.values)
    filled: NDArray[np.bool_] = np.logical_not(np.all(missing, axis=0))
    if not filled.any():
        raise SignalInvalid("The lead columns hold no numbers.")
    end = len(filled) - int(np.argmax(filled[::-1]))
    if rows.infinite:
        corrections.append(f"values that are not finite read as gaps: {rows.infinite}")
    if rows.blank:
        corrections.append(f"blank lines between the rows left out: {rows.blank}")
    if end < rows.values.shape[1]:
        corrections.append(f"empty rows at the end left out: {rows.values.shape[1] - end}")
    if empty := int(missing[:, :end].sum()) - rows.infinite:
        corrections.append(f"empty values read as gaps: {empty}")
    return Rows(rows.values[:, :end], None if rows.time is None else rows.time[:end], rows.infinite, rows.blank)


def _columns(table: Table, corrections: list[str]) -> _Columns:
    names = _names(table, corrections)
    plain, units = statements.units_of(names)
    if table.units:
        units = [unit or statements.unit_of(cell) for unit, cell in zip(units, table.units, strict=True)]
    found = canonical_leads(plain)
    if len(names) == 1 and table.kinds[0] == "number" and found == [None]:
        found = [statements.lead_in_any_language(plain[0])]
    leads = [(lead, column) for column, lead in enumerate(found) if lead]
    if not leads:
        raise NoEcgLeads("No column of the table is named by an ECG lead.", _NAMES_HINT)
    if len({lead for lead, _ in leads}) < len(leads):
        raise DuplicateLeads("Two columns of the table are named by the same lead.")
    time, unit = _time(table, names, [column for _, column in leads])
    others = sum(
        table.kinds[column] != "empty"
        and column != time
        and not _COUNTER.match(fold(name))
        and bool(name)
        and not (_TIME.search(fold(statements.split_unit(name)[0])))
        for column, name in enumerate(names)
        if not found[column]
    )
    if others:
        corrections.append(f"columns that are no ECG lead left out: {others}")
    return _Columns(
        tuple(lead for lead, _ in leads),
        tuple(column for _, column in leads),
        tuple(units[column] for _, column in leads),
        time,
        unit,
        others,
    )


def _names(table: Table, corrections: list[str]) -> list[str]:
    """A name for each column, "" where there is none."""
    width = len(table.kinds)
    if table.names and any(canonical_leads(statements.units_of(table.names)[0])):
        return list(table.names)
    stated = statements.names_stated((*table.meta, "\t".join(table.names)))
    if len(stated) == width:
        return stated
    if len(stated) == width - 1 > 0:
        first = table.names[0] if table.names else ""
        return [first if _TIME.search(fold(first)) else "", *stated]
    if width == len(LEADS) and any(_MUSE_RHYTHM.search(line) for line in table.meta + table.names):
        corrections.append("columns named in the order of this export: I to aVF, V1 to V6")
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


def _words(table: Table) -> list[str]:
    """The lines above the rows that may state rate or unit: all but a header line, whose words are its columns'."""
    header = any(canonical_leads(statements.units_of(table.names)[0]))
    return statements.searchable(table.meta if header else (*table.meta, "\t".join(table.names)))


def _scales(words: list[str], columns: _Columns, option: str | None, corrections: list[str]) -> list[float]:
    """mV per number, for each lead. words: searchable lines. Raises UnitsUnknown, HeaderInvalid."""
    given = unit_option(option)
    if any(columns.units):
        units = choose_units(list(columns.units), option, corrections)
        return [MV_PER_UNIT[unit.lower()] for unit in units]
    units, gains = statements.units_stated(words), statements.scales_stated(words)
    scale = agreed([MV_PER_UNIT[unit.lower()] for unit in units] + gains)
    if scale is None:
        units = choose_units([None] * len(columns.leads), option, corrections)
        return [MV_PER_UNIT[unit.lower()] for unit in units]
    if gains and not _MIN_MV_PER_DIGIT <= scale <= _MAX_MV_PER_DIGIT:
        raise HeaderInvalid("The stated gain is beyond what any electrocardiograph has.")
    refuse_contradiction(scale, MV_PER_UNIT[given.lower()] if given else None, "The unit", "mV")
    if gains:
        corrections.append(f"digits converted to mV by the stated gain: {1 / scale:.6g} per mV")
    else:
        corrections.append(f"unit from the words above the table: {units[0]}")
    return [scale] * len(columns.leads)


def _rate(words: list[str], timeline: Timeline | None, option: float | None, corrections: list[str]) -> float:
    """Hz. words: searchable lines. Raises HeaderInvalid, SamplingRateUnknown, SamplingRateOutOfRange."""
    stated = agreed(statements.rates_stated(words))
    if timeline is None:
        if stated is None:
            return choose_rate(None, option, corrections)
        refuse_contradiction(stated, option, "The sampling rate", "Hz")
        rate = choose_rate(stated, None, corrections)
        corrections.append(f"sampling rate from the words above the table: {rate:.6g} Hz")
        return rate
    if stated and not rates_agree(stated, timeline.fs_hz):
        raise HeaderInvalid(
            "The stated sampling rate and the time column contradict each other.",
            "Correct the one that is wrong, or remove it.",
        )
    rate = choose_rate(stated or timeline.fs_hz, option, corrections)
    if not stated:
        corrections.append(f"sampling rate from the time column: {rate:.6g} Hz")
    return rate

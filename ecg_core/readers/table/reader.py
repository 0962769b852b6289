"""Tables with one column for each lead: CSV, TSV, TXT as spreadsheets, MATLAB, R, pandas and monitors write them.

Lead names: from a header line, a line above it, or the option. Sampling rate: from the time column, from words
("fs=500"), or from the option. Unit: from the column names, a row of units, a gain or words above the table, or from
the options. Nothing is guessed: missing information is an error.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, HeaderInvalid, SeveralRecords, SignalInvalid, UnsupportedFormat
from ecg_core.leads import canonical_leads
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.labels import units_of
from ecg_core.readers.numbering import verify
from ecg_core.readers.options import Options
from ecg_core.readers.rates import agreed, choose_rate, rates_agree, refuse_contradiction
from ecg_core.readers.records import Bundle
from ecg_core.readers.table import lead_rows, rate_words, words
from ecg_core.readers.table.columns import NAMES_HINT, Columns, columns_of
from ecg_core.readers.table.footer import footer_of
from ecg_core.readers.table.layout import Table, find_table
from ecg_core.readers.table.rows import Rows, read_rows
from ecg_core.readers.table.scales import refuse_counts, scales_of
from ecg_core.readers.table.sentinels import without_sentinels
from ecg_core.readers.table.several import SEVERAL_HINT, refuse_new_count
from ecg_core.readers.table.timeline import Timeline, is_counter, on_grid, read_timeline
from ecg_core.readers.text import as_utf8, first_lines, head_of, padding_of
from ecg_core.recording import MAX_VALUES, Recording

# Bytes of text. Ten minutes of twelve leads at 100 Hz have as many.
_LARGE_BYTES = 5_000_000
# A text's head ends with its last whole line. If one row is longer than the head, only these bytes of it are checked.
_ROW_LOOK_BYTES = 4_096
# XML, HTML, JSON and RTF begin with these. They hold no table.
_MARKUP = (b"<", b"{", b"[{", b"[\n", b"[ ")
# A WFDB header also has numbers: "100.dat 212 200 ...", or "record/segments signals rate".
_WFDB = re.compile(rb"(?m)^(?:[^\s#,;]+\.[A-Za-z]\w*|~)[ \t]++\d|\A(?:#[^\n]*+\n)*+[^\s,;]+/\d+[ \t]++\d+[ \t]++\d")


def sniff(data: bytes) -> bool:
    """Whether the file is text with rows of numbers near its beginning."""
    head = head_of(data)
    if head.lstrip().startswith(_MARKUP) or _WFDB.search(head):
        return False
    try:
        return find_table(head) is not None or lead_rows.sniff(head or data[:_ROW_LOOK_BYTES])
    except (HeaderInvalid, SignalInvalid):
        return True


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a table.

    Raises NoEcgLeads, DuplicateLeads, UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, HeaderInvalid,
    SignalInvalid, SeveralRecords, FileTooLarge, UnsupportedFormat.
    """
    text = as_utf8(bundle[name])
    corrections = Corrections()
    turned = lead_rows.as_columns(text)
    if turned is None:
        return _read(text, bundle[name], options, corrections)
    corrections.add("table with a row for each lead read by its rows")
    del text
    try:
        return _read(turned, bundle[name], options, corrections)
    except SignalInvalid as invalid:
        raise SignalInvalid(f"{invalid.message} Counted with the leads in columns.", invalid.hint) from None


def _read(text: bytes, data: bytes, options: Options, corrections: Corrections) -> Recording:
    table = find_table(first_lines(text))
    if table is None:
        raise UnsupportedFormat("No table of numbers begins in the first lines of this text.", NAMES_HINT)
    if padding := padding_of(data):
        corrections.add(f"padding with zero bytes at the end left out: {padding} bytes")
    columns = columns_of(table, options, corrections)
    footer = footer_of(text, table)
    stated = _statements(table, columns, footer.lines)
    scales, unit_given = scales_of(table, columns, stated, options, corrections)
    in_words = agreed(rate_words.rates_stated(stated))
    if columns.time is None and in_words is None and len(text) > _LARGE_BYTES:
        # Refuse a missing rate before the rows are read: reading them takes half a second and cannot give a rate.
        choose_rate(None, options.fs_hz, Corrections())
    time = columns.time
    if time is None and columns.counters:
        # The counter shows whether the rows continue across blank lines.
        time = columns.counters[0]
    rows = _without_empty_end(
        read_rows(text, table, columns.positions, scales, time, columns.ids, footer.start), corrections
    )
    del text
    if footer.lines:
        corrections.add(f"lines below the rows, such as summaries or comments, left out: {len(footer.lines)}")
    if table.left_out:
        corrections.add(f"line with {table.left_out} above the rows left out")
    if rows.time is not None and columns.time is None:
        refuse_new_count(rows.time, table.line)
    timeline = _timeline(rows, table, columns)
    if rows.blocks > 1 and timeline is None and not (rows.time is not None and is_counter(rows.time)):
        raise SeveralRecords(f"Empty lines split the table into {rows.blocks} blocks.", SEVERAL_HINT)
    if unit_given and rows.whole:
        refuse_counts(rows.values, scales)
    rate = _rate(in_words, timeline, options.fs_hz, corrections)
    signal = rows.values
    del rows
    if sentinels := without_sentinels(signal, scales, rate):
        corrections.add(f"numbers that stand for a missing sample read as gaps: {sentinels}")
    if columns.numbered:
        verify(signal, columns.leads, corrections)
    if timeline and columns.time_unit is None and not columns.has_clock(table):
        corrections.add(f"unit of the time column taken as {timeline.unit}: it is not stated")
    if timeline and timeline.position is not None:
        if (int(timeline.position[-1]) + 1) * len(signal) > MAX_VALUES:
            raise FileTooLarge(f"The recording holds more than {MAX_VALUES:,} values.")
        signal = on_grid(signal, timeline)
        corrections.add(f"samples left out in the time column read as gaps: {timeline.missing}")
    digest = hashlib.sha256(data).hexdigest()
    return Recording(signal, rate, columns.leads, "csv", digest, tuple(corrections))


def _without_empty_end(rows: Rows, corrections: Corrections) -> Rows:
    missing = np.isnan(rows.values)
    filled: NDArray[np.bool_] = np.logical_not(np.all(missing, axis=0))
    if not filled.any():
        raise SignalInvalid("The lead columns hold no numbers.")
    end = len(filled) - int(np.argmax(filled[::-1]))
    if rows.infinite:
        corrections.add(f"values that are not finite read as gaps: {rows.infinite}")
    if rows.blank:
        corrections.add(f"blank lines between the rows left out: {rows.blank}")
    if end < rows.values.shape[1]:
        corrections.add(f"empty rows at the end left out: {rows.values.shape[1] - end}")
    if empty := int(missing[:, :end].sum()) - rows.infinite:
        corrections.add(f"empty values read as gaps: {empty}")
    return replace(rows, values=rows.values[:, :end], time=None if rows.time is None else rows.time[:end])


def _statements(table: Table, columns: Columns, below: Sequence[str]) -> list[str]:
    """The lines above and below the rows that may state rate or unit. A header line with leads is left out."""
    header = any(canonical_leads(units_of(table.names)[0]))
    meta = [line for line in table.meta if "{" not in line] if columns.lines else table.meta
    names = () if header else ("\t".join(table.names),)
    return words.searchable((*meta, *columns.lines, *names, *below))


def _timeline(rows: Rows, table: Table, columns: Columns) -> Timeline | None:
    """The rate that the time column gives. None if the column only counts the rows."""
    if rows.time is None or columns.time is None:
        return None
    clock = columns.has_clock(table)
    unit, factor = ("s", 1.0) if clock else (columns.time_unit, columns.time_factor)
    timeline = read_timeline(rows.time, unit, clock=clock, line=table.line, factor=factor)
    unnamed = not (table.names and table.names[columns.time])
    if timeline and not clock and columns.time_unit is None and not columns.guess_unit:
        return None
    if timeline and unnamed and (timeline.unit != "s" or is_counter(rows.time)):
        return None
    return timeline


def _rate(in_words: float | None, timeline: Timeline | None, option: float | None, corrections: Corrections) -> float:
    """Hz. Raises HeaderInvalid, SamplingRateUnknown, SamplingRateOutOfRange."""
    if timeline is None:
        if in_words is None:
            return choose_rate(None, option, corrections)
        refuse_contradiction(in_words, option, "The sampling rate", "Hz")
        rate = choose_rate(in_words, None, corrections)
        corrections.add(f"sampling rate from the words above the table: {rate:.6g} Hz")
        return rate
    if in_words and not rates_agree(in_words, timeline.fs_hz):
        raise HeaderInvalid(
            "The stated sampling rate and the time column contradict each other.",
            "Correct the one that is wrong, or remove it.",
        )
    rate = choose_rate(in_words or timeline.fs_hz, option, corrections)
    if not in_words:
        corrections.add(f"sampling rate from the time column: {rate:.6g} Hz")
    return rate

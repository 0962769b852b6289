"""Hostile files: each gives an EcgError or a recording, and costs little time and memory."""

import tracemalloc
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecg_core.errors import EcgError, FileTooLarge
from ecg_core.readers import apple
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.table import reader as table
from ecg_core.readers.table.rows import MAX_ROWS
from ecg_core.recording import MAX_VALUES
from tests.effort import times_as_costly
from tests.unit.readers.reading import read_table
from tests.unit.readers.tables import make_apple, make_csv, make_signal

# These tests compare costs. Coverage would slow Python code but not numpy.
pytestmark = pytest.mark.no_cover

READERS = (table, apple)
MB = 1_000_000
MAX_PEAK_BYTES = 55 * MB

# A sound table of 0.25 MB. The largest upload holds 40 of them.
SOUND = make_csv(make_signal(12, 3300), time=None)
# CPU time as a multiple of reading SOUND: at most that of eight sound uploads of the largest size. Measured: at most
# 96.
MAX_READ, MAX_SNIFF = 320, 10

HOSTILE = {
    "one line": b"1," * (5 * MB),
    "one line of digits": b"9" * (10 * MB),
    "one line after a table": b"I,II\n" + b"1,2\n" * 100 + b"1," * (5 * MB),
    "a million columns": b",".join([b"I"] * MB) + b"\n" + b",".join([b"1"] * MB) + b"\n",
    "600 columns": (b",".join([b"x"] * 600) + b"\n" + (b",".join([b"1"] * 600) + b"\n") * 20),
    "quotes never closed": b'"I,"II\n' + b'"1,"2\n' * MB,
    "one quote": b"I,II\n" + b'1,"2\n' + b"1,2\n" * 1000,
    "quotes in a long line": b"I,II\n" + b"1,2\n" * 100 + b',"' * 30_000 + b"\n",
    "blanks in a long line": b"I,II\n" + b"1,2\n" * 100 + (b"1," + b" " * 60_000 + b"x\n") * 100,
    "only blanks": b" " * (10 * MB),
    "only line feeds": b"\n" * (10 * MB),
    "line feeds and blanks": b"I,II\n" + b"1,2\n" * 100 + b" \n" * 1_900_000,
    "NUL bytes": b"I,II\n1,2\n" + b"\0" * MB,
    "huge integers": b"I_mV,II_mV\n" + (b"9" * 10_000 + b",1\n") * 500,
    "long fractions": b"I_mV,II_mV\n" + (b"0." + b"1" * 50_000 + b",1\n") * 150,
    "a header of 100,000 lines": b"comment, word\n" * 100_000 + b"I,II\n" + b"1,2\n" * 100,
    "statements without end": b"sampling rate " * 4000 + b"\nI,II\n" + b"1,2\n" * 100,
    "colons": b"time,I\n" + b"1:1,2\n" * 100 + b":" * 60_000 + b",1\n",
    "dates": b"time,I\n" + b"1:1,2\n" * 100 + (b"1-" * 30_000 + b",1\n") * 20,
    "minus signs": b"I,II\n" + b"1,2\n" * 100 + (b"-" * 60_000 + b",1\n") * 50,
    "markup": b"<" * MB,
    "apple keys": b"Unit,uV\n" * MB,
    "apple without end": make_apple() + b"12345\n" * 1_700_000,
    "utf-16": ("I,II\n" + "1,2\n" * 10).encode("utf-16") + b"\xd8\x00" * MB,
    "empty cells": b"I,II,V1\n1,2,3\n1,2,3\n" + b",,\n" * 1_900_000,
    "words for empty cells": b"I_mV,II_mV\n" + b"1,2\n" * 100 + b"n/a,1\n" * 1_700_000,
    "brackets in a name": b"I (mV)," + b"(" * 30_000 + b"\n" + b"1,2\n" * 3000,
    "separators in a name": b"I (mV)," + b"- " * 30_000 + b"\n" + b"1,2\n" * 3000,
    "512 names of brackets": b",".join([b"(" * 64] * 511) + b"\n" + (b",".join([b"1"] * 511) + b"\n") * 20,
    "units of time in a name": b"time" + b" ms" + b")" * 20_000 + b"x,I (mV)\n" + b"1,2\n" * 3000,
    "digits in lines above": (b"1." * 950 + b"\n") * 30 + b"I (mV)\n" + b"1\n2\n" * 2000,
    "ligatures": ("\ufdfa" * 21_000).encode() + b",I (mV)\n" + b"1,2\n" * 3000,
    "digits before a letter": b"I (mV)\n" + b"1\n" * 100 + b"1" * 60_000 + b"x\n" + b"1\n" * 100,
    "blanks in a line of blanks": b"I II\n" + b"1 2\n" * 40_000 + (b"1" + b" " * 60_000 + b"x\n") * 100,
    "rows without a table": b"a,b\n1,2\n" * 8000,
    "a bad cell at the end": b"time,I (mV)\n" + b"0.01,1\n0.02,2\n" * 100 + b"0.1,2\n" * 1_700_000 + b"x,y\n",
    "bytes of Windows-1252": b"I (mV);II (mV)\n" + b"1;2\n2;3\n" * 50 + b"\x80" * (10 * MB),
    "rows of a lead of one sample each": b"I," + b"1," * 5_000_000,
    "rows of leads": b"".join(b"%s," % lead + b"1," * 400_000 + b"\n" for lead in (b"I", b"II", b"V1", b"V2")),
    "wide rows without names": (b"1," * 30_000 + b"\n") * 150,
    "512 lines of names": (b"I," + b"1," * 9_000 + b"\n") * 512,
    "a description without end": b"# {" + b'"a":{' * 3_000 + b"\nI,II\n" + b"1,2\n" * 100,
    "words of other signals": b"eda " * 12_000 + b"\n" + b"(emg off " * 6_000 + b"\nI,II\n" + b"1,2\n" * 100,
    "resampled without end": (b"resampled from 1 hz " * 14 + b"\n") * 60 + b"I,II\n" + b"1,2\n" * 100,
    "ids": b"id,I (mV)\n" + b"1,2\n" * 1_700_000,
    "ids behind long cells": b"x,id,I (mV)\n" + (b"y" * 60_000 + b",1,2\n") * 150,
    "a counter": b"n,I (mV)\n" + b"".join(b"%d,2\n" % (n % 256) for n in range(900_000)),
    "blocks": b"I (mV)\n" + (b"1\n" * 120 + b"\n") * 14_000,
    "sentinels": b"I (mV),II (mV)\n" + b"1,-999\n-999,2\n" * 650_000,
    "padding": b"I (mV)\n" + b"1\n2\n" * 100 + b"\0" * 10_000_000,
    "comments below": b"I (mV)\n" + b"1\n2\n" * 100 + b"# x\n" * 1_000_000,
    "words of Windows": b"I (mV),II (mV)\n" + b"1,2\n" * 100 + b"1.#QNAN,1\n" * 900_000,
    "thousands": b"time\tI (uV)\n" + b"0.5\t20,123\n" * 850_000,
    "rows of one digit": b"I (mV)\n" + b"1\n2\n" * 2_500_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("reader", READERS, ids=["csv", "apple"])
def test_a_hostile_file_costs_no_more_than_a_few_sound_files(reader: ModuleType, data: bytes) -> None:
    def sound() -> None:
        read_table("x", SOUND, fs_hz=500)

    assert times_as_costly(lambda: (table.sniff(data), apple.sniff(data)), sound, enough=MAX_SNIFF) <= MAX_SNIFF
    assert times_as_costly(lambda: _read(reader, data), sound, enough=MAX_READ) <= MAX_READ


@pytest.mark.parametrize(
    "name",
    [
        *("one line", "quotes never closed", "line feeds and blanks", "empty cells", "huge integers"),
        *("bytes of Windows-1252", "rows of one digit", "a bad cell at the end", "words for empty cells"),
    ],
)
def test_hostile_files_take_little_memory(name: str) -> None:
    data = HOSTILE[name]
    tracemalloc.start()

    try:
        _read(table, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < MAX_PEAK_BYTES


def test_more_values_than_allowed_are_refused() -> None:
    data = make_csv(time=None) + b",,,,,,,,,,,\n" * (MAX_VALUES // 12)

    with pytest.raises(FileTooLarge, match="values"):
        read_table("", data, fs_hz=500, units="uV")


def test_more_rows_than_allowed_are_refused() -> None:
    with pytest.raises(FileTooLarge, match="rows"):
        read_table("", b"I_uV\n1\n2\n3\n" + b"1\n" * MAX_ROWS, fs_hz=500)


def test_a_time_column_takes_little_memory() -> None:
    data = b"time,I (mV)\n" + b"".join(b"%.2f,%d\n" % (row / 100, row % 3) for row in range(950_000))
    tracemalloc.start()

    try:
        recording = read_table("", data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (recording.fs_hz, recording.signal.shape) == (100, (1, 950_000))
    assert peak < 35 * MB


def test_a_long_recording_is_read_in_little_memory() -> None:
    data = make_csv(make_signal(12, 125_000), time=None)
    tracemalloc.start()

    try:
        recording = read_table("", data, fs_hz=500)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert recording.signal.shape == (12, 125_000)
    assert peak < 45 * MB


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_ecg_errors(data: bytes) -> None:
    for reader in READERS:
        reader.sniff(data)
        _read(reader, data)


WORDS = "I|II|V1 (mV)|time|Unit|mV|fs=500|500 Hz|1|-0,5|1.5|1e999||\"|'|10:00:00.5|2021-01-01|#|sep=;|NaN|-|Watch5,1|µV"
CELLS = st.sampled_from([*WORDS.split("|"), "Lead", "Lead I", "0:0", "[", "digit/mV 0", "1:2:3:4", "x" * 50])
ROW = st.lists(CELLS, max_size=5)


@settings(max_examples=400, deadline=None)
@given(
    rows=st.lists(ROW, max_size=6),
    body=ROW,
    times=st.integers(0, 30),
    separator=st.sampled_from([",", ";", "\t", " ", "|", ", "]),
    options=st.sampled_from([{}, {"fs_hz": 500.0, "units": "mV"}, {"fs_hz": float("inf"), "units": ""}]),
)
@example(rows=[["I", "II"]], body=["1", "1"], times=1, separator=",", options={})
def test_random_tables_raise_nothing_but_ecg_errors(
    rows: list[list[str]], body: list[str], times: int, separator: str, options: dict[str, object]
) -> None:
    data = "\n".join(separator.join(row) for row in [*rows, *[body] * times]).encode()

    for reader in READERS:
        reader.sniff(data)
        _read(reader, data, **options)


def _read(reader: ModuleType, data: bytes, **options: Any) -> None:
    try:
        recording = reader.read("x", Bundle({"x": data}), Options(**options))
    except EcgError:
        return
    assert recording.signal.shape[0] == len(recording.leads)
    assert not np.isinf(recording.signal).any()
    assert recording.fs_hz > 0

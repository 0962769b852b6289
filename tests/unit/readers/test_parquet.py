"""Parquet files: columns become a text table, and are read by its rules."""

import builtins
import io
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.readers import read, registry
from ecg_core.readers.extras.pages import MAX_PAGES_BYTES, Pages
from ecg_core.readers.registry import unsupported
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes
from tests.effort import times_as_costly
from tests.unit.readers.made.parquet import columns, examples, parquet

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")

HEART = synthesize("normal", duration_s=6.0, fs_hz=250)
COUNT = HEART.signal.shape[1]
TIMES = {"time_s": np.arange(COUNT) / 250}


def refused(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as raised:
        read({"ecg.parquet": data}, **options)
    return raised.value


def pandas(frame: Any) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("files", examples().values(), ids=examples())
def test_an_example_is_read(files: dict[str, bytes]) -> None:
    recording = read(files)
    assert (recording.format, recording.fs_hz, recording.leads) == ("parquet", 500.0, LEADS)
    np.testing.assert_array_equal(recording.signal, synthesize("normal").signal)


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
@pytest.mark.parametrize(
    "ways",
    [{}, {"data_page_version": "2.0"}, {"row_group_size": 333}, {"use_dictionary": False}, {"version": "1.0"}],
    ids=str,
)
def test_every_way_of_writing_gives_the_samples(compression: str, ways: dict[str, Any]) -> None:
    data = parquet(TIMES | columns(HEART), compression=compression, **ways)
    recording = read({"a": data})
    assert recording.fs_hz == 250.0
    np.testing.assert_array_equal(recording.signal, HEART.signal)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int32, np.int16, "decimal"])
def test_numbers_of_every_type_are_read(kind: Any) -> None:
    micro = np.round(HEART.signal * 1000).astype(np.int64)
    made = {
        f"{lead} (uV)": pa.array(row).cast(pa.decimal128(25, 3)) if kind == "decimal" else row.astype(kind)
        for lead, row in zip(LEADS, micro, strict=True)
    }
    np.testing.assert_allclose(read({"a": parquet(TIMES | made)}).signal, micro / 1000, atol=1e-6)


def test_half_precision_and_missing_values_are_read() -> None:
    signal = HEART.signal.copy()
    signal[1, 7] = np.nan
    made = {f"{lead} (mV)": row.astype(np.float16) for lead, row in zip(LEADS, signal, strict=True)}
    made["V6 (mV)"] = pa.array([None, *map(float, signal[11, 1:])], pa.float64())

    found = read({"a": parquet(TIMES | made)}).signal

    assert np.argwhere(np.isnan(found)).tolist() == [[1, 7], [11, 0]]
    np.testing.assert_allclose(found[0], signal[0], atol=2e-3)


@pytest.mark.parametrize(
    "index",
    [
        lambda: pd.Index(np.arange(COUNT) / 250, name="time (s)"),
        lambda: pd.Index(np.arange(COUNT) / 250),
        lambda: pd.to_timedelta(np.arange(COUNT) * 4, unit="ms"),
        lambda: pd.Timestamp("2024-01-02 23:59:58") + pd.to_timedelta(np.arange(COUNT) * 4, unit="ms"),
        lambda: (pd.Timestamp("2024-01-02") + pd.to_timedelta(np.arange(COUNT) * 4, unit="ms")).tz_localize("UTC"),
        lambda: [f"0:00:{number / 250:06.3f}" for number in range(COUNT)],
    ],
    ids=["named", "unnamed", "timedelta", "timestamp", "timestamp with zone", "text"],
)
def test_an_index_of_pandas_is_the_time_column(index: Callable[[], Any]) -> None:
    recording = read({"a": pandas(pd.DataFrame(HEART.signal.T, index(), [f"{lead} (mV)" for lead in LEADS]))})
    assert recording.fs_hz == 250.0
    np.testing.assert_array_equal(recording.signal, HEART.signal)


def test_a_frame_gives_the_same_answer_as_its_csv() -> None:
    text = csv_bytes(HEART)
    frame = pd.read_csv(io.BytesIO(text))
    expected, found = read({"a.csv": text}), read({"a": pandas(frame)})
    assert found.corrections == expected.corrections
    np.testing.assert_array_equal(found.signal, expected.signal)


@pytest.mark.parametrize(
    ("about", "units"),
    [
        ({"sampling_rate": "250 Hz", "unit": "mV"}, None),
        ({"fs": "250"}, "mV"),
        ({"PANDAS_ATTRS": '{"fs": 250, "unit": "mV"}'}, None),
    ],
    ids=["file", "columns", "attributes of pandas"],
)
def test_rate_and_unit_in_the_metadata_count(about: dict[str, str], units: str | None) -> None:
    recording = read({"a": parquet(columns(HEART, "{}"), about=about, units=units)})
    assert recording.fs_hz == 250.0
    np.testing.assert_array_equal(recording.signal, HEART.signal)


def test_metadata_of_programs_is_no_statement() -> None:
    data = parquet(columns(HEART), about={"pandas": '{"fs": 250}', "huggingface": "fs: 250", "device": "filter 250 Hz"})
    assert refused(data).code == "sampling_rate_unknown"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (lambda: parquet(columns(HEART, "{}")), "units_unknown", ""),
        (lambda: parquet(columns(HEART)), "sampling_rate_unknown", ""),
        (lambda: parquet(columns(HEART, "{} (uV)"), units="mV"), "header_invalid", "different units"),
        (lambda: parquet(TIMES | columns(HEART) | {"patient": ["a"] * 700 + ["b"] * 800}), "several_records", ""),
        (
            lambda: parquet(TIMES | columns(HEART) | {"patient": ["a" * 99] * 700 + ["a" * 98 + "b"] * 800}),
            "several_records",
            "",
        ),
        (lambda: parquet({"lead": LEADS, "samples": HEART.signal.tolist()}), "unsupported_format", "lists"),
        (lambda: parquet({"record": [{"I": 1.0}]}), "unsupported_format", "structures"),
        (lambda: parquet(TIMES | {"I": [b"1"] * COUNT}), "unsupported_format", "bytes"),
        (lambda: parquet({f"c{number}": [1.0] for number in range(513)}), "file_too_large", "512 columns"),
        (lambda: b"PARE" + bytes(99) + b"PARE", "unsupported_format", "encrypted"),
        (lambda: b"PAR1" + bytes(99) + b"PAR1", "signal_invalid", ""),
        (lambda: b"PAR1PAR1", "header_invalid", ""),
        (lambda: b"PAR1" + b"\xff" * 99 + b"PAR1", "header_invalid", "damaged"),
    ],
)
def test_a_file_that_is_no_table_of_leads_is_refused(data: Callable[[], bytes], code: str, words: str) -> None:
    error = refused(data())
    assert error.code == code
    assert words in error.message


def test_a_file_cut_anywhere_is_refused() -> None:
    data = next(iter(examples().values()))["ecg.parquet"]
    for end in range(8, len(data), len(data) // 40):
        assert refused(data[:end]).code == "unsupported_format"
        assert refused(data[:end] + data[-8:]).code in ("header_invalid", "signal_invalid", "unsupported_format")


def struct(*fields: int) -> bytes:
    """A Thrift structure of integers, numbered from 1."""
    parts = []
    for value in fields:
        value, digits = value << 1, bytearray()
        while value > 0x7F:
            digits.append(value & 0x7F | 0x80)
            value >>= 7
        parts.append(b"\x15" + digits + bytes([value]))
    return b"".join(parts) + b"\0"


def test_pages_are_counted_before_they_are_unpacked() -> None:
    page = struct(0, MAX_PAGES_BYTES // 2, 3) + b"abc"
    Pages(page * 2).count(0, 2 * len(page))
    for data, words in ((page * 3, "MB"), (page[:-1], "damaged"), (b"\x1c" * 99, "damaged"), (b"\x19" * 9, "damaged")):
        with pytest.raises(EcgError, match=words):
            Pages(data).count(0, len(data))
    with pytest.raises(EcgError, match="damaged"):
        Pages(page).count(0, len(page) + 1)


def repeated(text: str, rows: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()).fill_null(0), [text])


ATTACKS: dict[str, Callable[[], bytes]] = {
    "a page of 60 MB in a few kB": lambda: parquet({"I (mV)": repeated("x" * 60_000_000, 9)}, compression="zstd"),
    "a text of 1 MB in 100,000 rows": lambda: parquet(
        {"I": [0.5] * 100_000, "note": repeated("1" * 1_000_000, 100_000)}, compression="zstd"
    ),
    "100 million equal rows": lambda: parquet({"I (mV)": pa.nulls(100_000_000, pa.int8()).fill_null(0)}),
    "two million long numbers": lambda: parquet({f"c{n}": np.full(200_000, np.pi) for n in range(10)}),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_bomb_is_refused_at_the_cost_of_some_sound_files(attack: Callable[[], bytes]) -> None:
    data, sound = attack(), parquet(TIMES | columns(HEART))
    assert len(data) < 500_000
    assert refused(data).code in ("file_too_large", "units_unknown")
    assert times_as_costly(lambda: refused(data), lambda: read({"a": sound}), enough=25) <= 25
    tracemalloc.start()
    try:
        refused(data)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_without_the_package_the_refusal_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return load(name, *rest)

    data = parquet(TIMES | columns(HEART))
    monkeypatch.setattr(builtins, "__import__", without)
    error = refused(data)
    assert error.code == "unsupported_format"
    assert "Parquet" in error.message
    assert "pip install 'ekg[parquet]'" in error.hint


def test_hints_offer_a_format_only_if_its_package_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Parquet" in unsupported("").hint
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    assert "Parquet" not in unsupported("").hint

import csv
import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecg_core.cli.examples import WATCH_FS_HZ, examples, write_examples
from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import (
    apple_watch_csv_bytes,
    csv_bytes,
    samples_bytes,
    wfdb_files,
    write,
    zip_bytes,
)

with warnings.catch_warnings():
    # wfdb 4.3 calls what pandas 3 deprecates, on import.
    warnings.simplefilter("ignore")
    import wfdb

ROOT = Path(__file__).resolve().parents[3]


def make_recording(values: object, fs_hz: float = 500.0, leads: tuple[str, ...] = ("I", "II")) -> Recording:
    return Recording(np.array(values, np.float32), fs_hz, leads, "synthetic", "")


@pytest.mark.parametrize("fs_hz", [100, 500, 512.508])
def test_wfdb_reads_a_written_record_back_equal(tmp_path: Path, fs_hz: float) -> None:
    recording = synthesize(fs_hz=fs_hz)

    paths = write(recording, tmp_path / "normal.hea")
    record = wfdb.rdrecord(str(tmp_path / "normal"))

    assert [path.name for path in paths] == ["normal.hea", "normal.dat"]
    assert record.fs == fs_hz
    assert tuple(record.sig_name) == LEADS
    assert set(record.units) == {"mV"}
    assert record.comments == ["synthetic"]
    np.testing.assert_array_equal(record.p_signal.T.astype(np.float32), recording.signal)


def test_a_written_header_states_checksums_and_initial_values(tmp_path: Path) -> None:
    write(synthesize(), tmp_path / "normal.hea")
    record = wfdb.rdrecord(str(tmp_path / "normal"), physical=False)

    assert record.calc_checksum() == [value % 65536 for value in record.checksum]
    assert record.init_value == record.d_signal[0].tolist()
    assert record.adc_gain == [1000.0] * 12
    assert record.baseline == [0] * 12


@settings(max_examples=50, deadline=None)
@given(arrays(np.int16, (2, 7), elements=st.integers(-32767, 32767)))
def test_every_sixteen_bit_signal_survives(units: np.ndarray) -> None:
    files = wfdb_files(make_recording(units / 1000), "any")

    np.testing.assert_array_equal(np.frombuffer(files["any.dat"], "<i2").reshape(7, 2).T, units)


def test_a_missing_sample_is_missing_in_the_record_and_empty_in_the_table(tmp_path: Path) -> None:
    recording = make_recording([[0.1, np.nan, 0.3], [1.0, 2.0, 3.0]])

    write(recording, tmp_path / "gap.hea")
    record = wfdb.rdrecord(str(tmp_path / "gap"))

    assert np.isnan(record.p_signal[1, 0])
    assert csv_bytes(recording).decode().splitlines()[2] == "0.002000,,2.0000"


@pytest.mark.parametrize("value", [33.0, -32.768, np.inf])
def test_a_signal_beyond_sixteen_bits_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="mV"):
        wfdb_files(make_recording([[0.0, value], [0.0, 0.0]]), "large")


@pytest.mark.parametrize("name", ["", "../up", "a b", "a.b", "s3://bucket", "ä", "x\n", "n" * 81])
def test_a_record_name_with_anything_but_plain_characters_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        wfdb_files(make_recording([[0.0], [0.0]]), name)


def test_a_table_has_a_time_column_and_a_unit_for_each_lead(tmp_path: Path) -> None:
    recording = synthesize(fs_hz=512.508)

    (path,) = write(recording, tmp_path / "normal.csv")
    header, *rows = csv.reader(io.StringIO(path.read_text()))
    table = np.array(rows, dtype=np.float64)

    assert header == ["time_s", *(f"{lead} (mV)" for lead in LEADS)]
    assert 1 / np.diff(table[:, 0]).mean() == pytest.approx(512.508, abs=1e-3)
    np.testing.assert_allclose(table[:, 1:].T, recording.signal, atol=1e-6)


def test_no_zero_is_written_with_a_minus() -> None:
    recording = make_recording([[-0.00001], [-0.0]])

    assert csv_bytes(recording).endswith(b"\n0.000000,0.0000,0.0000\n")
    assert apple_watch_csv_bytes(make_recording([[-1e-9], [0.0]])).endswith(b"\n0.000\n")


def test_a_watch_export_has_the_usual_preamble_and_names_nobody() -> None:
    recording = synthesize(fs_hz=512.508, duration_s=30)

    lines = apple_watch_csv_bytes(recording).decode().split("\n")

    assert lines[:2] == ["Name,", "Date of Birth,"]
    assert "Sample Rate,512.508 hertz" in lines
    assert lines[10:13] == ["Lead,Lead I", "Unit,µV", ""]
    microvolts = np.array(lines[13:-1], dtype=np.float64)
    np.testing.assert_allclose(microvolts / 1000, recording.signal[0], atol=1e-6)


def test_a_watch_export_needs_lead_i() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        apple_watch_csv_bytes(make_recording([[0.0]], leads=("II",)))


def test_an_archive_is_the_same_on_any_day() -> None:
    files = wfdb_files(synthesize(), "normal")

    archive = zip_bytes(files)

    assert archive == zip_bytes(files)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == files
        assert {entry.date_time[0] for entry in opened.infolist()} == {1980}
        assert opened.testzip() is None


def test_the_samples_are_little_endian_and_interleaved() -> None:
    assert samples_bytes(make_recording([[0.001, 0.002], [-0.001, 0.256]])) == bytes.fromhex("0100 ffff 0200 0001")


def test_the_examples_are_reproduced_byte_for_byte(tmp_path: Path) -> None:
    paths = write_examples(tmp_path / "examples")

    assert {path.name for path in paths} == {path.name for path in (ROOT / "examples").iterdir()}
    assert all(path.read_bytes() == (ROOT / "examples" / path.name).read_bytes() for path in paths)


def test_the_examples_are_small_and_of_each_kind() -> None:
    files = examples()

    assert sum(map(len, files.values())) < 1_000_000
    assert {name.rsplit(".")[-1] for name in files} == {"hea", "dat", "zip", "csv", "svg"}
    assert f"Sample Rate,{WATCH_FS_HZ} hertz".encode() in files["watch_lead_i.csv"]

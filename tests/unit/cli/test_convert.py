"""`ekg convert`: what is written, what is said, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from ecg_core import read
from ecg_core.cli import main
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "ecg.csv"
    path.write_bytes(csv_bytes(synthesize("normal", fs_hz=250, duration_s=20)))
    return path


def read_back(paths: list[Path]) -> "tuple[tuple[str, ...], float, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]":
    recording = read({path.name: path.read_bytes() for path in paths})
    return recording.leads, recording.fs_hz, recording.signal


@pytest.mark.parametrize("out", ["x.zip", "x.csv", "x.edf", "x.json", "x.hea"])
def test_a_record_is_written_in_the_format_of_the_extension(
    out: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(table), str(table.parent / out)]) == 0
    paths = [Path(line) for line in capsys.readouterr().out.split()]
    assert table.parent / out in paths
    leads, fs_hz, signal = read_back(paths)
    expected = read({table.name: table.read_bytes()})
    assert (leads, fs_hz) == (expected.leads, pytest.approx(expected.fs_hz))
    np.testing.assert_allclose(signal, expected.signal, atol=2e-4)


def test_a_part_is_converted(table: Path) -> None:
    out = table.parent / "part.csv"
    assert main(["convert", str(table), str(out), "--start", "4", "--duration", "6"]) == 0
    whole = read({table.name: table.read_bytes()}).signal
    np.testing.assert_allclose(read_back([out])[2], whole[:, 1000:2500], atol=1e-4)


def test_corrections_are_said_and_options_taken(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = table.with_name("plain.csv")
    plain.write_bytes(table.read_bytes().replace(b" (mV)", b""))
    out = table.parent / "x.zip"
    assert main(["convert", str(plain), str(out)]) == 2
    assert main(["convert", str(plain), str(out), "--units", "mV"]) == 0
    assert "unit as given with the file: mV" in capsys.readouterr().err


def test_missing_samples_are_not_written_as_edf(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = table.read_bytes().split(b"\n")
    lines[500] = lines[500].rsplit(b",", 1)[0] + b","
    table.write_bytes(b"\n".join(lines))
    assert main(["convert", str(table), str(table.parent / "x.edf")]) == 2
    assert "missing samples" in capsys.readouterr().err
    assert not (table.parent / "x.edf").exists()
    assert main(["convert", str(table), str(table.parent / "x.zip")]) == 0
    assert np.isnan(read_back([table.parent / "x.zip"])[2]).sum() == 1


def test_the_record_is_not_overwritten_and_other_extensions_are_refused(table: Path) -> None:
    before = table.read_bytes()
    assert main(["convert", str(table), str(table)]) == 2
    assert main(["convert", str(table), str(table.parent / "x.dcm")]) == 2
    assert table.read_bytes() == before


def test_a_long_recording_is_converted_in_parts_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    minute = np.round(synthesize("normal", duration_s=60, fs_hz=250).only(("I", "II")).signal * 200)
    (tmp_path / "h.dat").write_bytes(minute.astype("<i2").T.tobytes() * 450)
    header = tmp_path / "h.hea"
    header.write_text("h 2 250 6750000\nh.dat 16 200 12 0 0 0 0 I\nh.dat 16 200 12 0 0 0 0 II\n")
    assert main(["convert", str(header), str(tmp_path / "x.csv")]) == 2
    assert "--start and --duration" in capsys.readouterr().err
    out = tmp_path / "part.csv"
    assert main(["convert", str(header), str(out), "--start", "3600.4", "--duration", "10"]) == 0
    np.testing.assert_allclose(read_back([out])[2], minute[:, 100:2600] / 200, atol=1e-4)

"""Long recordings: only windows are read, from memory or from disk, and they are the samples of the whole file."""

import hashlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ecg_core import classify, read
from ecg_core.cli import main
from ecg_core.errors import EcgError, FileTooLarge
from ecg_core.readers.source import DIGEST_BYTES, LARGE, Bytes, FileSource, digest
from ecg_core.recording import MAX_BYTES, PIECE_S, Excerpt, window_starts
from ecg_core.signal.preparation import prepare
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers import wfdb_records
from tests.unit.readers.reading import read_wfdb

LEADS = ("I", "II", "V5")
FS_HZ = 250


def holter(path: Path, hours: float = 5.0) -> Path:
    """A WFDB record of three leads at 250 Hz on disk. Five hours have 27 MB."""
    beats = synthesize("normal", duration_s=60, fs_hz=FS_HZ, seed=1).only(LEADS).signal
    minute = np.round(beats * 200).astype("<i2").T.tobytes()
    minutes = round(hours * 60)
    (path / "holter.dat").write_bytes(minute * minutes)
    lines = "".join(f"holter.dat 16 200 12 0 0 0 0 {lead}\n" for lead in LEADS)
    header = path / "holter.hea"
    header.write_text(f"holter 3 {FS_HZ} {minutes * 60 * FS_HZ}\n{lines}")
    return header


@pytest.mark.parametrize("storage", ["16", "212", "310", "311", "24", "32", "61", "160", "80"])
@pytest.mark.parametrize("frames", [(0, 100), (1, 64), (777, 2_001), (9_001, 9_997), (9_990, 10_000)])
def test_a_window_of_a_wfdb_record_has_the_samples_of_the_whole(
    storage: str, frames: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bits = {"80": 8, "310": 10, "311": 10, "212": 12}.get(storage, 16)
    samples = wfdb_records.make_samples(3, 10_000, bits)
    header = wfdb_records.make_header(samples, leads=LEADS, storage=storage)
    files = {"rec.hea": header, "rec.dat": wfdb_records.encode(samples, storage)}
    whole = read_wfdb("rec.hea", files)
    assert whole.excerpt is None
    monkeypatch.setattr("ecg_core.readers.wfdb.reader.MAX_VALUES", 29_999)
    monkeypatch.setattr("ecg_core.recording.PIECE_S", 1.0)
    excerpt = read_wfdb("rec.hea", files).excerpt
    assert excerpt is not None
    assert excerpt.samples == 10_000
    np.testing.assert_array_equal(excerpt.block(*frames), whole.signal[:, frames[0] : frames[1]])


def test_windows_of_leads_with_a_delay_and_several_rates_have_the_samples_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = np.random.default_rng(2).integers(-900, 900, (6_000, 6))
    lines = "rec.dat 16x2:7 200 12 0 0 0 0 I\nrec.dat 16x4 200 12 0 0 0 0 II\n"
    files = {"rec.hea": f"rec 2 250 6000\n{lines}".encode(), "rec.dat": frames.astype("<i2").tobytes()}
    whole = read_wfdb("rec.hea", files)
    monkeypatch.setattr("ecg_core.readers.wfdb.reader.MAX_VALUES", 1_000)
    monkeypatch.setattr("ecg_core.recording.PIECE_S", 1.0)
    excerpt = read_wfdb("rec.hea", files).excerpt
    assert excerpt is not None
    for start, stop in ((0, 100), (31, 4_000), (11_000, 12_000)):
        np.testing.assert_array_equal(excerpt.block(start, stop), whole.signal[:, start:stop])


def test_the_pieces_of_an_excerpt_hold_the_windows() -> None:
    fs_hz, samples = 512.508, 24 * 3600 * 512

    def block(start: int, stop: int) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        return np.arange(start, stop, dtype=np.float32)[np.newaxis]

    pieces = Excerpt.of(samples, fs_hz, block)
    assert len(pieces.starts) == 12
    assert pieces.length == round(PIECE_S * fs_hz)
    for start_s, begin in zip(window_starts(samples / fs_hz), pieces.starts, strict=True):
        assert begin <= round(start_s * fs_hz)
        assert begin + pieces.length >= min(samples, round((start_s + 10) * fs_hz))
    assert pieces.starts[0] == 0
    assert pieces.starts[-1] + pieces.length == samples


def test_a_record_on_disk_is_classified_as_the_same_record_in_memory(tmp_path: Path) -> None:
    header = holter(tmp_path)
    large = read({"holter.hea": header.read_bytes(), "holter.dat": FileSource(tmp_path / "holter.dat")})
    assert (tmp_path / "holter.dat").stat().st_size > MAX_BYTES
    assert large.excerpt is not None
    assert large.duration_s == 5 * 3600
    assert large.signal.shape == (3, 12 * 12 * FS_HZ)
    # A recording of whole minutes, all alike: the first minutes have the same windows as the whole would have.
    short = read(
        {
            "holter.hea": header.read_bytes().replace(b"4500000", b"1500000"),
            "holter.dat": b"".join([(tmp_path / "holter.dat").read_bytes()[: 1_500_000 * 6]]),
        }
    )
    assert short.excerpt is None
    for start_s in (0.0, 1.25, 600.0, 5_990.0):
        np.testing.assert_array_equal(
            large.part(start_s, start_s + 10).signal, short.part(start_s, start_s + 10).signal
        )


def test_the_network_reads_the_same_windows_of_an_excerpt_as_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    heart = synthesize("normal", duration_s=400, fs_hz=FS_HZ, seed=4).only(LEADS)
    counts = np.round(heart.signal * 200).astype(np.int64)
    files = wfdb_records.make_record(counts, leads=LEADS, record=f"rec 3 {FS_HZ} {counts.shape[1]}", gain="200")
    whole = read(files)
    monkeypatch.setattr("ecg_core.readers.wfdb.reader.MAX_VALUES", 100_000)
    pieces = read(files)
    assert pieces.excerpt is not None
    np.testing.assert_allclose(prepare(pieces).signal, prepare(whole).signal, atol=1e-4)
    assert prepare(pieces).spans_s == prepare(whole).spans_s
    assert classify(pieces).probabilities == pytest.approx(classify(whole).probabilities, abs=2e-4)


def test_the_digest_of_a_large_file_covers_its_size_and_its_ends(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(3 * DIGEST_BYTES)
    expected = hashlib.sha256(b"3000000" + data[:DIGEST_BYTES] + data[-DIGEST_BYTES:]).hexdigest()
    (tmp_path / "x").write_bytes(data)
    assert digest(Bytes(data)) == digest(FileSource(tmp_path / "x")) == expected


def test_the_command_classifies_a_long_record_and_draws_any_part_of_it(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    header = holter(tmp_path)
    assert main(["classify", "--json", str(header)]) == 0
    answer = json.loads(capfdbinary.readouterr().out)
    assert answer["recording"]["duration_s"] == 18_000
    assert answer["recording"]["windows"] == 12
    assert LARGE in answer["recording"]["corrections"]
    assert "long_recording" in [warning["code"] for warning in answer["warnings"]]
    out = tmp_path / "sheet.svg"
    assert main(["plot", str(header), "--start", "7200", "-o", str(out)]) == 0
    assert "7200 to 7210 s of 18000 s" in out.read_text()
    assert main(["plot", str(header), "--start", "18000", "-o", str(out)]) == 2


def test_the_timeline_has_a_line_for_every_ten_seconds(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    signal = synthesize("normal", duration_s=47, fs_hz=250, seed=2).signal.copy()
    signal[:, 250 * 10 : 250 * 20] = 0
    files = wfdb_records.make_record(np.round(signal * 1000).astype(np.int64), record=f"rec 12 250 {signal.shape[1]}")
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert main(["classify", "--timeline", "--paths", str(tmp_path / "rec.hea")]) == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [(line["start_s"], line["end_s"]) for line in lines] == [(0, 10), (10, 20), (20, 30), (30, 40), (40, 47)]
    assert lines[1]["code"] == "flat_signal"
    assert {line["diagnosis"] for line in lines if "diagnosis" in line} == {"NORM"}
    assert all(next(iter(line)) == "path" for line in lines)


def test_a_rest_below_five_seconds_belongs_to_the_last_stretch() -> None:
    from ecg_core.cli.timeline import stretches

    assert [(each.start_s, each.end_s) for each in stretches(24.9)] == [(0, 10), (10, 24.9)]
    assert [(each.start_s, each.end_s) for each in stretches(25)] == [(0, 10), (10, 20), (20, 25)]
    assert [(each.start_s, each.end_s) for each in stretches(3)] == [(0, 3)]


@pytest.mark.parametrize("data", [b"time,I\n" + b"0,1\n" * 7_000_000, b"PK\3\4" + bytes(MAX_BYTES)])
def test_a_large_file_of_another_kind_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(FileTooLarge):
        read({"x": FileSource(tmp_path / "x")})


def test_a_large_signal_file_without_its_header_is_refused(tmp_path: Path) -> None:
    holter(tmp_path)
    with pytest.raises(EcgError) as refusal:
        read({"holter.dat": FileSource(tmp_path / "holter.dat")})
    assert refusal.value.code == "record_incomplete"


def test_a_long_record_needs_the_memory_of_its_windows_only(tmp_path: Path) -> None:
    header = holter(tmp_path)
    files = {"holter.hea": header.read_bytes(), "holter.dat": FileSource(tmp_path / "holter.dat")}
    tracemalloc.start()
    try:
        read(files)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * DIGEST_BYTES + 5_000_000

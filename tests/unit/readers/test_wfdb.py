"""WFDB records: equal to the result of the wfdb package, and headers as other programs write them."""

import hashlib
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import (
    ChecksumMismatch,
    DuplicateLeads,
    EcgError,
    FileTooLarge,
    HeaderInvalid,
    NoEcgLeads,
    RecordIncomplete,
    SamplingRateOutOfRange,
    SamplingRateUnknown,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.leads import LEADS, canonical_leads
from ecg_core.recording import Recording
from tests.unit.readers import oracle
from tests.unit.readers.reading import read_wfdb
from tests.unit.readers.wfdb_records import encode, make_header, make_record, make_samples, make_segmented

NATIVE_FORMATS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 10, "311": 10}
FLAC_FORMATS = {"508": 8, "516": 16, "524": 24}
RELATIVE_ERROR = 3e-7


def folder_of(header: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in header.parent.iterdir()}


def expected_of(header: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """(leads in mV [leads, samples], their canonical names) as the wfdb package reads them, frames not averaged."""
    record = oracle.rdrecord(str(header.with_suffix("")), smooth_frames=False)
    names = canonical_leads(record.sig_name)
    rows = [row for row, name in enumerate(names) if name]
    channels = [record.e_p_signal[row] for row in rows]
    per_frame = math.gcd(*(record.samps_per_frame[row] for row in rows))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice")
        means = [
            np.nanmean(channel.reshape(-1, record.samps_per_frame[row] // per_frame), axis=1)
            for row, channel in zip(rows, channels, strict=True)
        ]
    return np.array(means), tuple(name for name in names if name)


def assert_equal(recording: Recording, signal: np.ndarray, leads: Sequence[str]) -> None:
    assert recording.leads == tuple(leads)
    assert recording.signal.dtype == np.float32
    scale = np.nanmax(np.abs(signal), initial=1.0)
    np.testing.assert_allclose(
        recording.signal, signal, rtol=RELATIVE_ERROR, atol=RELATIVE_ERROR * scale, equal_nan=True
    )


def test_every_sample_record_equals_what_the_wfdb_package_reads(samples: Path) -> None:
    headers = sorted(samples.glob("wfdb*/**/*.hea"))
    refused = {}
    for header in headers:
        try:
            recording = read_wfdb(header.name, folder_of(header))
        except EcgError as error:
            refused[header.stem] = error.code
        else:
            assert_equal(recording, *expected_of(header))
    assert len(headers) > 30
    assert refused == {
        "binformats": "no_ecg_leads",
        "flacformats": "no_ecg_leads",
        "3269321_0001": "no_ecg_leads",
        "3269321_layout": "header_invalid",
        "p000878-2137-10-26-16-57": "file_too_large",
    }


@pytest.mark.parametrize("name", ["binformats", "flacformats"])
def test_every_sample_format_equals_the_wfdb_package_after_its_channels_get_lead_names(
    samples: Path, tmp_path: Path, name: str
) -> None:
    files = folder_of(samples / "wfdb" / f"{name}.hea")
    header = files[f"{name}.hea"].decode()
    for number, lead in enumerate(LEADS):
        header = header.replace(f"sig {number}, fmt", f"{lead} @").replace(f"{lead} @ ", f"{lead}\n# was format ")
    (tmp_path / f"{name}.hea").write_text(header)
    for file in files:
        if file.startswith(f"{name}.d"):
            (tmp_path / file).write_bytes(files[file])
    assert_equal(read_wfdb(f"{name}.hea", folder_of(tmp_path / f"{name}.hea")), *expected_of(tmp_path / f"{name}.hea"))


def write(folder: Path, fmt: str, channels: list[np.ndarray], leads: Sequence[str], **fields: Any) -> Path:
    """A record written by the wfdb package. channels: one array of ADC values each."""
    frames = [width or 1 for width in fields.get("samps_per_frame") or [1] * len(leads)]
    common: dict[str, Any] = {
        "fs": 500,
        "units": ["mV"] * len(leads),
        "sig_name": list(leads),
        "fmt": [fmt] * len(leads),
        "adc_gain": [200.0 + row for row in range(len(leads))],
        "baseline": [row - 3 for row in range(len(leads))],
        "write_dir": str(folder),
    } | fields
    if max(frames) > 1:
        oracle.wrsamp("rec", e_d_signal=channels, **common)
    else:
        oracle.wrsamp("rec", d_signal=np.array(channels).T, **common)
    return folder / "rec.hea"


def make_encoded(folder: Path, samples: np.ndarray, storage: str) -> Path:
    """A record whose signal file is encoded by the definition of the format."""
    leads = LEADS[: len(samples)]
    header = make_header(samples, leads=leads, storage=storage, gain="200(-3)/mV")
    (folder / "rec.hea").write_bytes(header)
    (folder / "rec.dat").write_bytes(encode(samples, storage))
    return folder / "rec.hea"


def make_values(storage: str, leads: int, frames: int) -> np.ndarray:
    """Values that the format can hold. Formats of differences get small steps."""
    return (
        np.cumsum(make_samples(leads, frames, 7), axis=1)
        if storage == "8"
        else make_samples(leads, frames, NATIVE_FORMATS[storage])
    )


@pytest.mark.parametrize("storage", NATIVE_FORMATS)
def test_each_format_is_read_by_its_definition_and_as_the_wfdb_package_reads_it(tmp_path: Path, storage: str) -> None:
    for leads, frames in [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (3, 333), (12, 1001)]:
        values = make_values(storage, leads, frames)
        header = make_encoded(tmp_path, values, storage)
        recording = read_wfdb("rec.hea", folder_of(header))
        assert_equal(recording, (values + 3) / 200, LEADS[:leads])
        assert_equal(recording, *expected_of(header))
        assert recording.corrections == ()


@pytest.mark.parametrize("fmt", ["16", "24", "32", "80", "212"])
def test_a_record_written_by_the_wfdb_package_is_read_alike(tmp_path: Path, fmt: str) -> None:
    header = write(tmp_path, fmt, list(make_samples(3, 333, NATIVE_FORMATS[fmt])), LEADS[:3])
    assert_equal(read_wfdb("rec.hea", folder_of(header)), *expected_of(header))


@pytest.mark.parametrize(("fmt", "bits"), FLAC_FORMATS.items())
def test_flac_written_by_the_wfdb_package_is_read_alike(tmp_path: Path, fmt: str, bits: int) -> None:
    header = write(tmp_path, fmt, list(make_samples(2, 1001, bits)), ("I", "II"))
    assert_equal(read_wfdb("rec.hea", folder_of(header)), *expected_of(header))


@pytest.mark.parametrize("storage", NATIVE_FORMATS)
def test_files_of_several_blocks_are_read_alike(tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecg_core.readers.wfdb.signals.BLOCK_SAMPLES", 100)
    values = make_values(storage, 3, 1000)
    header = make_encoded(tmp_path, values, storage)
    assert_equal(read_wfdb("rec.hea", folder_of(header)), (values + 3) / 200, LEADS[:3])


def test_format_8_continues_from_the_last_sample_of_each_signal_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecg_core.readers.wfdb.signals.BLOCK_SAMPLES", 12)
    steps = make_samples(1, 600, 7)[0].astype("i1")
    (tmp_path / "r.dat").write_bytes(steps.tobytes())
    lines = "r.dat 8x2 200/mV 12 0 -40 {} 0 I\nr.dat 8 200/mV 12 0 7 {} 0 II\n"
    frames = steps.reshape(200, 3).astype(int)
    one, two = np.cumsum(frames[:, :2]) - 40, np.cumsum(frames[:, 2]) + 7
    (tmp_path / "r.hea").write_text("r 2 500 200\n" + lines.format(one.sum(), two.sum()))
    assert_equal(read_wfdb("r.hea", folder_of(tmp_path / "r.hea")), *expected_of(tmp_path / "r.hea"))


KEPT, AVERAGED = "samples of one frame kept: 500 Hz", "samples of one frame averaged"


@pytest.mark.parametrize(
    ("fmt", "frames_hz", "widths", "corrections"),
    [
        ("16", 1, [500, 500], {KEPT}),
        ("24", 62.5, [8, 8], {KEPT}),
        ("212", 100, [5, 5], {KEPT}),
        ("516", 125, [4, 4], {KEPT}),
        ("16", 500, [4, 1, 2], {AVERAGED}),
        ("212", 500, [4, 1, 2], {AVERAGED}),
        ("24", 250, [4, 6, 2], {AVERAGED, KEPT}),
    ],
)
def test_leads_get_the_highest_rate_that_divides_all_their_rates(
    tmp_path: Path, fmt: str, frames_hz: float, widths: list[int], corrections: set[str]
) -> None:
    leads = ("II", "V5", "V6")[: len(widths)]
    channels = [np.cumsum(make_samples(1, 60 * width, 4, seed)[0]) % 1500 for seed, width in enumerate(widths)]
    header = write(tmp_path, fmt, channels, leads, samps_per_frame=widths, fs=frames_hz)
    recording = read_wfdb("rec.hea", folder_of(header))
    assert_equal(recording, *expected_of(header))
    assert recording.fs_hz == 500
    assert {text for text in recording.corrections if "frame" in text} == corrections


@pytest.mark.parametrize("storage", ["16x4", "80x4"])
def test_several_samples_per_frame_work_with_blocks_skew_gaps_and_other_channels(
    storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecg_core.readers.wfdb.signals.BLOCK_SAMPLES", 100)
    lead, other = make_samples(1, 400, 8)[0].reshape(100, 4), make_samples(1, 100, 8)[0].reshape(100, 1)
    signal = np.hstack([lead, other])
    lines = [
        f"r.dat {form} 100/mV 8 0 0 {int(part.sum()) % 65536} 0 {name}"
        for form, part, name in ((f"{storage}:2", lead, "I"), (storage[:-2], other, "RESP"))
    ]
    files = {
        "r.hea": "\n".join(["r 2 125 100", *lines]).encode(),
        "r.dat": encode(signal.reshape(1, -1), storage[:-2]),
        "m.hea": b"m/2 2 125 110\n~ 10\nr 100\n",
    }
    recording = read_wfdb("m.hea", files)
    expected = np.full(440, np.nan)
    expected[40:432] = lead.reshape(-1)[8:] / 100
    np.testing.assert_allclose(recording.signal, expected[None], rtol=1e-6)
    assert recording.fs_hz == 500
    assert "samples without a value in gaps between segments: 40" in recording.corrections


def test_an_averaged_frame_is_the_mean_of_its_valid_samples() -> None:
    frames = np.array([[100, 101, 102, 104, 1], [-32768, 200, -32768, 300, 2], [-32768] * 4 + [3]])
    lines = "r.dat 16x4 100/mV 16 0 0 0 0 I\nr.dat 16 100/mV 16 0 0 0 0 II\n"
    files = {"r.hea": f"r 2 500 3\n{lines}".encode(), "r.dat": frames.astype("<i2").tobytes()}
    np.testing.assert_allclose(read_wfdb("r.hea", files).signal, [[1.0175, 2.5, np.nan], [0.01, 0.02, 0.03]])


@pytest.mark.parametrize(("frames_hz", "storage"), [("6", "16x8"), ("1", "16x49"), ("600", "16x8"), ("5000", "16")])
def test_the_range_of_rates_applies_to_samples_and_not_to_frames(frames_hz: str, storage: str) -> None:
    with pytest.raises(SamplingRateOutOfRange):
        read_wfdb("r.hea", make_wide(storage, f"r 1 {frames_hz} 2"))


def test_a_given_rate_is_the_rate_of_the_samples() -> None:
    filled = read_wfdb("r.hea", make_wide("16x10", "r 1"), fs_hz=500.0)
    agreed = read_wfdb("r.hea", make_wide("16x6", "r 1 83.333333 2"), fs_hz=500.0)
    assert (filled.fs_hz, filled.signal.shape) == (500, (1, 20))
    assert not any("not used" in text for text in agreed.corrections)


def test_a_given_rate_is_not_enough_for_leads_with_several_rates() -> None:
    files = make_wide("16x2", "r 2")
    files["r.hea"] += b"r.dat 16 100/mV 16 0 0 0 0 II\n"
    with pytest.raises(SamplingRateUnknown):
        read_wfdb("r.hea", files, fs_hz=500.0)


def make_wide(storage: str, record: str) -> dict[str, bytes]:
    """Lead I in two frames of several samples."""
    samples = int(storage.partition("x")[2] or 1)
    return {"r.hea": f"{record}\nr.dat {storage} 100/mV 16 0 0 0 0 I\n".encode(), "r.dat": bytes(4 * samples)}


@pytest.mark.parametrize(("fmt", "bits"), [(f, b) for f, b in {**NATIVE_FORMATS, **FLAC_FORMATS}.items() if f != "8"])
def test_the_code_for_an_invalid_sample_becomes_nan(tmp_path: Path, fmt: str, bits: int) -> None:
    values = make_samples(1, 100, bits)
    values[0, 10:20] = -(2 ** (bits - 1))
    header = write(tmp_path, fmt, list(values), ("I",)) if fmt in FLAC_FORMATS else make_encoded(tmp_path, values, fmt)
    recording = read_wfdb("rec.hea", folder_of(header))
    assert np.isnan(recording.signal[0, 10:20]).all()
    assert np.isfinite(recording.signal).sum() == 90


def test_skewed_leads_are_aligned_and_end_with_a_gap() -> None:
    values = make_samples(2, 100)
    files = make_record(values, leads=("I", "II"))
    files["rec.hea"] = files["rec.hea"].replace(b"16 1000.0(0)/mV 16 0", b"16:7 1000.0(0)/mV 16 0", 1)
    recording = read_wfdb("rec.hea", files)
    np.testing.assert_allclose(recording.signal[0, :93], values[0, 7:] / 1000, rtol=1e-6)
    assert np.isnan(recording.signal[0, 93:]).all()
    np.testing.assert_allclose(recording.signal[1], values[1] / 1000, rtol=1e-6)
    assert "leads stored with a delay aligned, as the header states" in recording.corrections


def test_a_mat_file_of_the_challenge_is_format_16_after_24_bytes() -> None:
    values = make_samples(12, 100)
    header = make_header(values, file="rec.mat", storage="16x1+24")
    files = {"rec.hea": header, "rec.mat": b"\x14" * 24 + values.T.astype("<i2").tobytes()}
    np.testing.assert_allclose(read_wfdb("rec.hea", files).signal, values / 1000, rtol=1e-6)


@pytest.mark.parametrize(
    ("gain", "factor", "correction"),
    [
        ("1000/mV", 1e-3, None),
        ("1000.0(0)/mV", 1e-3, None),
        ("1e3/mV", 1e-3, None),
        ("1000(-5)/mV", 1e-3, None),
        ("-1000/mV", -1e-3, None),
        ("1/uV", 1e-3, "converted from uV to mV"),
        ("1/µV", 1e-3, "converted from uV to mV"),
        ("1/microvolts", 1e-3, "converted from uV to mV"),
        ("1e6/V", 1e-3, "converted from V to mV"),
        (".001/nV", 1e-3, "converted from nV to mV"),
        ("1000", 1e-3, "unit not stated: mV, as the format defines"),
    ],
)
def test_gain_baseline_and_unit_give_millivolts(gain: str, factor: float, correction: str | None) -> None:
    values = make_samples(1, 50)
    recording = read_wfdb("rec.hea", make_record(values, leads=("II",), gain=gain))
    baseline = -5 if "-5" in gain else 0
    np.testing.assert_allclose(recording.signal, (values - baseline) * factor, rtol=1e-5)
    assert recording.corrections == (() if correction is None else (correction,))


def test_each_lead_has_its_own_gain_and_unit() -> None:
    files = make_record(np.array([[100, 100], [100, 100]]), leads=("I", "II"), gain="2(50)/mV")
    files["rec.hea"] = files["rec.hea"].replace(b"2(50)/mV", b"1/uV", 1)
    np.testing.assert_allclose(read_wfdb("rec.hea", files).signal, [[0.1, 0.1], [25, 25]])


def test_a_latin_1_micro_sign_is_a_unit_too() -> None:
    files = make_record(np.array([[100]]), leads=("I",), gain="1/uV")
    files["rec.hea"] = files["rec.hea"].replace(b"uV", b"\xb5V")
    assert read_wfdb("rec.hea", files).signal[0, 0] == np.float32(0.1)


def test_the_adc_zero_is_the_baseline_if_none_is_stated() -> None:
    files = make_record(np.array([[1024, 1224]]), leads=("I",), gain="200/mV", tail="11 1024 1024 2248 0 {lead}")
    np.testing.assert_allclose(read_wfdb("rec.hea", files).signal, [[0, 1]])


def test_large_baselines_of_wide_formats_lose_nothing() -> None:
    values = np.array([[2_000_000_100, 2_000_000_200]])
    header = make_header(values, leads=("I",), storage="32", gain="1000(2000000000)/mV")
    recording = read_wfdb("rec.hea", {"rec.hea": header, "rec.dat": values.astype("<i4").tobytes()})
    np.testing.assert_allclose(recording.signal, [[0.1, 0.2]], rtol=1e-6)


def test_a_missing_gain_is_the_default_of_the_format_and_reported() -> None:
    header = b"rec 1 500 2\nrec.dat 16\n".replace(b"16\n", b"16 I\n")
    recording = read_wfdb("rec.hea", {"rec.hea": header, "rec.dat": np.array([200, -200], "<i2").tobytes()})
    np.testing.assert_allclose(recording.signal, [[1, -1]])
    assert "gain not stated: 200 steps per unit, as the format defines" in recording.corrections


@pytest.mark.parametrize("tail", ["", "16", "16 0", "16 0 5", "16 0 5 {checksum}", "16 0 5 {checksum} 0"])
def test_optional_fields_may_be_missing_from_the_end(tail: str) -> None:
    with pytest.raises(NoEcgLeads):
        read_wfdb("rec.hea", make_record(leads=("I",), tail=tail))


@pytest.mark.parametrize("tail", ["{lead}", "16 {lead}", "16 0 {initial} {checksum} {lead}"])
def test_a_description_may_follow_fewer_fields_than_the_format_requires(tail: str) -> None:
    assert read_wfdb("rec.hea", make_record(leads=("aVR", "ECG lead V1"), tail=tail)).leads == ("aVR", "V1")


@pytest.mark.parametrize(
    "line",
    [
        "rec 2 500 1000 12:00:00 01/02/2003",
        "rec 2 500.0 1000",
        "rec 2 500/500(0) 1000 8:26:04.123",
        "rec 2 500/1e3(-5.5)  1000  0:0 ",
        "\trec\t2\t500\t1000",
        "rec 2 5e2 1000",
    ],
)
def test_record_lines_with_times_dates_and_counters_are_read(line: str) -> None:
    recording = read_wfdb("rec.hea", make_record(leads=("I", "II"), record=line))
    assert (recording.fs_hz, recording.signal.shape) == (500, (2, 1000))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n# ä\n"])
def test_line_ends_comments_and_bytes_of_other_encodings_change_nothing(end: str) -> None:
    files = make_record(end=end, comments=("# Größe 180", "#<age>: 81"))
    files["rec.hea"] = b"\xef\xbb\xbf# first\n" + files["rec.hea"] + b"# J\xf6rg\n"
    assert read_wfdb("rec.hea", files).leads == LEADS


def test_capitals_of_ptb_xl_and_other_spellings_name_the_same_leads() -> None:
    names = ("i", "II", "iii", "AVR", "avl", "aVF", "v1", "V2", "V3", "V4", "V5", "MDC_ECG_LEAD_V6")
    assert read_wfdb("rec.hea", make_record(leads=names)).leads == LEADS


def test_channels_that_are_not_leads_are_left_out_and_counted() -> None:
    values = make_samples(4, 100)
    recording = read_wfdb("rec.hea", make_record(values, leads=("vx", "I", "RESP", "II")))
    np.testing.assert_allclose(recording.signal, values[[1, 3]] / 1000, rtol=1e-6)
    assert recording.corrections == ("channels that are none of the twelve leads left out: 2",)


def test_a_channel_that_is_not_a_lead_may_have_any_gain_and_unit() -> None:
    files = make_record(leads=("ABP", "I"))
    files["rec.hea"] = files["rec.hea"].replace(b"1000.0(0)/mV", b"0/mmHg", 1)
    assert read_wfdb("rec.hea", files).leads == ("I",)


def test_missing_leads_and_duplicate_leads_are_refused() -> None:
    with pytest.raises(NoEcgLeads):
        read_wfdb("rec.hea", make_record(leads=("ABP", "RESP")))
    with pytest.raises(DuplicateLeads):
        read_wfdb("rec.hea", make_record(leads=("MLII", "II")))


def test_signals_in_several_files_are_joined() -> None:
    values = make_samples(3, 100)
    files = make_record(values, leads=("I", "II", "V1"))
    files["rec.hea"] = files["rec.hea"].replace(b"rec.dat 16", b"one.dat 16", 1)
    files |= {"one.dat": values[:1].astype("<i2").tobytes(), "rec.dat": values[1:].T.astype("<i2").tobytes()}
    np.testing.assert_allclose(read_wfdb("rec.hea", files).signal, values / 1000, rtol=1e-6)


def test_a_missing_length_is_taken_from_the_file() -> None:
    for line in ("rec 12 500", "rec 12 500 0", "rec 12 500 12:00:00"):
        recording = read_wfdb("rec.hea", make_record(record=line))
        assert recording.signal.shape == (12, 1000)
        assert "length not stated: taken from the size of the signal file" in recording.corrections


def test_a_file_longer_than_declared_is_read_to_the_declared_length_and_reported() -> None:
    files = make_record()
    files["rec.dat"] += bytes(240)
    recording = read_wfdb("rec.hea", files)
    assert recording.signal.shape == (12, 1000)
    assert recording.corrections == ("signal file longer than its header says: the rest not read",)


def test_a_file_shorter_than_declared_is_refused() -> None:
    files = make_record()
    files["rec.dat"] = files["rec.dat"][:-1]
    with pytest.raises(SignalTruncated):
        read_wfdb("rec.hea", files)


def test_one_flipped_bit_fails_the_checksum() -> None:
    files = make_record()
    damaged = bytearray(files["rec.dat"])
    damaged[777] ^= 4
    files["rec.dat"] = bytes(damaged)
    with pytest.raises(ChecksumMismatch):
        read_wfdb("rec.hea", files)


@pytest.mark.parametrize("storage", ["16", "212", "80", "24"])
def test_samples_in_rotated_order_are_found_by_their_first_sample(storage: str) -> None:
    values = make_samples(2, 1000) // 32
    files = make_record(values, leads=("I", "II"), storage=storage) | {"rec.dat": encode(values, storage)}
    assert read_wfdb("rec.hea", files).leads == ("I", "II")
    files["rec.dat"] = encode(np.roll(values, 300, axis=1), storage)
    with pytest.raises(ChecksumMismatch):
        read_wfdb("rec.hea", files)


def test_first_samples_that_are_all_zero_count_as_not_stated() -> None:
    values = make_samples(1, 100)
    assert values[0, 0] != 0
    tail = f"16 0 0 {int(values.sum()) % 65536} 0 {{lead}}"
    assert read_wfdb("rec.hea", make_record(values, leads=("I",), tail=tail)).leads == ("I",)


def test_checksums_may_be_written_without_sign() -> None:
    values = make_samples(1, 100)
    unsigned = int(values.sum()) % 65536
    assert read_wfdb("rec.hea", make_record(values, leads=("I",), tail=f"16 0 0 {unsigned} 0 {{lead}}")).leads == ("I",)


def test_checksums_that_are_all_zero_count_as_not_stated_and_are_reported() -> None:
    recording = read_wfdb("rec.hea", make_record(tail="16 0 0 0 0 {lead}"))
    assert recording.corrections == ("checksums all 0: the samples could not be verified",)


def test_missing_checksums_of_leads_are_reported() -> None:
    missing = "no checksum stated: the samples could not be verified"
    assert missing in read_wfdb("rec.hea", make_record(tail="16 0 {initial} {lead}")).corrections
    other = make_record(leads=("I", "RESP"))
    assert missing not in read_wfdb("rec.hea", other).corrections
    without = other["rec.hea"].rpartition(b"rec.dat")[0] + b"rec.dat 16 200/mV RESP\n"
    assert missing not in read_wfdb("rec.hea", other | {"rec.hea": without}).corrections


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rec 12 500 1000", "rec ١٢ 500 1000"),
        ("rec 12 500 1000", "rec 12 ٥٠٠ 1000"),
        ("rec 12 500 1000", "rec 12 500 ١٠٠٠"),
        ("rec 12 500 1000", "rec\xa012 500 1000"),
        ("rec.dat 16 ", "rec.dat １６ "),
        ("rec.dat 16 ", "rec.dat\xa016 "),
    ],
)
def test_digits_and_blanks_outside_ascii_do_not_count(old: str, new: str) -> None:
    files = make_record()
    files["rec.hea"] = files["rec.hea"].replace(old.encode(), new.encode(), 1)
    with pytest.raises(HeaderInvalid):
        read_wfdb("rec.hea", files)


def test_the_given_rate_counts_only_if_the_header_states_none() -> None:
    with pytest.raises(SamplingRateUnknown):
        read_wfdb("rec.hea", make_record(record="rec 12"))
    filled = read_wfdb("rec.hea", make_record(record="rec 12"), fs_hz=250.0)
    kept = read_wfdb("rec.hea", make_record(), fs_hz=250.0)
    assert (filled.fs_hz, kept.fs_hz) == (250.0, 500.0)
    assert "sampling rate as given with the file: 250 Hz" in filled.corrections
    assert kept.corrections == ("sampling rate given with the file not used: the file states another",)


def test_the_given_unit_counts_only_for_a_missing_or_unknown_unit() -> None:
    values = np.full((1, 10), 1000)
    missing = read_wfdb("rec.hea", make_record(values, leads=("I",), gain="1"), units="uV")
    unknown = read_wfdb("rec.hea", make_record(values, leads=("I",), gain="1/NU"), units="uV")
    kept = read_wfdb("rec.hea", make_record(values, leads=("I",), gain="1000/mV"), units="uV")
    assert missing.signal[0, 0] == unknown.signal[0, 0] == kept.signal[0, 0] == 1
    assert missing.corrections == ("unit as given with the file: uV", "converted from uV to mV")
    assert kept.corrections == ("unit given with the file not used: the file states another",)


def test_an_unknown_unit_or_a_gain_of_zero_leaves_a_lead_uncalibrated() -> None:
    for gain in ("200/mmHg", "200/NU", "0/mV", "0(0)", "0.0"):
        with pytest.raises(UnitsUnknown):
            read_wfdb("rec.hea", make_record(leads=("I",), gain=gain))
    with pytest.raises(UnitsUnknown):
        read_wfdb("rec.hea", make_record(), units="furlong")


def test_the_digest_covers_header_and_signals_in_the_order_of_the_header() -> None:
    files = make_record()
    expected = hashlib.sha256(files["rec.hea"] + files["rec.dat"]).hexdigest()
    assert read_wfdb("rec.hea", dict(reversed(files.items())) | {"x.txt": b"other"}).sha256 == expected
    assert read_wfdb("a/rec.hea", {f"a/{name}": data for name, data in files.items()}).sha256 == expected


def test_the_digest_of_segments_covers_the_master_header_and_then_each_segment() -> None:
    files = make_segmented()
    order = ("rec.hea", "rec_0.hea", "rec_0.dat", "rec_1.hea", "rec_1.dat")
    expected = hashlib.sha256(b"".join(files[name] for name in order)).hexdigest()
    assert read_wfdb("rec.hea", files).sha256 == expected


def test_segments_of_a_fixed_layout_follow_each_other() -> None:
    recording = read_wfdb("rec.hea", make_segmented((600, 400)))
    both = np.hstack([make_samples(2, 600, seed=0), make_samples(2, 400, seed=1)])
    np.testing.assert_allclose(recording.signal, both / 1000, rtol=1e-6)
    assert recording.corrections == ()


def test_segments_of_a_variable_layout_are_placed_by_lead_name_and_gaps_are_nan() -> None:
    one, two = make_samples(2, 50, seed=1), make_samples(2, 30, seed=2)
    layout = b"l 3 500 0\n~ 0 200/mV 0 0 0 0 0 I\n~ 0 200/mV 0 0 0 0 0 V\n~ 0 200/mV 0 0 0 0 0 II\n"
    files = {"r.hea": b"r/4 3 500 100\nl 0\na 50\n~ 20\nb 30\n", "l.hea": layout}
    files |= make_record(one, name="a", leads=("II", "I")) | make_record(two, name="b", leads=("V", "II"))
    recording = read_wfdb("r.hea", files)
    expected = np.full((2, 100), np.nan)
    expected[1, :50], expected[0, :50], expected[1, 70:] = one[0], one[1], two[1]
    np.testing.assert_allclose(recording.signal, expected / 1000, rtol=1e-6)
    assert recording.leads == ("I", "II")
    assert recording.corrections == (
        "channels that are none of the twelve leads left out: 1",
        "samples without a value in gaps between segments: 20",
    )


@pytest.mark.parametrize(
    "master",
    [
        "rec/2 2 500 999\nrec_0 600\nrec_1 400\n",
        "rec/2 2 500 1000\nrec_0 400\nrec_1 600\n",
        "rec/2 2 250 1000\nrec_0 600\nrec_1 400\n",
        "rec/2 2 500 1000\nrec_0 600\nrec 400\n",
        "rec/2 3 500 1000\nrec_0 600\nrec_1 400\n",
        "rec/2 1 500 1000\nrec_0 600\nrec_1 400\n",
        "rec/2 2 500 1000\nrec_0\nrec_1 400\n",
        "rec/2 2 500 1000\nrec_0 600\n../rec_1 400\n",
        "rec/0 2 500 1000\n",
    ],
)
def test_segments_that_contradict_their_record_are_refused(master: str) -> None:
    with pytest.raises(HeaderInvalid):
        read_wfdb("rec.hea", make_segmented(master=master))


def test_the_rate_of_the_segments_counts_if_the_master_header_states_none() -> None:
    assert read_wfdb("rec.hea", make_segmented(master="rec/2 2\nrec_0 600\nrec_1 400\n")).fs_hz == 500


def test_a_layout_gives_names_only_whatever_its_gains_are() -> None:
    files = make_record(make_samples(1, 50), name="a", leads=("II",))
    files |= {"l.hea": b"l 1 500 0\n~ 0 0/? 0 0 0 0 0 II\n", "r.hea": b"r/2 1 500 50\nl 0\na 50\n"}
    assert read_wfdb("r.hea", files).leads == ("II",)


@pytest.mark.parametrize(("channels", "leads"), [(1, 2), (3, 2), (1, 1)])
def test_a_layout_has_the_signals_of_its_record_and_segments_have_no_more(channels: int, leads: int) -> None:
    layout = "".join(f"~ 0 200/mV 0 0 0 0 0 {name}\n" for name in ("I", "II")[:leads])
    files = make_record(make_samples(2, 50), name="a", leads=("II", "I"))
    files |= {"l.hea": f"l {leads} 500 0\n{layout}".encode(), "r.hea": f"r/2 {channels} 500 50\nl 0\na 50\n".encode()}
    with pytest.raises(HeaderInvalid):
        read_wfdb("r.hea", files)


def test_segments_with_other_leads_than_the_first_are_refused() -> None:
    files = make_segmented() | make_record(make_samples(2, 400), name="rec_1", leads=("I", "III"))
    with pytest.raises(HeaderInvalid):
        read_wfdb("rec.hea", files)


def test_a_refusal_counts_missing_files_and_its_message_names_none() -> None:
    files = make_segmented()
    del files["rec_0.dat"], files["rec_1.hea"]
    with pytest.raises(RecordIncomplete) as refused:
        read_wfdb("rec.hea", files)
    assert refused.value.missing == ("rec_0.dat", "rec_1.hea")
    assert "rec_" not in refused.value.message


def test_a_record_of_hours_is_refused_from_its_master_header_alone() -> None:
    with pytest.raises(FileTooLarge):
        read_wfdb("r.hea", {"r.hea": b"r/2 4 125 52725000\nr_layout 0\nr_1 52725000\n"})


@pytest.mark.parametrize("storage", ["0", "1", "60", "162", "408", "9999"])
def test_other_formats_are_unsupported(storage: str) -> None:
    with pytest.raises(UnsupportedFormat):
        read_wfdb("rec.hea", make_record(storage=storage))


def test_flac_without_its_library_is_unsupported_and_says_what_to_do(
    samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    header = samples / "wfdb" / "mixedsignals.hea"
    with pytest.raises(UnsupportedFormat) as refused:
        read_wfdb(header.name, folder_of(header))
    assert "soundfile" in refused.value.hint

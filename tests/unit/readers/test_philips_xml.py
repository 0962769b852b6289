"""Philips XML: real files against sierraecg and ECGDataKit, made files of every variant, and hostile ones."""

import base64
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import (
    EcgError,
    FileTooLarge,
    HeaderInvalid,
    NoEcgLeads,
    SeveralRecords,
    SignalInvalid,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.xml import xli
from ecg_core.readers.xml.calibration import in_mv
from ecg_core.recording import Recording
from tests.unit.readers.made import philips_xml as made

# File, samples before the calibration pulse and the zeros around it.
SAMPLES = [("129DYPRG.XML", 5_264), ("Philips103Example01.xml", 5_050)]
NO_XLI = ""
EXAMPLES = made.examples()


def opened(data: bytes, **options: Any) -> Recording:
    return read({"ecg.xml": data}, **options)


@pytest.fixture(scope="module")
def counts() -> made.Counts:
    return made.counts_of(4.0)


@pytest.mark.parametrize(("name", "length"), SAMPLES)
def test_a_real_file_equals_sierraecg_up_to_the_calibration_pulse(samples: Path, name: str, length: int) -> None:
    sierraecg = pytest.importorskip("sierraecg")
    file = samples / "philips_xml" / name

    recording = opened(file.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = sierraecg.read_file(str(file)).leads

    assert (recording.format, recording.fs_hz, recording.leads) == ("philips_xml", 500.0, LEADS)
    assert recording.leads == tuple(lead.label for lead in oracle)
    expected = np.array([lead.samples for lead in oracle], np.float64) * 0.005
    assert recording.signal.shape == (12, length)
    np.testing.assert_allclose(recording.signal, expected[:, :length], atol=1e-6)
    # sierraecg leaves the pulse in. What we cut is zeros and 100 samples of 1 mV on all leads.
    cut = expected[:, length:]
    assert set(np.unique(cut)) == {0.0, 1.0}
    assert (cut == cut[:1]).all()
    assert np.flatnonzero(cut[0])[[0, -1]].tolist() == [5_350 - length, 5_449 - length]


@pytest.mark.parametrize(("name", "length"), SAMPLES)
def test_a_real_file_equals_ecgdatakit_which_leaves_the_pulse_in(samples: Path, name: str, length: int) -> None:
    ecgdatakit = pytest.importorskip("ecgdatakit")

    file = samples / "philips_xml" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = ecgdatakit.FileParser().parse(file, auto_scale=False).leads

    assert [len(lead.samples) for lead in oracle] == [5_500] * 12
    expected = np.array([lead.samples for lead in oracle])[:, :length] * 0.005
    np.testing.assert_allclose(opened(file.read_bytes()).signal, expected, atol=1e-6)


@pytest.mark.parametrize(("name", "length"), SAMPLES)
def test_the_limb_leads_of_a_real_file_obey_einthoven(samples: Path, name: str, length: int) -> None:
    one, two, three, right, left, foot = opened((samples / "philips_xml" / name).read_bytes()).signal[:6]

    two_steps = 2 * 0.005 + 1e-5
    assert np.abs(three - (two - one)).max() <= two_steps
    assert np.abs(right + (one + two) / 2).max() <= two_steps
    assert np.abs(left - (one - three) / 2).max() <= two_steps
    assert np.abs(foot - (two + three) / 2).max() <= two_steps
    assert np.std(three) > 0.02


def test_the_ecg_of_another_maker_in_a_philips_document_is_refused_by_name(samples: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="MortaraECG"):
        opened((samples / "philips_xml" / "invalid-doc-type.xml").read_bytes())


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_variant_is_read_exactly(title: str) -> None:
    recording = read(EXAMPLES[title])

    ecg = made.counts_of(10.6)[:, :5_264] if "pulse" in title else made.counts_of()
    assert recording.leads == LEADS
    np.testing.assert_allclose(recording.signal, ecg * 0.005, atol=1e-6)
    assert ("channels that are none of the twelve leads left out: 3" in recording.corrections) == ("15" in title)


@pytest.mark.parametrize("fs_hz", [250.0, 500.0, 1000.0])
@pytest.mark.parametrize("duration_s", [5.0, 10.002])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_rates_lengths_and_encodings(fs_hz: float, duration_s: float, encoding: str) -> None:
    counts = made.counts_of(duration_s, fs_hz)

    recording = opened(made.version_104(counts, fs_hz=fs_hz, encoding=encoding))

    assert recording.fs_hz == fs_hz
    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)


@pytest.mark.parametrize(("version", "kind"), [(v, k) for v in ("1.03", "1.04", "1.04.01", "1.04.02") for k in (0, 1)])
def test_compressed_and_plain_samples_are_the_same(counts: made.Counts, version: str, kind: int) -> None:
    write = (made.version_104, made.uncompressed)[kind]

    np.testing.assert_allclose(opened(write(counts, version=version)).signal, counts * 0.005, atol=1e-6)


@pytest.mark.parametrize(
    "compression", ["", ' compression="Uncompressed"', ' compression="None"', ' compressflag="False"']
)
def test_samples_without_compression_are_no_residuals(counts: made.Counts, compression: str) -> None:
    recording = opened(made.uncompressed(counts, compression))

    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)


def test_averaged_beats_are_never_mixed_in(counts: made.Counts) -> None:
    beats = '<repbeats dataencoding="Base64" samplespersec="1000" resolution="1.0"><repbeat leadname="I">AAAA</repbeat>'
    beats += '<parsed samplespersecond="1000"/></repbeats>'

    assert (opened(made.version_104(counts, after=beats)).signal == opened(made.version_104(counts)).signal).all()


def test_leads_without_a_label_are_left_out_and_counted(counts: made.Counts) -> None:
    recording = opened(made.version_104(counts, labels=LEADS[:10]))

    assert recording.leads == LEADS[:10]
    assert "channels that are none of the twelve leads left out: 2" in recording.corrections


def test_an_unknown_acquisition_needs_the_names_of_the_leads(counts: made.Counts) -> None:
    data = made.version_103(counts, acquisition="SOMETHING")

    with pytest.raises(NoEcgLeads) as refusal:
        opened(data)
    assert "leads=" in refusal.value.hint
    np.testing.assert_allclose(opened(data, leads=LEADS).signal, counts * 0.005, atol=1e-6)
    with pytest.raises(UnsupportedFormat, match="order"):
        opened(data, leads=LEADS[::-1])


def test_fewer_channels_than_twelve_are_not_named_by_the_standard_order(counts: made.Counts) -> None:
    with pytest.raises(NoEcgLeads):
        opened(made.version_103(counts[:8]))


def test_the_option_never_renames_leads_that_the_file_names(counts: made.Counts) -> None:
    recording = opened(made.version_104(counts), leads=LEADS[::-1])

    assert recording.leads == LEADS
    assert "leads given with the file not used where the file names its own" in recording.corrections


# The calibration pulse


@pytest.mark.parametrize("ecg_samples", [5_050, 5_264, 5_300, 5_350])
def test_the_pulse_and_the_zeros_around_it_are_cut_off(ecg_samples: int) -> None:
    ecg = made.counts_of(11.0)
    recording = opened(made.version_104(made.with_pulse(ecg, ecg_samples)))

    np.testing.assert_allclose(recording.signal, ecg[:, :ecg_samples] * 0.005, atol=1e-6)
    assert (
        f"calibration pulse of 1 mV on all leads left out, with the zeros beside it: {5_500 - ecg_samples} samples"
        in recording.corrections
    )


def test_eleven_seconds_without_a_pulse_stay_whole() -> None:
    ecg = made.counts_of(11.0)
    recording = opened(made.version_104(ecg))

    assert recording.signal.shape == (12, 5_500)
    assert not any("pulse" in correction or "zeros" in correction for correction in recording.corrections)


def test_a_pulse_on_one_lead_only_is_part_of_the_ecg() -> None:
    ecg = made.counts_of(11.0)
    ecg[0, 5_350:5_450] = 200

    assert opened(made.version_104(ecg)).signal.shape == (12, 5_500)


def test_an_empty_lead_does_not_hide_the_pulse() -> None:
    stored = made.with_pulse(made.counts_of(11.0), 5_264)
    stored[11] = 0

    assert opened(made.uncompressed(stored)).signal.shape == (12, 5_264)


def test_a_pulse_at_the_start_is_cut_off_and_one_between_is_a_gap() -> None:
    ecg = np.arange(1, 13)[:, None] * np.ones(2_000, np.int32)
    first, middle = ecg.astype(np.int32), ecg.astype(np.int32)
    first[:, :200] = 0
    first[:, 50:150] = 200
    middle[:, 1_000:1_200] = 0
    middle[:, 1_050:1_150] = 200

    at_start = in_mv(first, 500, 0.005, Corrections())
    between = in_mv(middle, 500, 0.005, Corrections())

    np.testing.assert_allclose(at_start, ecg[:, 200:] * 0.005, atol=1e-6)
    assert np.isnan(between[:, 1_000:1_200]).all()
    assert np.isfinite(np.delete(between, range(1_000, 1_200), axis=1)).all()


def test_a_recording_of_pulses_only_is_a_gap() -> None:
    pulses = np.tile(np.repeat([0, 200], 100), (12, 10))

    recording = opened(made.uncompressed(pulses))

    assert recording.signal.shape == (12, 2_000)
    assert np.isnan(recording.signal).all()


def test_zeros_at_the_end_are_cut_off_and_short_ones_stay() -> None:
    ecg = made.counts_of(10.0)
    long, short = ecg.copy(), ecg.copy()
    long[:, 4_900:] = 0
    short[:, 4_980:] = 0

    recording = opened(made.version_104(long))

    assert recording.signal.shape == (12, 4_900)
    assert "zeros on all leads at the end left out: 100 samples" in recording.corrections
    assert opened(made.version_104(short)).signal.shape == (12, 5_000)


def test_a_recording_of_zeros_only_is_not_cut() -> None:
    assert opened(made.uncompressed(np.zeros((12, 3_000), np.int64))).signal.shape == (12, 3_000)


# What is refused


@pytest.mark.parametrize(
    ("error", "words", "change"),
    [
        (UnsupportedFormat, "version", {"version": "1.05"}),
        (UnsupportedFormat, "offset", {"offset": "2048"}),
        (UnsupportedFormat, "unsigned", {"signed": "False"}),
        (UnsupportedFormat, "16 bits", {"bits": "24"}),
        (UnsupportedFormat, "base64", {"data_encoding": "Plain"}),
        (UnsupportedFormat, "compression", {"compression": ' compression="ZIP"'}),
        (UnsupportedFormat, "compression", {"compression": ' compressflag="True"'}),
        (UnsupportedFormat, "order", {"labels": LEADS[6:] + LEADS[:6]}),
        (HeaderInvalid, "resolution", {"resolution": "-5"}),
        (UnitsUnknown, "unit", {"resolution": ""}),
        (SignalTruncated, "fewer", {"duration_ms": 5_000}),
        (SignalInvalid, "more", {"duration_ms": 3_900}),
        (FileTooLarge, "samples", {"duration_ms": 1e12}),
        (HeaderInvalid, "duration", {"duration_ms": 0}),
    ],
)
def test_what_is_not_understood_is_refused(
    counts: made.Counts, error: type[EcgError], words: str, change: dict[str, Any]
) -> None:
    with pytest.raises(error, match=words):
        opened(made.version_104(counts, **change))


@pytest.mark.parametrize(("field", "value"), [("offset", "5"), ("signed", "False"), ("resolution", "0")])
def test_version_103_states_the_same_in_elements(counts: made.Counts, field: str, value: str) -> None:
    with pytest.raises((UnsupportedFormat, HeaderInvalid)):
        opened(made.version_103(counts, **{field: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["ZymedECG", "Doe"])
def test_another_document_type_is_refused_and_not_repeated(counts: made.Counts, kind: str) -> None:
    data = made.version_104(counts, encoding="utf-8").replace(b"PhilipsECG", kind.encode())

    with pytest.raises(UnsupportedFormat) as refusal:
        opened(data)
    assert kind not in refusal.value.message + refusal.value.hint


def test_a_gain_is_used_where_the_file_states_no_resolution(counts: made.Counts) -> None:
    recording = opened(made.version_104(counts, resolution=""), gain=200.0)

    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)


def test_the_rate_of_the_waveforms_counts_and_their_duration_verifies_it(counts: made.Counts) -> None:
    other = "<samplingrate>1000</samplingrate><resolution>1</resolution>"
    recording = opened(made.version_104(counts, characteristics=other))

    assert recording.fs_hz == 500.0
    assert "sampling rate of the acquisition not used: the waveforms state another" in recording.corrections
    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)


def test_two_recordings_in_one_document_are_refused(counts: made.Counts) -> None:
    with pytest.raises(SeveralRecords):
        opened(made.version_104(counts, after="<parsedwaveforms/>"))


def test_a_document_without_waveforms_is_refused() -> None:
    with pytest.raises(HeaderInvalid, match="no waveforms"):
        opened(made.document(""))


@pytest.mark.parametrize("lost", [1, 9, 1_000])
def test_missing_bytes_are_noticed_compressed_or_not(counts: made.Counts, lost: int) -> None:
    packed, plain = made.xli(counts), made.plain(counts)

    with pytest.raises(SignalTruncated):
        opened(made.version_104(counts, packed[:-lost]))
    with pytest.raises((SignalTruncated, HeaderInvalid)):
        opened(made.version_104(counts, plain[:-lost], compression=NO_XLI))


@pytest.mark.parametrize("write", [made.version_104, made.uncompressed])
def test_a_rounded_duration_may_be_one_sample_off_and_not_two(counts: made.Counts, write: Any) -> None:
    for duration_ms in (3_998, 4_002):
        assert opened(write(counts, duration_ms=duration_ms)).signal.shape == (12, 2_000)
    for duration_ms in (3_996, 4_004):
        with pytest.raises((SignalTruncated, SignalInvalid, HeaderInvalid)):
            opened(write(counts, duration_ms=duration_ms))


def test_fewer_leads_than_stated_are_noticed(counts: made.Counts) -> None:
    packed = b"".join(xli.chunks(made.xli(counts))[:11])

    with pytest.raises(SignalTruncated):
        opened(made.version_104(counts, packed))


@pytest.mark.parametrize("zeros", [1, 4, 7, 8, 1_000])
def test_zero_bytes_behind_the_last_lead_are_left_out(counts: made.Counts, zeros: int) -> None:
    recording = opened(made.version_104(counts, made.xli(counts) + bytes(zeros)))

    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)
    assert f"zero bytes behind the compressed samples left out: {zeros}" in recording.corrections
    with pytest.raises((SignalInvalid, SignalTruncated)):
        opened(made.version_104(counts, made.xli(counts) + bytes(zeros) + b"\1"))


def test_zero_bytes_in_place_of_a_lead_are_noticed(counts: made.Counts) -> None:
    packed = b"".join(xli.chunks(made.xli(counts))[:11])

    with pytest.raises(SignalTruncated):
        opened(made.version_104(counts, packed + bytes(1_000)))


def allocated(data: bytes, channels: int) -> bytes:
    return data.replace(b"allocated>12<", b"allocated>%d<" % channels)


def test_of_sixteen_allocated_channels_the_twelve_leads_may_be_stored(counts: made.Counts) -> None:
    recording = opened(allocated(made.version_103(counts, extra=0), 16))

    assert recording.leads == LEADS
    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)
    assert "channels behind the twelve leads stated and not stored: 4" in recording.corrections


def test_of_sixteen_allocated_channels_eleven_are_too_few(counts: made.Counts) -> None:
    data = made.version_103(counts, extra=0)
    packed = made.xli(counts)
    eleven = b"".join(xli.chunks(packed)[:11])
    data = data.replace(made.lines(packed).encode(), made.lines(eleven).encode())

    with pytest.raises(SignalTruncated, match="fewer leads"):
        opened(allocated(data, 16))


def test_leads_of_different_lengths_are_refused(counts: made.Counts) -> None:
    packed = xli.chunks(made.xli(counts))

    with pytest.raises(SignalInvalid, match="lengths"):
        opened(made.version_104(counts, b"".join([*packed[:11], made.chunk(counts[11, :-1])])))


def test_a_file_cut_anywhere_is_refused(counts: made.Counts) -> None:
    data = made.version_103(counts)

    for place in np.linspace(200, len(data) - 30, 40).astype(int):
        with pytest.raises(EcgError):
            opened(data[:place])


# XLI


def slow_xli(chunk: bytes) -> list[int]:
    """XLI as its discoverers describe it: one code and one sample at a time."""
    bits = "".join(f"{octet:08b}" for octet in chunk[8:])
    table = {code: bytes((code,)) for code in range(256)}
    data, previous = b"", b""
    for place in range(0, len(bits) - 9, 10):
        code = int(bits[place : place + 10], 2)
        if code == 1_023:
            break
        entry = table.get(code, previous + previous[:1])
        if previous and len(table) < 1_023:
            table[len(table)] = previous + entry[:1]
        data += entry
        previous = entry
    half = len(data) // 2
    words = [int.from_bytes(bytes(pair), "big", signed=True) for pair in zip(data[:half], data[half:], strict=True)]
    samples, last = words[:2], int.from_bytes(chunk[6:8], "little", signed=True)
    for word in words[2:]:
        samples.append(2 * samples[-1] - samples[-2] - last)
        last = word - 64
    return samples


@pytest.mark.parametrize("shape", ["noise", "flat", "steps", "full scale", "pairs"])
@pytest.mark.parametrize("length", [2 + 1, 5, 500, 5_500])
def test_decoding_equals_the_slow_way_and_the_samples(shape: str, length: int) -> None:
    random = np.random.default_rng(length)
    values = {
        "noise": random.integers(-300, 300, length),
        "flat": np.full(length, -7),
        "steps": np.repeat(random.integers(-500, 500, length // 50 + 1), 50)[:length],
        "full scale": np.round(32_767 * np.sin(np.arange(length) / 40)),
        "pairs": np.tile([0, 5, 10, 5], length // 4 + 1)[:length],
    }[shape].astype(np.int64)
    packed = made.chunk(values)

    decoded = xli.decode([packed], length)[0]

    assert decoded.tolist() == values.tolist() == slow_xli(packed)


def test_the_sum_of_two_large_leads_does_not_overflow() -> None:
    large = np.round(30_000 * np.sin(np.arange(3_000) / 40)).astype(np.int64)
    one, two = large, large + 100
    leads = np.array([one, two, two - one, -(one + two) // 2, (2 * one - two) // 2, (2 * two - one) // 2])
    counts = np.concatenate((leads, np.zeros((6, 3_000), np.int64)))

    recording = opened(made.version_104(counts, resolution="0.1"))

    np.testing.assert_allclose(recording.signal, counts * 0.0001, rtol=1e-6, atol=1e-6)


def test_a_stream_without_an_end_mark_is_read(counts: made.Counts) -> None:
    packed = made.chunk(counts[0])
    body = made.lzw(xli._lzw(packed[8:], 10_000), end=False)

    decoded = xli.decode([len(body).to_bytes(4, "little") + packed[4:8] + body], counts.shape[1])

    assert decoded[0].tolist() == counts[0].tolist()


def test_codes_that_expand_are_refused_before_they_fill_the_memory(counts: made.Counts) -> None:
    # Each code adds a string that is one longer. When the dictionary is full, code 1,022 stands for 768 bytes.
    body = made.bits_of([0, *range(256, 1_023), *[1_022] * 300_000])
    bomb = len(body).to_bytes(4, "little") + bytes(4) + body

    with pytest.raises(SignalInvalid, match="more samples"):
        opened(made.version_104(counts, bomb + made.chunk(counts[0]) * 11))


@pytest.mark.parametrize(
    "packed",
    [
        b"\xff\xff\xff\x7f" + bytes(20),
        b"\xff\xff\xff\xff" + bytes(20),
        bytes(8),
        b"\x05\0\0\0\0\0\0\0" + b"\xff" * 5,
        b"\x05\0\0\0\0\0\0\0" + b"\xfe" * 5,
        b"",
    ],
)
def test_wrong_chunks_are_refused(counts: made.Counts, packed: bytes) -> None:
    with pytest.raises((SignalInvalid, SignalTruncated)):
        opened(made.version_104(counts, packed))


def test_samples_that_run_away_are_refused() -> None:
    with pytest.raises(SignalInvalid):
        xli.decode([made.chunk(np.arange(0, 100_000, 100))], 1_000)


def test_many_channels_and_bad_base64_are_refused(counts: made.Counts) -> None:
    good = made.version_104(counts, encoding="utf-8")
    with pytest.raises(FileTooLarge):
        opened(good.replace(b'numberofleads="12"', b'numberofleads="5000"'))
    with pytest.raises(SignalInvalid, match="base64"):
        opened(good.replace(base64.b64encode(made.xli(counts))[:40], b"*" * 40))


def test_no_message_repeats_the_file() -> None:
    marked = made.document('<parsedwaveforms leadlabels="Doe" numberofleads="Doe" dataencoding="Doe"/>', kind="Doe")

    for data in (marked, marked.replace(b"<documenttype>Doe", b"<documenttype>PhilipsECG")):
        with pytest.raises(EcgError) as refusal:
            opened(data)
        assert "Doe" not in refusal.value.message + refusal.value.hint

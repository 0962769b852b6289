"""MFER: definitions that nest and overrule each other, other signals beside the ECG, numbers for missing samples."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ecgdatakit.parsing.parsers.mfer import MFERParser

from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.readers.mfer import reader
from ecg_core.readers.mfer.definitions import MAX_DEFINITIONS
from ecg_core.readers.options import Options
from ecg_core.readers.source import FileSource
from tests.unit.readers.made import mfer as made
from tests.unit.readers.made.mfer import attributes, lead, microvolts, number, scaled, tlv, waveform

UV = microvolts()
MV = np.array(list(UV.values())) / 1000
TWO = {name: UV[name] for name in ("I", "II")}


def refusal(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as error:
        read({"x.mwf": data}, **options)
    return error.value


def by_oracle(path: Path) -> dict[str, np.ndarray]:
    """mV by the label of each channel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = MFERParser().parse(path)
    in_mv = {"nV": 1e-6, "uV": 1e-3, "mV": 1.0, "V": 1e3, "": np.nan}
    return {
        each.label: (each.samples * each.resolution + each.offset) * in_mv[each.resolution_unit]
        for each in record.leads
    }


def test_the_sample_equals_ecgdatakit(samples: Path) -> None:
    path = samples / "mfer" / "test-file.MWF"
    recording = read({"test-file.MWF": path.read_bytes()})
    assert (recording.format, recording.fs_hz, recording.leads) == ("mfer", 250, ("II", "V5"))
    assert recording.signal.shape == (2, 180_000)
    oracle = by_oracle(path)
    for row, name in zip(recording.signal, recording.leads, strict=True):
        np.testing.assert_allclose(row, oracle[name], atol=1e-6)
        assert int(np.isnan(row).sum()) == 1_663
    assert set(recording.corrections) == {
        "channels that are none of the twelve leads left out: 4",
        "samples that the file marks as missing read as gaps: 3326",
    }


@pytest.mark.parametrize("title", made.examples())
def test_every_example_is_read_as_it_was_written_and_as_ecgdatakit_reads_it(title: str, tmp_path: Path) -> None:
    (data,) = made.examples()[title].values()
    recording = read({"ecg.mwf": data})
    assert (recording.fs_hz, recording.corrections) == (500, ())
    assert recording.signal.shape == (len(recording.leads), 5000)
    np.testing.assert_allclose(recording.signal, [UV[name] / 1000 for name in recording.leads], atol=1e-6)
    path = tmp_path / "ecg.mwf"
    path.write_bytes(data)
    for row, values in zip(recording.signal, by_oracle(path).values(), strict=True):
        np.testing.assert_allclose(row, values, atol=1e-6)


@pytest.mark.parametrize("code", range(9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("sequences", [1, 2, 4, 2500])
def test_every_type_of_samples_in_both_byte_orders(code: int, order: str, sequences: int) -> None:
    counts = np.random.default_rng(code).integers(0, 100, (2, 2500))
    data = made.mfer(dict(zip(("I", "II"), counts, strict=True)), order=order, code=code, sequences=sequences)
    if code == 4:
        # Bits of a status, no samples.
        assert refusal(data).code == "no_ecg_leads"
    else:
        np.testing.assert_allclose(read({"x": data}).signal, counts / 1000, rtol=1e-6)


@pytest.mark.parametrize(
    ("fs", "hertz"),
    [
        (scaled(made.IVL, 0, 0, 250), 250),
        (scaled(made.IVL, 0, 3, 1), 1000),
        (scaled(made.IVL, 0, -1, 5125), 512.5),
        (scaled(made.IVL, 1, -3, 4), 250),
        (scaled(made.IVL, 1, -6, 1250), 800),
        (scaled(made.IVL, 1, -9, 2_000_000, size=4), 500),
        (scaled(made.IVL, 1, -3, 8, size=1), 125),
    ],
)
def test_a_rate_is_a_frequency_or_an_interval_with_an_exponent(fs: bytes, hertz: float) -> None:
    assert read({"x": made.mfer(TWO, fs=fs)}).fs_hz == pytest.approx(hertz, rel=1e-12)


@pytest.mark.parametrize(
    ("exponent", "mantissa", "factor"), [(-6, 2, 2e-3), (-9, 2500, 2.5e-3), (-3, 1, 1), (-7, 5, 5e-4)]
)
def test_a_sensitivity_has_an_exponent(exponent: int, mantissa: int, factor: float) -> None:
    data = made.mfer(TWO, sen=scaled(made.SEN, 0, exponent, mantissa))
    np.testing.assert_allclose(read({"x": data}).signal, MV[:2] * 1000 * factor, rtol=1e-6)


def test_no_rate_means_1000_hz_as_the_format_says_unless_the_option_states_one() -> None:
    data = made.mfer(TWO, fs=b"")
    recording = read({"x": data})
    assert recording.fs_hz == 1000
    assert "sampling rate taken as 1000 Hz, the default of the format: the file states none" in recording.corrections
    assert read({"x": data}, fs_hz=500).fs_hz == 500
    assert read({"x": made.mfer(TWO)}, fs_hz=250).fs_hz == 500


def test_no_sensitivity_needs_an_option() -> None:
    data = made.mfer(TWO, sen=b"")
    assert refusal(data).code == "units_unknown"
    np.testing.assert_allclose(read({"x": data}, units="uV").signal, MV[:2], rtol=1e-6)
    np.testing.assert_allclose(read({"x": data}, gain=1000).signal, MV[:2], rtol=1e-6)
    assert refusal(made.mfer(TWO, sen=scaled(made.SEN, 1, 0, 1))).code == "units_unknown"
    stated = read({"x": made.mfer(TWO)}, units="mV", gain=5)
    np.testing.assert_allclose(stated.signal, MV[:2], rtol=1e-6)


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_offset_is_added_and_the_null_value_is_a_gap_before_it(order: str) -> None:
    counts = {name: row.copy() for name, row in TWO.items()}
    counts["II"][100:150] = -32768
    end = "little" if order == "<" else "big"
    more = tlv(made.OFF, (300).to_bytes(2, end, signed=True)) + tlv(made.NUL, (-32768).to_bytes(2, end, signed=True))
    recording = read({"x": made.mfer(counts, order=order, more=more)})
    expected = MV[:2] + 0.3
    expected[1, 100:150] = np.nan
    np.testing.assert_allclose(recording.signal, expected, rtol=1e-5, atol=1e-6)
    assert "samples that the file marks as missing read as gaps: 50" in recording.corrections


@pytest.mark.parametrize("name", LEADS)
def test_every_lead_is_read_by_its_code(name: str) -> None:
    recording = read({"x": made.mfer({name: UV[name]})})
    assert recording.leads == (name,)


def one_channel(content: bytes, head: bytes = b"") -> bytes:
    """A file with one channel of lead I, described by the content."""
    start = made.PREAMBLE + number(made.BLK, 5000) + scaled(made.IVL, 0, 0, 500) + scaled(made.SEN, 0, -6, 1)
    return start + head + content + waveform([UV["I"]], 1, "i2") + b"\x80\0"


@pytest.mark.parametrize(
    "content",
    [
        number(made.LDN, 1, size=2),
        number(made.LDN, 1, size=1),
        tlv(made.LDN, b"\0\0Lead I"),
        lead(0, 1),
        lead(0, 1, open_end=True),
        tlv(made.SET, lead(0, 1)),
        bytes((made.SET, 0x80)) + lead(0, 1, open_end=True) + b"\0\0",
        number(made.LDN, 7, size=2) + lead(0, 1),
        number(made.LDN, 7, size=2) + number(made.LDN, 1, size=2),
        lead(0, 1) + bytes(50) + tlv(made.NTE, b"x" * 300),
        number(made.CHN, 1) + lead(0, 1),
        lead(0, 7) + number(made.CHN, 1) + lead(0, 1),
        lead(0, 1) + lead(5, 2),
        # A new number of channels resets what was said about each.
        attributes(0, scaled(made.SEN, 0, -3, 1)) + number(made.CHN, 1) + lead(0, 1),
    ],
)
def test_a_later_definition_and_that_of_a_channel_count(content: bytes) -> None:
    recording = read({"x": one_channel(content)})
    assert recording.leads == ("I",)
    np.testing.assert_allclose(recording.signal, MV[:1], rtol=1e-6)


def test_a_definition_without_a_value_brings_the_default_back() -> None:
    data = one_channel(lead(0, 1), tlv(made.IVL, b""))
    assert read({"x": data}).fs_hz == 1000


def test_a_lead_that_is_stated_for_all_channels_is_that_of_the_first() -> None:
    head = HEAD.replace(lead(0, 1) + lead(1, 2), number(made.LDN, 2, size=2))
    recording = read({"x": head + frame([*TWO.values()])})
    assert recording.leads == ("II",)
    np.testing.assert_allclose(recording.signal, MV[:1], rtol=1e-6)


def test_minus_avr_is_turned() -> None:
    data = one_channel(number(made.LDN, 65, size=2))
    recording = read({"x": data})
    assert recording.leads == ("aVR",)
    np.testing.assert_allclose(recording.signal, -MV[:1], rtol=1e-6)


def test_other_signals_at_other_rates_are_left_out() -> None:
    pleth, status = np.arange(2500) % 100, np.zeros(5000)
    head = made.PREAMBLE + number(made.SEQ, 2) + number(made.CHN, 4) + scaled(made.IVL, 0, 0, 500)
    head += scaled(made.SEN, 0, -6, 1) + number(made.BLK, 2500)
    slow = number(made.BLK, 1250) + scaled(made.IVL, 0, 0, 250) + scaled(made.SEN, 7, 0, 1)
    head += lead(0, 1) + lead(1, 175, more=slow) + lead(2, 2) + lead(3, 4160, more=tlv(made.DTP, b"\4"))
    rows = [UV["I"].reshape(2, -1), pleth.reshape(2, -1), UV["II"].reshape(2, -1), status.reshape(2, -1)]
    data = head + tlv(made.WAV, b"".join(row[part].astype(">i2").tobytes() for part in range(2) for row in rows))
    recording = read({"x": data})
    assert (recording.leads, recording.fs_hz) == (("I", "II"), 500)
    np.testing.assert_allclose(recording.signal, MV[:2], rtol=1e-6)
    assert "channels that are none of the twelve leads left out: 2" in recording.corrections


def test_leads_without_codes_are_named_by_the_option() -> None:
    data = made.mfer(TWO).replace(lead(0, 1), lead(0, 4166)).replace(lead(1, 2), lead(1, 4167))
    assert refusal(data).code == "no_ecg_leads"
    assert "leads=" in refusal(data).hint
    assert read({"x": data}, leads="V1,V2").leads == ("V1", "V2")


def frame(rows: list[np.ndarray], before: bytes = b"") -> bytes:
    return before + number(made.BLK, len(rows[0])) + waveform(rows, 1, "i2")


HEAD = (
    made.PREAMBLE
    + number(made.CHN, 2)
    + scaled(made.IVL, 0, 0, 500)
    + scaled(made.SEN, 0, -6, 1)
    + lead(0, 1)
    + lead(1, 2)
)
FIRST, SECOND = [row[:2500] for row in TWO.values()], [row[2500:] for row in TWO.values()]


@pytest.mark.parametrize("pointer", [b"", number(made.PNT, 2500)])
def test_waveforms_that_follow_one_another_are_one_recording(pointer: bytes) -> None:
    recording = read({"x": HEAD + frame(FIRST) + frame(SECOND, pointer)})
    np.testing.assert_allclose(recording.signal, MV[:2], rtol=1e-6)


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (number(made.PNT, 5000), "unsupported_format"),
        (number(made.PNT, 1), "unsupported_format"),
        (scaled(made.IVL, 0, 0, 250), "several_records"),
        (scaled(made.SEN, 0, -6, 2), "several_records"),
        (lead(1, 3), "several_records"),
        (tlv(made.TIM, bytes(11)), "several_records"),
    ],
)
def test_waveforms_that_do_not_fit_together_are_refused(before: bytes, code: str) -> None:
    assert refusal(HEAD + frame(FIRST) + frame(SECOND, before)).code == code


def test_an_averaged_beat_is_left_out() -> None:
    beat = number(made.WFM, 9, size=2)
    recording = read({"x": HEAD + frame([*TWO.values()]) + frame([row[:300] for row in TWO.values()], beat)})
    np.testing.assert_allclose(recording.signal, MV[:2], rtol=1e-6)
    assert "waveforms that are no rhythm ECG left out: 1" in recording.corrections
    assert refusal(HEAD + frame([*TWO.values()], beat)).code == "unsupported_format"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (made.mfer(TWO, more=tlv(made.DTP, b"\x09")), "unsupported_format", "AHA"),
        (made.mfer(TWO, more=tlv(made.CMP, b"\0\1\0\0\0\1")), "unsupported_format", "compressed"),
        (made.mfer(TWO, more=tlv(made.DTP, b"\x0a")), "header_invalid", "type"),
        (made.mfer(TWO, more=number(made.BLK, 0)), "header_invalid", "blocks"),
        (made.mfer(TWO, more=number(made.BLK, 5001)), "signal_truncated", "fewer"),
        (made.mfer(TWO, more=number(made.BLK, 2**32 - 1)), "signal_truncated", "fewer"),
        (made.mfer(TWO, more=number(made.SEQ, 2**32 - 1)), "signal_truncated", "fewer"),
        (made.mfer(TWO, more=number(made.BLK, 4999)), "header_invalid", "more samples"),
        (made.mfer(TWO, more=number(made.CHN, 2**32 - 1)), "header_invalid", "channel"),
        (made.mfer(TWO, more=number(made.CHN, 0)), "header_invalid", "channel"),
        (made.mfer(TWO, more=attributes(1, number(made.SEQ, 2))), "unsupported_format", "numbers of blocks"),
        (made.mfer(TWO, more=attributes(1, scaled(made.IVL, 0, 0, 250))), "unsupported_format", "rates"),
        (made.mfer(TWO, fs=scaled(made.IVL, 2, 0, 500)), "header_invalid", "in time"),
        (made.mfer(TWO, fs=scaled(made.IVL, 0, 0, 0)), "header_invalid", "above 0"),
        (made.mfer(TWO, fs=scaled(made.IVL, 0, 100, 500)), "sampling_rate_out_of_range", ""),
        (made.mfer(TWO, fs=scaled(made.IVL, 1, 127, 2**62, size=8)), "sampling_rate_out_of_range", ""),
        (made.mfer(TWO, sen=scaled(made.SEN, 0, -6, -1)), "header_invalid", "above 0"),
        (made.mfer(TWO, sen=tlv(made.SEN, b"\0\1")), "header_invalid", ""),
        (made.mfer(TWO, sen=tlv(made.SEN, bytes(60))), "header_invalid", ""),
        (made.mfer(TWO, more=tlv(made.NUL, b"\0\0\0\0")), "header_invalid", "null"),
        (made.mfer(TWO, more=tlv(made.BLE, b"\2")), "header_invalid", "byte order"),
        (made.mfer(TWO, more=attributes(0, lead(1, 2))), "header_invalid", "nested"),
        (made.mfer(TWO, more=b"\x67\x80" * 50), "header_invalid", "nested"),
        (made.mfer(TWO, more=b"\x04\x80\0\0"), "header_invalid", "length"),
        (made.mfer(TWO, more=b"\x04\x89" + bytes(9)), "header_invalid", "longer"),
        (made.mfer(TWO, more=b"\x3f\xff\xff\xff\xff\x00"), "header_invalid", "large a number"),
        (made.mfer(TWO, more=b"\x3f\x00\x80" + number(made.LDN, 1, size=2)), "header_invalid", "nested"),
        (made.mfer(TWO, more=number(made.LDN, 1) * (MAX_DEFINITIONS + 1)), "file_too_large", ""),
        (HEAD + number(made.CHN, 512) + frame([np.zeros(2)] * 512, b"") * 100, "file_too_large", ""),
        (made.PREAMBLE, "unsupported_format", "without a rhythm"),
        (made.mfer({"I": UV["I"], "II": UV["II"]}).replace(lead(1, 2), lead(1, 1)), "duplicate_leads", ""),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(data: bytes, code: str, words: str) -> None:
    error = refusal(data)
    assert (error.code, words in error.message) == (code, True)


def test_a_file_that_ends_early_is_refused_at_every_length() -> None:
    data = made.mfer({name: row[:300] for name, row in TWO.items()})
    end = len(data) - 2
    codes = {refusal(data[:cut]).code for cut in range(6, end)}
    assert codes == {"signal_truncated", "unsupported_format"}


def test_windows_are_read_from_a_file_on_disk(tmp_path: Path) -> None:
    leads = microvolts(duration_s=60)
    for sequences in (1, 60, 30_000):
        data = made.mfer(leads, sequences=sequences)
        path = tmp_path / "x.mwf"
        path.write_bytes(data)
        source = FileSource(path)
        reads: list[int] = []

        class Counted:
            size = source.size

            def read(self, offset: int, length: int, source: FileSource = source, reads: list[int] = reads) -> bytes:
                reads.append(length)
                return source.read(offset, length)

        signals = reader.open_signals(Counted(), Options())
        assert sum(reads) < 30_000
        assert (signals.samples, signals.leads) == (30_000, LEADS)
        reads.clear()
        whole = read({"x": data}).signal
        for start, stop in ((0, 5000), (12_345, 17_345), (29_000, 30_000), (499, 501)):
            np.testing.assert_array_equal(signals.block(start, stop), whole[:, start:stop])
        assert sum(reads) < 2 * 11_002 * 12 * 2


def test_no_message_repeats_a_name_of_the_file() -> None:
    data = made.mfer(TWO).replace(b"NN^NN", b"HANA^")
    assert "HANA" not in " ".join(read({"x": data}).corrections)
    assert "HANA" not in refusal(data[:-50]).message

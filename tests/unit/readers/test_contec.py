"""Contec ECG90A: a layout that states neither rate nor scale, and a number that stands for an electrode that is off."""

from pathlib import Path
from typing import Any

import numpy as np
import pyedflib
import pytest

from ecg_core.errors import EcgError
from ecg_core.readers import contec, read
from ecg_core.readers.options import Options
from ecg_core.readers.source import Bytes, FileSource
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import contec as made

CHEST = made.COLUMNS[2:]
RATE = "sampling rate taken as 800 Hz, that of the model ECG90A: the file states none"
GAIN = "gain taken as 200 per mV, that of the model ECG90A: the file states none"


def refusal(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as error:
        read({"x.ECG": data}, **options)
    return error.value


@pytest.fixture
def sample(samples: Path) -> bytes:
    return (samples / "contec_ecg" / "0000050.ECG").read_bytes()


def test_eight_columns_are_read_in_mv() -> None:
    recording = read({"0000007.ECG": made.contec(made.counts_of())})
    ecg = synthesize("normal", fs_hz=800, seed=7)
    assert (recording.format, recording.fs_hz, recording.leads) == ("contec", 800, made.COLUMNS)
    expected = ecg.signal[[ecg.leads.index(lead) for lead in made.COLUMNS]]
    np.testing.assert_allclose(recording.signal, expected, atol=0.0026)
    assert recording.corrections == (RATE, GAIN)


def test_the_sample_has_two_limb_leads_and_no_chest_electrode(sample: bytes) -> None:
    recording = read({"0000050.ECG": sample})
    assert recording.leads == ("II", "III")
    assert recording.signal.shape == (2, 37_855)
    # Read as a number, 0x6800 is a flat line at 122.88 mV.
    assert np.abs(recording.signal).max() < 1.5
    assert "leads without any sample left out: 6" in recording.corrections


def test_the_edf_of_the_same_recording_has_the_same_form_at_another_scale(sample: bytes, samples: Path) -> None:
    """The EDF states 2000 mV for 65,535 steps, 6.1036 times 5 uV: a QRS complex of 8 mV. Its writer was wrong."""
    recording = read({"0000050.ECG": sample})
    with pyedflib.EdfReader(str(samples / "edf" / "contec_0000050.edf")) as edf:
        labels = edf.getSignalLabels()
        assert edf.getSampleFrequency(0) == 800
        rows = {lead: edf.readSignal(labels.index(lead)) for lead in ("I", "II", "III")}
    factor = 2000 / 65_535 / 0.005
    for row, lead in zip(recording.signal, recording.leads, strict=True):
        np.testing.assert_allclose(row * factor, rows[lead], atol=0.02)
    # Einthoven: I = II - III.
    np.testing.assert_allclose((recording.signal[0] - recording.signal[1]) * factor, rows["I"], atol=0.06)


def test_the_mains_hum_of_the_sample_confirms_the_rate_of_the_model(sample: bytes) -> None:
    signal = read({"0000050.ECG": sample}).signal[0]
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    hertz = np.fft.rfftfreq(len(signal), 1 / 800)
    hum = (hertz > 40) & (hertz < 70)
    assert hertz[hum][np.argmax(power[hum])] == pytest.approx(50, abs=0.2)


def test_options_count_because_the_file_states_nothing() -> None:
    data = made.contec(made.counts_of())
    recording = read({"x": data}, fs_hz=400, gain=100)
    assert recording.fs_hz == 400
    np.testing.assert_allclose(recording.signal, 2 * read({"x": data}).signal, rtol=1e-6)
    assert not {RATE, GAIN} & set(recording.corrections)
    with_unit = read({"x": data}, units="uV", leads="I,II")
    np.testing.assert_array_equal(with_unit.signal, read({"x": data}).signal)
    assert len([said for said in with_unit.corrections if "not used" in said]) == 2


def test_an_electrode_that_is_off_for_a_while_is_a_gap() -> None:
    counts = made.counts_of()
    counts[3, 1000:1400] = 0x6800
    recording = read({"x": made.contec(counts)})
    assert np.flatnonzero(np.isnan(recording.signal[3])).tolist() == list(range(1000, 1400))
    assert int(np.isnan(recording.signal).sum()) == 400
    assert "samples that the file marks as missing read as gaps: 400" in recording.corrections


def test_a_recording_without_any_electrode_keeps_its_leads() -> None:
    assert np.isnan(read({"x": made.contec(made.counts_of(off=made.COLUMNS))}).signal).all()


def test_rows_of_zeros_are_no_samples() -> None:
    counts = made.counts_of()
    counts[:, 7900:] = 0
    assert np.isnan(read({"x": made.contec(counts)}).signal[:, 7900:]).all()
    counts[0, 100] = 0
    assert read({"x": made.contec(counts)}).signal[0, 100] == pytest.approx(-10.24)


def test_a_number_beyond_the_converter_is_refused() -> None:
    counts = made.counts_of()
    counts[2, 4000] = 4096
    assert refusal(made.contec(counts)).code == "signal_invalid"


@pytest.mark.parametrize("cut", [1, 2, 15, 16, 37, 38, 1000, 16 * 1000])
def test_a_file_that_ends_early_is_refused(cut: int) -> None:
    assert refusal(made.contec(made.counts_of())[:-cut]).code == "signal_truncated"
    assert refusal(made.contec(made.counts_of(off=CHEST))[:-cut]).code == "signal_truncated"


def test_a_file_that_is_too_long_is_refused() -> None:
    assert refusal(made.contec(made.counts_of()) + b"\0").code == "signal_truncated"
    assert refusal(made.contec(made.counts_of()) * 2).code in ("signal_truncated", "signal_invalid")


@pytest.mark.parametrize(
    "header",
    [
        made.HEADER.replace(b"2024-05-06", b"2024/05/06"),
        made.HEADER.replace(b"07:08:09\0", b"07:08:09 "),
        b"\0" + made.HEADER[1:],
        made.HEADER[:40] + b"\x07" + made.HEADER[41:],
        made.HEADER + bytes(16),
    ],
)
def test_only_this_layout_is_taken_for_a_contec_file(header: bytes) -> None:
    assert not contec.sniff(made.contec(made.counts_of(), header)) or header == made.HEADER + bytes(16)
    assert refusal(made.contec(made.counts_of(), made.HEADER[:-1])).code == "unsupported_format"


def test_a_header_alone_or_a_random_file_is_not_read() -> None:
    assert refusal(made.HEADER).code in ("signal_truncated", "unsupported_format")
    assert refusal(made.HEADER + made.FOOTER).code in ("signal_truncated", "unsupported_format")
    assert not contec.sniff(bytes(1000))
    assert not contec.sniff(b"")


def test_windows_are_read_from_a_file_on_disk(tmp_path: Path) -> None:
    counts = made.counts_of(duration_s=30)
    data = made.contec(counts)
    (tmp_path / "x.ECG").write_bytes(data)
    source = FileSource(tmp_path / "x.ECG")
    reads: list[int] = []

    class Counted:
        size = source.size

        def read(self, offset: int, length: int) -> bytes:
            reads.append(length)
            return source.read(offset, length)

    signals = contec.open_signals(Counted(), Options())
    assert (signals.samples, signals.fs_hz, signals.leads) == (24_000, 800, made.COLUMNS)
    block = signals.block(8_000, 16_000)
    np.testing.assert_array_equal(block, read({"x": data}).signal[:, 8_000:16_000])
    assert sum(reads) <= 8_000 * 16 + 100


def test_a_window_beyond_the_file_is_refused() -> None:
    with pytest.raises(EcgError) as error:
        contec.open_signals(Bytes(made.contec(made.counts_of())), Options()).block(7_990, 9_000)
    assert error.value.code == "signal_truncated"


def test_no_message_repeats_the_name_in_the_header() -> None:
    named = made.HEADER.replace(b"NN\0\0\0\0\0\0", b"MUELLER\0")
    data = made.contec(made.counts_of(), named)
    assert "MUELLER" not in " ".join(read({"x": data}).corrections)
    error = refusal(data[:-5])
    assert "MUELLER" not in error.message + error.hint

"""ISHNE Holter files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ecgdatakit import FileParser

from ecg_core.errors import (
    ChecksumMismatch,
    EcgError,
    HeaderInvalid,
    NoEcgLeads,
    SignalInvalid,
    SignalTruncated,
    UnitsUnknown,
)
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.readers.ishne import FIXED_BYTES, open_signals, sniff
from ecg_core.readers.options import Options
from ecg_core.readers.source import Bytes
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import ishne
from tests.unit.readers.made.ishne import CODES, Ishne

RNG = np.random.default_rng(3)


def reading(file: Ishne | bytes, **options: Any) -> Recording:
    return read({"holter.ecg": file.bytes() if isinstance(file, Ishne) else file}, **options)


def made(leads: int = 3, samples: int = 2500, **more: Any) -> Ishne:
    """Random samples of I, II, III, ... with 1000, 2000, 3000, ... nV per step."""
    numbers = RNG.integers(-3000, 3000, (leads, samples))
    fields: dict[str, Any] = {"codes": range(5, 5 + leads), "resolutions": range(1000, 1000 * (leads + 1), 1000)}
    return Ishne(numbers, **{**fields, **more})


def in_mv(file: Ishne) -> np.ndarray[Any, Any]:
    return file.numbers * np.array(file.resolutions)[: len(file.numbers), None] / 1e6


@pytest.mark.parametrize("title", ishne.examples())
def test_every_example_gives_the_ecg_that_it_was_made_from(title: str) -> None:
    recording = read(ishne.examples()[title])
    ecg = synthesize("normal", fs_hz=500, seed=3).only(recording.leads)

    np.testing.assert_allclose(recording.signal, ecg.signal, atol=1e-6)
    assert (recording.fs_hz, recording.format, recording.leads) == (500.0, "ishne", ecg.leads)
    assert recording.corrections == ("converted from nV to mV",)


def test_the_sample_gives_the_values_of_ecgdatakit(samples: Path) -> None:
    path = samples / "ishne/ECG_P28.01.ecg"
    recording = reading(path.read_bytes())
    leads = FileParser().parse(path).leads

    assert (recording.fs_hz, recording.leads, recording.signal.shape) == (1000.0, LEADS, (12, 95_573))
    assert [lead.label for lead in leads] == list(LEADS)
    for row, lead in zip(recording.signal, leads, strict=True):
        np.testing.assert_allclose(row, lead.samples, atol=1e-6)
        assert lead.units == "mV"
    assert recording.corrections == ("converted from nV to mV",)


def test_the_sample_obeys_the_law_of_einthoven_to_the_last_step(samples: Path) -> None:
    recording = reading((samples / "ishne/ECG_P28.01.ecg").read_bytes())
    first, second, third = recording.signal[:3].astype(np.float64)

    np.testing.assert_allclose(third, second - first, atol=1e-5)


@pytest.mark.parametrize("leads", range(1, 13))
@pytest.mark.parametrize("samples", [1, 2, 777])
def test_each_lead_has_its_own_resolution(leads: int, samples: int) -> None:
    file = made(leads, samples)
    recording = reading(file)

    np.testing.assert_allclose(recording.signal, in_mv(file), atol=1e-5)
    assert recording.leads == LEADS[:leads]


@pytest.mark.parametrize("lead", LEADS)
def test_each_code_names_its_lead(lead: str) -> None:
    assert reading(made(1, codes=[CODES[lead]])).leads == (lead,)


@pytest.mark.parametrize("code", [2, 3, 4, 17, 18, 19, 20, -1, 500])
def test_other_leads_are_left_out(code: int) -> None:
    file = made(3, codes=[6, code, 11])
    recording = reading(file)

    assert recording.leads == ("II", "V1")
    np.testing.assert_allclose(recording.signal, in_mv(file)[[0, 2]], atol=1e-6)
    assert "channels that are none of the twelve leads left out: 1" in recording.corrections
    with pytest.raises(NoEcgLeads):
        reading(made(2, codes=[code, code]))


@pytest.mark.parametrize("codes", [[0, 0, 0], [1, 1, 1], [0, 1, 0]])
def test_leads_without_name_are_asked_for(codes: list[int]) -> None:
    file = made(3, codes=codes)
    with pytest.raises(NoEcgLeads) as refusal:
        reading(file)
    recording = reading(file, leads="V1,-,V5")

    assert "leads=" in refusal.value.hint
    assert recording.leads == ("V1", "V5")
    np.testing.assert_allclose(recording.signal, in_mv(file)[[0, 2]], atol=1e-6)


def test_two_leads_of_one_name_are_refused() -> None:
    with pytest.raises(EcgError) as refusal:
        reading(made(2, codes=[6, 6]))
    assert refusal.value.code == "duplicate_leads"


# Absent leads


@pytest.mark.parametrize(
    ("codes", "resolutions", "expected"),
    [
        ([5, -9, 11], [1000, 0, 2000], (1000, 2000)),
        ([5, -9, 11], [1000, -9, 2000], (1000, 2000)),
        ([5, -9, 11], [1000, 2000, 0], (1000, 2000)),
        ([-9, 5, -9, 11], [2000, 2000, 2000, 2000], (2000, 2000)),
        ([5, 11, -9, -9], [1000, 2000, 7, 7], (1000, 2000)),
    ],
)
def test_absent_leads_may_stand_anywhere(codes: list[int], resolutions: list[int], expected: tuple[int, int]) -> None:
    file = made(2, codes=codes, resolutions=resolutions)
    recording = reading(file)

    assert recording.leads == ("I", "V1")
    np.testing.assert_allclose(recording.signal, file.numbers * np.array(expected)[:, None] / 1e6, atol=1e-6)


@pytest.mark.parametrize(
    ("leads", "codes", "resolutions"),
    [(2, [5, -9, 11], [1000, 2000, 3000]), (3, [5, -9, 11], [1000] * 3), (2, [-9, -9, 5], [1000] * 3)],
)
def test_absent_leads_that_leave_the_order_open_are_refused(
    leads: int, codes: list[int], resolutions: list[int]
) -> None:
    with pytest.raises(HeaderInvalid):
        reading(made(leads, codes=codes, resolutions=resolutions))


def test_fields_after_the_leads_may_hold_zeros() -> None:
    assert reading(made(3, absent=0)).leads == ("I", "II", "III")


# Values


def test_the_fault_of_a_lead_is_a_gap() -> None:
    file = made(2)
    file.numbers[1, 100:160] = -32768
    recording = reading(file)

    assert np.flatnonzero(np.isnan(recording.signal[1])).tolist() == list(range(100, 160))
    assert not np.isnan(recording.signal[0]).any()
    assert "samples that the file marks as faults of a lead read as gaps" in recording.corrections


@pytest.mark.parametrize("resolution", [0, -9])
def test_a_missing_resolution_is_asked_for(resolution: int) -> None:
    file = made(1, resolutions=[resolution])
    with pytest.raises(UnitsUnknown) as refusal:
        reading(file)

    assert "gain=" in refusal.value.hint
    np.testing.assert_allclose(reading(file, gain=200).signal, file.numbers / 200, rtol=1e-6)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_missing_rate_is_asked_for(rate: int) -> None:
    with pytest.raises(EcgError) as refusal:
        reading(made(rate=rate))
    assert refusal.value.code == "sampling_rate_unknown"
    assert reading(made(rate=rate), fs_hz=250).fs_hz == 250.0


def test_stated_values_count_against_options() -> None:
    recording = reading(made(), fs_hz=250, gain=200, units="mV")

    assert recording.fs_hz == 500.0
    assert "sampling rate given with the file not used: the file states another" in recording.corrections
    assert "gain given with the file not used: the file states a unit" in recording.corrections


# The header


@pytest.mark.parametrize("place", [10, 60, 158, 206, 272, 521, 525])
def test_a_changed_header_is_found_by_its_checksum(place: int) -> None:
    data = bytearray(made(text=b"some text").bytes())
    data[place] ^= 1
    with pytest.raises((ChecksumMismatch, HeaderInvalid)):
        reading(bytes(data))


def test_a_wrong_checksum_is_refused() -> None:
    with pytest.raises(ChecksumMismatch):
        reading(made(checksum=1))


@pytest.mark.parametrize("stated", [0, -1, 2500 * 3, 99_999_999])
def test_the_size_of_the_file_counts(stated: int) -> None:
    recording = reading(made(stated=stated))

    assert recording.signal.shape == (3, 2500)
    said = "number of samples taken from the size of the file: the header states another"
    assert (said in recording.corrections) == (stated != 7500)


@pytest.mark.parametrize("extra", [1, 3, 5])
def test_a_part_of_a_sample_at_the_end_is_left_out(extra: int) -> None:
    recording = reading(made(extra=bytes(extra)))

    assert recording.signal.shape == (3, 2500)
    assert f"part of a sample at the end left out: {extra} bytes" in recording.corrections


@pytest.mark.parametrize(
    "wrong", [{"offset": 522}, {"offset": 0}, {"offset": 10**9}, {"text_size": 0}, {"text_size": -5}]
)
def test_of_two_offsets_the_one_that_fits_is_used(wrong: dict[str, int]) -> None:
    file = made(text=b"text of 20 bytes ...", checksum=0, **wrong)
    recording = reading(file)

    np.testing.assert_allclose(recording.signal, in_mv(file), atol=1e-6)
    assert any(correction.startswith("the offset of the samples") for correction in recording.corrections)


def test_of_two_offsets_that_both_fit_the_size_of_the_text_counts() -> None:
    file = made(text=b"text of 24 bytes, long  ", checksum=0, offset=522)
    np.testing.assert_allclose(reading(file).signal, in_mv(file), atol=1e-6)


def test_a_text_that_is_too_long_to_be_a_report_is_refused() -> None:
    with pytest.raises(HeaderInvalid, match="where the samples begin"):
        reading(made(text=bytes(10_000_001)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset": 0, "text_size": 10**9},
        {"offset": -1, "text_size": -2_000_000_000},
        {"offset": 523, "extra": b"\0"},
        {"text_size": 20_000_000, "offset": 20_000_522},
        {"count": 0},
        {"count": 13},
        {"count": -1},
    ],
)
def test_a_header_that_is_impossible_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(HeaderInvalid):
        reading(made(text=b"text of 20 bytes ...", checksum=0, **wrong))


@pytest.mark.parametrize("length", [8, 9, 100, 300, 521])
def test_a_file_that_ends_in_its_header_is_refused(length: int) -> None:
    with pytest.raises(HeaderInvalid):
        reading(made().bytes()[:length])


@pytest.mark.parametrize("length", [522, 523, 527])
def test_a_file_without_samples_is_refused(length: int) -> None:
    with pytest.raises(SignalTruncated):
        reading(made().bytes()[:length])


def test_annotations_are_named_as_what_they_are() -> None:
    with pytest.raises(EcgError, match="annotations") as refusal:
        reading(b"ANN  1.0" + bytes(600))
    assert refusal.value.code == "unsupported_format"


def test_other_files_of_this_extension_are_not_taken(samples: Path) -> None:
    contec = (samples / "contec_ecg/0000050.ECG").read_bytes()
    physionet = b"\x00\x70\x1c\x04" * 500

    assert not sniff(contec)
    assert not sniff(physionet)
    assert sniff((samples / "ishne/ECG_P28.01.ecg").read_bytes())


# Windows


class Day:
    """24 hours of three leads at 1000 Hz, made when they are read."""

    def __init__(self) -> None:
        self._header = made(3, 0, text=b"note").bytes()
        self.size = len(self._header) + 86_400_000 * 6
        self.read_bytes = 0

    def read(self, offset: int, length: int) -> bytes:
        self.read_bytes += length
        if offset < len(self._header):
            return self._header[offset : offset + length]
        place = np.arange(offset - len(self._header), min(offset + length, self.size) - len(self._header))
        sample, byte = np.divmod(place, 2)
        frame, lead = np.divmod(sample, 3)
        return (((frame % 1000 + lead) >> (8 * byte)) & 255).astype(np.uint8).tobytes()


def test_a_day_is_read_window_by_window() -> None:
    day = Day()
    signals = open_signals(day, Options())
    day.read_bytes = 0

    assert signals.samples == 86_400_000
    for start in (0, 43_199_999, 86_390_000):
        block = signals.block(start, start + 10_000)
        np.testing.assert_allclose(block[2], ((start + np.arange(10_000)) % 1000 + 2) * 0.003, rtol=1e-6)
    assert day.read_bytes == 3 * 10_000 * 6


def test_a_window_holds_the_samples_of_the_whole() -> None:
    signals = open_signals(Bytes(made().bytes()), Options())
    whole = signals.block(0, 2500)

    for start, stop in ((0, 1), (17, 900), (2499, 2500), (5, 5)):
        np.testing.assert_array_equal(signals.block(start, stop), whole[:, start:stop])


def test_of_a_long_file_the_pieces_around_the_windows_are_read() -> None:
    file = made(11, 750_000)

    recording = reading(file)

    pieces = recording.excerpt
    assert pieces is not None
    assert (pieces.samples, len(pieces.starts)) == (750_000, 12)
    assert (pieces.starts[0], pieces.starts[-1] + pieces.length) == (0, 750_000)
    signals = open_signals(Bytes(file.bytes()), Options())
    for number, start in enumerate(pieces.starts):
        place = number * pieces.length
        expected = signals.block(start, start + pieces.length)
        np.testing.assert_array_equal(recording.signal[:, place : place + pieces.length], expected)


def test_a_file_that_shrinks_while_it_is_read_is_refused() -> None:
    data = made().bytes()
    source = Bytes(data)
    signals = open_signals(source, Options())
    source._data = data[:1000]
    with pytest.raises(SignalTruncated):
        signals.block(0, 2500)


def test_a_transfer_as_text_is_named() -> None:
    data = made().bytes()
    samples = data[FIXED_BYTES:].replace(b"\n", b"\r\n")
    with pytest.raises(SignalInvalid, match="transfer as text"):
        reading(data[:FIXED_BYTES] + samples)


def test_changed_bytes_give_a_reading_or_a_refusal() -> None:
    examples = [next(iter(files.values())) for files in ishne.examples().values()]
    for _ in range(300):
        data = bytearray(examples[RNG.integers(len(examples))])
        data[8:10] = b"\0\0"
        for _ in range(RNG.integers(1, 6)):
            data[int(RNG.integers(8, 600))] = int(RNG.integers(256))
        try:
            recording = reading(bytes(data))
        except EcgError:
            continue
        assert not np.isinf(recording.signal).any()

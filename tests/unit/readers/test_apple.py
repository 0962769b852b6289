"""The Apple Watch export in its languages."""

from pathlib import Path

import numpy as np
import pytest

from ecg_core.errors import EcgError, SamplingRateOutOfRange, SamplingRateUnknown, SignalInvalid, UnitsUnknown
from ecg_core.readers import apple, read
from tests.unit.readers.reading import read_apple
from tests.unit.readers.tables import make_apple, make_csv, sample

MICROVOLTS = np.array([-180.596, -199.83, -217.333, 12.0, 0.5])


@pytest.mark.parametrize(
    ("file", "fs_hz", "samples_read", "first"),
    [("ecg_2021-12-17.csv", 513.625, 15_409, 0.027648), ("ecg_2023-09-26.csv", 512.508, 13_360, -0.068862)],
)
def test_real_exports_are_read(samples: Path, file: str, fs_hz: float, samples_read: int, first: float) -> None:
    data = sample(samples, f"csv_apple/{file}")

    recording = read_apple(file, data)

    assert apple.sniff(data)
    assert recording.leads == ("I",)
    assert recording.fs_hz == fs_hz
    assert recording.signal.shape == (1, samples_read)
    assert recording.signal[0, 0] == pytest.approx(first)
    assert recording.format == "apple_csv"
    assert recording.corrections == ("converted from uV to mV",)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("language", "rate", "lead"),
    [
        ("en", "512 hertz", "Lead I"),
        ("de", "512\xa0Hertz", "Ableitung I"),
        ("ja", "512ヘルツ", "リードI"),
        ("fr", "512 hertz", "Dérivation I"),
        ("fi", "512 Hz", "Kytkentä I"),
        ("pl", "512 herców", "Odprowadzenie I"),
        ("ru", "512 герц", "Отведение I"),
    ],
)
def test_every_language_and_region_gives_the_same_recording(
    language: str, rate: str, lead: str, decimal: str, encoding: str
) -> None:
    data = make_apple(MICROVOLTS, language=language, rate=rate, lead=lead, decimal=decimal, encoding=encoding)

    recording = read_apple("ecg.csv", data)

    assert apple.sniff(data)
    assert recording.leads == ("I",)
    assert recording.fs_hz == 512
    np.testing.assert_allclose(recording.signal[0], MICROVOLTS / 1000, rtol=1e-6)


@pytest.mark.parametrize("rate", ["511,562 Hertz", "511.562 hertz", "511,562\u202fHz"])
def test_the_rate_is_never_rounded_to_512(rate: str) -> None:
    assert read_apple("", make_apple(rate=rate)).fs_hz == 511.562


@pytest.mark.parametrize(("unit", "mv"), [("мкВ", 0.012), ("мВ", 12.0)])
def test_units_in_cyrillic_letters_are_read(unit: str, mv: float) -> None:
    recording = read_apple("", make_apple(MICROVOLTS, language="ru", unit=unit))

    assert recording.signal[0, 3] == pytest.approx(mv)


def test_a_name_like_a_rate_is_no_rate() -> None:
    named = make_apple().replace(b"Elizabeth II", b'"100 hz"')
    without = make_apple(rate="").replace(b"Elizabeth II", b'"100 hz"')

    assert read_apple("", named).fs_hz == 512.508
    assert apple.sniff(named)
    with pytest.raises(SamplingRateUnknown):
        read_apple("", without)


def test_a_name_that_ends_like_a_lead_is_no_lead() -> None:
    recording = read_apple("", make_apple(lead=""))

    assert recording.leads == ("I",)
    assert "lead taken as I: a watch measures between both arms" in recording.corrections


def test_another_lead_is_kept() -> None:
    assert read_apple("", make_apple(lead="Lead II")).leads == ("II",)


def test_name_and_birth_date_are_not_kept() -> None:
    recording = read_apple("Elizabeth II.csv", make_apple())

    assert "Elizabeth" not in repr(recording)
    assert "1987" not in " ".join(recording.corrections)


def test_a_line_with_a_name_only_and_semicolons_are_read() -> None:
    data = make_apple(MICROVOLTS).replace(b"Name,Elizabeth II", b"Name").replace(b"Rate,", b"Rate;")

    assert read_apple("", data).signal.shape == (1, len(MICROVOLTS))


def test_millivolts_are_taken_as_they_are() -> None:
    recording = read_apple("", make_apple(MICROVOLTS, unit="mV"))

    np.testing.assert_allclose(recording.signal[0], MICROVOLTS, rtol=1e-6)
    assert recording.corrections == ()


def test_a_missing_unit_is_refused_unless_the_option_states_it() -> None:
    data = make_apple(unit="")

    with pytest.raises(UnitsUnknown):
        read_apple("", data)
    assert "unit as given with the file: uV" in read_apple("", data, units="µV").corrections


def test_a_missing_rate_is_refused_unless_the_option_states_it() -> None:
    data = make_apple(rate="")

    with pytest.raises(SamplingRateUnknown):
        read_apple("", data)
    assert read_apple("", data, fs_hz=512.0).fs_hz == 512.0


def test_an_impossible_rate_is_refused() -> None:
    with pytest.raises(SamplingRateOutOfRange):
        read_apple("", make_apple(rate="20000 hertz"))


def test_the_file_counts_more_than_the_options() -> None:
    recording = read_apple("", make_apple(), fs_hz=500.0, units="mV")

    assert recording.fs_hz == 512.508
    assert "sampling rate given with the file not used: the file states another" in recording.corrections
    assert "unit given with the file not used: the file states another" in recording.corrections


def test_a_word_among_the_samples_is_refused_with_its_line_and_not_repeated() -> None:
    data = make_apple(MICROVOLTS) + b"Elizabeth\n1.5\n"

    with pytest.raises(SignalInvalid, match="Line 19") as refusal:
        read_apple("", data)

    assert "Elizabeth" not in str(refusal.value.to_dict())


@pytest.mark.parametrize("data", [b"", b"1\n2\n3\n", b"\0\1", make_csv(), b"Name,x\nUnit,mV\nI\n1\n2\n"])
def test_other_files_are_not_recognised_as_an_apple_export(data: bytes) -> None:
    assert not apple.sniff(data)


def test_a_head_without_samples_is_an_error() -> None:
    with pytest.raises(EcgError):
        read_apple("", make_apple(np.array([])))


EXPORTS = {
    "cs": ("Vzorkovací frekvence", "512 hertzů", "Svod I", "µV"),
    "fi": ("Näytteenottotaajuus", "512 hertsiä", "Kytkentä I", "µV"),
    "el": ("Ρυθμός δειγματοληψίας", "512 χερτζ", "Απαγωγή I", "µV"),
    "ro": ("Rata de eșantionare", "512 herți", "Derivația I", "µV"),
    "he": ("קצב דגימה", "\u200f512 הרץ", "ליד I", "µV"),
    "ar": ("معدل أخذ العينات", "٥١٢ هرتز", "الاتجاه I", "µV"),
    "hu": ("Mintavételezés", "512,508 hertz", "I. elvezetés I", "mV"),
    "tr": ("Örnekleme Hızı", "511.562 hertz", "Derivasyon I", "µV"),
}


@pytest.mark.parametrize("device", ['Aparat,"Watch6,2"', "Aparat,unknown"])
@pytest.mark.parametrize("language", EXPORTS)
def test_an_export_in_an_unknown_language_is_recognised_by_its_structure(language: str, device: str) -> None:
    key, rate, lead, unit = EXPORTS[language]
    head = f"Όνομα,\nN,01.01.2000\nD,2024-01-01 12:00:00 +0200\n{device}\n{key},{rate}\n\n\nL,{lead}\nU,{unit}\n\n"
    data = (head + "-24,125\n12,5\n1,000\n" * 300).encode()

    recording = read({"ecg.csv": data})

    assert recording.format == "apple_csv"
    assert recording.leads == ("I",)
    assert 511 < recording.fs_hz < 513
    assert recording.signal[0, 1] == pytest.approx(12.5 if unit == "mV" else 0.0125)


def test_three_digits_after_a_comma_in_every_row_are_decimals() -> None:
    data = make_apple(np.array([12.125, -24.375] * 10), decimal=",")

    assert read_apple("", data).signal[0, 0] == pytest.approx(0.012125)


@pytest.mark.parametrize("value", ["12 months", "20 hertz", "5000 watts", "µV", "512"])
def test_another_number_before_a_word_is_no_rate(value: str) -> None:
    data = ("A,b\nC,d\nE,Watch6\n" + f"X,{value}\nL,Lead I\nU,mV\n\n" + "0.5\n1.25\n" * 300).encode()

    with pytest.raises(EcgError):
        read({"ecg.csv": data})

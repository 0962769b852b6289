"""EDF, EDF+, BDF and BDF+: values, headers with the errors of real writers, windows of long files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pyedflib
import pytest
from numpy.typing import NDArray

from ecg_core.errors import EcgError, HeaderInvalid, NoEcgLeads, SignalInvalid, SignalTruncated, UnitsUnknown
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.readers.edf.reader import open_signals, sniff
from ecg_core.readers.options import Options
from ecg_core.readers.source import Bytes
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import edf
from tests.unit.readers.made.edf import BDF, Channel, Edf, channels_of, stamp, wide

ECG = synthesize("normal", fs_hz=250, seed=7)
RNG = np.random.default_rng(5)


def reading(file: Edf | bytes, **options: Any) -> Recording:
    return read({"ecg.edf": file.bytes() if isinstance(file, Edf) else file}, **options)


def ten_seconds(**changes: Any) -> Edf:
    """Lead II of 10 s, with these changes to its channel."""
    return Edf([replace(channels_of(ECG.only(["II"]), 10)[0], **changes)])


def noise(records: int, samples: int, label: str = "II", **more: Any) -> Channel:
    return Channel(label, RNG.integers(-3000, 3000, (records, samples)), **more)


def in_mv(channel: Channel) -> NDArray[np.float64]:
    return channel.numbers.reshape(-1) / 1000


@pytest.mark.parametrize("title", edf.examples())
def test_every_example_gives_the_ecg_that_it_was_made_from(title: str) -> None:
    ecg = synthesize("normal", fs_hz=500, seed=3)
    recording = read(edf.examples()[title])

    there = ~np.isnan(recording.signal[0])
    np.testing.assert_allclose(recording.signal[:, there], ecg.signal, atol=1e-6)
    assert (recording.fs_hz, recording.leads) == (500.0, LEADS)
    assert recording.format == title[:3].lower()
    assert recording.signal.dtype == np.float32
    assert int((~there).sum()) == (1250 if "+D" in title else 0)


@pytest.mark.parametrize("records", [1, 2, 5, 50, 2500])
@pytest.mark.parametrize("version", [edf.EDF, BDF])
def test_any_length_of_a_record_gives_the_same_samples(records: int, version: bytes) -> None:
    channels = channels_of(ECG, records)
    file = Edf(wide(channels) if version == BDF else channels, version=version, duration=f"{10 / records:g}")
    recording = reading(file)

    assert recording.fs_hz == 250.0
    np.testing.assert_allclose(recording.signal, ECG.signal, atol=1e-6)


def test_bdf_holds_24_bits_with_sign() -> None:
    numbers = np.array([[-(2**23), -1, 0, 1, 2**23 - 1, 65536, -65536, 300]])
    channel = replace(wide([Channel("II", numbers)])[0], physical=("-262144", "262144"))
    signal = reading(Edf([channel], version=BDF, duration="0.032")).signal[0]

    np.testing.assert_allclose(signal, (numbers[0] + 2.0**23) * 524.288 / (2**24 - 1) - 262.144, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["contec_0000050", "chtypes_edf", "vitalsqi_example"])
def test_the_samples_give_the_values_of_edfio(samples: Path, name: str) -> None:
    path = samples / f"edf/{name}.edf"
    given = None if name.startswith("contec") else "I,II"
    recording = reading(path.read_bytes(), leads=given)
    signals = [signal for signal in edfio.read_edf(path).signals if given is None or "ECG" in signal.label]

    assert len(signals) == len(recording.leads)
    for row, signal in zip(recording.signal, signals, strict=True):
        scale = {"mV": 1.0, "uV": 1e-3}[signal.physical_dimension]
        np.testing.assert_allclose(row, signal.data * scale, rtol=1e-6, atol=1e-5)
        assert signal.sampling_frequency == recording.fs_hz


def test_the_contec_file_keeps_the_scale_of_its_header_and_says_that_it_is_unusual(samples: Path) -> None:
    recording = reading((samples / "edf/contec_0000050.edf").read_bytes())
    raw = (samples / "contec_ecg/0000050.ECG").read_bytes()[43:-37]
    counts = np.frombuffer(raw[: len(raw) // 16 * 16], "<u2").reshape(-1, 8)[:, 0]

    assert recording.signal.shape == (12, 37_855)
    ratio = np.std(recording.signal[1]) / np.std((counts.astype(float) - 2048) * 0.005)
    assert ratio == pytest.approx(6.1036, abs=0.001)
    assert "scale of the header used, though its steps of 31 uV are unusual for an ECG" in recording.corrections


@pytest.mark.parametrize("kind", [pyedflib.FILETYPE_EDF, pyedflib.FILETYPE_EDFPLUS, pyedflib.FILETYPE_BDFPLUS])
def test_files_that_pyedflib_writes_are_read_back(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "written"
    with pyedflib.EdfWriter(str(path), 12, kind) as writer:
        bits = 23 if kind == pyedflib.FILETYPE_BDFPLUS else 15
        for number, lead in enumerate(LEADS):
            header = {
                "label": f"ECG {lead}",
                "dimension": "mV",
                "sample_frequency": 250,
                "prefilter": "",
                "transducer": "",
            }
            limits = {"physical_min": -8, "physical_max": 8, "digital_min": -(2**bits), "digital_max": 2**bits - 1}
            writer.setSignalHeader(number, header | limits)
        writer.writeSamples([row.astype(np.float64) for row in ECG.signal])
    recording = reading(path.read_bytes())

    np.testing.assert_allclose(recording.signal, ECG.signal, atol=0.0003)
    assert (recording.fs_hz, recording.leads) == (250.0, LEADS)
    with pyedflib.EdfReader(str(path)) as reader:
        np.testing.assert_allclose(recording.signal[3], reader.readSignal(3), atol=1e-6)


def test_files_that_edfio_writes_are_read_back(tmp_path: Path) -> None:
    signals = [
        edfio.EdfSignal(row.astype(np.float64) * 1000, 250, label=f"ECG {lead}", physical_dimension="uV")
        for lead, row in zip(LEADS, ECG.signal, strict=True)
    ]
    notes = [edfio.EdfAnnotation(1.5, 0.25, "a note"), edfio.EdfAnnotation(9, None, "the end")]
    edfio.Edf(signals, annotations=notes).write(tmp_path / "written.edf")
    recording = reading((tmp_path / "written.edf").read_bytes())

    np.testing.assert_allclose(recording.signal, ECG.signal, atol=0.0003)


# Headers


@pytest.mark.parametrize(
    "unit",
    [
        "uV",
        "UV",
        "µV",
        b"\xb5V",
        "μV".encode(),
        b"\x83\xcaV",
        b"\xa6\xccV",
        b"\xe6V",
        b"uV\0\0\xff",
    ],
)
def test_microvolts_are_known_in_every_encoding(unit: str | bytes) -> None:
    recording = reading(ten_seconds(unit=unit))

    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0], atol=1e-6)
    assert "converted from uV to mV" in recording.corrections


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1.0), ("V", 1000.0), ("nV", 1e-6), ("MV", 1.0), ("mv", 1.0)])
def test_each_unit_of_voltage_has_its_factor(unit: str, factor: float) -> None:
    channel = noise(10, 250, unit=unit, physical=("-.032768", "0.032767"))
    signal = reading(Edf([channel])).signal[0]

    np.testing.assert_allclose(signal, channel.numbers.reshape(-1) * 1e-6 * factor, rtol=1e-4, atol=1e-6 * factor)


COUNTED = [
    "adu",
    "ADU",
    "n/a",
    "N/A",
    "count",
    "counts",
    "count(s)",
    "digit",
    "Digits",
    "digit(s)",
    "bit",
    "bits",
    "LSB",
]


@pytest.mark.parametrize("unit", ["", ".V", "?V", "�V", b"\0\0\0", *COUNTED])
def test_a_unit_that_is_empty_or_lost_its_prefix_is_asked_for(unit: str | bytes) -> None:
    file = ten_seconds(unit=unit)
    with pytest.raises(UnitsUnknown, match="states no unit") as refusal:
        reading(file)
    recording = reading(file, units="uV")

    assert "units=" in refusal.value.hint
    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0], atol=1e-6)
    assert "unit as given with the file: uV" in recording.corrections


@pytest.mark.parametrize("unit", ["", "adu", "LSB"])
def test_a_gain_settles_raw_values_and_no_scaled_ones(unit: str) -> None:
    raw = ten_seconds(unit=unit)
    scaled = ten_seconds(unit=unit, physical=("-5000", "5000"))

    np.testing.assert_allclose(reading(raw, gain=1000).signal[0], ECG.only(["II"]).signal[0], atol=1e-6)
    with pytest.raises(UnitsUnknown, match="scales the values"):
        reading(scaled, gain=1000)


@pytest.mark.parametrize("unit", ["mmHg", "%", "degC", "mA", "bpm"])
def test_a_lead_in_another_unit_is_refused(unit: str) -> None:
    with pytest.raises(UnitsUnknown, match="no voltage") as refusal:
        reading(ten_seconds(unit=unit), units="uV")
    assert refusal.value.hint.startswith("Correct the unit in the file")


def test_a_stated_unit_counts_against_the_option() -> None:
    recording = reading(ten_seconds(), units="mV", gain=200)

    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0], atol=1e-6)
    assert "unit given with the file not used: the file states another" in recording.corrections
    assert "gain given with the file not used: the file states a unit" in recording.corrections


@pytest.mark.parametrize(
    "changes",
    [
        {"physical": ("-3276,8", "3276,7"), "unit": "uV"},
        {"physical": (b"-3276.8\0", b"3276.7\0\xff")},
        {"physical": (b"-3276.8\0", b" 3276.7 ")},
    ],
)
def test_numbers_may_have_a_decimal_comma_nuls_and_blanks(changes: dict[str, Any]) -> None:
    recording = reading(ten_seconds(**changes))

    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0] / 10, atol=1e-6)
    comma = "decimal comma in the header read as a decimal point"
    assert (comma in recording.corrections) == ("," in str(changes["physical"][0]))


def test_a_decimal_comma_in_the_duration_gives_the_rate() -> None:
    assert reading(Edf(channels_of(ECG, 100), duration="0,1")).fs_hz == 250.0


def test_letters_that_are_not_ascii_and_nuls_in_names_do_no_harm() -> None:
    file = replace(ten_seconds(label=b"ECG II\0\xfe\xfe"), patient="Müller 漢字".encode() + b"\xff\0\xe9")
    assert reading(file).leads == ("II",)


def test_the_version_may_be_padded_with_nuls() -> None:
    assert reading(replace(ten_seconds(), version=b"0\0\0\0\0\0\0\0")).leads == ("II",)


@pytest.mark.parametrize("stated", ["-1", "0", "", b"\0\0\0"])
def test_the_size_gives_the_number_of_records_if_the_header_does_not(stated: str | bytes) -> None:
    recording = reading(replace(ten_seconds(), records=stated, extra=b"\1" * 77))

    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0], atol=1e-6)
    assert "number of records not stated, taken from the size of the file" in recording.corrections
    assert "record that is not complete at the end left out: 77 bytes" in recording.corrections


def test_bytes_after_the_last_record_are_left_out() -> None:
    recording = reading(replace(ten_seconds(), extra=bytes(33)))

    assert recording.signal.shape == (1, 2500)
    assert "bytes after the last record left out: 33" in recording.corrections


def test_fewer_records_than_stated_are_refused() -> None:
    with pytest.raises(SignalTruncated, match="states 10 records, the file holds 9"):
        reading(ten_seconds().bytes()[:-1])


@pytest.mark.parametrize(("stated", "extra"), [("512000", 0), ("0", 0), ("", 0), ("12", 0)])
def test_a_wrong_size_of_the_header_is_not_used(stated: str, extra: int) -> None:
    recording = reading(replace(ten_seconds(), header_bytes=stated))
    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0], atol=1e-6)


def test_a_header_that_is_really_longer_is_read() -> None:
    plain = replace(ten_seconds(), header_bytes="768").bytes()
    recording = reading(plain[:512] + b" " * 256 + plain[512:])

    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0], atol=1e-6)
    assert any(correction.startswith("size of the header") for correction in recording.corrections)


def test_a_size_of_the_header_that_nothing_confirms_is_refused() -> None:
    with pytest.raises(HeaderInvalid, match="size of the header"):
        reading(replace(ten_seconds(), header_bytes="768", extra=bytes(100)))


@pytest.mark.parametrize("duration", ["0", "", "0.000", b"\0"])
def test_a_record_without_duration_needs_the_rate(duration: str | bytes) -> None:
    file = replace(ten_seconds(), duration=duration)
    with pytest.raises(EcgError) as refusal:
        reading(file)

    assert refusal.value.code == "sampling_rate_unknown"
    assert reading(file, fs_hz=250).fs_hz == 250.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duration": "-1"}, "negative"),
        ({"duration": "one"}, "duration of a record is no number"),
        ({"duration": "nan"}, "duration of a record is no number"),
        ({"records": "ten"}, "number of records"),
        ({"records": "9.5"}, "number of records"),
        ({"count": "0"}, "number of channels"),
        ({"count": "-1"}, "number of channels"),
        ({"count": "999"}, "ends within its header"),
        ({"samples": {0: "x"}}, "how many samples"),
        ({"samples": {0: "-5"}}, "how many samples"),
        ({"samples": {0: "2.5"}}, "how many samples"),
        ({"samples": {0: "0"}}, "hold no samples"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(HeaderInvalid, match=message):
        reading(replace(ten_seconds(), **changes))


@pytest.mark.parametrize(("duration", "rate"), [("10", 25.0), ("0.05", 5000.0), ("1e-9", 2.5e11), ("1e-99", 2.5e101)])
def test_a_rate_that_no_electrocardiograph_has_is_refused(duration: str, rate: float) -> None:
    with pytest.raises(EcgError, match=f"{rate:.6g}".replace("+", r"\+")) as refusal:
        reading(replace(ten_seconds(), duration=duration))
    assert refusal.value.code == "sampling_rate_out_of_range"


# The scale


def test_physical_limits_that_run_downwards_are_a_negative_gain_as_edfio_reads_them(tmp_path: Path) -> None:
    file = ten_seconds(physical=("500", "-250"))
    (tmp_path / "file.edf").write_bytes(file.bytes())
    recording = reading(file)

    np.testing.assert_allclose(
        recording.signal[0] * 1000, edfio.read_edf(tmp_path / "file.edf").signals[0].data, atol=1e-3
    )
    assert np.corrcoef(recording.signal[0], ECG.only(["II"]).signal[0])[0, 1] < -0.999
    assert "negative gain by the header's physical range applied" in recording.corrections


def test_swapped_digital_limits_leave_the_polarity_open() -> None:
    """edfio and pyedflib turn the ECG upside down without a word."""
    with pytest.raises(HeaderInvalid, match="polarity"):
        reading(ten_seconds(digital=("32767", "-32768")))


def test_limits_that_are_both_swapped_mean_the_same_line() -> None:
    recording = reading(ten_seconds(digital=("32767", "-32768"), physical=("32767", "-32768")))
    np.testing.assert_allclose(recording.signal[0], ECG.only(["II"]).signal[0], atol=1e-6)


@pytest.mark.parametrize("empty", [{"physical": ("0", "0")}, {"digital": ("7", "7")}])
def test_a_lead_without_a_range_is_left_out(empty: dict[str, Any]) -> None:
    recording = reading(Edf([noise(10, 250, "I", **empty), noise(10, 250, "II")]))

    assert recording.leads == ("II",)
    assert "leads without samples or without a range of values left out: 1" in recording.corrections
    with pytest.raises(HeaderInvalid, match="no range"):
        reading(Edf([noise(10, 250, "I", **empty)]))


@pytest.mark.parametrize("limits", [("0", "65535"), ("-32769", "32767"), ("0", "1e9")])
def test_digital_limits_beyond_16_bits_are_refused(limits: tuple[str, str]) -> None:
    with pytest.raises(HeaderInvalid, match="16 bits"):
        reading(ten_seconds(digital=limits))


@pytest.mark.parametrize("limits", [("-1e99", "1e99"), ("0", "1e20")])
def test_a_range_beyond_any_voltage_is_refused(limits: tuple[str, str]) -> None:
    with pytest.raises(HeaderInvalid, match="physical range"):
        reading(ten_seconds(physical=limits, unit="V"))


@pytest.mark.parametrize("limits", [("x", "1"), ("", "1"), ("nan", "inf"), ("1_0", "20")])
def test_a_limit_that_is_no_number_is_refused(limits: tuple[str, str]) -> None:
    with pytest.raises(HeaderInvalid, match="limit"):
        reading(ten_seconds(physical=limits))


def test_a_broken_limit_of_another_channel_does_no_harm() -> None:
    assert reading(Edf([noise(10, 250), noise(10, 250, "Resp", physical=("x", "y"))])).leads == ("II",)


def test_the_lowest_code_is_a_gap_only_outside_the_stated_range() -> None:
    numbers = RNG.integers(-2000, 2000, (10, 250))
    numbers[3, 10:20] = -32768
    limits = ("-2048", "2047")
    inside = reading(Edf([Channel("II", numbers)])).signal[0]
    outside = reading(Edf([Channel("II", numbers, physical=limits, digital=limits)]))

    assert inside[760] == pytest.approx(-32.768)
    assert np.flatnonzero(np.isnan(outside.signal[0])).tolist() == list(range(760, 770))
    assert any("lowest code" in correction for correction in outside.corrections)


# The channels


@pytest.mark.parametrize(
    ("label", "lead"),
    [
        ("I", "I"),
        ("ECG II", "II"),
        ("EKG aVF", "aVF"),
        ("ECG V5", "V5"),
        ("MLII", "II"),
        ("ECG_V1", "V1"),
        ("v6", "V6"),
    ],
)
def test_a_label_names_its_lead(label: str, lead: str) -> None:
    assert reading(Edf([noise(10, 250, label)])).leads == (lead,)


@pytest.mark.parametrize("label", ["-aVR", "ECG -aVR"])
def test_a_lead_that_is_labelled_as_inverted_is_turned(label: str) -> None:
    channel = noise(10, 250, label)
    recording = reading(Edf([channel]))

    assert recording.leads == ("aVR",)
    np.testing.assert_allclose(recording.signal[0], -in_mv(channel), atol=1e-6)


@pytest.mark.parametrize(
    "labels", [["EKG"], ["ECG1", "ECG2"], ["ECG Channel 1"], ["ECG V2-MLII"], ["ECG ECG1"], ["ECG LA-RA"]]
)
def test_an_ecg_that_names_no_lead_is_asked_for_it(labels: list[str]) -> None:
    file = Edf([noise(10, 250, "EEG C3-A2"), *(noise(10, 250, label) for label in labels), noise(10, 250, "EOG L")])
    with pytest.raises(NoEcgLeads, match=f"labelled as ECG: {len(labels)}") as refusal:
        reading(file)

    assert "leads=" in refusal.value.hint
    assert not any(label in refusal.value.message + refusal.value.hint for label in labels)
    names = ["II", "V5"][: len(labels)]
    short = reading(file, leads=names)
    full = reading(file, leads=["-", *names, "-"])
    assert short.leads == full.leads == tuple(names)
    np.testing.assert_allclose(short.signal[0], in_mv(file.channels[1]), atol=1e-6)
    np.testing.assert_array_equal(short.signal, full.signal)
    assert "leads as given with the file" in short.corrections
    assert "channels that are none of the twelve leads left out: 2" in short.corrections


def test_an_unnamed_channel_is_read_if_all_channels_are_named() -> None:
    file = Edf([noise(10, 250, "Ch 1"), noise(10, 250, "Ch 2")], stamps=[stamp(second) for second in range(10)])
    assert reading(file, leads="-,V2").leads == ("V2",)


def test_a_number_of_names_that_fits_nothing_is_refused() -> None:
    with pytest.raises(NoEcgLeads, match="3 channels"):
        reading(Edf([noise(10, 250, label) for label in ("ECG1", "EEG", "EOG")]), leads="I,II")


@pytest.mark.parametrize("others", [["EEG F3", "EEG O1"], ["F3", "O1"], ["Cz", "Fp1-A2"]])
def test_central_electrodes_of_an_eeg_are_no_chest_leads(others: list[str]) -> None:
    labels = [*others, *(f"C{number}" for number in range(1, 7)), "ECG II"]
    assert reading(Edf([noise(10, 250, label) for label in labels])).leads == ("II",)


def test_chest_electrodes_beside_limb_leads_are_chest_leads() -> None:
    labels = ["I", "II", *(f"C{number}" for number in range(1, 7))]
    assert reading(Edf([noise(10, 250, label) for label in labels])).leads == ("I", "II", *LEADS[6:])


def test_a_sleep_study_without_ecg_is_refused(samples: Path) -> None:
    with pytest.raises(NoEcgLeads, match="No channel"):
        reading((samples / "edf/short_psg.edf").read_bytes())


def test_a_file_of_annotations_only_is_refused() -> None:
    with pytest.raises(NoEcgLeads, match="annotations only"):
        reading(Edf([], reserved="EDF+C", stamps=[stamp(0)]))


def test_two_channels_of_one_lead_are_refused() -> None:
    with pytest.raises(EcgError) as refusal:
        reading(Edf([noise(10, 250, "ECG II"), noise(10, 250, "II")]))
    assert refusal.value.code == "duplicate_leads"


def test_channels_of_other_rates_do_not_matter() -> None:
    lead = noise(10, 250)
    file = Edf([noise(10, 1, "SaO2", unit="%"), lead, noise(10, 512, "EEG Cz"), noise(10, 7, "Resp")])
    recording = reading(file)

    assert recording.fs_hz == 250.0
    np.testing.assert_allclose(recording.signal[0], in_mv(lead), atol=1e-6)


@pytest.mark.parametrize(
    ("rates", "kept", "fs_hz"),
    [({"I": 250, "II": 250, "V1": 500}, ("I", "II"), 250.0), ({"I": 250, "II": 500}, ("II",), 500.0)],
)
def test_of_leads_with_several_rates_the_most_are_kept(
    rates: dict[str, int], kept: tuple[str, ...], fs_hz: float
) -> None:
    recording = reading(Edf([noise(10, rate, lead) for lead, rate in rates.items()]))

    assert (recording.leads, recording.fs_hz) == (kept, fs_hz)
    assert "leads with another sampling rate than most left out: 1" in recording.corrections


@pytest.mark.parametrize(("first", "refused"), [(0, False), (1, True)])
def test_numbers_are_limb_leads_only_if_the_law_of_einthoven_holds(first: int, refused: bool) -> None:
    limb = channels_of(ECG.only(["I", "II", "III"]), 10, ["Lead 1", "Lead 2", "Lead 3"])
    swapped = [replace(channel, label=f"Lead {1 + (number + first) % 3}") for number, channel in enumerate(limb)]
    file = Edf([*swapped, *channels_of(ECG.only(["aVF", "V1"]), 10)])
    if refused:
        with pytest.raises(NoEcgLeads):
            reading(file)
    else:
        assert reading(file).leads == ("I", "II", "III", "aVF", "V1")


# Padding


@pytest.mark.parametrize("value", [0, -7])
def test_the_constant_end_of_the_last_record_is_left_out(value: int) -> None:
    channels = [noise(10, 250, lead) for lead in ("I", "II")]
    for channel in channels:
        channel.numbers[-1, 149] = 1234
        channel.numbers[-1, 150:] = value
    recording = reading(Edf(channels))

    assert recording.signal.shape == (2, 2400)
    assert "constant end of the last record left out: 100 samples" in recording.corrections


def test_a_whole_recording_in_one_long_record_loses_its_padding() -> None:
    rows = np.round(ECG.signal * 1000).astype(int)
    padded = np.pad(rows, ((0, 0), (0, 12_500)))
    recording = reading(Edf([Channel(lead, row[None]) for lead, row in zip(LEADS, padded, strict=True)], duration="60"))
    assert recording.signal.shape[1] == pytest.approx(2500, abs=3)


@pytest.mark.parametrize(("last", "other"), [(12, False), (100, True), (250, False), (400, False)])
def test_a_short_end_a_whole_record_and_a_single_lead_are_kept(last: int, other: bool) -> None:
    """last: constant samples. other: whether a second lead goes on."""
    channels = [noise(10, 250, lead) for lead in ("I", "II")]
    for channel in channels[: 2 - other]:
        channel.numbers.reshape(-1)[-last - 1] = 1234
        channel.numbers.reshape(-1)[-last:] = 0
    assert reading(Edf(channels)).signal.shape == (2, 2500)


# Windows


class Counted:
    """A source that counts the bytes that were read."""

    def __init__(self, data: bytes) -> None:
        self._data, self.size, self.read_bytes = data, len(data), 0

    def read(self, offset: int, length: int) -> bytes:
        self.read_bytes += length
        return self._data[offset : offset + length]


@pytest.mark.parametrize("title", edf.examples())
def test_a_window_holds_the_samples_of_the_whole(title: str) -> None:
    (data,) = edf.examples()[title].values()
    signals = open_signals(Bytes(data), Options())
    whole = signals.block(0, signals.samples)

    for start, stop in ((0, 1), (0, 499), (250, 1750), (2999, 3001), (2990, 4100), (3100, 3500), (4998, 5000), (7, 7)):
        np.testing.assert_array_equal(signals.block(start, stop), whole[:, start:stop])


def test_a_window_reads_only_its_records() -> None:
    source = Counted(Edf([noise(3600, 250, lead) for lead in ("I", "II")]).bytes())
    signals = open_signals(source, Options())
    source.read_bytes = 0
    block = signals.block(450_000, 452_500)

    assert block.shape == (2, 2500)
    assert source.read_bytes == 10 * 1000


def test_a_window_of_a_large_record_reads_only_its_leads() -> None:
    leads = [noise(2, 400_000, lead) for lead in ("I", "II")]
    source = Counted(Edf([noise(2, 400_000, "EEG Cz"), *leads], duration="1600").bytes())
    signals = open_signals(source, Options())
    source.read_bytes = 0
    block = signals.block(399_000, 401_500)

    assert source.read_bytes == 2 * 2 * 2500
    for row, lead in zip(block, leads, strict=True):
        np.testing.assert_allclose(row, in_mv(lead)[399_000:401_500], atol=1e-6)


class Day:
    """A file of 24 hours that is made when it is read: three leads, 1000 Hz, records of this many samples."""

    def __init__(self, samples: int, version: bytes) -> None:
        width = 3 if version == BDF else 2
        zeros = np.zeros((1, samples), int)
        channels = [Channel(lead, zeros) for lead in ("I", "II", "V5")]
        records = str(86_400_000 // samples)
        made = Edf(wide(channels) if width == 3 else channels, version=version, duration=f"{samples / 1000:g}")
        self._header = replace(made, records=records).bytes()[: 256 * 4]
        self.size = len(self._header) + 86_400_000 * 3 * width
        self.largest = 0
        self._samples, self._width = samples, width

    def read(self, offset: int, length: int) -> bytes:
        self.largest = max(self.largest, length)
        if offset < len(self._header):
            return self._header[offset : offset + length]
        place = np.arange(offset - len(self._header), min(offset + length, self.size) - len(self._header))
        sample, byte = np.divmod(place, self._width)
        row, number = np.divmod(sample, self._samples)
        time = row // 3 * self._samples + number
        value = np.where(time % 1000 == 500, 1500, time % 7) + 100 * (row % 3)
        return ((value >> (8 * byte)) & 255).astype(np.uint8).tobytes()


@pytest.mark.parametrize("samples", [1, 1000, 3_600_000])
@pytest.mark.parametrize("version", [edf.EDF, BDF])
def test_a_day_of_a_holter_recorder_is_read_window_by_window(samples: int, version: bytes) -> None:
    day = Day(samples, version)
    signals = open_signals(day, Options())

    assert day.size > 500_000_000
    assert (signals.samples, signals.fs_hz) == (86_400_000, 1000.0)
    for start in (0, 43_199_995, 86_390_000):
        time = np.arange(start, start + 10_000)
        expected = np.where(time % 1000 == 500, 1.5, time % 7 / 1000)
        np.testing.assert_allclose(signals.block(start, start + 10_000)[1], expected + 0.1, atol=1e-6)
    assert day.largest <= 1_000_000


def test_of_a_long_file_the_pieces_around_the_windows_are_read() -> None:
    file = Edf([noise(3600, 500, lead) for lead in LEADS[:5]])

    recording = reading(file)

    pieces = recording.excerpt
    assert pieces is not None
    assert (pieces.samples, recording.duration_s, len(pieces.starts)) == (1_800_000, 3600, 12)
    assert (pieces.starts[0], pieces.starts[-1] + pieces.length) == (0, 1_800_000)
    signals = open_signals(Bytes(file.bytes()), Options())
    for number, start in enumerate(pieces.starts):
        expected = signals.block(start, start + pieces.length)
        place = number * pieces.length
        np.testing.assert_array_equal(recording.signal[:, place : place + pieces.length], expected)
        stored = file.channels[0].numbers.reshape(-1)[start : start + pieces.length]
        np.testing.assert_allclose(expected[0], stored / 1000, atol=1e-6)


# Attacks


@pytest.mark.parametrize("stated", ["99999999", "1e99", "32000000"])
def test_a_record_larger_than_the_file_is_refused_before_memory_is_taken(stated: str) -> None:
    with pytest.raises(SignalTruncated):
        reading(replace(ten_seconds(), samples={0: stated}))


def test_thousands_of_channels_are_read_or_refused() -> None:
    channels = [Channel(f"ch {number}", np.zeros((1, 1), int)) for number in range(9998)]
    with pytest.raises(NoEcgLeads):
        reading(Edf(channels, duration="0.002"))


@pytest.mark.parametrize("length", [0, 7, 8, 100, 255, 256, 300, 511, 512, 513, 1000])
def test_a_file_that_ends_early_is_refused(length: int) -> None:
    with pytest.raises(EcgError) as refusal:
        reading(ten_seconds().bytes()[:length])
    if length >= 256:
        assert refusal.value.code in {"header_invalid", "signal_truncated"}


@pytest.mark.parametrize("records", [None, "-1"])
def test_a_transfer_as_text_is_named(records: str | None) -> None:
    data = Edf(channels_of(ECG, 10), records=records).bytes()
    for damaged in (data.replace(b"\n", b"\r\n"), data.decode("latin-1").encode()):
        with pytest.raises(SignalInvalid, match="transfer as text"):
            reading(damaged)

    assert reading(data + b"\r\n" * 50).duration_s == 10


def test_other_files_that_begin_with_a_zero_are_not_taken() -> None:
    assert not sniff(b"0       1.5\n" * 100)
    assert not sniff(b"0       " * 100)
    assert not sniff("".join(f"{number:<8}" for number in range(100)).encode())
    assert not sniff(b"0       ")
    assert sniff(ten_seconds().bytes())


def test_changed_bytes_give_a_reading_or_a_refusal() -> None:
    examples = [next(iter(files.values())) for files in edf.examples().values()]
    for _ in range(300):
        data = bytearray(examples[RNG.integers(len(examples))])
        for _ in range(RNG.integers(1, 6)):
            place = int(RNG.integers(0, 6000 if RNG.random() < 0.8 else len(data)))
            data[place % len(data)] = RNG.choice([0, 32, 43, 45, 46, 48, 57, 255, int(RNG.integers(256))])
        try:
            recording = reading(bytes(data))
        except EcgError:
            continue
        assert not np.isinf(recording.signal).any()

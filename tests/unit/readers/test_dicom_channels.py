"""DICOM: which channel is which lead, and its scale. The right values follow from PS3.3 C.10.9."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ecg_core
from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made.dicom import Channel, Writer, counts_of, file, group, scp

HEART = synthesize("normal", seed=5)
COUNTS = counts_of(HEART)
WRITER = Writer()
NAMES = "I,II,III"


def read(channels: list[Channel], counts: Any = None, kind: str = "SS", **options: Any) -> Recording:
    counts = COUNTS[: len(channels)] if counts is None else counts
    return ecg_core.read({"ecg.dcm": file(WRITER, [group(WRITER, counts, channels, kind=kind)])}, **options)


def refusal_of(channels: list[Channel], **options: Any) -> EcgError:
    with pytest.raises(EcgError) as refusal:
        read(channels, **options)
    return refusal.value


@pytest.mark.parametrize(
    ("source", "lead"),
    [
        (("5.6.3-9-1", "SCPECG", "Lead I (Einthoven)"), "I"),
        (("5.6.3-9-61", "SCPECG", "Lead III"), "III"),
        (("5.6.3-9-62", "SCPECG", "aVR, augmented voltage, right"), "aVR"),
        (("5.6.3-9-8", "SCPECG", None), "V6"),
        (("5.6.3-9-3\0", "SCPECG\0", "Brustwand 1"), "V1"),
        (("2:1", "MDC", "Lead I"), "I"),
        (("2:61", "MDC", "Lead III"), "III"),
        (("2:64", "MDC", "x"), "aVF"),
        (("2:259", "MDC", "x"), "V1"),
        (("131329", "MDC", "x"), "I"),
        (("131135", "MDC", "x"), "aVL"),
        (("MDC_ECG_LEAD_AVL", "MDC", "x"), "aVL"),
        (("MDC_ECG_LEAD_V2", "MDC", None), "V2"),
        (("1", "MDC", "Lead V1"), "V1"),
        (("II", "99LOCAL", "x"), "II"),
        (("4711", "99LOCAL", "Lead aVF"), "aVF"),
        (("4711", "99LOCAL", "Lead aVF (Goldberger)"), "aVF"),
        ((None, None, "V4\0\0"), "V4"),
        (("", "", "Lead II (Einthoven)"), "II"),
    ],
)
def test_each_way_to_name_a_lead_is_understood(source: tuple[Any, Any, Any], lead: str) -> None:
    recording = read([Channel(source)])

    assert recording.leads == (lead,)
    np.testing.assert_array_equal(recording.signal[0], HEART.signal[0])


@pytest.mark.parametrize(
    "source",
    [
        ("5.6.3-9-31", "SCPECG", "Lead I calibration"),
        ("5.6.3-9-9", "SCPECG", "V7"),
        ("5.6.3-9-11", "SCPECG", "Lead V3R"),
        ("5.6.3-9-16", "SCPECG", "X"),
        ("2:21", "MDC", "LA"),
        ("2:999", "MDC", "I don't know"),
        (None, None, "Resp"),
    ],
)
def test_other_channels_are_left_out_and_counted(source: tuple[Any, Any, Any]) -> None:
    recording = read([Channel(source), scp("II")])

    assert recording.leads == ("II",)
    np.testing.assert_array_equal(recording.signal[0], HEART.signal[1])
    assert "channels that are none of the twelve leads left out: 1" in recording.corrections
    assert refusal_of([Channel(source)]).code == "no_ecg_leads"


def test_the_label_names_a_channel_without_code() -> None:
    assert read([Channel((None, None, None), label="V2"), Channel((None, None, "Electrode"), label="II")]).leads == (
        "V2",
        "II",
    )


def test_an_inverted_avr_is_turned() -> None:
    recording = read([scp("-aVR")])

    assert recording.leads == ("aVR",)
    np.testing.assert_array_equal(recording.signal[0], -HEART.signal[0])
    assert "aVR stored upside down, turned" in recording.corrections
    assert read([Channel(("x", "99L", "-aVR"))]).corrections == recording.corrections


def test_the_order_of_the_file_is_not_taken_for_the_clinical_one() -> None:
    order = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "III", "aVR", "aVL", "aVF")
    rows = [LEADS.index(lead) for lead in order]

    recording = read([scp(lead) for lead in order], COUNTS[rows])

    assert recording.leads == order
    np.testing.assert_array_equal(recording.signal, HEART.signal[rows])


def test_the_difference_of_two_leads_is_no_lead() -> None:
    assert read([scp("I", differential="5.6.3-9-2"), scp("II")]).leads == ("II",)


@pytest.mark.parametrize(("code", "meaning"), [(1, "Lead II"), (1, "-I"), (62, "-aVR"), (65, "aVL")])
def test_a_code_and_a_name_that_contradict_each_other_are_refused(code: int, meaning: str) -> None:
    assert refusal_of([Channel((f"5.6.3-9-{code}", "SCPECG", meaning))]).code == "header_invalid"


def test_a_lead_that_comes_twice_in_a_group_is_refused() -> None:
    assert refusal_of([scp("I"), scp("I")]).code == "duplicate_leads"


def test_the_option_names_channels_without_names() -> None:
    unnamed = [Channel((None, None, None))] * 3

    assert refusal_of(unnamed).code == "no_ecg_leads"
    assert read(unnamed, leads="II,-,V1").leads == ("II", "V1")
    assert refusal_of(unnamed, leads="I,II").code == "no_ecg_leads"


def test_numbered_channels_are_refused_unless_the_option_names_them() -> None:
    numbered = [Channel((None, None, f"Lead {number}")) for number in (1, 2, 3)]

    assert refusal_of(numbered).code == "no_ecg_leads"
    assert read(numbered, leads=NAMES).leads == ("I", "II", "III")


@pytest.mark.parametrize(
    ("sensitivity", "factor", "baseline", "unit", "raw", "mv"),
    [
        ("1.25", "1", "0", "uV", 800, 1.0),
        ("1.25", "2", "0", "uV", 800, 2.0),
        ("1.25", "0.5", "0", "uV", 800, 0.5),
        ("2.5", "1", "-500", "uV", 800, 1.5),
        ("2.5", "2", "300", "uV", 100, 0.8),
        ("0.005", "1", "0.25", "mV", 200, 1.25),
        ("0.005", "1", "0.25", "mv", 200, 1.25),
        ("1e-6", "1", "0", "V", 1500, 1.5),
        ("500", "1", "0", "nV", 3000, 1.5),
        (" +1.25E0 ", "1", "0", "uV\0", 800, 1.0),
        ("-1.25", "1", "0", "uV", 800, -1.0),
        ("5", "1", "0", "microvolt", 200, 1.0),
    ],
)
def test_physical_values_follow_the_standard(
    sensitivity: str, factor: str, baseline: str, unit: str, raw: int, mv: float
) -> None:
    """raw x sensitivity x correction factor + baseline. The baseline is in the unit of the sensitivity."""
    channel = scp("I", sensitivity=sensitivity, factor=factor, baseline=baseline, unit=unit)

    np.testing.assert_allclose(read([channel], np.full((1, 100), raw)).signal, mv, rtol=1e-6)


def test_each_channel_has_its_own_scale() -> None:
    channels = [scp("I"), scp("II", sensitivity="2"), scp("III", unit="mV", sensitivity="0.004", factor="2")]

    np.testing.assert_allclose(read(channels).signal, HEART.signal[:3] * [[1], [2], [8]], atol=1e-5)


def test_the_unit_may_stand_in_the_meaning_only() -> None:
    channel = scp("I", unit="")

    assert refusal_of([channel]).code == "units_unknown"
    np.testing.assert_array_equal(read([replace(channel, unit_meaning="microvolt")]).signal, HEART.signal[:1])


def test_a_missing_factor_and_baseline_are_reported() -> None:
    recording = read([scp("I", factor=None, baseline=None)])

    np.testing.assert_array_equal(recording.signal, HEART.signal[:1])
    assert "correction factor or baseline of channels not stated: taken as 1 and 0" in recording.corrections


def test_samples_without_sensitivity_are_refused_and_settled_by_gain_or_unit() -> None:
    bare = [scp("I", sensitivity=None, unit=None, factor=None, baseline=None)]
    refusal = refusal_of(bare)

    assert (refusal.code, "gain=" in refusal.hint, "units=" in refusal.hint) == ("units_unknown", True, True)
    np.testing.assert_allclose(read(bare, gain=200.0).signal, COUNTS[:1] / 200, rtol=1e-6)
    np.testing.assert_allclose(read(bare, units="uV").signal, HEART.signal[:1], rtol=1e-6)
    assert refusal_of(bare, units="uV", gain=200.0).code == "units_unknown"


def test_a_unit_without_sensitivity_is_no_scale() -> None:
    bare = [scp("I", sensitivity=None)]

    assert refusal_of(bare).code == "units_unknown"
    np.testing.assert_allclose(read(bare, gain=200.0).signal, COUNTS[:1] / 200, rtol=1e-6)


def test_a_sensitivity_without_unit_is_settled_by_the_unit_only() -> None:
    bare = [scp("I", sensitivity="2", unit=None)]
    refusal = refusal_of(bare, gain=500.0)

    assert (refusal.code, "units=" in refusal.hint, "gain=" in refusal.hint) == ("units_unknown", True, False)
    np.testing.assert_allclose(read(bare, units="uV").signal, HEART.signal[:1] * 2, rtol=1e-6)


def test_options_do_not_replace_what_the_file_states() -> None:
    recording = read([scp("I")], units="mV", gain=200.0, fs_hz=250.0)

    assert recording.fs_hz == 500
    np.testing.assert_array_equal(recording.signal, HEART.signal[:1])
    assert sum("not used" in correction for correction in recording.corrections) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unit": "mm[Hg]"}, "units_unknown"),
        ({"unit": "1"}, "units_unknown"),
        ({"sensitivity": "0"}, "units_unknown"),
        ({"sensitivity": "1e300"}, "units_unknown"),
        ({"sensitivity": "1.25", "unit": "mV"}, "units_unknown"),
        ({"factor": "0"}, "units_unknown"),
        ({"sensitivity": "much"}, "header_invalid"),
        ({"sensitivity": "1,25"}, "header_invalid"),
        ({"sensitivity": "1e999"}, "header_invalid"),
        ({"baseline": "1e30"}, "header_invalid"),
        ({"bits": 17}, "header_invalid"),
        ({"sample_skew": "600"}, "header_invalid"),
        ({"sample_skew": "5", "time_skew": "0.1"}, "header_invalid"),
        ({"status": "UNCALIBRATED"}, "units_unknown"),
    ],
)
def test_a_channel_without_a_clear_scale_or_time_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refusal_of([scp("I", **changes)]).code == code


def test_the_gain_settles_an_uncalibrated_channel() -> None:
    uncalibrated = [scp("I", status="UNCALIBRATED")]
    recording = read(uncalibrated, gain=500.0)

    np.testing.assert_allclose(recording.signal, COUNTS[:1] / 500, rtol=1e-6)
    assert refusal_of(uncalibrated, units="uV").code == "units_unknown"


@pytest.mark.parametrize("status", ["DISCONNECTED", "INVALID", "TEST DATA", "OK\\DISCONNECTED"])
def test_a_channel_without_a_signal_of_the_person_is_left_out(status: str) -> None:
    recording = read([scp("I"), scp("II", status=status), scp("V1")])

    assert recording.leads == ("I", "V1")
    np.testing.assert_array_equal(recording.signal, HEART.signal[[0, 2]])
    assert any("disconnected, invalid or test data left out: 1" in said for said in recording.corrections)
    assert refusal_of([scp("I", status=status)]).code == "no_ecg_leads"


def test_a_questionable_channel_is_read_and_reported() -> None:
    assert "leads that the file marks as questionable: 1" in read([scp("I", status="QUESTIONABLE")]).corrections


@pytest.mark.parametrize(
    ("changes", "skew"),
    [
        ({"sample_skew": "3"}, 3),
        ({"sample_skew": "-2"}, -2),
        ({"sample_skew": None, "time_skew": "0.02"}, 10),
        ({"sample_skew": "10", "time_skew": "0.02"}, 10),
        ({"sample_skew": "0.4"}, 0),
        ({"sample_skew": None, "time_skew": None}, 0),
    ],
)
def test_a_skewed_channel_is_aligned(changes: dict[str, Any], skew: int) -> None:
    """The first sample of a channel with skew 3 was taken three samples after the group began."""
    recording = read([scp("I"), scp("II", **changes)])

    expected = np.full(5000, np.nan, np.float32)
    row = HEART.signal[1]
    expected[max(skew, 0) : 5000 + min(skew, 0)] = row[max(-skew, 0) : 5000 - max(skew, 0)]
    np.testing.assert_array_equal(recording.signal, [HEART.signal[0], expected])
    assert any("aligned" in said for said in recording.corrections) == bool(skew)


def test_bits_above_the_stored_ones_are_removed_only_if_a_sample_needs_it() -> None:
    unextended = COUNTS[:2] & 0xFFF
    recording = read([scp("I", bits=12), scp("II", bits=12)], unextended)

    np.testing.assert_array_equal(recording.signal, HEART.signal[:2])
    assert "bits above the stored ones removed, sign extended" in recording.corrections
    extended = read([scp("I", bits=12), scp("II", bits=12)])
    np.testing.assert_array_equal(extended.signal, HEART.signal[:2])
    assert extended.corrections == ("converted from uV to mV",)


def test_a_number_of_stored_bits_that_is_too_small_is_refused() -> None:
    """Removing bits would fold the peaks over."""
    assert np.abs(COUNTS[1]).max() > 512

    assert refusal_of([scp("II", bits=10)], counts=COUNTS[1:2]).code == "header_invalid"


def test_unsigned_samples_around_a_middle_use_the_baseline() -> None:
    recording = read([scp("I", baseline="-32768")], COUNTS[:1] + 32_768, kind="US")

    np.testing.assert_allclose(recording.signal, HEART.signal[:1], atol=1e-5)

"""HL7 aECG: real files, files made by hand, dialects, pages, and everything that could make the answer wrong."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.model.classifier import classify
from ecg_core.readers import read
from ecg_core.readers.registry import FORMATS
from ecg_core.readers.xml.aecg import sniff
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import hl7_aecg as made

NAME = "ecg.xml"
ECG = synthesize("normal", seed=4)
DIGITS = made.digits_of(ECG)
TWO = made.digits_of(ECG, ("I", "II"))
REAL = {"fda_example_aecg.xml": (500, 5000), "hl7aecg-Example2.xml": (1000, 10_000)}


def read_file(data: bytes, **options: Any) -> Recording:
    return read({NAME: data}, **options)


def read_sets(*sets: str, **options: Any) -> Recording:
    return read_file(made.document(made.series(*sets)), **options)


def read_value(value: str, **options: Any) -> Recording:
    """A file of one lead, II, with this value."""
    return read_sets(made.sequence_set(made.time(), made.sequence("MDC_ECG_LEAD_II", value)), **options)


def refusal_of(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as refused:
        read_file(data, **options)
    return refused.value


def refusal_of_sets(*sets: str, **options: Any) -> EcgError:
    return refusal_of(made.document(made.series(*sets)), **options)


def refusal_of_value(value: str, **options: Any) -> EcgError:
    return refusal_of_sets(made.sequence_set(made.time(), made.sequence("MDC_ECG_LEAD_II", value)), **options)


# Real files


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_has_the_samples_that_ecgdatakit_reads(samples: Path, name: str) -> None:
    from ecgdatakit import FileParser

    path = samples / "hl7_aecg" / name
    recording = read_file(path.read_bytes())

    assert (recording.fs_hz, recording.signal.shape) == (REAL[name][0], (12, REAL[name][1]))
    with warnings.catch_warnings():
        # It warns of a heart rate in "bmp".
        warnings.simplefilter("ignore")
        others = {lead.label: lead for lead in FileParser().parse(str(path)).leads}
    for row, lead in enumerate(recording.leads):
        other = others[lead]
        factor = {"uV": 1e-3, "mV": 1.0}[other.units]
        assert other.sampling_rate == recording.fs_hz
        np.testing.assert_allclose(recording.signal[row], np.asarray(other.samples) * factor, atol=1e-6)


def test_the_order_of_a_real_file_is_not_the_clinical_one(samples: Path) -> None:
    recording = read_file((samples / "hl7_aecg" / "fda_example_aecg.xml").read_bytes())

    rows = dict(zip(recording.leads, recording.signal, strict=True))
    assert recording.leads[8:] == ("III", "aVR", "aVL", "aVF")
    # In whole steps of 2.5 uV, Einthoven's law and Goldberger's equations hold up to rounding.
    np.testing.assert_allclose(rows["III"], rows["II"] - rows["I"], atol=0.0051)
    np.testing.assert_allclose(rows["aVR"], -(rows["I"] + rows["II"]) / 2, atol=0.0051)
    np.testing.assert_allclose(rows["aVF"], (rows["II"] + rows["III"]) / 2, atol=0.0051)


@pytest.mark.skipif(all(one.name != "scp" for one in FORMATS), reason="SCP-ECG is not read yet")
def test_the_example_of_the_fda_is_the_example_of_scp_sample_for_sample(samples: Path) -> None:
    aecg = read_file((samples / "hl7_aecg" / "fda_example_aecg.xml").read_bytes())
    scp = read({"ecg.scp": (samples / "scp" / "ecgtoolkit_Example.scp").read_bytes()})

    assert aecg.fs_hz == scp.fs_hz
    rows = dict(zip(scp.leads, scp.signal, strict=True))
    for lead, row in zip(aecg.leads, aecg.signal, strict=True):
        np.testing.assert_allclose(row, rows[lead], atol=1e-5)


def test_a_real_file_without_series_is_refused_by_name(samples: Path) -> None:
    refused = refusal_of((samples / "hl7_aecg" / "empty.xml").read_bytes())

    assert refused.code == "unsupported_format"
    assert "aECG" in refused.message
    assert "no series" in refused.message


def test_a_real_file_cut_anywhere_is_refused(samples: Path) -> None:
    data = (samples / "hl7_aecg" / "fda_example_aecg.xml").read_bytes()

    for stop in range(2_000, len(data) - 20, len(data) // 25):
        assert refusal_of(data[:stop]).code == "signal_truncated"


# Files made by hand


@pytest.mark.parametrize("title", made.examples())
def test_every_variant_is_read(title: str) -> None:
    recording = read(made.examples()[title])

    ecg = synthesize("normal", fs_hz=1000, seed=5) if "1,000" in title else ECG
    assert recording.format == "hl7_aecg"
    assert recording.fs_hz == ecg.fs_hz
    assert len(recording.leads) == (8 if "8 leads" in title else 12)
    for lead, row in zip(recording.leads, recording.signal, strict=True):
        np.testing.assert_allclose(row, ecg.signal[ecg.leads.index(lead)], atol=0.0013)


def test_a_file_of_each_variant_gets_its_diagnosis() -> None:
    answers = {
        title: classify(files).probabilities["NORM"] for title, files in made.examples().items() if "12 leads" in title
    }

    assert all(probability > 0.5 for probability in answers.values())


# Time


@pytest.mark.parametrize(
    ("increment", "fs_hz"),
    [
        ('<increment value="0.002" unit="s"/>', 500),
        ('<increment value="2" unit="ms"/>', 500),
        ('<increment value="2000" unit="us"/>', 500),
        ('<increment value="2000000" unit="ns"/>', 500),
        ('<increment value="0,004" unit="s"/>', 250),
        ('<increment value="0.00390625" unit="s"/>', 256),
        ('<increment value="1.0000" unit="ms"/>', 1000),
    ],
)
def test_the_rate_follows_from_increment_and_unit(increment: str, fs_hz: float) -> None:
    clock = made.relative('<head value="0" unit="s"/>' + increment)

    assert read_sets(made.sequence_set(clock, made.leads(TWO))).fs_hz == fs_hz


@pytest.mark.parametrize(
    ("clock", "code"),
    [
        ("", "sampling_rate_unknown"),
        (made.relative('<head value="0" unit="s"/>'), "sampling_rate_unknown"),
        (made.relative('<increment value="0.002"/>'), "sampling_rate_unknown"),
        (made.relative('<increment value="0.002" unit="min"/>'), "sampling_rate_unknown"),
        (made.relative('<increment unit="s"/>'), "header_invalid"),
        (made.relative('<increment value="0" unit="s"/>'), "header_invalid"),
        (made.relative('<increment value="-0.002" unit="s"/>'), "header_invalid"),
        (made.relative('<increment value="1e-400" unit="s"/>'), "header_invalid"),
        (made.relative('<increment value="1e-320" unit="s"/>'), "header_invalid"),
        (made.relative('<increment value="2" unit="s"/>'), "sampling_rate_out_of_range"),
        (made.relative('<increment value="0.002" unit="ms"/>'), "sampling_rate_out_of_range"),
        (made.relative() + made.time(), "header_invalid"),
        (made.relative(made.RELATIVE + '<increment value="0.001" unit="s"/>'), "header_invalid"),
    ],
)
def test_a_time_that_gives_no_rate_is_refused(clock: str, code: str) -> None:
    assert refusal_of_sets(made.sequence_set(clock, made.leads(TWO))).code == code


def test_a_missing_rate_is_settled_by_the_option() -> None:
    recording = read_sets(made.sequence_set(made.leads(TWO)), fs_hz=500)

    assert recording.fs_hz == 500
    assert "sampling rate as given with the file: 500 Hz" in recording.corrections


def test_the_begin_of_a_single_set_moves_nothing() -> None:
    clock = made.relative(made.RELATIVE.replace("0.000", "7.500"))

    assert read_sets(made.sequence_set(clock, made.leads(TWO))).signal.shape == (2, 5000)


# Amplitude


@pytest.mark.parametrize(
    ("scale", "origin", "mv", "zero"),
    [
        ('<scale value="2.5" unit="uV"/>', '<origin value="0" unit="uV"/>', 0.0025, 0),
        ('<scale value="2,5" unit="UV"/>', "", 0.0025, 0),
        ('<scale value="0.0025" unit="mV"/>', '<origin value="100" unit="uV"/>', 0.0025, 0.1),
        ('<scale value="2.5" unit="uv"/>', '<origin value="-0.1" unit="mV"/>', 0.0025, -0.1),
        ('<scale value="2500" unit="nV"/>', '<origin value="40"/>', 0.0025, 0.00004),
        ('<scale value="2.5e-6" unit="V"/>', '<origin value="0" unit="mmHg"/>', 0.0025, 0),
    ],
)
def test_a_sample_is_origin_plus_scale_times_digit_each_in_its_unit(
    scale: str, origin: str, mv: float, zero: float
) -> None:
    signal = read_value(made.value_of(DIGITS["II"], scale, origin)).signal

    np.testing.assert_allclose(signal[0], DIGITS["II"] * mv + zero, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("scale", "origin", "code"),
    [
        ('<scale value="2.5"/>', "", "units_unknown"),
        ("", "", "units_unknown"),
        ('<scale unit="uV"/>', "", "units_unknown"),
        ('<scale value="0" unit="uV"/>', "", "units_unknown"),
        ('<scale value="-2.5" unit="uV"/>', "", "units_unknown"),
        ('<scale value="nan" unit="uV"/>', "", "units_unknown"),
        ('<scale value="inf" unit="uV"/>', "", "units_unknown"),
        ('<scale value="2.5" unit="mmHg"/>', "", "units_unknown"),
        ('<scale value="2.5" unit="1"/>', "", "units_unknown"),
        ('<scale value="2.5" unit="uV"/>', '<origin value="5" unit="mmHg"/>', "units_unknown"),
        ('<scale value="2.5" unit="uV"/>', '<origin value="x" unit="uV"/>', "header_invalid"),
        ('<scale value="2.5" unit="uV"/>', '<origin value="inf" unit="uV"/>', "header_invalid"),
        ('<scale value="2.5" unit="uV"/><scale value="5" unit="uV"/>', "", "header_invalid"),
    ],
)
def test_an_unknown_scale_is_refused(scale: str, origin: str, code: str) -> None:
    assert refusal_of_value(made.value_of(DIGITS["II"], scale, origin)).code == code


@pytest.mark.parametrize(
    ("scale", "options", "mv"),
    [
        ('<scale value="2.5"/>', {"units": "uV"}, 0.0025),
        ('<scale value="1"/>', {"gain": 400}, 0.0025),
        ("", {"gain": 400}, 0.0025),
        ("", {"units": "uV"}, 0.001),
        ('<scale unit="uV"/>', {"gain": 400}, 0.0025),
        ('<scale value="2.5" unit="uV"/>', {"gain": 1000}, 0.0025),
        ('<scale value="2.5" unit="uV"/>', {"units": "mV"}, 0.0025),
    ],
)
def test_an_option_settles_what_the_file_leaves_open_and_nothing_else(
    scale: str, options: dict[str, Any], mv: float
) -> None:
    recording = read_value(made.value_of(DIGITS["II"], scale, "", "SLIST_INT"), **options)

    np.testing.assert_allclose(recording.signal[0], DIGITS["II"] * mv, rtol=1e-5)
    assert any("given with the file" in said for said in recording.corrections)


def test_an_origin_without_any_unit_is_refused_even_with_a_gain() -> None:
    value = made.value_of(DIGITS["II"], '<scale value="1"/>', '<origin value="12"/>', "SLIST_INT")

    assert refusal_of_value(value, gain=400).code == "units_unknown"


def test_each_lead_has_its_own_scale() -> None:
    parts = [
        made.sequence("MDC_ECG_LEAD_I", made.value_of(DIGITS["I"])),
        made.sequence("MDC_ECG_LEAD_II", made.value_of(DIGITS["II"], '<scale value="5" unit="uV"/>')),
    ]

    signal = read_sets(made.sequence_set(made.time(), *parts)).signal

    np.testing.assert_allclose(signal, [DIGITS["I"] * 0.0025, DIGITS["II"] * 0.005], rtol=1e-5)


# Leads


@pytest.mark.parametrize(
    ("code", "lead"),
    [
        *(("MDC_ECG_LEAD_AVF", "aVF"), ("MDC_ECG_LEAD_aVF", "aVF"), ("NOM_ECG_LEAD_V6", "V6")),
        *(("MINDRAY_ECG_LEAD_III", "III"), ("mdc_ecg_elec_potl_v1", "V1"), ("131329", "I"), ("131135", "aVL")),
        *(("V3", "V3"), ("Lead II", "II"), (" MDC_ECG_LEAD_II ", "II")),
    ],
)
def test_codes_of_leads(code: str, lead: str) -> None:
    recording = read_sets(made.sequence_set(made.time(), made.sequence(code, made.value_of(DIGITS["II"]))))

    assert recording.leads == (lead,)


@pytest.mark.parametrize(
    "code",
    [
        *("MDC_ECG_LEAD_dI", "MDC_ECG_LEAD_DII", "MDC_ECG_LEAD_fI", "MDC_ECG_LEAD_V7", "MDC_ECG_LEAD_CONFIG"),
        *("MDC_ECG_LEAD_V", "MDC_ECG_LEAD_dV1", "MDC_PRESS_BLD_ART", "131105", ""),
    ],
)
def test_codes_of_other_channels_are_no_leads(code: str) -> None:
    other = made.sequence(code, made.value_of(DIGITS["II"], '<scale value="1" unit="mmHg"/>'))

    assert refusal_of_sets(made.sequence_set(made.time(), other)).code == "no_ecg_leads"
    recording = read_sets(made.sequence_set(made.time(), other, made.leads(TWO)))
    assert recording.leads == ("I", "II")
    assert "channels that are none of the twelve leads left out: 1" in recording.corrections


def test_an_inverted_avr_is_turned_and_said_so() -> None:
    recording = read(made.examples()["aVR inverted"])

    assert "aVR stored upside down, turned" in recording.corrections
    np.testing.assert_allclose(recording.signal[recording.leads.index("aVR")], ECG.signal[3], atol=0.0013)


def test_a_channel_without_a_code_is_named_by_the_option() -> None:
    data = made.document(
        made.series(made.sequence_set(made.time(), *(made.sequence("", made.value_of(v)) for v in TWO.values())))
    )

    assert read_file(data, leads="I,II").leads == ("I", "II")
    assert refusal_of(data).code == "no_ecg_leads"


def test_a_lead_that_stands_twice_is_refused() -> None:
    one = made.leads(TWO)

    assert refusal_of_sets(made.sequence_set(made.time(), one, one)).code == "duplicate_leads"
    two_sets = (made.sequence_set(made.time(), one, one), made.sequence_set(made.time(), one))
    assert refusal_of_sets(*two_sets).code == "duplicate_leads"


@pytest.mark.parametrize(
    "empty",
    [
        made.sequence("MDC_ECG_LEAD_V1", made.value_of("")),
        made.sequence("MDC_ECG_LEAD_V1", made.value_of(" \n ")),
        made.sequence("MDC_ECG_LEAD_V1", '<value xsi:type="SLIST_PQ" nullFlavor="NI"/>'),
        made.sequence("MDC_ECG_LEAD_V1", ""),
    ],
)
def test_a_lead_without_samples_is_left_out(empty: str) -> None:
    recording = read_sets(made.sequence_set(made.time(), empty, made.leads(TWO)))

    assert recording.leads == ("I", "II")
    assert "leads without samples left out: 1" in recording.corrections


# Series


def test_a_representative_beat_is_never_read() -> None:
    rhythm = made.sequence_set(made.time(), made.leads(TWO))
    beat = made.series(
        made.sequence_set(made.relative(), made.leads({"I": TWO["I"][:600]})), code="REPRESENTATIVE_BEAT"
    )

    recording = read_file(made.document(beat, made.series(rhythm, derived=made.beat(TWO)), beat))

    assert recording.signal.shape == (2, 5000)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ((), "unsupported_format", "no series"),
        ((made.series(code="REPRESENTATIVE_BEAT"),), "unsupported_format", "no rhythm"),
        ((made.series(code="ECG_MEDIAN"),), "unsupported_format", "no rhythm"),
        ((made.beat(TWO),), "unsupported_format", "no rhythm"),
        ((made.series(derived=made.beat(TWO)),), "unsupported_format", "empty"),
        ((made.series(made.sequence_set(made.time())),), "unsupported_format", "empty"),
        ((made.series(made.sequence_set(made.leads({"I": TWO["I"][:0]}))),), "unsupported_format", "empty"),
        ((made.series(made.sequence_set(made.time(), made.leads(TWO))),) * 2, "several_records", "more than one"),
    ],
)
def test_a_file_without_one_rhythm_is_refused_by_name(content: tuple[str, ...], code: str, said: str) -> None:
    refused = refusal_of(made.document(*content))

    assert refused.code == code
    assert said in refused.message


def test_a_series_without_a_code_is_taken_as_the_rhythm_and_said_so() -> None:
    recording = read_file(made.document(made.series(made.sequence_set(made.time(), made.leads(TWO)), code="")))

    assert recording.leads == ("I", "II")
    assert "series without a code taken as the rhythm" in recording.corrections


# Several sets


def at(second: float, kind: str = "absolute") -> str:
    if kind == "absolute":
        return made.time(made.ABSOLUTE.replace("00.000", f"{second:06.3f}"))
    return made.relative(made.RELATIVE.replace("0.000", f"{second:.3f}"))


def part(lead: str, start: int, stop: int) -> str:
    return made.leads({lead: DIGITS[lead][start:stop]})


@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_pages_are_put_where_their_times_say_in_any_order(kind: str) -> None:
    sets = [made.sequence_set(at(second, kind), part("II", second * 500, second * 500 + 2000)) for second in (4, 0, 8)]

    recording = read_sets(*sets)

    np.testing.assert_allclose(recording.signal[0], DIGITS["II"] * 0.0025, rtol=1e-5)
    assert "sequence sets put on one time axis by their times: 3" in recording.corrections


def test_a_page_of_three_leads_at_a_time_keeps_each_lead_in_its_time() -> None:
    sets = [
        made.sequence_set(at(2.5 * page), *(part(lead, 1250 * page, 1250 * (page + 1)) for lead in names))
        for page, names in enumerate((LEADS[:3], LEADS[3:6], LEADS[6:9], LEADS[9:]))
    ]

    recording = read_sets(*sets)

    assert recording.leads == LEADS
    for row, lead in enumerate(LEADS):
        page = row // 3
        known = np.flatnonzero(np.isfinite(recording.signal[row]))
        assert (known[0], known[-1], len(known)) == (1250 * page, 1250 * (page + 1) - 1, 1250)
        np.testing.assert_allclose(recording.signal[row][known], DIGITS[lead][known] * 0.0025, rtol=1e-5)
    with pytest.raises(EcgError) as refused:
        classify(recording)
    assert refused.value.code in ("signal_missing", "too_short")


def test_a_rhythm_strip_that_repeats_samples_of_a_page_is_one_recording() -> None:
    strip = made.sequence_set(at(0), part("II", 0, 5000))
    page = made.sequence_set(at(2.5), part("II", 1250, 2500), part("V1", 1250, 2500))

    recording = read_sets(page, strip)

    assert np.isfinite(recording.signal[0]).all()
    assert np.isfinite(recording.signal[1]).sum() == 1250


@pytest.mark.parametrize(
    "sets",
    [
        (made.sequence_set(at(0), part("II", 0, 2500)), made.sequence_set(at(4), part("II", 2500, 5000))),
        (made.sequence_set(at(0), part("II", 0, 2500)), made.sequence_set(at(0), part("II", 2500, 5000))),
        (made.sequence_set(at(0), part("II", 0, 2500)), made.sequence_set(at(7), part("II", 2500, 5000))),
        (made.sequence_set(at(0), part("II", 0, 2500)), made.sequence_set(at(5, "relative"), part("II", 2500, 5000))),
        (
            made.sequence_set(made.relative(made.RELATIVE[29:]), part("II", 0, 2500)),
            made.sequence_set(made.relative(made.RELATIVE[29:]), part("V1", 2500, 5000)),
        ),
        (
            made.sequence_set(at(0), part("II", 0, 2500)),
            made.sequence_set(made.time(made.ABSOLUTE.replace("2026", "")), part("II", 2500, 5000)),
        ),
        (
            made.sequence_set(at(0), part("II", 0, 2500)),
            made.sequence_set(made.time(made.ABSOLUTE.replace("1122", "9999")), part("II", 2500, 5000)),
        ),
    ],
)
def test_sets_that_are_not_one_recording_by_their_times_are_never_joined(sets: tuple[str, ...]) -> None:
    assert refusal_of_sets(*sets).code == "several_records"


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (made.relative(made.RELATIVE.replace("0.002", "0.001")), "unsupported_format"),
        (made.relative('<head value="5" unit="s"/>'), "header_invalid"),
    ],
)
def test_sets_of_different_rates_are_refused(second: str, code: str) -> None:
    first = made.sequence_set(made.relative(), part("II", 0, 2500))

    assert refusal_of_sets(first, made.sequence_set(second, part("II", 2500, 5000))).code == code


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("20261122091000.000", "20261122091005"),
        ("20261122091000.000+0100", "20261122081005.0+0000"),
        ("20261122235957.5", "20261123000002.5"),
        ("20261122091000-0500", "20261122141005"),
    ],
)
def test_stamps_of_time_know_zones_and_midnight(first: str, second: str) -> None:
    sets = [
        made.sequence_set(
            made.time(made.ABSOLUTE.replace("20261122091000.000", stamp)), part("II", start, start + 2500)
        )
        for stamp, start in ((first, 0), (second, 2500))
    ]

    np.testing.assert_allclose(read_sets(*sets).signal[0], DIGITS["II"] * 0.0025, rtol=1e-5)


def test_a_lead_of_no_name_in_several_sets_is_left_out_and_counted() -> None:
    other = made.sequence("MDC_ECG_LEAD_V7", made.value_of(DIGITS["V6"][:2500]))
    sets = [made.sequence_set(at(5 * n), other, part("II", 2500 * n, 2500 * n + 2500)) for n in range(2)]

    recording = read_sets(*sets)

    assert recording.leads == ("II",)
    assert "sequences of no known lead left out: 2" in recording.corrections


# Damage


def test_a_lead_that_is_a_little_shorter_ends_with_gaps() -> None:
    recording = read_sets(made.sequence_set(made.time(), made.leads(TWO | {"II": TWO["II"][:4990]})))

    assert np.flatnonzero(np.isnan(recording.signal[1])).tolist() == list(range(4990, 5000))
    assert "shorter leads filled with gaps at their end: 10 samples" in recording.corrections


def test_leads_of_very_different_length_are_refused() -> None:
    assert (
        refusal_of_sets(made.sequence_set(made.time(), made.leads(TWO | {"II": TWO["II"][::2]}))).code
        == "signal_truncated"
    )


@pytest.mark.parametrize(
    "digits", ["1 2 nan", "1 2 x", "1,2,3", "1 2-3", "9999999999999999999", "1e300", "1 &x; 2", "1 2\0"]
)
def test_digits_that_are_no_numbers_are_refused(digits: str) -> None:
    assert refusal_of_value(made.value_of(digits)).code == "signal_invalid"


@pytest.mark.parametrize(
    "value",
    [
        made.value_of("1 2<x/>3 4"),
        made.value_of("1 2</digits><digits>3 4"),
        made.value_of("1 2") + made.value_of("3 4"),
    ],
)
def test_samples_in_pieces_are_refused_because_one_could_be_lost(value: str) -> None:
    assert refusal_of_value(value).code == "header_invalid"


def test_more_sequences_than_any_ecg_are_refused() -> None:
    many = made.sequence_set(made.time(), made.sequence("V1", made.value_of("1")) * 600)
    sets = made.sequence_set(made.time(), made.sequence("V1", made.value_of("1"))) * 300

    assert refusal_of_sets(many).code == refusal_of_sets(sets).code == "header_invalid"


def test_only_the_root_of_an_aecg_is_recognised() -> None:
    assert sniff(made.file_of(ECG))
    assert sniff(made.with_prefixes(made.file_of(ECG)))
    for other in (b"", b"<RestingECG/>", b"<x><AnnotatedECG/></x>", b"<AnnotatedECGs/>"):
        assert not sniff(other)


def test_no_refusal_repeats_what_the_file_says() -> None:
    for value in (made.value_of("SMITH"), made.value_of("1", '<scale value="SMITH" unit="SMITH"/>')):
        refused = refusal_of_value(value)
        assert "SMITH" not in refused.message + refused.hint


def test_damaged_files_raise_nothing_but_ecg_errors() -> None:
    random = np.random.default_rng(6)
    short = {lead: digits[:400] for lead, digits in DIGITS.items()}
    sound = made.document(made.series(*made.pages(short, 100), derived=made.beat(short)))
    for _ in range(150):
        data = bytearray(sound)
        start = int(random.integers(len(data)))
        if random.integers(2):
            data[start : start + int(random.integers(1, 60))] = random.bytes(int(random.integers(4)))
        else:
            data[start] = int(random.integers(256))
        try:
            read_file(bytes(data))
        except EcgError:
            continue

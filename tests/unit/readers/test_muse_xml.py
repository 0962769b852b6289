"""GE MUSE XML: real files, files made by hand, and every field that could make the answer wrong."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.model.classifier import classify
from ecg_core.readers import read
from ecg_core.readers.xml.muse import sniff
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import muse_xml as made

NAME = "ecg.xml"
SAMPLES = ("braveheart_example1.xml", "braveheart_example2.xml")
ECG = synthesize("normal", seed=4)
COUNTS = made.counts_of(ECG, made.STORED)


def read_file(data: bytes, **options: Any) -> Recording:
    return read({NAME: data}, **options)


def read_rhythm(
    fields: made.Fields | None = None, lead_fields: Mapping[str, made.Fields] | None = None, **options: Any
) -> Recording:
    return read_file(made.document(made.waveform(COUNTS, fields=fields, lead_fields=lead_fields)), **options)


def refusal_of(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as refused:
        read_file(data, **options)
    return refused.value


def refusal_of_rhythm(
    fields: made.Fields | None = None, lead_fields: Mapping[str, made.Fields] | None = None, **options: Any
) -> EcgError:
    return refusal_of(made.document(made.waveform(COUNTS, fields=fields, lead_fields=lead_fields)), **options)


# Real files


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest, samples: Path) -> Path:
    return samples / "muse_xml" / str(request.param)


def test_a_real_file_has_the_samples_that_ecgdatakit_reads(sample: Path) -> None:
    from ecgdatakit import FileParser

    recording = read_file(sample.read_bytes())

    leads = {lead.label: lead for lead in FileParser().parse(str(sample)).leads}
    assert recording.leads == made.STORED
    assert recording.fs_hz == 500
    assert recording.signal.shape == (8, 5000)
    for row, name in enumerate(recording.leads):
        other = leads[name]
        assert (other.sampling_rate, other.units) == (500, "mV")
        np.testing.assert_allclose(recording.signal[row], other.samples, atol=1e-6)


@pytest.mark.parametrize(("name", "finding"), [(SAMPLES[0], "NORM"), (SAMPLES[1], "STTC")])
def test_a_real_file_is_classified(samples: Path, name: str, finding: str) -> None:
    recording = read_file((samples / "muse_xml" / name).read_bytes())

    assert classify(recording).probabilities[finding] > 0.5


def test_a_real_file_cut_anywhere_is_refused(samples: Path) -> None:
    data = (samples / "muse_xml" / SAMPLES[0]).read_bytes()

    for stop in range(100, len(data) - 20, len(data) // 40):
        assert refusal_of(data[:stop]).code in ("signal_truncated", "header_invalid")


# Files made by hand


@pytest.mark.parametrize("title", made.examples())
def test_every_variant_is_read(title: str) -> None:
    files = made.examples()[title]

    recording = read(files)

    ecg = synthesize("normal", fs_hz=250, seed=5) if "250" in title else ECG
    assert recording.format == "muse_xml"
    assert recording.fs_hz == ecg.fs_hz
    for row, lead in enumerate(recording.leads):
        if lead == "V6" and "electrode off" in title:
            assert np.isnan(recording.signal[row]).all()
        else:
            np.testing.assert_allclose(recording.signal[row], ecg.signal[ecg.leads.index(lead)], atol=0.0026)


def test_eight_leads_stay_eight_and_twelve_stay_twelve() -> None:
    assert read_file(made.file_of(ECG)).leads == made.STORED
    assert read_file(made.file_of(ECG, LEADS)).leads == LEADS


def test_more_leads_of_a_cart_are_left_out_and_counted() -> None:
    recording = read(made.examples()["15 leads"])

    assert recording.leads == LEADS
    assert "channels that are none of the twelve leads left out: 3" in recording.corrections


def test_a_lead_goes_by_its_name_and_never_by_its_place() -> None:
    order = ("V6", "II", "V4", "I", "V1")
    counts = {lead: COUNTS[lead] for lead in order} | {"V4R": COUNTS["V3"]}

    recording = read_file(made.document(made.waveform(counts)))

    assert recording.leads == order
    np.testing.assert_allclose(recording.signal[3], ECG.signal[0], atol=0.0026)


@pytest.mark.parametrize("order", ["median first", "rhythm first"])
def test_the_median_beat_is_never_read(order: str) -> None:
    parts = [made.median(COUNTS), made.waveform(COUNTS, kind=" RHYTHM ")]

    recording = read_file(made.document(*(parts if order == "median first" else parts[::-1])))

    assert recording.signal.shape == (8, 5000)


@pytest.mark.parametrize(
    ("base", "exponent", "fs_hz"),
    [
        ("500", "0", 500),
        ("250", "0", 250),
        ("5", "2", 500),
        ("1", "3", 1000),
        ("10000", "-1", 1000),
        ("500", None, 500),
    ],
)
def test_the_rate_is_base_times_ten_to_the_exponent(base: str, exponent: str | None, fs_hz: float) -> None:
    assert read_rhythm({"SampleBase": base, "SampleExponent": exponent}).fs_hz == pytest.approx(fs_hz)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"SampleBase": None}, "sampling_rate_unknown"),
        ({"SampleBase": ""}, "sampling_rate_unknown"),
        ({"SampleBase": "0"}, "header_invalid"),
        ({"SampleBase": "-500"}, "header_invalid"),
        ({"SampleBase": "fast"}, "header_invalid"),
        ({"SampleBase": "1e400"}, "header_invalid"),
        ({"SampleExponent": "x"}, "header_invalid"),
        ({"SampleExponent": "999"}, "header_invalid"),
        ({"SampleExponent": "99999999999999999999"}, "header_invalid"),
        ({"SampleExponent": "3"}, "sampling_rate_out_of_range"),
    ],
)
def test_a_rate_that_is_none_is_refused(fields: made.Fields, code: str) -> None:
    assert refusal_of_rhythm(fields).code == code


def test_a_missing_rate_is_settled_by_the_option_and_a_stated_one_counts_more() -> None:
    given = read_rhythm({"SampleBase": None}, fs_hz=500)
    stated = read_rhythm(fs_hz=250)

    assert given.fs_hz == stated.fs_hz == 500
    assert "sampling rate as given with the file: 500 Hz" in given.corrections
    assert "sampling rate given with the file not used: the file states another" in stated.corrections


# Amplitude


@pytest.mark.parametrize(
    ("step", "unit", "mv"),
    [
        ("4.88", "MICROVOLTS", 0.00488),
        ("4,88", "MICROVOLTS", 0.00488),
        ("1.25", "uV", 0.00125),
        ("0.005", "MILLIVOLTS", 0.005),
        ("4880", "NANOVOLTS", 0.00488),
    ],
)
def test_counts_become_millivolts(step: str, unit: str, mv: float) -> None:
    fields = {"": {"LeadAmplitudeUnitsPerBit": step, "LeadAmplitudeUnits": unit}}

    signal = read_rhythm(lead_fields=fields).signal

    np.testing.assert_allclose(signal[1], COUNTS["II"] * mv, rtol=1e-6)


def test_every_lead_has_its_own_step() -> None:
    signal = read_rhythm(lead_fields={"V2": {"LeadAmplitudeUnitsPerBit": "2.44"}}).signal

    np.testing.assert_allclose(signal[2], COUNTS["V1"] * 0.00488, rtol=1e-6)
    np.testing.assert_allclose(signal[3], COUNTS["V2"] * 0.00244, rtol=1e-6)


@pytest.mark.parametrize(
    ("fields", "option"),
    [
        ({"LeadAmplitudeUnits": None}, "units="),
        ({"LeadAmplitudeUnits": ""}, "units="),
        ({"LeadAmplitudeUnits": None, "LeadAmplitudeUnitsPerBit": None}, "gain="),
        ({"LeadAmplitudeUnitsPerBit": None}, "gain="),
        ({"LeadAmplitudeUnitsPerBit": "0"}, "gain="),
        ({"LeadAmplitudeUnitsPerBit": "-4.88"}, "gain="),
        ({"LeadAmplitudeUnitsPerBit": "many"}, "gain="),
        ({"LeadAmplitudeUnitsPerBit": "1e99"}, "gain="),
        ({"LeadAmplitudeUnits": "mmHg"}, "units="),
    ],
)
def test_an_unknown_amplitude_is_refused_and_never_taken_as_usual(fields: made.Fields, option: str) -> None:
    refused = refusal_of_rhythm(lead_fields={"V3": fields})

    assert refused.code == "units_unknown"
    assert option in refused.hint


@pytest.mark.parametrize(
    ("fields", "options", "mv"),
    [
        ({"LeadAmplitudeUnits": None}, {"units": "uV"}, 0.00488),
        ({"LeadAmplitudeUnits": None}, {"gain": 200}, 0.005),
        ({"LeadAmplitudeUnitsPerBit": None}, {"gain": 200}, 0.005),
        ({"LeadAmplitudeUnits": None, "LeadAmplitudeUnitsPerBit": None}, {"gain": 200}, 0.005),
        ({"LeadAmplitudeUnits": None, "LeadAmplitudeUnitsPerBit": None}, {"units": "uV"}, 0.001),
        ({}, {"gain": 200}, 0.00488),
        ({}, {"units": "mV"}, 0.00488),
    ],
)
def test_an_option_settles_what_the_file_leaves_open_and_nothing_else(
    fields: made.Fields, options: dict[str, Any], mv: float
) -> None:
    recording = read_rhythm(lead_fields={"": fields}, **options)

    np.testing.assert_allclose(recording.signal[0], COUNTS["I"] * mv, rtol=1e-6)
    assert any("given with the file" in said for said in recording.corrections)


def test_unit_and_gain_together_for_values_without_a_unit_are_refused() -> None:
    assert refusal_of_rhythm(None, {"": {"LeadAmplitudeUnits": None}}, units="uV", gain=200).code == "units_unknown"


# Missing samples


def test_a_lead_that_is_off_is_missing_even_if_it_has_samples() -> None:
    recording = read_rhythm(lead_fields={"V2": {"LeadOff": "TRUE"}})

    assert np.isnan(recording.signal[3]).all()
    assert np.isfinite(np.delete(recording.signal, 3, axis=0)).all()
    assert "V2 read as missing: the file marks it as off" in recording.corrections


def test_a_lead_that_is_off_may_have_no_samples() -> None:
    fields = {"LeadOff": "true", "WaveFormData": "", "LeadSampleCountTotal": "0", "LeadByteCountTotal": "0"}

    recording = read_rhythm(lead_fields={"I": fields})

    assert np.isnan(recording.signal[0]).all()
    assert recording.signal.shape == (8, 5000)


def test_samples_at_the_ends_of_the_converter_are_gaps() -> None:
    counts = {lead: values.copy() for lead, values in COUNTS.items()}
    counts["V1"][100:120] = 32767
    counts["V1"][200:205] = -32768
    counts["V1"][300] = 32766

    recording = read_file(made.document(made.waveform(counts)))

    assert np.flatnonzero(np.isnan(recording.signal[2])).tolist() == [*range(100, 120), *range(200, 205)]
    assert "samples at the end of the converter's range read as gaps: 25" in recording.corrections


# Counts, checksums and what is not read


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"LeadSampleCountTotal": "5001"}, "signal_truncated"),
        ({"LeadSampleCountTotal": "4999"}, "signal_invalid"),
        ({"LeadByteCountTotal": "10002"}, "signal_truncated"),
        ({"LeadByteCountTotal": "9998"}, "signal_invalid"),
        ({"LeadSampleCountTotal": "9" * 15}, "signal_truncated"),
        ({"LeadSampleCountTotal": "9" * 400}, "header_invalid"),
        ({"LeadSampleCountTotal": "-1"}, "header_invalid"),
        ({"LeadSampleCountTotal": "5e3"}, "header_invalid"),
        ({"WaveFormData": ""}, "signal_truncated"),
        ({"WaveFormData": None}, "signal_truncated"),
        ({"WaveFormData": "*" * 100}, "signal_invalid"),
        ({"WaveFormData": "AAA"}, "signal_invalid"),
        ({"LeadDataCRC32": "12345"}, "checksum_mismatch"),
        ({"LeadDataCRC32": "-12345"}, "checksum_mismatch"),
        ({"LeadDataCRC32": "abc"}, "header_invalid"),
        ({"LeadOffsetFirstSample": "4"}, "unsupported_format"),
        ({"LeadOffsetFirstSample": "x"}, "unsupported_format"),
        ({"FirstSampleBaseline": "-20"}, "unsupported_format"),
        ({"LeadSampleSize": "4"}, "unsupported_format"),
        ({"LeadTimeOffset": "2500"}, "unsupported_format"),
        ({"LeadID": "I"}, "duplicate_leads"),
        ({"WaveFormData": "AAA=<x/>AAAA"}, "header_invalid"),
        ({"LeadID": "V4</LeadID><LeadID>V4"}, "header_invalid"),
        ({"LeadAmplitudeUnitsPerBit": "4.88</LeadAmplitudeUnitsPerBit><LeadAmplitudeUnitsPerBit>5"}, "header_invalid"),
    ],
)
def test_a_lead_that_contradicts_itself_is_refused(fields: made.Fields, code: str) -> None:
    refused = refusal_of_rhythm(lead_fields={"V4": fields})

    assert refused.code == code
    if code == "unsupported_format":
        assert next(iter(fields)) in refused.message


def test_a_lead_that_is_not_read_may_be_wrong() -> None:
    counts = COUNTS | {"V4R": COUNTS["V1"]}

    recording = read_file(made.document(made.waveform(counts, lead_fields={"V4R": {"FirstSampleBaseline": "3"}})))

    assert recording.leads == made.STORED


@pytest.mark.parametrize("checksum", [None, "", "0"])
def test_a_checksum_may_be_missing(checksum: str | None) -> None:
    assert read_rhythm(lead_fields={"": {"LeadDataCRC32": checksum}}).signal.shape == (8, 5000)


def test_a_checksum_with_a_sign_is_the_same_checksum() -> None:
    signed = {
        lead: {"LeadDataCRC32": str(int(np.uint32(zlib.crc32(values.tobytes())).view(np.int32)))}
        for lead, values in COUNTS.items()
    }

    assert any(fields["LeadDataCRC32"].startswith("-") for fields in signed.values())
    assert read_rhythm(lead_fields=signed).signal.shape == (8, 5000)


def test_counts_may_be_missing() -> None:
    fields = dict.fromkeys(
        ("LeadSampleCountTotal", "LeadByteCountTotal", "LeadSampleSize", "LeadTimeOffset", "LeadOff", "LeadHighLimit")
    )

    assert read_rhythm({"SampleType": None, "NumberofLeads": None}, {"": fields}).signal.shape == (8, 5000)


def test_leads_of_different_length_are_refused() -> None:
    counts = COUNTS | {"V5": COUNTS["V5"][:2500]}

    assert refusal_of(made.document(made.waveform(counts))).code == "signal_truncated"


def test_a_lead_that_the_file_announces_and_does_not_hold_is_reported() -> None:
    recording = read_rhythm({"NumberofLeads": "10"})

    assert "leads that the file announces and does not hold: 2" in recording.corrections


def test_samples_that_are_not_continuous_are_refused_by_name() -> None:
    refused = refusal_of_rhythm({"SampleType": "PEAK_SAMPLES"})

    assert refused.code == "unsupported_format"
    assert "continuous" in refused.message


@pytest.mark.parametrize(
    ("waveforms", "after", "code", "said"),
    [
        ((), "", "unsupported_format", "measurements only"),
        ((), "<PharmaData><PharmaCartID>7</PharmaCartID></PharmaData>", "unsupported_format", "measurements only"),
        ((), "<Image>AAAA</Image>", "unsupported_format", "picture"),
        ((made.median(COUNTS),), "", "unsupported_format", "no rhythm"),
        ((made.waveform({}),), "", "unsupported_format", "empty"),
        ((made.waveform(dict.fromkeys(COUNTS, np.zeros(0, np.int16))),), "", "unsupported_format", "empty"),
        ((made.waveform(COUNTS), made.waveform(COUNTS)), "", "several_records", "more than one rhythm"),
        ((f"<Waveform>{made.waveform(COUNTS)}</Waveform>",), "", "unsupported_format", "no rhythm"),
    ],
)
def test_a_file_without_one_rhythm_is_refused_by_name(
    waveforms: tuple[str, ...], after: str, code: str, said: str
) -> None:
    refused = refusal_of(made.document(*waveforms, after=after))

    assert refused.code == code
    assert said in refused.message


def test_pharma_data_beside_a_rhythm_does_no_harm() -> None:
    data = made.document(made.waveform(COUNTS), after="<PharmaData><PharmaCartID>7</PharmaCartID></PharmaData>")

    assert read_file(data).signal.shape == (8, 5000)


def test_channels_without_names_are_named_by_the_option() -> None:
    fields = {"": {"LeadID": ""}}

    assert refusal_of_rhythm(None, fields).code == "no_ecg_leads"
    assert read_rhythm(None, fields, leads=",".join(made.STORED)).leads == made.STORED


@pytest.mark.parametrize(
    "statement", ["PR < 120 & QT > 450", "Müller", "a&nbsp;b", "<![CDATA[5 < 6]]>", "\x1f", "&#0;", "<StmtText/>"]
)
def test_words_of_a_diagnosis_cannot_refuse_a_file(statement: str) -> None:
    before = f"<Diagnosis><DiagnosisStatement><StmtText>{statement}</StmtText></DiagnosisStatement></Diagnosis>"
    data = made.document(made.waveform(COUNTS), before=before)

    np.testing.assert_allclose(read_file(data).signal[0], ECG.signal[0], atol=0.0026)


def test_too_many_channels_are_refused() -> None:
    rhythm = made.waveform({f"X{number}": COUNTS["I"][:1] for number in range(600)})

    assert refusal_of(made.document(rhythm)).code == "header_invalid"


def test_only_the_root_of_muse_is_recognised() -> None:
    assert sniff(made.file_of(ECG))
    for other in (b"", b"<restingecgdata/>", b"<AnnotatedECG/>", b"<x><RestingECG/></x>"):
        assert not sniff(other)


def test_no_refusal_repeats_what_the_file_says() -> None:
    for fields in ({"LeadID": "SMITH"}, {"LeadAmplitudeUnits": "SMITH"}, {"LeadSampleCountTotal": "SMITH"}):
        refused = refusal_of_rhythm(lead_fields={"": fields})
        assert "SMITH" not in refused.message + refused.hint


def test_damaged_files_raise_nothing_but_ecg_errors() -> None:
    random = np.random.default_rng(6)
    sound = made.file_of(ECG.only(("I", "II")), ("I", "II"))
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


def test_a_file_packed_by_zip_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, made.file_of(ECG))

    assert read({"ecg.zip": buffer.getvalue()}).format == "muse_xml"

"""FHIR Observations with SampledData (R4, R5), alone and in Bundles."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.classification import Classification
from ecg_core.errors import EcgError
from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.model.classifier import classify
from ecg_core.readers import read
from ecg_core.recording import Recording
from ecg_core.reports.fhir import diagnostic_report
from ecg_core.synthesis.fhir import fhir_bytes
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made import fhir
from tests.unit.readers.made.fhir import bundle, component, observation, single, twelve, written

ECG = synthesize(duration_s=6.0)
SHORT = synthesize(duration_s=1.0)
PATIENT = {"resourceType": "Patient", "id": "1", "name": [{"family": "Mustermann"}]}


def read_json(document: object, **options: Any) -> Recording:
    return read({"ecg.json": written(document)}, **options)


def refused(document: object, **options: Any) -> EcgError:
    data = document if isinstance(document, bytes) else written(document)
    with pytest.raises(EcgError) as error:
        read({"ecg.json": data}, **options)
    assert "Mustermann" not in error.value.message + error.value.hint
    return error.value


def test_the_sample_states_no_unit_and_is_too_short(samples: Path) -> None:
    data = (samples / "fhir/SC4.12LeadsECG_data_example.json").read_bytes()
    unknown = refused(data)
    assert (unknown.code, "units=" in unknown.hint) == ("units_unknown", True)

    found = read({"a": data}, units="mV")
    components = json.loads(data)["component"]
    numbers = [[float(word) for word in other["valueSampledData"]["data"].split()] for other in components]
    assert (found.leads, found.fs_hz, found.signal.shape) == (LEADS, 500.0, (12, 500))
    np.testing.assert_allclose(found.signal, 0.001 * np.array(numbers), rtol=1e-6)
    with pytest.raises(EcgError) as short:
        classify({"a": data}, units="mV")
    assert short.value.code == "too_short"


@pytest.mark.parametrize("fs_hz", [100.0, 250.0, 300.0, 500.0, 512.0, 1000.0])
@pytest.mark.parametrize("leads", [LEADS, LIMB_LEADS, ("V6", "II"), ("I",)])
def test_what_the_project_writes_is_read_back(fs_hz: float, leads: tuple[str, ...]) -> None:
    made = synthesize(fs_hz=fs_hz, duration_s=2.0).only(leads)
    found = read({"own": fhir_bytes(made)})
    assert found.leads == made.leads
    assert found.fs_hz == pytest.approx(fs_hz, rel=1e-12)
    assert np.abs(found.signal - made.signal).max() <= 0.00005 + 1e-6
    assert found.corrections == ()


def test_missing_samples_are_written_as_errors_and_read_as_gaps() -> None:
    made = Recording(SHORT.signal.copy(), 500.0, SHORT.leads, "", "")
    made.signal[3, 7:19] = np.nan
    found = read({"own": fhir_bytes(made)})
    np.testing.assert_array_equal(np.isnan(found.signal), np.isnan(made.signal))
    assert "samples that the file marks as missing read as gaps: 12" in found.corrections


@pytest.mark.parametrize(
    ("interval", "unit"), [(0.002, "s"), (2, "ms"), (2000, "us"), (2_000_000, "ns"), (1 / 30_000, "min")]
)
def test_the_interval_of_r5_is_read_in_each_unit_of_time(interval: float, unit: str) -> None:
    made = twelve(SHORT, period=None, interval=interval, intervalUnit=unit)
    assert read_json(made).fs_hz == pytest.approx(500)


@pytest.mark.parametrize("stated", [{"interval": 500, "intervalUnit": "Hz"}, {"interval": 2}, {}])
def test_an_interval_that_is_no_time_leaves_the_rate_open(stated: dict[str, Any]) -> None:
    made = twelve(SHORT, period=None, **stated)
    assert refused(made).code == "sampling_rate_unknown"
    assert read_json(made, fs_hz=500).fs_hz == 500


@pytest.mark.parametrize(
    ("origin", "factor", "mv"),
    [
        ({"unit": "mV"}, 0.001, 1.0),
        ({"code": "uV", "unit": "microvolt"}, 1, 0.001),
        ({"code": "uV"}, 0.5, 0.001),
        ({"code": "V"}, 1e-6, 1000.0),
        ({"code": "nV"}, 500, 1e-6),
        ({"code": "mV", "unit": "Millivolt (mV)"}, 0.001, 1.0),
    ],
)
def test_the_unit_of_the_origin_counts(origin: dict[str, Any], factor: float, mv: float) -> None:
    counts = np.round(SHORT.signal[0] * 1000).astype(int)
    sampled = {"origin": {"value": 3, **origin}, "period": 2, "factor": factor, "data": " ".join(map(str, counts))}
    made = observation([{"code": fhir.code("I"), "valueSampledData": sampled}])
    found = read_json(made)
    np.testing.assert_allclose(found.signal[0], (3 + factor * counts) * mv, rtol=1e-5)


@pytest.mark.parametrize("origin", [{}, {"code": "1"}, {"code": "{counts}"}, {"unit": "1"}])
def test_without_a_unit_the_unit_or_the_gain_is_asked_for(origin: dict[str, Any]) -> None:
    made = twelve(SHORT, factor=1, origin={"value": 0, **origin})
    assert refused(made).code == "units_unknown"
    assert read_json(made, units="uV").signal[0, 0] == pytest.approx(read_json(made, gain=1000).signal[0, 0])
    scaled = twelve(SHORT, origin={"value": 0, **origin})
    assert refused(scaled, gain=1000).code == "units_unknown"
    np.testing.assert_allclose(read_json(scaled, units="mV").signal, SHORT.signal, atol=1e-6)


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ({"code": "mm[Hg]"}, "units_unknown"),
        ({"unit": "%"}, "units_unknown"),
        ({"code": "mV", "unit": "uV"}, "units_unknown"),
        ({"code": "{counts}", "unit": "mV"}, "units_unknown"),
    ],
)
def test_another_unit_than_a_voltage_is_refused_even_with_an_option(origin: dict[str, Any], code: str) -> None:
    assert refused(twelve(SHORT, origin={"value": 0, **origin}), units="mV").code == code


@pytest.mark.parametrize(("more", "numbers"), [("", []), (" +6 .5 7. 008", [6, 0.5, 7, 8])])
def test_marks_of_bad_samples_are_gaps_and_exponents_are_numbers(more: str, numbers: list[float]) -> None:
    data = "1 E 2.5 U -3 L 1E2 2e-1\n4\t5" + more
    made = observation(
        [{"code": fhir.code("I"), "valueSampledData": {"origin": {"unit": "mV"}, "period": 2, "data": data}}]
    )
    found = read_json(made)
    np.testing.assert_allclose(found.signal[0], [1, np.nan, 2.5, np.nan, -3, np.nan, 100, 0.2, 4, 5, *numbers])
    assert "samples that the file marks as missing read as gaps: 3" in found.corrections


def of_code(*codings: dict[str, str], words: str = "") -> dict[str, Any]:
    sampled = fhir.sampled(SHORT.signal[0], 500)
    return observation([{"code": {"coding": list(codings), "text": words}, "valueSampledData": sampled}])


@pytest.mark.parametrize(
    ("made", "lead"),
    [
        (of_code({"system": "urn:iso:std:iso:11073:10101", "code": "131329"}), "I"),
        (of_code({"code": "131073"}), "I"),
        (of_code({"code": "131390"}), "aVR"),
        (of_code({"code": "MDC_ECG_LEAD_V3"}), "V3"),
        (of_code({"code": "MDC_ECG_ELEC_POTL_AVF"}), "aVF"),
        (of_code({"code": "x", "display": "MDC_ECG_ELEC_POTL_III"}), "III"),
        (of_code({"system": "http://loinc.org", "code": "LP7389-2"}), "V1"),
        (of_code({"system": "http://loinc.org", "code": "LP7394-2", "display": "Lead V6"}), "V6"),
        (of_code({"system": "http://loinc.org", "code": "LP7385-0"}), "aVR"),
        (of_code({"code": "251199005", "display": "Electrocardiographic lead I"}), "I"),
        (of_code({"system": "1.2.840.10008.2.16.4", "code": "5.6.3-9-64"}), "aVF"),
        (of_code({"system": "urn:oid:2.16.840.1.113883.6.24", "code": "2:3"}), "V1"),
        (of_code(words="Lead II"), "II"),
        (of_code({"code": "131329"}, {"code": "LP7386-8"}, words="ECG lead I"), "I"),
    ],
)
def test_a_lead_is_known_by_its_code_or_its_words(made: dict[str, Any], lead: str) -> None:
    assert read_json(made).leads == (lead,)


def test_the_inverted_avr_is_turned() -> None:
    made = of_code({"code": "131393"})
    found = read_json(made)
    assert found.leads == ("aVR",)
    np.testing.assert_allclose(found.signal[0], -SHORT.signal[0], atol=1e-6)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (of_code({"code": "131329", "display": "MDC_ECG_ELEC_POTL_II"}), "header_invalid"),
        (of_code({"code": "LP7386-8"}, words="Lead II"), "header_invalid"),
        (of_code({"code": "131393", "display": "Lead aVR"}), "header_invalid"),
        (of_code({"code": "131359", "display": "I cal"}), "no_ecg_leads"),
        (of_code({"code": "131329", "display": "Median beat of lead I"}), "no_ecg_leads"),
        (of_code({"code": "131088", "display": "MDC_ECG_LEAD_X"}), "no_ecg_leads"),
        (of_code({"code": "131841"}), "no_ecg_leads"),
        (of_code(words="heart rate"), "no_ecg_leads"),
        (of_code(), "no_ecg_leads"),
    ],
)
def test_a_component_that_is_no_lead_or_two_leads_is_refused(made: dict[str, Any], code: str) -> None:
    assert refused(made).code == code


def test_leads_without_names_are_named_by_the_option() -> None:
    made = observation([component(SHORT, lead) | {"code": {"text": "channel"}} for lead in ("I", "II")])
    assert refused(made).code == "no_ecg_leads"
    assert read_json(made, leads="V1,V2").leads == ("V1", "V2")


def test_channels_of_several_dimensions_are_interleaved_and_named_by_the_option() -> None:
    counts = np.round(SHORT.signal[:3].T * 1000).astype(int).reshape(-1)
    sampled = fhir.sampled(SHORT.signal[0], 500, dimensions=3, data=" ".join(map(str, counts)))
    made = observation([{"code": fhir.code("I"), "valueSampledData": sampled}])
    assert refused(made).code == "no_ecg_leads"
    found = read_json(made, leads="I,II,III")
    np.testing.assert_allclose(found.signal, SHORT.signal[:3], atol=1e-6)
    sampled["data"] += " 1"
    assert refused(made, leads="I,II,III").code == "signal_truncated"


@pytest.mark.parametrize("dimensions", [0, -1, 1.5, 513, 10**400, "1", True])
def test_a_number_of_dimensions_out_of_range_is_refused(dimensions: object) -> None:
    assert refused(twelve(SHORT, dimensions=dimensions)).code == "header_invalid"


def test_one_observation_for_each_lead_is_one_ecg_if_subject_and_time_are_the_same() -> None:
    singles = [single(ECG, lead) for lead in LEADS]
    found = read_json(bundle([PATIENT, *singles]))
    assert found.leads == LEADS
    np.testing.assert_allclose(found.signal, ECG.signal, atol=1e-6)

    for changes in (
        {"effectiveDateTime": "2026-01-01T12:00:10Z"},
        {"effectiveDateTime": ""},
        {"subject": {"reference": "Patient/2"}},
        {"code": fhir.code("II")},
    ):
        assert refused(bundle([*singles[:-1], singles[-1] | changes])).code == "several_records"
    timeless = [{key: value for key, value in other.items() if key != "effectiveDateTime"} for other in singles]
    assert refused(bundle(timeless)).code == "several_records"


def test_leads_may_be_contained_in_an_observation() -> None:
    parent = observation([], component=None, contained=[single(SHORT, lead) for lead in ("I", "II")])
    assert read_json(parent).leads == ("I", "II")


def test_the_one_ecg_of_a_bundle_is_found_among_other_resources() -> None:
    pulse = of_code({"code": "150452", "display": "MDC_PULS_OXIM_PLETH"}, words="Plethysmogram")
    rate = observation([], component=None, valueQuantity={"value": 70, "unit": "/min"})
    found = read_json(bundle([PATIENT, pulse, rate, twelve(ECG), {"resourceType": "DiagnosticReport"}]))
    assert found.leads == LEADS
    assert "Observations of other signals left out: 1" in found.corrections
    assert read_json(bundle([bundle([twelve(ECG)])])).leads == LEADS


def test_several_ecgs_in_a_bundle_are_refused() -> None:
    other = twelve(synthesize(seed=1, duration_s=6.0)) | {"subject": {"reference": "Patient/2"}}
    assert refused(bundle([twelve(ECG), other])).code == "several_records"
    assert refused(bundle([twelve(ECG), twelve(ECG)])).code == "several_records"


def test_an_observation_entered_in_error_is_never_read() -> None:
    for status in ("entered-in-error", "cancelled"):
        wrong = twelve(ECG) | {"status": status}
        assert refused(wrong).code == "header_invalid"
        found = read_json(bundle([wrong, twelve(ECG)]))
        assert "Observations entered in error or cancelled left out: 1" in found.corrections


def test_one_lead_in_several_pieces_is_refused() -> None:
    pieces = observation([component(ECG, "I"), component(ECG, "I"), component(ECG, "I")])
    assert refused(pieces).code == "duplicate_leads"
    twice = observation([component(ECG, lead) for lead in ("I", "II", "I")])
    assert refused(twice).code == "duplicate_leads"


def test_a_rate_beside_the_samples_must_agree() -> None:
    beside = {
        "code": {"coding": [{"code": "HKElectrocardiogram.SamplingFrequency", "display": "Sampling Frequency"}]},
        "valueQuantity": {"value": 500, "unit": "Hz", "code": "hertz"},
    }
    assert read_json(observation([beside, component(ECG, "I")])).fs_hz == 500
    assert read_json(observation([beside, component(ECG, "I", period=None)])).fs_hz == 500
    assert refused(observation([beside, component(ECG, "I", period=4)])).code == "header_invalid"
    heart = {"code": {"text": "Heart rate"}, "valueQuantity": {"value": 70, "unit": "/min"}}
    assert read_json(observation([heart, component(ECG, "I")])).fs_hz == 500


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (twelve(SHORT, data=None), "unsupported_format"),
        (twelve(SHORT, data=" "), "unsupported_format"),
        (twelve(SHORT, data=None, _data={"extension": [{"valueUrl": "https://x.org"}]}), "unsupported_format"),
        (twelve(SHORT, period=None, offsets="0 2 4", interval=1, intervalUnit="ms"), "unsupported_format"),
        (twelve(SHORT, data="1 2 pace 3", codeMap="https://x.org"), "unsupported_format"),
        (twelve(SHORT, data="1 2 pace 3"), "signal_invalid"),
        (twelve(SHORT, data="1 2 3,4"), "signal_invalid"),
        (twelve(SHORT, data="1 2 1_000"), "signal_invalid"),
        (twelve(SHORT, data="1 2 nan"), "signal_invalid"),
        (twelve(SHORT, data="1 2 inf"), "signal_invalid"),
        (twelve(SHORT, data="1 2 0x10"), "signal_invalid"),
        (twelve(SHORT, data="1 2 1-2"), "signal_invalid"),
        (twelve(SHORT, data="1 2 1e999"), "signal_invalid"),
        (twelve(SHORT, data="1 2 -1e999"), "signal_invalid"),
        (twelve(SHORT, data="1 2 " + "0" * 100), "signal_invalid"),
        (twelve(SHORT, data="1 2 \u00b5"), "signal_invalid"),
        (twelve(SHORT, period=0), "header_invalid"),
        (twelve(SHORT, period=-2), "header_invalid"),
        (twelve(SHORT, period="2"), "header_invalid"),
        (twelve(SHORT, period=0.002), "sampling_rate_out_of_range"),
        (twelve(SHORT, interval=4, intervalUnit="ms"), "header_invalid"),
        (observation([component(SHORT, "I"), component(ECG, "II")]), "header_invalid"),
        (observation([component(SHORT, "I"), component(SHORT, "II", period=4)]), "header_invalid"),
        (observation([component(SHORT, "I")] * 513), "file_too_large"),
        ([twelve(SHORT)], "unsupported_format"),
        ({"resourceType": "Parameters", "parameter": [{"valueSampledData": {}}]}, "unsupported_format"),
        ({"resourceType": "Observation", "extension": [{"valueSampledData": {"data": "1"}}]}, "unsupported_format"),
        (bundle([{"resourceType": "Parameters", "parameter": [{"valueSampledData": {}}]}]), "unsupported_format"),
    ],
)
def test_an_invalid_resource_is_refused_with_its_code(made: object, code: str) -> None:
    assert refused(made).code == code


def test_a_factor_of_zero_is_refused() -> None:
    made = twelve(SHORT)
    for other in made["component"]:
        other["valueSampledData"]["factor"] = 0
    assert refused(made).code == "header_invalid"


def test_the_report_of_this_project_is_no_input() -> None:
    result: Classification = classify(synthesize())
    report = diagnostic_report(result)
    assert refused(report).code == "unsupported_format"
    # Nor is it with samples inside, nor beside an ECG counted as a second one.
    document = json.loads(report)
    document["contained"].append(single(ECG, "I"))
    error = refused(document)
    assert (error.code, "DiagnosticReport" in error.message) == ("unsupported_format", True)
    assert read_json(bundle([json.loads(report), twelve(ECG)])).leads == LEADS


def test_a_resource_that_is_cut_anywhere_is_refused() -> None:
    data = written(twelve(SHORT))
    for cut in range(data.index(b"SampledData") + 20, len(data) - 1, 173):
        assert refused(data[:cut]).code == "signal_truncated", cut


def test_a_long_text_of_samples_is_read_in_pieces_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_json(twelve(SHORT)).signal
    for size in (1, 2, 7, 100):
        monkeypatch.setattr("ecg_core.readers.fhir.sampled.PIECE_BYTES", size)
        np.testing.assert_array_equal(read_json(twelve(SHORT)).signal, whole)


@pytest.mark.parametrize("made", fhir.examples().values(), ids=fhir.examples())
def test_every_example_is_read_with_the_ecg_it_was_made_from(made: dict[str, bytes]) -> None:
    found = read(made)
    truth = synthesize().only(found.leads)
    assert found.fs_hz == pytest.approx(500)
    gaps = np.isnan(found.signal)
    np.testing.assert_allclose(found.signal[~gaps], truth.signal[~gaps], atol=1e-4)

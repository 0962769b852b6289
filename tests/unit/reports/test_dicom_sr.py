"""The structured report, read by pydicom; checked by dciodvfy (dicom3tools) and dsrdump (DCMTK) if installed."""

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.sr import _concepts_dict as known
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian

from ecg_core import classify
from ecg_core.classification import DISCLAIMER, NAMES, Classification
from ecg_core.identity import CalibrationIdentity
from ecg_core.measured import LeadMeasurements, Measurements
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.reports.dicom_sr.elements import Tag, encoded
from ecg_core.reports.dicom_sr.report import structured_report
from ecg_core.reports.fhir_bundle import transaction
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files
from tests.builders import make_classification, make_statement
from tests.unit.reports.test_fhir import RESULTS as OF_FHIR

MEASURED = Measurements(71, "regular", 164, None, 412, 436, 0, {"V2": LeadMeasurements(0.7, 1.2, -0.0)})
RESULTS = {
    **OF_FHIR,
    "measured": replace(OF_FHIR["twelve leads"], measurements=MEASURED),
    "every statement": replace(
        make_classification({"CD": 0.9}, published=[make_statement(one.code, 0.4) for one in STATEMENTS]),
        every_statement=True,
    ),
    "synthetic": classify(wfdb_files(synthesize("lbbb"), "record")),
}
# Codes that pydicom's tables, which are made from the standard, do not list. See concepts.py for the first.
NOT_LISTED = {("LN", "11524-6"), ("LN", "18810-2"), ("MDC", "2:16016")}


def read(result: Classification) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(structured_report(result)))


def items(node: Any) -> Iterator[Any]:
    """All items of the content tree."""
    for item in node.get("ContentSequence", []):
        yield item
        yield from items(item)


def name(item: Any) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning)


def value(item: Any) -> Any:
    if item.ValueType == "NUM":
        return float(item.MeasuredValueSequence[0].NumericValue) if item.MeasuredValueSequence else None
    if item.ValueType == "CODE":
        return item.ConceptCodeSequence[0].CodeValue
    text = {"TEXT": item.get("TextValue"), "UIDREF": item.get("UID"), "CONTAINER": item.get("ContinuityOfContent")}
    found = text[item.ValueType]
    return found if isinstance(found, str) else "".join(found)


def below(node: Any, *names: str) -> list[Any]:
    """The items that a path of names leads to."""
    nodes = [node]
    for wanted in names:
        nodes = [item for node in nodes for item in node.get("ContentSequence", []) if name(item) == wanted]
    return nodes


def values(node: Any, *names: str) -> list[Any]:
    return [value(item) for item in below(node, *names)]


@pytest.mark.parametrize("name", RESULTS)
def test_pydicom_reads_it_and_writes_the_same_bytes(name: str) -> None:
    body = structured_report(RESULTS[name])
    found = pydicom.dcmread(io.BytesIO(body))
    again = io.BytesIO()
    pydicom.dcmwrite(again, found, enforce_file_format=True)
    assert again.getvalue() == body
    assert found.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert found.SOPClassUID == found.file_meta.MediaStorageSOPClassUID == ComprehensiveSRStorage
    assert found.SOPInstanceUID == found.file_meta.MediaStorageSOPInstanceUID
    uids = (found.SOPInstanceUID, found.StudyInstanceUID, found.SeriesInstanceUID)
    assert all(uid.is_valid for uid in uids)
    assert len(set(uids)) == len(uids)


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy is not installed (Debian's dicom3tools)")
@pytest.mark.parametrize("name", RESULTS)
def test_dciodvfy_finds_no_error(name: str, tmp_path: Path) -> None:
    lines = checked("dciodvfy", RESULTS[name], tmp_path)
    assert "ComprehensiveSR" in lines
    # It warns that patient and study are not filled in, and that our own schemes are not in its list.
    assert [line for line in lines if line.startswith("Error")] == []


@pytest.mark.skipif(not shutil.which("dsrdump"), reason="dsrdump is not installed (Debian's dcmtk)")
@pytest.mark.parametrize("name", RESULTS)
def test_dcmtk_accepts_the_tree(name: str, tmp_path: Path) -> None:
    lines = checked("dsrdump", RESULTS[name], tmp_path)
    assert "Comprehensive SR Document" in lines
    assert [line for line in lines if line.startswith(("E:", "F:"))] == []


def checked(program: str, result: Classification, folder: Path) -> list[str]:
    """The lines of a program that reads the report."""
    path = folder / "report.dcm"
    path.write_bytes(structured_report(result))
    run = subprocess.run([program, path], capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).splitlines()


def test_it_says_that_nobody_has_reviewed_it_and_what_it_is_not_for() -> None:
    found = read(RESULTS["twelve leads"])
    flags = (found.CompletionFlag, found.VerificationFlag, found.PreliminaryFlag)
    assert flags == ("COMPLETE", "UNVERIFIED", "PRELIMINARY")
    assert found.ContentTemplateSequence[0].TemplateIdentifier == "3700"
    assert values(found, "Disclaimer") == [DISCLAIMER]
    model = RESULTS["twelve leads"].model
    assert values(found, "Observer Type") == ["121007"]
    assert values(found, "Device Observer Name") == [model.name]
    assert values(found, "Device Observer Serial Number") == [model.sha256]
    assert values(found, "Current Procedure Descriptions", "Algorithm Version") == [model.version]


def test_the_numbers_are_those_of_the_answer() -> None:
    result = RESULTS["every statement"]
    found = read(result)
    said = {name: below(found, "Calibrated probabilities", NAMES[name])[:1] for name in NAMES}
    assert {name: value(found[0]) for name, found in said.items()} == dict(result.probabilities)
    limits = {name: values(found[0], "Threshold of the finding") for name, found in said.items()}
    assert limits == {name: [threshold] for name, threshold in result.thresholds.items()}
    assert len(below(found, "Calibrated probabilities")[0].ContentSequence) == len(NAMES) + len(STATEMENTS)


def test_what_is_below_its_threshold_is_stated_nowhere() -> None:
    found = read(RESULTS["statements"])
    stated = {(code.CodingSchemeDesignator, code.CodeValue) for code in codes(below(found, "Qualitative Analysis"))}
    assert {("99EKG", "CD"), ("99EKG", "NORM"), ("SCT", "733534002"), ("99EKGSCP", "NT_")} <= stated
    assert not {("99EKG", "STTC"), ("99EKG", "MI"), ("99EKG", "HYP")} & stated
    assert below(read(RESULTS["no_finding"]), "Qualitative Analysis") == []
    assert values(read(RESULTS["every statement"]), "Qualitative Analysis", "ECG Finding") == ["CD"]
    assert values(found, "Qualitative Analysis", "ECG Finding", "Probability")[0] == 0.9


def codes(nodes: list[Any]) -> Iterator[Any]:
    for item in (item for node in nodes for item in items(node)):
        yield from item.get("ConceptCodeSequence", [])


@pytest.mark.parametrize(
    ("name", "overall"),
    [("one lead", ["164854000"]), ("twelve leads", ["102594003"]), ("contradictory_findings", []), ("no_finding", [])],
)
def test_the_overall_finding_needs_a_diagnosis(name: str, overall: list[str]) -> None:
    found = read(RESULTS[name])
    assert values(found, "Summary", "ECG overall finding") == overall
    (said,) = values(found, "Summary", "Summary")
    assert said.startswith("Diagnosis: " if overall else "No diagnosis.")
    assert ("(no_finding)" in str(values(found, "Summary", "Warning"))) == (name == "no_finding")


def test_a_value_that_could_not_be_measured_is_there_and_says_so() -> None:
    found = read(RESULTS["measured"])
    (measured,) = below(found, "Quantitative Analysis", "ECG Global Measurements")
    assert {name(item): value(item) for item in measured.ContentSequence} == {
        "Ventricular Heart Rate": 71.0,
        "QT interval global": 412.0,
        "PR interval global": 164.0,
        "QRS duration global": None,
        "QTc interval global": 436.0,
        "QRS axis": 0.0,
    }
    (qrs,) = below(measured, "QRS duration global")
    assert qrs.NumericValueQualifierCodeSequence[0].CodeMeaning == "Measurement failure"
    assert values(measured, "QTc interval global", "Algorithm Name") == ["122732"]
    (lead,) = below(found, "Quantitative Analysis", "ECG Lead Measurements")
    assert [value(item) for item in lead.ContentSequence] == ["2:4", 0.7, 0.0]
    assert "-0" not in [str(item.MeasuredValueSequence[0].NumericValue) for item in lead.ContentSequence[1:]]


def test_the_same_answer_has_the_same_bytes_and_another_answer_other_uids() -> None:
    one = RESULTS["twelve leads"]
    assert structured_report(one) == structured_report(replace(one))
    other = replace(one, corrections=())
    assert read(other).StudyInstanceUID == read(one).StudyInstanceUID
    assert read(other).SeriesInstanceUID == read(one).SeriesInstanceUID
    assert read(other).SOPInstanceUID != read(one).SOPInstanceUID
    another = replace(one, recording=replace(one.recording, sha256="1" * 64))
    assert read(another).StudyInstanceUID != read(one).StudyInstanceUID


@pytest.mark.parametrize("name", RESULTS)
def test_it_names_no_person_and_no_time(name: str) -> None:
    found = read(RESULTS[name])
    assert {str(element.value) for element in found.group_dataset(0x0010)} == {""}
    assert (found.PatientIdentityRemoved, found.LongitudinalTemporalInformationModified) == ("YES", "REMOVED")
    times = {str(element.value) for element in found.iterall() if element.VR in ("DA", "TM", "DT", "PN")}
    assert times == {"", "19000101", "000000"}


def test_control_characters_of_a_text_are_gone() -> None:
    said = values(read(RESULTS["hostile warning"]), "Summary", "Warning")[0]
    assert "alert('1')" in said
    assert said.replace("\ufffd", "").isprintable()
    assert "ä" in said


def test_the_codes_are_those_of_the_standard() -> None:
    listed: dict[tuple[str, str], set[str]] = {}
    for scheme, concepts in known.concepts.items():
        for versions in concepts.values():
            for code, (meaning, _) in versions.items():
                listed.setdefault((scheme, code), set()).add(meaning.casefold())
    ours = {("SCT", one.snomed) for one in STATEMENTS}
    used = {
        (code.CodingSchemeDesignator, code.CodeValue): code.CodeMeaning.casefold()
        for result in RESULTS.values()
        for code in every_code(read(result))
        if code.CodingSchemeDesignator not in ("99EKG", "99EKGSCP", "RFC5646", "UCUM")
    }
    assert used.keys() - listed.keys() - ours <= NOT_LISTED
    # The standard has longer names for some leads, and SNOMED CT has several names for one code.
    named = {code: said for code, said in used.items() if code[0] in ("DCM", "LN", "MDC") and code in listed}
    assert len(named) > 25
    assert {code: said for code, said in named.items() if said not in listed[code] and said[:5] != "lead "} == {}


def every_code(found: Any) -> list[Any]:
    sequences = [element.value for element in found.iterall() if element.VR == "SQ"]
    return [item for sequence in sequences for item in sequence if "CodeValue" in item]


def test_the_codes_of_loinc_have_the_right_check_digit() -> None:
    used = {code.CodeValue for code in every_code(read(RESULTS["measured"])) if code.CodingSchemeDesignator == "LN"}
    assert len(used) > 3
    for code in used:
        digits, check = code.split("-")
        doubled = "".join(str(int(digit) * (2 - index % 2)) for index, digit in enumerate(reversed(digits)))
        assert (-sum(map(int, doubled))) % 10 == int(check), code


def test_its_numbers_are_those_of_the_fhir_bundle() -> None:
    result = RESULTS["synthetic"]
    resources = [entry["resource"] for entry in json.loads(transaction(result))["entry"]]
    quantities = {
        resource["code"]["text"]: resource["valueQuantity"]["value"]
        for resource in resources
        if resource["resourceType"] == "Observation"
    }
    found = read(result)
    assert values(found, "Quantitative Analysis", "ECG Global Measurements", "QRS duration global") == [
        quantities["QRS duration"]
    ]
    for name in ("NORM", "CD", "STTC"):
        assert values(found, "Calibrated probabilities", NAMES[name])[0] == quantities[NAMES[name]]


@pytest.mark.parametrize(("vr", "text"), [("SH", "x" * 17), ("LO", "x" * 65), ("LO", r"a\b"), ("UI", "1" * 65)])
def test_a_value_that_its_representation_cannot_hold_is_not_written(vr: str, text: str) -> None:
    with pytest.raises(ValueError, match="0008,0104"):
        encoded({Tag(0x0008_0104, vr): text})


def test_a_local_calibration_is_named() -> None:
    local = CalibrationIdentity("Ward 7", "c" * 64, estimate=True)
    result = RESULTS["measured"]
    found = read(replace(result, model=replace(result.model, calibration=local)))
    said = {name(item): item.TextValue for item in items(found) if item.ValueType == "TEXT"}
    assert said["Calibration"] == f"Ward 7, an estimate without labels, sha256 {'c' * 64}"
    assert "Calibration" not in {name(item) for item in items(read(result))}

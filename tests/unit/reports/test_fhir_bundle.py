"""The transaction, checked by the models of fhir.resources, and for references that they do not follow."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from ecg_core.classification import Classification
from ecg_core.reports.fhir import diagnostic_report
from ecg_core.reports.fhir_bundle import transaction
from tests.unit.reports.test_fhir import RESULTS, SVG, references


def bundle_of(result: Classification, svg: bytes | None = None) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(transaction(result, svg))
    return body


@pytest.mark.parametrize("svg", [None, SVG], ids=["without svg", "with svg"])
@pytest.mark.parametrize("name", RESULTS)
def test_the_models_accept_every_transaction(name: str, svg: bytes | None) -> None:
    bundle = Bundle.model_validate(bundle_of(RESULTS[name], svg))
    kinds = [entry.resource.get_resource_type() for entry in bundle.entry]
    observed = 3 + len(RESULTS[name].statements)
    assert kinds == ["Device", *["Observation"] * observed, "DiagnosticReport"]


def test_the_models_reject_a_transaction_with_a_wrong_resource() -> None:
    body = bundle_of(RESULTS["twelve leads"])
    del body["entry"][1]["resource"]["code"]
    with pytest.raises(ValidationError):
        Bundle.model_validate(body)


@pytest.mark.parametrize("name", RESULTS)
def test_every_reference_names_an_entry_and_no_resource_is_contained(name: str) -> None:
    body = bundle_of(RESULTS[name])
    addresses = {entry["fullUrl"] for entry in body["entry"]}
    assert len(addresses) == len(body["entry"])
    assert set(references(body)) == addresses - {body["entry"][-1]["fullUrl"]}
    for entry in body["entry"]:
        assert not {"contained", "id"} & set(entry["resource"])
        assert (entry["request"]["method"], entry["request"]["url"]) == ("POST", entry["resource"]["resourceType"])


def test_it_says_what_the_report_says() -> None:
    report = json.loads(diagnostic_report(RESULTS["twelve leads"], SVG))
    body = bundle_of(RESULTS["twelve leads"], SVG)
    same = ("text", "identifier", "status", "code", "conclusion", "conclusionCode", "presentedForm")
    assert [body["entry"][-1]["resource"][name] for name in same] == [report[name] for name in same]
    for entry, resource in zip(body["entry"], report["contained"], strict=False):
        left = {"id", "identifier", "device"}
        assert {name: value for name, value in entry["resource"].items() if name not in left} == {
            name: value for name, value in resource.items() if name not in left
        }


def test_only_the_model_is_shared_with_other_answers() -> None:
    one, other = bundle_of(RESULTS["one lead"]), bundle_of(RESULTS["certain"])
    conditional = [entry["request"].get("ifNoneExist") for entry in one["entry"]]
    assert conditional == ["identifier=urn:ekg:model|" + "f" * 64, None, None, None, None]
    assert one["entry"][0]["fullUrl"] == other["entry"][0]["fullUrl"]
    assert transaction(RESULTS["one lead"]) == transaction(RESULTS["one lead"])


def test_it_names_no_person_and_no_time() -> None:
    for entry in bundle_of(RESULTS["twelve leads"])["entry"]:
        assert entry["resource"].keys().isdisjoint({"subject", "issued", "effectiveDateTime", "performer"})

"""The other forms of an answer: service, command, drop and core give the same bytes."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pydicom
import pytest
from fhir.resources.R4B.bundle import Bundle

from ecg_core import Classification, classify
from ecg_core.cli import main
from ecg_core.drop.addresses import NAMED
from ecg_core.reports.dicom_sr.report import structured_report
from ecg_core.reports.fhir import diagnostic_report
from ecg_core.reports.fhir_bundle import transaction
from ecg_core.reports.hl7v2 import message
from functions.api.negotiation import DICOM, FHIR, HL7
from tests.conftest import ROOT

RECORD = ROOT / "examples/left_bundle_branch_block.zip"
# Name of the form: (Accept, query, what the core writes).
FORMS: dict[str, tuple[str, str, Callable[[Classification], bytes]]] = {
    "fhir": (FHIR, "", diagnostic_report),
    "fhir-bundle": (FHIR, "?bundle=true", transaction),
    "dicom-sr": (DICOM, "", structured_report),
    "hl7": (HL7, "", lambda result: message(result, datetime.now(UTC))),
}


def timeless(body: bytes) -> bytes:
    """Without the time of an HL7 message."""
    return re.sub(rb"\|\d{14}\+0000\|", b"|TIME|", body)


def asked(client: httpx.Client, name: str, more: str = "") -> httpx.Response:
    accept, query, _ = FORMS[name]
    query = f"{query}&{more}" if query else f"?{more}"
    return client.post(f"/diagnosis{query}", content=RECORD.read_bytes(), headers={"accept": accept})


@pytest.mark.parametrize("name", FORMS)
def test_service_command_and_drop_give_the_bytes_of_the_core(name: str, client: httpx.Client, tmp_path: Path) -> None:
    accept, _, of_core = FORMS[name]
    expected = timeless(of_core(classify({RECORD.name: RECORD.read_bytes()})))
    answer = asked(client, name)
    assert (answer.status_code, answer.headers["content-type"]) == (200, accept)
    assert timeless(answer.content) == expected
    assert main(["classify", str(RECORD), f"--{name}", str(tmp_path / "out")]) == 0
    assert timeless((tmp_path / "out").read_bytes()) == expected
    inbox, results = tmp_path / "in", tmp_path / "results"
    inbox.mkdir()
    (inbox / RECORD.name).write_bytes(RECORD.read_bytes())
    assert main(["watch", str(inbox), str(results), "--once", "--interval", "0.05", f"--{name}"]) == 0
    assert timeless((results / f"{RECORD.name}{NAMED[name]}").read_bytes()) == expected


@pytest.mark.parametrize("name", FORMS)
def test_an_explanation_changes_no_form_and_all_statements_do(name: str, client: httpx.Client) -> None:
    plain = timeless(asked(client, name).content)
    assert timeless(asked(client, name, "explain=true").content) == plain
    changed = timeless(asked(client, name, "statements=all").content) != plain
    # An HL7 message gives no statements.
    assert changed == (name != "hl7")


def test_a_bundle_over_http_is_a_transaction_that_the_models_accept(client: httpx.Client) -> None:
    bundle = Bundle.model_validate(asked(client, "fhir-bundle").json())
    assert bundle.type == "transaction"
    assert asked(client, "fhir", "bundle=false").json()["resourceType"] == "DiagnosticReport"
    assert asked(client, "fhir", "bundle=perhaps").status_code == 422


def test_a_dicom_report_over_http_is_a_file_that_pydicom_reads(client: httpx.Client) -> None:
    found = pydicom.dcmread(io.BytesIO(asked(client, "dicom-sr").content))
    assert (found.Modality, found.VerificationFlag, found.PatientID) == ("SR", "UNVERIFIED", "")


def test_a_refusal_has_no_other_form(client: httpx.Client) -> None:
    for accept, query, _ in FORMS.values():
        answer = client.post(f"/diagnosis{query}", content=b"no ecg", headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")


def test_the_description_names_every_form(client: httpx.Client) -> None:
    diagnosis = client.get("/openapi.json").json()["paths"]["/diagnosis"]["post"]
    assert {accept for accept, _, _ in FORMS.values()} < set(diagnosis["responses"]["200"]["content"])
    assert "bundle" in {parameter["name"] for parameter in diagnosis["parameters"]}

"""POST /diagnosis: the forms of the answer, explanations, and that it equals the answer of classify()."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

import ecg_core
from ecg_core.classification import DISCLAIMER
from ecg_core.model.classifier import default_classifier
from functions.api import schemas
from tests.api.sending import code_of, pair, parts
from tests.builders import beats
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "name",
    [
        "normal.zip",
        "left_bundle_branch_block.zip",
        "right_bundle_branch_block.zip",
        "st_depression.csv",
        "watch_lead_i.csv",
    ],
)
def test_one_file_gets_the_same_bytes_as_from_classify(
    client: httpx.Client, example: dict[str, bytes], name: str
) -> None:
    answer = client.post("/diagnosis", files=parts({name: example[name]}))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == ecg_core.classify({name: example[name]}).to_json()


def test_the_query_may_state_a_rate_and_a_unit_that_the_file_does_not(client: httpx.Client) -> None:
    table = b"I\n" + b"\n".join(b"%d" % round(700 * value) for value in beats(10, 100))
    asked = client.post("/diagnosis", content=table)
    assert code_of(asked) in ("sampling_rate_unknown", "units_unknown")
    told = client.post("/diagnosis?fs_hz=100&units=uV", content=table)
    assert told.content == ecg_core.classify({"upload": table}, fs_hz=100, units="uV").to_json()


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*", "text/html, */*;q=.1", ""])
def test_the_answer_is_json_unless_accept_prefers_another_form(
    client: httpx.Client, example: dict[str, bytes], accept: str
) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example)), headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json"


def test_accept_can_ask_for_fhir(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example)), headers={"accept": "application/fhir+json"})
    assert answer.headers["content-type"] == "application/fhir+json"
    report = answer.json()
    assert (report["resourceType"], report["status"]) == ("DiagnosticReport", "preliminary")
    assert DISCLAIMER in report["conclusion"]


@pytest.mark.parametrize("name", ["normal.zip", "left_bundle_branch_block.zip", "watch_lead_i.csv"])
def test_an_explanation_has_the_same_bytes_from_service_core_and_command(
    client: httpx.Client, example: dict[str, bytes], name: str, tmp_path: Path
) -> None:
    answer = client.post("/diagnosis?explain=true", files=parts({name: example[name]}))
    assert answer.content == default_classifier().classify({name: example[name]}, explain=True).to_json()
    (tmp_path / name).write_bytes(example[name])
    command = [sys.executable, "-m", "ecg_core", "classify", "--json", "--explain", str(tmp_path / name)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout == answer.content + b"\n"
    described = schemas.Classification.model_validate_json(answer.content)
    assert described.explanation is not None
    assert described.explanation.about == answer.json()["diagnosis"]


def test_all_statements_have_the_same_bytes_from_service_core_and_command(
    client: httpx.Client, example: dict[str, bytes], tmp_path: Path
) -> None:
    name = "left_bundle_branch_block.zip"
    answer = client.post("/diagnosis?statements=all", files=parts({name: example[name]}))
    assert answer.content == ecg_core.classify({name: example[name]}, statements="all").to_json()
    (tmp_path / name).write_bytes(example[name])
    command = [sys.executable, "-m", "ecg_core", "classify", "--json", "--statements", "all", str(tmp_path / name)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout == answer.content + b"\n"
    described = schemas.Classification.model_validate_json(answer.content)
    published = default_classifier().card["statements"]["sets"]["12"]["published"]
    assert {statement.code for statement in described.statements} == set(published)
    usual = client.post("/diagnosis?statements=findings", files=parts({name: example[name]}))
    assert usual.content == ecg_core.classify({name: example[name]}).to_json()
    assert len(usual.json()["statements"]) < len(published)


def test_statements_must_be_findings_or_all(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis?statements=some", files=parts(pair(example)))
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")
    assert "statements" in answer.json()["detail"]


def test_an_answer_has_no_explanation_by_default(client: httpx.Client, example: dict[str, bytes]) -> None:
    for query in ("", "?explain=false"):
        answer = client.post(f"/diagnosis{query}", files=parts(pair(example)))
        assert answer.content == ecg_core.classify(pair(example)).to_json()


def test_explain_must_be_true_or_false(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis?explain=perhaps", files=parts(pair(example)))
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")


def test_explain_shades_the_plot_and_does_not_change_fhir(client: httpx.Client, example: dict[str, bytes]) -> None:
    def sent(query: str, accept: str) -> bytes:
        return client.post(f"/diagnosis{query}", files=parts(pair(example)), headers={"accept": accept}).content

    assert b"where the network looks" in sent("?explain=true", "image/svg+xml")
    assert b"where the network looks" not in sent("", "image/svg+xml")
    assert sent("?explain=true", "application/fhir+json") == sent("", "application/fhir+json")


def test_accept_can_ask_for_the_plot(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example)), headers={"accept": "image/svg+xml"})
    assert answer.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(answer.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert "script-src" not in answer.headers["content-security-policy"]


def test_a_form_that_the_service_does_not_have_is_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example)), headers={"accept": "application/pdf"})
    assert (answer.status_code, code_of(answer)) == (406, "not_acceptable")


def test_a_refusal_is_a_problem_whatever_accept_says(client: httpx.Client) -> None:
    answer = client.post("/diagnosis", content=b"nonsense", headers={"accept": "image/svg+xml"})
    assert (answer.status_code, code_of(answer)) == (415, "unsupported_format")


def test_a_header_without_its_signal_is_incomplete(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts({"normal.hea": example["normal.hea"]}))
    assert (answer.status_code, code_of(answer)) == (422, "record_incomplete")


def test_every_answer_says_that_it_is_no_medical_device(client: httpx.Client, example: dict[str, bytes]) -> None:
    for accept in ("application/json", "application/fhir+json", "image/svg+xml"):
        answer = client.post("/diagnosis", files=parts(pair(example)), headers={"accept": accept})
        assert "Not a medical device" in answer.text


def test_real_records_get_the_same_bytes_as_from_classify(client: httpx.Client, samples: Path) -> None:
    for header in sorted((samples / "wfdb_ptbxl").glob("*.hea")):
        files = {header.name: header.read_bytes(), f"{header.stem}.dat": header.with_suffix(".dat").read_bytes()}
        assert client.post("/diagnosis", files=parts(files)).content == ecg_core.classify(files).to_json()


def test_the_json_of_an_answer_has_one_line(client: httpx.Client, example: dict[str, bytes]) -> None:
    body = client.post("/diagnosis", files=parts(pair(example))).content
    assert body.count(b"\n") == 0
    assert json.loads(body)["disclaimer"] == DISCLAIMER


def test_accept_may_be_split_over_several_header_lines(client: httpx.Client, example: dict[str, bytes]) -> None:
    lines = [("accept", "text/html"), ("accept", "application/fhir+json")]
    answer = client.post("/diagnosis", files=parts(pair(example)), headers=lines)
    assert answer.headers["content-type"] == "application/fhir+json"


def test_concurrent_requests_each_get_their_own_answer(service: str, example: dict[str, bytes]) -> None:
    names = [name for name in example if name.endswith((".zip", ".csv"))] * 12
    expected = {name: ecg_core.classify({name: example[name]}).to_json() for name in set(names)}
    with ThreadPoolExecutor(12) as pool:
        answers = pool.map(lambda name: httpx.post(f"{service}/diagnosis", content=example[name], timeout=60), names)
        for name, answer in zip(names, answers, strict=True):
            assert answer.content == expected[name]

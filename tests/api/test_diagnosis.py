"""POST /diagnosis: every way to send a record, every form of the answer, explanations."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

import ecg_core
from ecg_core.classification import DISCLAIMER
from ecg_core.model.classifier import default_classifier
from functions.api import schemas
from tests.builders import beats
from tests.conftest import ROOT

Parts = list[tuple[str, tuple[str, bytes]]]


def parts(files: Mapping[str, bytes], field: str = "file") -> Parts:
    return [(field, (name, data)) for name, data in files.items()]


def pair(example: dict[str, bytes]) -> dict[str, bytes]:
    return {name: example[name] for name in ("normal.hea", "normal.dat")}


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:ekg:problem:{body['code']}"
    assert body["hint"]
    return str(body["code"])


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


def test_a_header_and_its_signal_may_be_two_parts(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example)))
    assert answer.content == ecg_core.classify(pair(example)).to_json()


def test_the_order_of_the_parts_does_not_matter(client: httpx.Client, example: dict[str, bytes]) -> None:
    one = client.post("/diagnosis", files=parts(pair(example)))
    other = client.post("/diagnosis", files=list(reversed(parts(pair(example)))))
    assert one.content == other.content


def test_names_of_parts_may_contain_a_folder(client: httpx.Client, example: dict[str, bytes]) -> None:
    files = {f"records/{name}": data for name, data in pair(example).items()}
    assert client.post("/diagnosis", files=parts(files)).json()["diagnosis"] == "NORM"


@pytest.mark.parametrize(
    "kind", ["application/octet-stream", "application/zip", "application/x-www-form-urlencoded", "text/csv", None]
)
def test_a_bare_body_is_read_with_any_content_type(
    client: httpx.Client, example: dict[str, bytes], kind: str | None
) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = client.post("/diagnosis?filename=normal.zip", content=example["normal.zip"], headers=headers)
    assert answer.content == ecg_core.classify({"normal.zip": example["normal.zip"]}).to_json()


def test_a_bare_body_needs_no_name(client: httpx.Client, example: dict[str, bytes]) -> None:
    assert client.post("/diagnosis", content=example["watch_lead_i.csv"]).status_code == 200


def test_the_query_may_state_a_rate_and_a_unit_that_the_file_does_not(client: httpx.Client) -> None:
    table = b"I\n" + b"\n".join(b"%d" % round(700 * value) for value in beats(10, 100))
    asked = client.post("/diagnosis", content=table)
    assert code_of(asked) in ("sampling_rate_unknown", "units_unknown")
    told = client.post("/diagnosis?fs_hz=100&units=uV", content=table)
    assert told.content == ecg_core.classify({"upload": table}, fs_hz=100, units="uV").to_json()


def test_a_plus_in_a_file_name_of_the_query_is_accepted(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis?filename=a+b%2Bc.zip", content=example["normal.zip"])
    assert answer.status_code == 200


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


def test_an_empty_body_is_refused(client: httpx.Client) -> None:
    assert code_of(client.post("/diagnosis")) == "empty_file"


def test_an_empty_part_is_refused(client: httpx.Client) -> None:
    assert code_of(client.post("/diagnosis", files=parts({"x.csv": b""}))) == "empty_file"


def test_files_under_another_field_name_are_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    answer = client.post("/diagnosis", files=parts(pair(example), field="ecg"))
    assert (answer.status_code, code_of(answer)) == (422, "file_missing")


def test_a_text_field_named_file_does_not_count_as_a_file(client: httpx.Client) -> None:
    boundary = {"content-type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--b--\r\n'
    assert code_of(client.post("/diagnosis", content=body, headers=boundary)) == "file_missing"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--b\r\n"),
        ("multipart/form-data; boundary=b", b"no boundary at all"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nX-Broken\r\n\r\nx\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b; charset=nonsense",
            b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--',
        ),
        ("multipart/form-data; boundary=" + "b" * 100_00, b"x"),
    ],
)
def test_a_broken_multipart_body_is_refused(client: httpx.Client, kind: str, body: bytes) -> None:
    answer = client.post("/diagnosis", content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 422)
    assert code_of(answer) in ("body_invalid", "file_missing")


def test_more_parts_than_a_record_has_are_refused(client: httpx.Client) -> None:
    many = {f"{index}.dat": b"x" for index in range(65)}
    answer = client.post("/diagnosis", files=parts(many))
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")
    assert "64" in answer.json()["detail"]


def test_two_files_with_the_same_name_are_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    twice = parts({"normal.zip": example["normal.zip"]}) * 2
    assert code_of(client.post("/diagnosis", files=twice)) == "request_invalid"


def test_two_records_are_refused(client: httpx.Client, example: dict[str, bytes]) -> None:
    two = {name: example[name] for name in ("normal.zip", "left_bundle_branch_block.zip")}
    assert code_of(client.post("/diagnosis", files=parts(two))) == "several_records"


def test_a_file_name_above_255_characters_is_refused(client: httpx.Client) -> None:
    assert code_of(client.post("/diagnosis", files=parts({"n" * 300: b"x"}))) == "request_invalid"


@pytest.mark.parametrize("query", ["fs_hz=Meier", "fs_hz=", "fs_hz=1e999x", "filename=" + "n" * 300])
def test_the_refusal_of_a_parameter_tells_its_name_and_not_its_value(client: httpx.Client, query: str) -> None:
    answer = client.post(f"/diagnosis?{query}", content=b"x")
    assert (answer.status_code, code_of(answer)) == (422, "request_invalid")
    assert query.split("=")[0] in answer.json()["detail"]
    assert "Meier" not in answer.text
    assert "nnn" not in answer.text


@pytest.mark.parametrize("query", ["fs_hz=nan", "fs_hz=inf", "fs_hz=-1", "fs_hz=1e300", "units=Meier"])
def test_the_refusal_of_a_rate_or_unit_does_not_tell_its_value(
    client: httpx.Client, example: dict[str, bytes], query: str
) -> None:
    answer = client.post(f"/diagnosis?{query}", content=example["st_depression.csv"])
    assert answer.status_code == 422
    assert "Meier" not in answer.text


def test_a_zip_bomb_is_refused_and_the_next_request_is_answered(
    client: httpx.Client, example: dict[str, bytes]
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dat", bytes(200_000_000))
    answer = client.post("/diagnosis", content=buffer.getvalue())
    assert code_of(answer) in ("archive_unsafe", "file_too_large")
    assert client.post("/diagnosis", files=parts(pair(example))).json()["diagnosis"] == "NORM"


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


@pytest.mark.parametrize("charset", ["punycode", "utf-16", "hex", "nonsense"])
def test_the_charset_of_a_multipart_body_is_ignored(
    client: httpx.Client, example: dict[str, bytes], charset: str
) -> None:
    fields = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="x-%d"\r\n\r\na-%s\r\n' % (index, b"a" * 900)
        for index in range(16)
    )
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="n.zip"\r\n\r\n'
    body = fields + head + example["normal.zip"] + b"\r\n--b--\r\n"
    answer = client.post(
        "/diagnosis", content=body, headers={"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
    )
    assert answer.content == ecg_core.classify({"n.zip": example["normal.zip"]}).to_json()


def test_a_table_sent_as_a_text_field_is_refused_as_file_missing(
    client: httpx.Client, example: dict[str, bytes]
) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + example["watch_lead_i.csv"] + b"\r\n--b--\r\n"
    )
    answer = client.post("/diagnosis", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, code_of(answer)) == (422, "file_missing")


def test_a_compressed_body_is_refused_with_a_hint(client: httpx.Client) -> None:
    answer = client.post("/diagnosis", content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert (answer.status_code, code_of(answer)) == (400, "body_invalid")
    assert "Content-Encoding" in answer.json()["hint"]


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

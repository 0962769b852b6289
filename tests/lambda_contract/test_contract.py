import base64
import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import pytest

import ecg_core
from ecg_core.cli.examples import examples
from functions.api.settings import LAMBDA_BODY_BYTES
from tests.lambda_contract.emulator import Function, binary, function
from tests.lambda_contract.events import KINDS, Kind, event, multipart

pytestmark = pytest.mark.skipif(
    binary() is None, reason="the runtime emulator is not installed: `make setup` does, or EKG_RIE names it"
)

SECRET = "Hans-Meier-1947"


@pytest.fixture(scope="module")
def example() -> dict[str, bytes]:
    return examples()


@pytest.fixture(scope="module")
def api() -> Iterator[Function]:
    with function() as running:
        yield running


def body_of(answer: dict[str, Any]) -> bytes:
    """What the gateway sends on."""
    body = answer["body"]
    return base64.b64decode(body) if answer["isBase64Encoded"] else str(body).encode()


def header_of(answer: dict[str, Any], name: str) -> str:
    return {key.lower(): value for key, value in answer["headers"].items()}[name]


def code_of(answer: dict[str, Any]) -> str:
    assert header_of(answer, "content-type") == "application/problem+json"
    assert not answer["isBase64Encoded"]
    return str(json.loads(answer["body"])["code"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_greeting_is_exact(api: Function, kind: Kind) -> None:
    answer = api.invoke(event(kind, "GET", "/"))
    assert answer["statusCode"] == 200
    assert body_of(answer) == '{"message": "EKG-Klassifikations-API läuft"}'.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_zip_is_answered_with_the_bytes_of_the_core(api: Function, example: dict[str, bytes], kind: Kind) -> None:
    data = example["left_bundle_branch_block.zip"]
    answer = api.invoke(event(kind, "POST", "/diagnosis?filename=x.zip", data, {"Content-Type": "application/zip"}))
    assert answer["statusCode"] == 200
    assert body_of(answer) == ecg_core.classify({"x.zip": data}).to_json()


@pytest.mark.parametrize("kind", KINDS)
def test_a_pair_comes_as_multipart(api: Function, example: dict[str, bytes], kind: Kind) -> None:
    files = {name: example[name] for name in ("normal.hea", "normal.dat")}
    body, headers = multipart(files)
    assert body_of(api.invoke(event(kind, "POST", "/diagnosis", body, headers))) == ecg_core.classify(files).to_json()


@pytest.mark.parametrize("kind", ["http", "url"])
def test_a_table_may_come_as_text(api: Function, example: dict[str, bytes], kind: Kind) -> None:
    data = example["st_depression.csv"]
    answer = api.invoke(event(kind, "POST", "/diagnosis", data.decode(), {"Content-Type": "text/csv"}))
    assert body_of(answer) == ecg_core.classify({"x": data}).to_json()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stage_may_have_the_name_of_a_route(api: Function, kind: Kind) -> None:
    for path in ("/", "/health", "/model"):
        assert api.invoke(event(kind, "GET", path, stage="health"))["statusCode"] == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("path", "method", "accept", "status", "content_type"),
    [
        ("/diagnosis", "POST", "application/json", 200, "application/json"),
        ("/diagnosis", "POST", "application/fhir+json", 200, "application/fhir+json"),
        ("/diagnosis", "POST", "image/svg+xml", 200, "image/svg+xml"),
        ("/diagnosis", "POST", "text/html", 406, "application/problem+json"),
        ("/", "GET", "*/*", 200, "application/json"),
        ("/docs", "GET", "text/html", 200, "text/html; charset=utf-8"),
        ("/openapi.json", "GET", "*/*", 200, "application/json"),
        ("/model", "GET", "*/*", 200, "application/json"),
        ("/nothing", "GET", "*/*", 404, "application/problem+json"),
        ("/diagnosis", "GET", "*/*", 405, "application/problem+json"),
        ("/uploads?size=1", "POST", "*/*", 503, "application/problem+json"),
    ],
)
def test_text_answers_are_not_base64_encoded(
    api: Function,
    example: dict[str, bytes],
    kind: Kind,
    path: str,
    method: str,
    accept: str,
    status: int,
    content_type: str,
) -> None:
    body = example["normal.zip"] if method == "POST" and path == "/diagnosis" else None
    answer = api.invoke(event(kind, method, path, body, {"Accept": accept}))
    assert (answer["statusCode"], header_of(answer, "content-type")) == (status, content_type)
    assert answer["isBase64Encoded"] is False
    if "json" in content_type:
        json.loads(answer["body"])
    if "svg" in content_type:
        ElementTree.fromstring(answer["body"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ],
)
def test_compressed_assets_leave_as_base64(api: Function, kind: Kind, name: str, content_type: str) -> None:
    answer = api.invoke(event(kind, "GET", f"/docs/{name}", headers={"Accept-Encoding": "gzip"}))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert header_of(answer, "content-type") == content_type
    assert header_of(answer, "content-encoding") == "gzip"
    assert int(header_of(answer, "content-length")) == len(body_of(answer))
    assert gzip.decompress(body_of(answer)).startswith((b"/*", b"<svg", b".swagger", b"!function", b'"'))
    tag = header_of(answer, "etag")
    known = api.invoke(event(kind, "GET", f"/docs/{name}?v={tag[1:-1]}", headers={"If-None-Match": tag}))
    assert (known["statusCode"], known["body"], known["isBase64Encoded"]) == (304, "", False)
    assert "immutable" in header_of(known, "cache-control")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("accept", "start"), [("application/dicom", bytes(128) + b"DICM"), ("application/hl7-v2", b"MSH|")]
)
def test_binary_forms_of_an_answer_leave_as_base64(
    api: Function, example: dict[str, bytes], kind: Kind, accept: str, start: bytes
) -> None:
    answer = api.invoke(event(kind, "POST", "/diagnosis", example["normal.zip"], {"Accept": accept}))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert header_of(answer, "content-type") == accept
    assert body_of(answer).startswith(start)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_leaves_as_text_and_its_script_as_base64(api: Function, kind: Kind) -> None:
    page = api.invoke(event(kind, "GET", "/ui"))
    assert (page["statusCode"], page["isBase64Encoded"]) == (200, False)
    assert "default-src 'none'" in header_of(page, "content-security-policy")
    script = api.invoke(event(kind, "GET", "/ui/app.js", headers={"Accept-Encoding": "gzip"}))
    assert (script["statusCode"], script["isBase64Encoded"]) == (200, True)
    assert header_of(script, "content-encoding") == "gzip"
    assert b"use strict" in gzip.decompress(body_of(script))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decoded", ["replace", "latin-1", "surrogateescape"])
def test_bytes_that_came_as_text_are_refused_and_not_misread(
    api: Function, example: dict[str, bytes], kind: Kind, decoded: str
) -> None:
    # A header without checksums: nothing in the file itself would show the loss.
    header = b"\n".join(
        b" ".join([*line.split()[:5], b"0", b"0", b"0", *line.split()[8:]]) if b".dat" in line else line
        for line in example["normal.hea"].split(b"\n")
    )
    for files in ({"normal.zip": example["normal.zip"]}, {"normal.hea": header, "normal.dat": example["normal.dat"]}):
        body, headers = multipart(files)
        text = body.decode("latin-1") if decoded == "latin-1" else body.decode("utf-8", decoded)
        answer = api.invoke(event(kind, "POST", "/diagnosis", text, headers))
        assert (answer["statusCode"], code_of(answer)) == (400, "body_not_base64")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", ["***", "abc", "YWJj\n*", "YWJjZA", "Zm9v=YmFy", "äöü"])
def test_invalid_base64_is_refused(api: Function, kind: Kind, body: str) -> None:
    sent = {**event(kind, "POST", "/diagnosis", body), "isBase64Encoded": True}
    answer = api.invoke(sent)
    assert (answer["statusCode"], code_of(answer)) == (400, "body_not_base64")
    assert header_of(answer, "x-content-type-options") == "nosniff"


def test_a_refusal_of_the_handler_looks_like_one_of_the_app(api: Function) -> None:
    of_app = api.invoke(event("rest", "GET", "/nothing"))["headers"]
    of_handler = api.invoke({**event("rest", "POST", "/diagnosis", "***"), "isBase64Encoded": True})["headers"]
    assert set(of_app) - set(of_handler) == {"content-length"}
    assert of_app["strict-transport-security"].startswith("max-age=")
    for name in set(of_handler) - {"x-request-id"}:
        assert of_handler[name] == of_app[name]


@pytest.mark.parametrize("path", ["/production/health", "/prodhealth", "/healthy"])
def test_only_a_whole_path_segment_is_removed_as_the_stage(api: Function, path: str) -> None:
    sent = event("http", "GET", path, stage="prod")
    sent["requestContext"]["http"]["path"] = sent["rawPath"] = path
    assert api.invoke(sent)["statusCode"] == 404


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e3", "²"])
def test_an_invalid_content_length_is_refused_as_a_client_error(api: Function, length: str) -> None:
    answer = api.invoke(event("rest", "POST", "/diagnosis", b"x", {"Content-Length": length}))
    assert answer["statusCode"] in (413, 422)


def test_an_event_that_breaks_the_adapter_gets_a_problem_answer(api: Function) -> None:
    answer = api.invoke({"version": "2.0", "requestContext": {"http": {}}})
    assert (answer["statusCode"], code_of(answer)) == (500, "internal_error")


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_without_a_body_is_refused_as_an_empty_file(api: Function, kind: Kind) -> None:
    for body in (None, "", b""):
        assert code_of(api.invoke(event(kind, "POST", "/diagnosis", body))) == "empty_file"


@pytest.mark.parametrize("kind", KINDS)
def test_an_oversized_body_is_refused(api: Function, kind: Kind) -> None:
    answer = api.invoke(event(kind, "POST", "/diagnosis", bytes(LAMBDA_BODY_BYTES + 1)))
    assert (answer["statusCode"], code_of(answer)) == (413, "file_too_large")
    assert code_of(api.invoke(event(kind, "POST", "/diagnosis", bytes(LAMBDA_BODY_BYTES)))) == "unsupported_format"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "a:b:c"},
        {"Host": "[::1]:9"},
        {"Host": ""},
        {"X-Forwarded-Port": "x"},
        {"Accept": "ä\x00"},
        {"Content-Length": "-1"},
    ],
)
def test_hostile_headers_get_an_answer(api: Function, kind: Kind, headers: dict[str, str]) -> None:
    answer = api.invoke(event(kind, "GET", "/health", headers=headers))
    assert answer["statusCode"] in (200, 400, 422)


def test_the_next_invocation_is_answered_after_every_failure(api: Function, example: dict[str, bytes]) -> None:
    failing = [
        event("rest", "POST", "/diagnosis", b"nonsense"),
        {**event("http", "POST", "/diagnosis", "***"), "isBase64Encoded": True},
        {"Records": [{"eventSource": "aws:s3"}]},
        {},
        [],
        None,
        {"requestContext": {}},
        {"version": "2.0", "requestContext": {"http": {}}},
    ]
    expected = ecg_core.classify({"x": example["watch_lead_i.csv"]}).to_json()
    for one in failing:
        api.invoke(one)
        assert body_of(api.invoke(event("url", "POST", "/diagnosis", example["watch_lead_i.csv"]))) == expected


def test_an_event_of_the_drop_raises_an_error_in_the_api_function(api: Function) -> None:
    answer = api.invoke({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": SECRET}}}]})
    assert answer["errorType"] == "ValueError"
    assert SECRET not in json.dumps(answer)


def test_the_log_of_an_invocation_is_json_with_lambdas_request_id(api: Function, example: dict[str, bytes]) -> None:
    answer = api.invoke(event("rest", "POST", "/diagnosis", example["normal.zip"]))
    lines = [json.loads(line) for line in api.lines() if line.startswith("{")]
    line = next(line for line in reversed(lines) if line["request_id"] == header_of(answer, "x-request-id"))
    assert (line["method"], line["route"], line["status"]) == ("POST", "/diagnosis", 200)
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
    assert any(line["request_id"] in text for text in api.lines() if "RequestId" in text)


def test_nothing_of_a_file_reaches_the_log(api: Function, example: dict[str, bytes]) -> None:
    body, headers = multipart(
        {f"{SECRET}.hea": example["normal.hea"] + f"# {SECRET}\n".encode(), "b.dat": SECRET.encode()}
    )
    for kind in KINDS:
        api.invoke(event(kind, "POST", f"/diagnosis?filename={SECRET}&units={SECRET}", body, headers))
        api.invoke(event(kind, "GET", f"/{SECRET}"))
    assert SECRET not in "\n".join(api.lines())


def test_instances_side_by_side_give_the_same_bytes(example: dict[str, bytes]) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        instances = [stack.enter_context(function()) for _ in range(3)]
        posted = event("rest", "POST", "/diagnosis", example["normal.zip"])
        answers = list(pool.map(lambda each: body_of(each.invoke(posted)), instances))
    assert set(answers) == {ecg_core.classify({"normal.zip": example["normal.zip"]}).to_json()}


def test_the_base_path_of_a_custom_domain_is_removed() -> None:
    with function(environment={"API_BASE_PATH": "/ecg"}) as mapped:
        for kind in KINDS:
            assert mapped.invoke(event(kind, "GET", "/ecg/health"))["statusCode"] == 200
            assert mapped.invoke(event(kind, "GET", "/ecg/nothing"))["statusCode"] == 404
            assert mapped.invoke(event(kind, "GET", "/ecghealth"))["statusCode"] == 404
            assert mapped.invoke(event(kind, "GET", "/health"))["statusCode"] == 200


def test_an_altered_model_stops_the_start_with_a_message(tmp_path: Any) -> None:
    for name in ("model.onnx", "model.json"):
        (tmp_path / name).write_bytes((ecg_core.model.artifacts.artifacts_folder() / name).read_bytes())
    with (tmp_path / "model.onnx").open("ab") as model:
        model.write(b"x")
    with function(environment={"EKG_ARTIFACTS": str(tmp_path)}) as broken:
        answer = broken.invoke(event("rest", "GET", "/health"))
        assert "statusCode" not in answer
        assert any("sha256 differs" in line for line in broken.lines())

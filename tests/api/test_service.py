"""The routes about the service itself: greeting, health, model card, documentation."""

import gzip
import json
import re

import httpx
import pytest

import ecg_core
from ecg_core.model.classifier import default_classifier
from functions.api import docs, openapi
from functions.api.app import create_app
from functions.api.settings import Settings
from tests.api.sending import code_of


def test_the_greeting_has_the_bytes_of_the_first_service(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.content == '{"message": "EKG-Klassifikations-API läuft"}'.encode()
    assert answer.headers["content-type"] == "application/json"


def test_health_tells_the_version_and_the_model(client: httpx.Client) -> None:
    body = client.get("/health").json()
    assert (body["status"], body["version"]) == ("ready", ecg_core.__version__)
    assert body["model"]["sha256"] == default_classifier().identity.sha256


def test_the_model_card_is_json(client: httpx.Client) -> None:
    card = client.get("/model").json()
    assert card["sha256"] == default_classifier().identity.sha256
    assert set(card["thresholds"]) == set(card["performance"]) == {"12", "limb+V2", "limb", "II", "V5", "I"}
    assert card["performance"]["12"]["auc"]["NORM"] > 0.9
    assert card["data"]["licence"] == "CC-BY 4.0"
    assert "Not a medical device" in card["disclaimer"]
    assert card["limits"]["max_body_bytes"] > 0


def test_the_openapi_document_tells_which_paths_need_a_key(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    keyed = {
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    }
    assert keyed == {
        "post /diagnosis",
        "post /signal",
        "post /uploads",
        "get /results/{id}",
        "get /results/{id}/signal",
    }
    assert set(document["paths"]) == {"/", "/model", "/health", *(each.partition(" ")[2] for each in keyed)}
    assert document["components"]["securitySchemes"]["apiKey"]["name"] == "x-api-key"
    assert "Not a medical device" in document["info"]["description"]


@pytest.mark.parametrize(
    ("auth", "scheme"), [("cognito", {"type": "http", "scheme": "bearer"}), ("iam", {"name": "Authorization"})]
)
def test_the_openapi_document_tells_how_to_say_who_calls(auth: str, scheme: dict[str, str]) -> None:
    document = create_app(Settings.of({"API_AUTH": auth}), default_classifier()).openapi()
    told = document["components"]["securitySchemes"]["caller"]
    assert scheme.items() <= told.items()
    for methods in document["paths"].values():
        for operation in methods.values():
            keyed = bool(operation.get("security"))
            assert operation.get("security", [{"apiKey": [], "caller": []}]) == [{"apiKey": [], "caller": []}]
            assert ("401" in operation["responses"]) == keyed


def test_every_reference_in_the_openapi_document_resolves(client: httpx.Client) -> None:
    text = client.get("/openapi.json").text
    document = json.loads(text)
    references = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references
    for reference in references:
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_the_policy_of_docs_allows_only_its_own_scripts(client: httpx.Client) -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in client.get("/docs").headers["content-security-policy"].split(";")
    )
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")


def test_addresses_in_docs_and_openapi_are_relative(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json()["servers"] == [{"url": "."}]
    for attribute in ('href="/', 'src="/', "http:", "https:"):
        assert attribute not in client.get("/docs").text


def test_the_example_in_the_openapi_document_gets_the_answer_it_shows(client: httpx.Client) -> None:
    diagnosis = client.get("/openapi.json").json()["paths"]["/diagnosis"]["post"]
    table = diagnosis["requestBody"]["content"]["text/csv"]["example"]
    answer = client.post("/diagnosis", content=table.encode(), headers={"content-type": "text/csv"})
    assert answer.json() == diagnosis["responses"]["200"]["content"]["application/json"]["example"]
    assert answer.json()["diagnosis"] == "NORM"


@pytest.mark.parametrize(("name", "kind"), docs.ASSETS.items())
def test_the_service_serves_the_assets_of_docs_compressed(client: httpx.Client, name: str, kind: str) -> None:
    with client.stream("GET", f"/docs/{name}") as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == kind
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "accept-encoding")
    assert "max-age=86400" in answer.headers["cache-control"]
    content = gzip.decompress(sent)
    assert len(content) > 100
    assert len(sent) < len(content) * (0.3 if len(content) > 1000 else 1)


def test_the_page_of_docs_names_its_assets_with_their_tags_and_browsers_keep_them(client: httpx.Client) -> None:
    addresses = re.findall(r'(?:src|href)="(docs/[^"]+)"', client.get("/docs").text)
    assert {address.partition("?")[0] for address in addresses} == {f"docs/{name}" for name in docs.ASSETS}
    for address in addresses:
        answer = client.get(f"/{address}")
        assert answer.headers["etag"] == f'"{address.partition("?v=")[2]}"'
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_an_asset_that_the_client_has_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.get("/docs/start.js").headers["etag"]
    for known in (tag, f'"other", W/{tag}'):
        answer = client.get("/docs/start.js", headers={"if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert "content-encoding" not in answer.headers
    assert client.get("/docs/start.js", headers={"if-none-match": '"other"'}).status_code == 200


def test_a_client_that_takes_no_gzip_gets_no_asset(client: httpx.Client) -> None:
    answer = client.get("/docs/swagger-ui-bundle.js", headers={"accept-encoding": "identity"})
    assert (answer.status_code, code_of(answer)) == (406, "not_acceptable")


@pytest.mark.parametrize("name", ["main.py", "..%2f__init__.py", "%2e%2e", "nothing.js"])
def test_no_other_file_than_the_assets_is_served(client: httpx.Client, name: str) -> None:
    assert code_of(client.get(f"/docs/{name}")) == "not_found"


def test_every_status_of_a_problem_is_in_the_openapi_document() -> None:
    from functions.api import problems

    raised = {
        error.status
        for error in vars(problems).values()
        if isinstance(error, type) and issubclass(error, ecg_core.EcgError)
    }
    assert raised - {405} <= set(openapi.PROBLEMS)

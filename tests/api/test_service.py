"""What the service says of itself: greeting, health, model card, documentation."""

import json

import httpx
import pytest

import ecg_core
from ecg_core.model.classifier import default_classifier
from functions.api import docs, openapi
from tests.api.test_diagnosis import code_of


def test_the_greeting_is_that_of_the_old_service(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.content == '{"message": "EKG-Klassifikations-API läuft"}'.encode()
    assert answer.headers["content-type"] == "application/json"


def test_health_says_which_model_answers(client: httpx.Client) -> None:
    body = client.get("/health").json()
    assert (body["status"], body["version"]) == ("ready", ecg_core.__version__)
    assert body["model"]["sha256"] == default_classifier().identity.sha256


def test_the_model_card_comes_as_data(client: httpx.Client) -> None:
    card = client.get("/model").json()
    assert card["sha256"] == default_classifier().identity.sha256
    assert set(card["thresholds"]) == set(card["performance"]) == {"12", "limb+V2", "limb", "II", "V5", "I"}
    assert card["performance"]["12"]["auc"]["NORM"] > 0.9
    assert card["data"]["licence"] == "CC-BY 4.0"
    assert "Not a medical device" in card["disclaimer"]
    assert card["limits"]["max_body_bytes"] > 0


def test_the_document_describes_every_address_with_its_key(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    keyed = {
        f"{method} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    }
    assert keyed == {"post /diagnosis", "post /uploads", "get /results/{id}"}
    assert set(document["paths"]) == {"/", "/diagnosis", "/uploads", "/results/{id}", "/model", "/health"}
    assert document["components"]["securitySchemes"]["apiKey"]["name"] == "x-api-key"
    assert "Not a medical device" in document["info"]["description"]


def test_every_reference_of_the_document_leads_somewhere(client: httpx.Client) -> None:
    text = client.get("/openapi.json").text
    document = json.loads(text)
    references = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references
    for reference in references:
        room = document
        for step in reference.removeprefix("#/").split("/"):
            room = room[step]


def test_the_documentation_runs_no_script_but_its_own(client: httpx.Client) -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in client.get("/docs").headers["content-security-policy"].split(";")
    )
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")


def test_addresses_of_the_document_are_relative_for_a_stage(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json()["servers"] == [{"url": "."}]
    for attribute in ('href="/', 'src="/', "http:", "https:"):
        assert attribute not in client.get("/docs").text


def test_the_example_of_the_document_runs_as_it_stands(client: httpx.Client) -> None:
    diagnosis = client.get("/openapi.json").json()["paths"]["/diagnosis"]["post"]
    table = diagnosis["requestBody"]["content"]["text/csv"]["example"]
    answer = client.post("/diagnosis", content=table.encode(), headers={"content-type": "text/csv"})
    assert answer.json() == diagnosis["responses"]["200"]["content"]["application/json"]["example"]
    assert answer.json()["diagnosis"] == "NORM"


@pytest.mark.parametrize(("name", "kind"), docs.ASSETS.items())
def test_the_assets_come_from_the_service_itself(client: httpx.Client, name: str, kind: str) -> None:
    answer = client.get(f"/docs/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == kind
    assert "max-age" in answer.headers["cache-control"]
    assert len(answer.content) > 100


@pytest.mark.parametrize("name", ["main.py", "..%2f__init__.py", "%2e%2e", "nothing.js"])
def test_no_other_file_is_given_out(client: httpx.Client, name: str) -> None:
    assert code_of(client.get(f"/docs/{name}")) == "not_found"


def test_every_problem_status_is_described() -> None:
    from functions.api import problems

    raised = {
        error.status
        for error in vars(problems).values()
        if isinstance(error, type) and issubclass(error, ecg_core.EcgError)
    }
    assert raised - {405} <= set(openapi.PROBLEMS)

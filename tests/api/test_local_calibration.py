"""A service with a calibration of its own says so wherever it names its model."""

import json
from pathlib import Path

import httpx

from ecg_core import Classifier
from ecg_core.model.artifacts import artifacts_folder
from functions.api import schemas
from functions.api.app import create_app
from functions.api.settings import Settings
from tests.api.sending import pair, parts
from tests.api.serving import serving_app
from tests.unit.population.labelled import content, write_calibration


def test_answers_health_and_card_name_the_calibration(example: dict[str, bytes], tmp_path: Path) -> None:
    file = write_calibration(tmp_path / "c.json", content())
    classifier = Classifier(artifacts_folder(), file)
    sha256 = content()["sha256"]
    with serving_app(create_app(Settings(), classifier)) as address, httpx.Client(base_url=address) as client:
        health, card = client.get("/health"), client.get("/model").json()
        answer = client.post("/diagnosis", files=parts(pair(example)))
    assert schemas.Health.model_validate_json(health.content)
    named = {"name": "St. Mary", "sha256": sha256, "estimate": False, "classes": ["CD"]}
    assert health.json()["model"]["calibration"] == named
    assert card["local_calibration"]["sets"]["12"]["CD"]["threshold"] == 0.3
    assert card["thresholds"] == classifier.card["thresholds"]
    described = schemas.Classification.model_validate_json(answer.content)
    assert described.model.calibration is not None
    assert answer.json()["model"]["calibration"] == named
    assert answer.json()["thresholds"]["CD"] == 0.3
    assert answer.content == classifier.classify(pair(example)).to_json()


def test_without_one_nothing_is_said(client: httpx.Client) -> None:
    assert "calibration" not in client.get("/health").json()["model"]
    assert "local_calibration" not in json.loads(client.get("/model").content)

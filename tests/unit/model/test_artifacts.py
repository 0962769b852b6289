import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest

from ecg_core import Classifier
from ecg_core.errors import ArtifactError
from ecg_core.leads import LEAD_SETS
from ecg_core.model.artifacts import CARD_FILE, MODEL_FILE, artifacts_folder, read_artifacts, session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped artifacts."""
    for name in (MODEL_FILE, CARD_FILE):
        shutil.copy(artifacts_folder() / name, tmp_path)
    return tmp_path


def change_card(folder: Path, **changes: Any) -> None:
    card = json.loads((folder / CARD_FILE).read_bytes())
    (folder / CARD_FILE).write_text(json.dumps({**card, **changes}))


def test_artifacts_are_found_through_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EKG_ARTIFACTS", str(tmp_path))
    with pytest.raises(ArtifactError, match="missing"):
        Classifier()


@pytest.mark.parametrize("name", [MODEL_FILE, CARD_FILE])
def test_a_missing_file_is_an_error(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match="missing"):
        read_artifacts(folder)


def test_an_altered_network_is_an_error(folder: Path) -> None:
    with (folder / MODEL_FILE).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ArtifactError, match="sha256 differs"):
        read_artifacts(folder)


@pytest.mark.parametrize("card", [b"", b"\xff", b"[]", b"{}", b'{"sha256": '])
def test_a_card_that_is_no_card_is_an_error(folder: Path, card: bytes) -> None:
    (folder / CARD_FILE).write_bytes(card)
    with pytest.raises(ArtifactError, match="card cannot be read"):
        read_artifacts(folder)


@pytest.mark.parametrize("field", ["calibration", "thresholds", "performance", "placement", "statements"])
def test_a_card_without_a_lead_set_is_an_error(folder: Path, field: str) -> None:
    change_card(folder, **{field: {}})
    with pytest.raises(ArtifactError, match="card cannot be read"):
        Classifier(folder)


@pytest.mark.parametrize("published", [None, {"XYZ": {"scale": 1, "bias": 0, "threshold": 0.5}}, {"SR": {"scale": 1}}])
def test_a_card_of_other_statements_is_an_error(folder: Path, published: Any) -> None:
    change_card(folder, statements={"sets": {name: {"published": published} for name in LEAD_SETS}})
    with pytest.raises(ArtifactError, match="card cannot be read"):
        Classifier(folder)


def test_a_network_without_the_statements_is_an_error(folder: Path) -> None:
    """As before release 2.2 of the model."""
    model = onnx.load(folder / MODEL_FILE)
    del model.graph.output[2]
    onnx.save(model, folder / MODEL_FILE)
    change_card(folder, sha256=hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest())
    with pytest.raises(ArtifactError, match="outputs"):
        Classifier(folder)


def test_a_card_of_other_classes_is_an_error(folder: Path) -> None:
    change_card(folder, superclasses=["NORM", "CD"])
    with pytest.raises(ArtifactError, match="five superclasses"):
        Classifier(folder)


def test_a_file_that_is_no_network_is_an_error() -> None:
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        session(b"no network")

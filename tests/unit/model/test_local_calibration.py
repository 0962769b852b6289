"""The file of EKG_CALIBRATION: what it changes, and that a wrong one is never used."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecg_core import Classifier, classify
from ecg_core.classification import SUPERCLASSES
from ecg_core.cli import main
from ecg_core.errors import ArtifactError
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.model.classifier import _default_classifier
from ecg_core.model.local_calibration import sealed
from ecg_core.reports.fhir import diagnostic_report
from ecg_core.reports.hl7v2 import message
from ecg_core.reports.svg import plot
from ecg_core.reports.text import answer_text
from ecg_core.synthesis.heart import synthesize
from tests.builders import make_recording
from tests.conftest import ROOT
from tests.unit.population.labelled import content, write_calibration

CD = SUPERCLASSES.index("CD")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_calibration(tmp_path / "calibration.json", content())


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """classify() reads the environment again."""
    _default_classifier.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    _default_classifier.cache_clear()


def changed(**rows: Any) -> dict[str, Any]:
    """A sealed file whose values of CD are others."""
    row = {"scale": 1.0, "bias": 2.0, "threshold": 0.3, **rows}
    return content(sets={"12": {"CD": row}})


def test_its_values_take_the_place_of_the_cards(file: Path) -> None:
    ours, own = Classifier(artifacts_folder(), file), Classifier(artifacts_folder())
    recording = synthesize("normal")
    local, before = ours.classify(recording), own.classify(recording)
    logit = float(own.see(recording).outputs.logits[0, CD])
    assert local.probabilities["CD"] == pytest.approx(1 / (1 + 2.718281828 ** -(logit + 2.0)), abs=1e-4)
    assert local.thresholds["CD"] == 0.3
    others = [label for label in SUPERCLASSES if label != "CD"]
    assert [local.probabilities[label] for label in others] == [before.probabilities[label] for label in others]
    assert before.model.to_dict().keys() == {"name", "version", "sha256"}


def test_every_form_of_an_answer_names_it(file: Path) -> None:
    ours = Classifier(artifacts_folder(), file)
    result = ours.classify(synthesize("normal"))
    sha256 = json.loads(file.read_bytes())["sha256"]
    given = json.loads(result.to_json())["model"]["calibration"]
    assert given == {"name": "St. Mary", "sha256": sha256, "estimate": False, "classes": ["CD"]}
    report = json.loads(diagnostic_report(result))
    assert report["identifier"][0]["value"].endswith(f":{sha256}")
    (device,) = (one for one in report["contained"] if one["resourceType"] == "Device")
    # A server keeps one Device for each identifier.
    assert device["identifier"][0]["value"] == f"{result.model.sha256}:{sha256}"
    assert sha256 in device["version"][1]["value"]
    from datetime import UTC, datetime

    assert f"calibration St. Mary {result.model.sha256}:{sha256}".encode() in message(result, datetime.now(UTC))
    assert b"calibration St. Mary" in plot(result.recording, result)
    assert "calibration: St. Mary, for CD" in answer_text(result)


def test_leads_without_local_values_get_a_warning(file: Path) -> None:
    ours, own = Classifier(artifacts_folder(), file), Classifier(artifacts_folder())
    lead = synthesize("normal").only(("I",))
    result = ours.classify(lead)
    assert "calibration_not_local" in [warning.code for warning in result.warnings]
    assert result.model.to_dict()["calibration"]["classes"] == []  # type: ignore[index]
    assert result.probabilities == own.classify(lead).probabilities
    assert "calibration_not_local" not in [warning.code for warning in ours.classify(synthesize("normal")).warnings]


def test_the_statement_norm_is_always_the_class_norm(tmp_path: Path) -> None:
    row = {"scale": 0.5, "bias": -1.0, "threshold": 0.6}
    file = write_calibration(tmp_path / "c.json", content(sets={"12": {"NORM": row}}))
    result = Classifier(artifacts_folder(), file).classify(make_recording())
    (statement,) = (one for one in result.published if one.code == "NORM")
    assert (statement.probability, statement.threshold) == (result.probabilities["NORM"], 0.6)


def test_the_environment_gives_it_to_every_caller(
    file: Path, fresh: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh.setenv("EKG_CALIBRATION", str(file))
    record = str(ROOT / "examples/normal.zip")
    assert main(["classify", "--json", record]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["calibration"]["name"] == "St. Mary"
    assert classify(make_recording()).model.calibration is not None
    assert Classifier().local is not None
    # The commands that measure the model itself name its folder.
    assert Classifier(artifacts_folder()).local is None


def test_a_table_is_not_continued_with_another_calibration(
    file: Path, tmp_path: Path, fresh: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["classify", str(ROOT / "examples/normal.zip"), "--csv", str(tmp_path / "out.csv")]
    assert main(call) == 0
    fresh.setenv("EKG_CALIBRATION", str(file))
    _default_classifier.cache_clear()
    assert main(call) == 2
    assert "another calibration_sha256" in capsys.readouterr().err


def test_an_empty_variable_is_none(fresh: pytest.MonkeyPatch) -> None:
    fresh.setenv("EKG_CALIBRATION", "")
    assert classify(make_recording()).model.calibration is None


def test_line_ends_and_spaces_may_change(file: Path) -> None:
    given = json.loads(file.read_bytes())
    before = Classifier(artifacts_folder(), file).identity
    file.write_bytes(json.dumps(given, indent=4).replace("\n", "\r\n").encode())
    assert Classifier(artifacts_folder(), file).identity == before


NO_FILES: dict[str, str] = {
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "nothing in it": "{}",
    "nested too deep": "[" * 100_000,
    "a key twice": json.dumps(content()).replace('"estimate": false', '"estimate": false, "estimate": true'),
    "NaN": json.dumps(content()).replace("2.0", "NaN"),
    "Infinity": json.dumps(content()).replace("2.0", "1e999"),
    "an altered threshold": json.dumps(content()).replace('"threshold": 0.3', '"threshold": 0.4'),
    "another format": json.dumps(content()).replace("ekg-calibration/1", "ekg-calibration/2"),
    "too large": json.dumps(content()) + " " * 1_000_000,
}
# Sealed: their sha256 is right, so only their content is wrong.
WRONG: dict[str, dict[str, Any]] = {
    "another model": content(model={"sha256": "0" * 64}),
    "no model": content(model=None),
    "a negative scale": changed(scale=-1.0),
    "no scale": changed(scale=0),
    "a huge scale": changed(scale=1e6),
    "a huge bias": changed(bias=-1e6),
    "a huge integer": changed(bias=10**400),
    "a threshold of 0": changed(threshold=0),
    "a threshold of 1": changed(threshold=1.0),
    "a threshold as text": changed(threshold="0.3"),
    "a threshold that is true": changed(threshold=True),
    "no sets": content(sets={}),
    "an unknown lead set": content(sets={"13": {"CD": {"scale": 1, "bias": 0, "threshold": 0.5}}}),
    "an unknown class": content(sets={"12": {"AFIB": {"scale": 1, "bias": 0, "threshold": 0.5}}}),
    "a set without classes": content(sets={"12": {}}),
    "a missing value": content(sets={"12": {"CD": {"scale": 1, "bias": 0}}}),
    "a list of sets": content(sets=[["12"]]),
    "a name with a line end": content(name="a\nb"),
    "a name of another type": content(name=7),
    "a long name": content(name="x" * 61),
    "no estimate": content(estimate=0),
}


@pytest.mark.parametrize("text", [*NO_FILES.values(), *map(json.dumps, WRONG.values())], ids=[*NO_FILES, *WRONG])
def test_a_damaged_or_hostile_file_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    file = write_calibration(tmp_path / "secret-name.json", text)
    with pytest.raises(ArtifactError) as caught:
        Classifier(artifacts_folder(), file)
    assert "calibration" in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint


def test_a_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.json", tmp_path, tmp_path / "pipe"):
        with pytest.raises(ArtifactError, match="calibration"):
            Classifier(artifacts_folder(), path)


def test_the_command_stops_at_a_wrong_file(
    tmp_path: Path, fresh: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_calibration(tmp_path / "c.json", json.dumps(WRONG["another model"]))
    fresh.setenv("EKG_CALIBRATION", str(file))
    assert main(["classify", "--json", str(ROOT / "examples/normal.zip")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "made for another model" in said.err
    assert "(artifact_invalid)" in said.err


def test_the_seal_does_not_depend_on_the_order_of_keys() -> None:
    assert sealed({"a": 1, "b": 2})["sha256"] == sealed({"b": 2, "a": 1})["sha256"]
    assert sealed({"a": 1, "b": 2})["sha256"] != sealed({"a": 1, "b": 3})["sha256"]

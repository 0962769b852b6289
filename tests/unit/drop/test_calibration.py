"""A record that was answered is answered again when the calibration of the hospital changes."""

import json
from pathlib import Path

from ecg_core import Classifier
from ecg_core.drop.outcome import CALIBRATION
from ecg_core.model.artifacts import artifacts_folder
from tests.unit.drop.conftest import Place
from tests.unit.population.labelled import content, write_calibration


def calibrated(path: Path, bias: float) -> Classifier:
    row = {"scale": 1.0, "bias": bias, "threshold": 0.3}
    return Classifier(artifacts_folder(), write_calibration(path, content(sets={"12": {"CD": row}})))


def test_another_calibration_gives_another_outcome(place: Place, table: bytes, tmp_path: Path) -> None:
    own = place.classifier
    place.arrives({"a.csv": table})
    assert CALIBRATION not in place.results.objects["a.csv.json"].metadata
    known = []
    for classifier in (calibrated(tmp_path / "a.json", 2.0), calibrated(tmp_path / "b.json", 1.0), own):
        place.classifier = classifier
        assert [answer.state for answer in place.told("a.csv")] == ["written"]
        stored = place.results.objects["a.csv.json"]
        local = classifier.identity.calibration
        assert stored.metadata.get(CALIBRATION) == (local.sha256 if local else None)
        assert json.loads(stored.body)["model"].get("calibration", {}).get("sha256") == (
            local.sha256 if local else None
        )
        known.append(stored.body)
        assert [answer.state for answer in place.told("a.csv")] == ["unchanged"]
    assert len(set(known)) == 3


def test_a_refusal_is_looked_at_again_too(place: Place, tmp_path: Path) -> None:
    """It says which model and calibration refused."""
    place.arrives({"a.csv": b"I,II\n1,2\n"})
    place.classifier = calibrated(tmp_path / "a.json", 2.0)
    place.told("a.csv")
    assert place.told("a.csv")[0].state == "unchanged"

"""`ekg recalibrate`, as a user calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core import Classifier
from ecg_core.classification import SUPERCLASSES
from ecg_core.cli import main
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.population import text
from ecg_core.population.fitting import sigmoid
from ecg_core.population.measure import Cases
from ecg_core.population.records import observed_input, own_classifier
from ecg_core.readers.paths import find_inputs
from tests.conftest import ROOT
from tests.unit.population.labelled import KINDS, OF_EACH, lines, write_labels

# Torch and what else only the training has cannot be imported.
WITHOUT_TORCH = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "scipy", "pandas", "wfdb", "onnx"}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Refused())
from ecg_core.cli import main
from importlib.util import find_spec
assert find_spec("ecg_core.training") is None
sys.exit(main(sys.argv[1:]))
"""


def recalibrate(hospital: Path, out: Path, table: list[str], *more: str) -> dict[str, Any]:
    labels = write_labels(out.parent / "labels.csv", table)
    assert main(["recalibrate", str(hospital), "--labels", str(labels), "-o", str(out), *more]) == 0
    written: dict[str, Any] = json.loads(out.read_bytes())
    return written


@pytest.fixture(scope="module")
def plain(hospital: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The calibration from right labels."""
    out = tmp_path_factory.mktemp("plain") / "St. Mary.json"
    recalibrate(hospital, out, lines())
    return out


def test_labels_become_a_calibration_that_answers_use(plain: Path) -> None:
    written = json.loads(plain.read_bytes())
    assert set(written["sets"]) == {"12"}
    assert set(written["sets"]["12"]) == {"NORM", "CD", "STTC"}
    for label, row in written["sets"]["12"].items():
        measured = row["measured"]
        assert measured["records"] == len(KINDS) * OF_EACH
        assert measured["positives"] == OF_EACH * sum(
            truth[("NORM", "CD", "STTC").index(label)] for truth in KINDS.values()
        )
        # Two records a patient.
        assert measured["patients_with"] == measured["positives"] / 2
        assert set(measured["own"]) == set(measured["local"]) == {"ece", "brier", "sensitivity", "specificity"}
        low, high = measured["local"]["brier"]["ci95"]
        assert 0 <= low <= measured["local"]["brier"]["value"] <= high <= 1
    said = text.recalibration(written)
    assert f"{len(KINDS) * OF_EACH} labelled records were used." in said
    assert "CD, leads 12: 6 patients with it and 18 without it are few." in said

    ours, own = Classifier(artifacts_folder(), plain), Classifier(artifacts_folder())
    files = {"normal.zip": (ROOT / "examples/normal.zip").read_bytes()}
    local, before = ours.classify(files), own.classify(files)
    column = SUPERCLASSES.index("CD")
    row = written["sets"]["12"]["CD"]
    logits = own.see(local.recording).outputs.logits[:, column].astype(float)
    expected = float(sigmoid(row["scale"] * logits + row["bias"]).mean())
    assert local.probabilities["CD"] == pytest.approx(expected, abs=1e-4)
    assert local.thresholds["CD"] == row["threshold"]
    assert local.probabilities["MI"] == before.probabilities["MI"]
    assert local.model.to_dict()["calibration"] == {
        "name": "St. Mary",
        "sha256": written["sha256"],
        "estimate": False,
        "classes": ["NORM", "STTC", "CD"],
    }
    # The statement NORM is the class NORM.
    (statement,) = (one for one in local.published if one.code == "NORM")
    assert statement.probability == local.probabilities["NORM"]
    assert statement.threshold == local.thresholds["NORM"]


def test_the_same_records_give_the_same_bytes(plain: Path, hospital: Path, tmp_path: Path) -> None:
    recalibrate(hospital, tmp_path / "again.json", lines(), "--name", "St. Mary")
    assert (tmp_path / "again.json").read_bytes() == plain.read_bytes()


def test_the_figures_are_of_records_that_were_not_fitted_on(hospital: Path, tmp_path: Path) -> None:
    """If each record were measured with its own label, wrong labels would cost less."""
    written = recalibrate(hospital, tmp_path / "a.json", lines(wrong_every=4))
    classifier = own_classifier()
    found = {item.paths[0].stem: observed_input(classifier, item) for item in find_inputs([str(hospital / "ward")])}
    rows = [line.split(",") for line in lines(wrong_every=4)[1:]]
    truth = np.array([row[2] == "1" for row in rows])
    windows = [found[row[0]].log_odds[:, SUPERCLASSES.index("CD")] for row in rows]
    cases = Cases.of(truth, np.arange(len(rows)), windows)
    same = float(((cases.probability(*cases.fitted()) - truth) ** 2).mean())
    assert written["sets"]["12"]["CD"]["measured"]["local"]["brier"]["value"] > same


def test_rules_are_written_and_change_the_thresholds(plain: Path, hospital: Path, tmp_path: Path) -> None:
    rules = ("--rule", "specificity=.9", "--rule", "CD:sensitivity=.99")
    ruled = recalibrate(hospital, tmp_path / "a.json", lines(), *rules)["sets"]["12"]
    before = json.loads(plain.read_bytes())["sets"]["12"]
    assert {label: row["rule"] for label, row in ruled.items()} == {
        "NORM": "specificity=0.9",
        "CD": "sensitivity=0.99",
        "STTC": "specificity=0.9",
    }
    assert ruled["CD"]["threshold"] < before["CD"]["threshold"]
    assert ruled["CD"]["scale"] == before["CD"]["scale"]


def test_a_class_with_too_few_patients_keeps_the_values_of_the_model(
    hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [line for line in lines() if not line.startswith("lbbb") or line.startswith("lbbb-1,")]
    written = recalibrate(hospital, tmp_path / "a.json", table)
    assert "CD" not in written["sets"]["12"]
    (left,) = written["not_fitted"]
    assert (left["class"], left["patients_with"]) == ("CD", 1)
    assert "CD, leads 12: the model's own values stay." in capsys.readouterr().out


def test_with_too_little_nothing_is_written(hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for table, code in (
        (lines()[:4], "too_few_labels"),
        (["record,NORM", "elsewhere,1"], "no_record_labelled"),
        (["record,NORM", "normal-1,perhaps"], "label_not_understood"),
    ):
        labels = write_labels(tmp_path / "labels.csv", table)
        out = tmp_path / "a.json"
        assert main(["recalibrate", str(hospital), "--labels", str(labels), "-o", str(out)]) == 2
        assert f"({code})" in capsys.readouterr().err
        assert not out.exists()


def test_what_was_not_used_is_counted(hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("normal-0.hea", "normal-0.dat"):
        data = (hospital / "ward" / name).read_bytes()
        (tmp_path / "copies").mkdir(exist_ok=True)
        (tmp_path / "copies" / name.replace("normal-0", "copy")).write_bytes(data.replace(b"normal-0", b"copy"))
    (tmp_path / "copies/notes.txt").write_text("No ECG is in here.\n")
    for path in (hospital / "ward").iterdir():
        (tmp_path / "copies" / path.name).write_bytes(path.read_bytes())
    table = [*lines(), "copy,1,0,0,normal0", "notes,0,0,0,nobody", "gone,1,0,0,nobody"]
    records = recalibrate(tmp_path / "copies", tmp_path / "a.json", table)["records"]
    assert records["used"] == len(KINDS) * OF_EACH
    assert records["same_signal"] == 1
    assert sum(records["refused"].values()) == 1
    assert "1 labelled records are not in the folder; the first is in line 52." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", " x", "a\nb", "x" * 61, "\u202eabc"])
def test_a_name_that_cannot_be_shown_is_refused(hospital: Path, tmp_path: Path, name: str) -> None:
    labels = write_labels(tmp_path / "labels.csv", lines())
    with pytest.raises(SystemExit):
        main(["recalibrate", str(hospital), "--labels", str(labels), "-o", str(tmp_path / "a.json"), "--name", name])


def test_nothing_that_is_read_is_overwritten(hospital: Path, tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels.csv", lines())
    before = {path: path.read_bytes() for path in (labels, hospital / "ward/normal-0.hea")}
    for out in before:
        with pytest.raises(SystemExit):
            main(["recalibrate", str(hospital), "--labels", str(labels), "-o", str(out)])
    with pytest.raises(SystemExit):
        main(["drift", str(hospital), "-o", str(hospital / "ward/normal-0.hea")])
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize("rule", ["best", "XYZ:f1", "CD:recall=.9"])
def test_an_unknown_rule_is_refused(hospital: Path, tmp_path: Path, rule: str) -> None:
    labels = write_labels(tmp_path / "labels.csv", lines())
    with pytest.raises(SystemExit):
        main(["recalibrate", str(hospital), "--labels", str(labels), "-o", str(tmp_path / "a.json"), "--rule", rule])


def test_it_works_where_nothing_of_the_training_is_installed(hospital: Path, tmp_path: Path) -> None:
    """As in the image, which has no ecg_core/training."""
    labels = write_labels(tmp_path / "labels.csv", lines())
    package = tmp_path / "image/ecg_core"
    package.mkdir(parents=True)
    for part in (ROOT / "ecg_core").iterdir():
        if part.name != "training":
            (package / part.name).symlink_to(part)
    for call in (
        ["recalibrate", str(hospital), "--labels", str(labels), "-o", str(tmp_path / "a.json"), "--json"],
        ["drift", str(hospital), "--json"],
    ):
        command = [sys.executable, "-c", WITHOUT_TORCH, *call]
        environment = {**os.environ, "PYTHONPATH": str(package.parent)}
        run = subprocess.run(command, cwd=package.parent, capture_output=True, check=False, env=environment)
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout)["sets"]
    assert json.loads((tmp_path / "a.json").read_bytes())["sets"]

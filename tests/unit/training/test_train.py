import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecg_core import Classifier
from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.errors import ArtifactError
from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.synthesis.heart import synthesize
from ecg_core.training import evaluate
from ecg_core.training.data.dataset import load
from ecg_core.training.data.ptbxl import read_ptbxl, record_files
from ecg_core.training.export import export
from ecg_core.training.fit import CHECKPOINT, fit, read_checkpoint
from ecg_core.training.measure.outcomes import outcome, outputs
from ecg_core.training.report.text import text
from ecg_core.training.settings import Settings
from ecg_core.training.train import train
from tests.builders import make_classification


@pytest.fixture(scope="session")
def trained(small_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    train(small_ptbxl, out, Settings(epochs=2, batch=8), members=2)
    return out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = read_checkpoint(folder / CHECKPOINT)[0].state_dict()
    return state


def test_training_writes_artifacts_that_classify(trained: Path) -> None:
    classifier = Classifier(trained)
    result = classifier.classify(synthesize("normal"))
    assert set(result.probabilities) == set(SUPERCLASSES)
    assert result.model.sha256 == classifier.card["sha256"]
    assert result.expected_performance is not None
    assert result.expected_performance.lead_set == "12"


def test_every_lead_set_is_measured_and_calibrated(trained: Path) -> None:
    card = json.loads((trained / "model.json").read_bytes())
    assert list(card["performance"]) == list(LEAD_SETS)
    assert set(card["calibration"]) == set(LEAD_SETS)
    assert [run["settings"]["seed"] for run in card["training"]["runs"]] == [1, 2]
    assert set(card["placement"]["thresholds"]) == set(LEAD_SETS)
    page = (trained / "MODEL_CARD.md").read_text()
    assert card["sha256"] in page
    assert "CC-BY 4.0" in page
    assert "{" not in page


@pytest.mark.parametrize(("network", "task"), [("compact", "Diagnosis"), ("placement", "Placement")])
def test_an_interrupted_training_goes_on_to_the_same_weights(
    small_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, task: str
) -> None:
    settings, data = Settings(network, epochs=3, batch=8), load(small_ptbxl)
    fit(data, tmp_path / "whole", settings)

    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> str:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(f"ecg_core.training.tasks.{task}.line", interrupt)
        with pytest.raises(Interrupted):
            fit(data, tmp_path / "parts", settings)
    fit(data, tmp_path / "parts", settings)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_run_says_which_precision_it_used_even_if_the_next_machine_has_another(
    small_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, data = Settings("placement", epochs=2, batch=30), load(small_ptbxl)
    monkeypatch.setattr("ecg_core.training.fit.precision", lambda *_, wanted: "bfloat16" if wanted else "float32")
    monkeypatch.setattr("ecg_core.training.tasks.Placement.line", lambda *_: sys.exit("after the first epoch"))
    with pytest.raises(SystemExit):
        fit(data, tmp_path, settings)
    assert read_checkpoint(tmp_path / CHECKPOINT)[1]["precision"] == "bfloat16"
    monkeypatch.undo()
    monkeypatch.setattr("ecg_core.training.fit.precision", lambda *_, wanted: "float32")
    fit(data, tmp_path, settings)
    assert read_checkpoint(tmp_path / CHECKPOINT)[1]["precision"] == "bfloat16, then float32"


def test_a_checkpoint_of_other_settings_is_not_continued(small_ptbxl: Path, trained: Path) -> None:
    with pytest.raises(ValueError, match="epochs 2"):
        fit(load(small_ptbxl), trained / "member1", Settings(epochs=5, batch=8))


def test_onnx_and_torch_agree(trained: Path) -> None:
    members = [read_checkpoint(trained / f"member{number}" / CHECKPOINT)[0] for number in (1, 2)]
    placement, _ = read_checkpoint(trained / "placement" / CHECKPOINT)
    classifier = Classifier(trained)
    rng = np.random.default_rng(0)
    for leads in LEAD_SETS.values():
        mask = np.array([[float(lead in leads) for lead in LEADS]], np.float32)
        signal = (rng.standard_normal((1, 12, 1000)) * mask[:, :, None]).astype(np.float32)
        with torch.inference_mode():
            given = torch.from_numpy(signal), torch.from_numpy(mask)
            expected = torch.sigmoid(torch.stack([member(*given)[:, :5] for member in members]).mean(dim=0)).numpy()
            expected_kinds = torch.softmax(placement(*given), dim=1).numpy()
        logits, kinds = classifier.run(signal, mask)
        assert np.abs(1 / (1 + np.exp(-logits)) - expected).max() < 1e-5
        assert np.abs(kinds - expected_kinds).max() < 1e-5


def test_evaluation_goes_through_the_products_road(small_ptbxl: Path, trained: Path) -> None:
    report = evaluate.evaluate(Classifier(trained), small_ptbxl, [9], LEADS)
    assert report["n"] == 60
    assert report["classes"]["NORM"]["auc"]["value"] == pytest.approx(
        json.loads((trained / "model.json").read_bytes())["performance"]["12"]["classes"]["NORM"]["auc"]["value"],
        abs=0.1,
    )
    said = text(report)
    assert "fold 9, 60 records" in said
    assert "refused: none" in said
    low, high = report["macro_auc_5"]["ci95"]
    assert low <= report["macro_auc_5"]["value"] <= high


def test_a_refused_record_stays_in_the_count_with_even_odds(small_ptbxl: Path, trained: Path, tmp_path: Path) -> None:
    classifier, first = Classifier(trained), read_ptbxl(small_ptbxl, {9}).paths[0]
    copied = tmp_path / "copy"
    shutil.copytree(small_ptbxl, copied)
    cut = (copied / first.relative_to(small_ptbxl)).with_suffix(".dat")
    cut.write_bytes(cut.read_bytes()[:-2])
    found = outcome(classifier, record_files(copied / first.relative_to(small_ptbxl)), LEADS)
    assert found.refusal == "signal_truncated"
    assert found.probabilities.tolist() == [0.5] * 5
    report = evaluate.evaluate(classifier, copied, [9], LEADS)
    assert (report["n"], report["refused"]) == (60, {"signal_truncated": 1})
    score, kinds, refused = outputs(classifier, read_ptbxl(copied, {9}), LEADS)
    assert refused.tolist() == [True] + [False] * 59
    np.testing.assert_allclose(kinds[1:].sum(axis=1), 1, atol=1e-5)
    assert not score[0].any()


def test_a_refused_record_is_never_counted_as_answered() -> None:
    truth = np.array([[True, False, False, False, False], [False, False, False, True, False]])
    probability = np.full((2, 5), 0.5)
    scores = evaluate.Scores(truth, probability, np.full((2, 5), 0.3), np.array([True, True]), probability)
    found = evaluate.measure(scores, np.ones(2))
    assert found["single_label.answered"] == 0
    assert found["single_label.top1"] == 0


def test_measured_decisions_are_those_that_are_served() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        probability, thresholds = rng.random(5).round(4), rng.random(5).round(2)
        served = replace(
            make_classification(dict(zip(SUPERCLASSES, probability.tolist(), strict=True))),
            thresholds=dict(zip(SUPERCLASSES, thresholds.tolist(), strict=True)),
        )
        chosen, conclusive = evaluate.decisions(probability[None], thresholds[None])
        assert bool(conclusive[0]) == served.conclusive
        if served.conclusive:
            assert DIAGNOSES[chosen[0]] == served.diagnosis


def test_thresholds_of_another_fold_are_those_shipped(small_ptbxl: Path, trained: Path) -> None:
    report = evaluate.evaluate(Classifier(trained), small_ptbxl, [8], LEADS)
    assert report["thresholds"] == "as shipped"
    assert "as shipped" in text(report)


def test_export_joins_checkpoints(small_ptbxl: Path, trained: Path, tmp_path: Path) -> None:
    data = load(small_ptbxl)
    export([trained / "member2" / CHECKPOINT], trained / "placement" / CHECKPOINT, data, small_ptbxl, tmp_path)
    training = json.loads((tmp_path / "model.json").read_bytes())["training"]
    assert training["members"] == 1
    assert training["command"] == "ekg train --ptbxl DIR --out DIR --epochs 2 --batch 8 --seed 2"
    assert training["data_sha256"] == data.sha256
    both = json.loads((trained / "model.json").read_bytes())["training"]["command"]
    assert both == "ekg train --ptbxl DIR --out DIR --members 2 --epochs 2 --batch 8"


def test_what_made_the_weights_names_no_folder_of_its_maker(trained: Path, small_ptbxl: Path) -> None:
    card = (trained / "model.json").read_text()
    assert str(small_ptbxl) not in card
    assert str(trained) not in card


def test_an_altered_model_stops_the_start(trained: Path, tmp_path: Path) -> None:
    for name in ("model.onnx", "model.json"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    with (tmp_path / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ArtifactError, match="sha256"):
        Classifier(tmp_path)
    card = json.loads((trained / "model.json").read_bytes())
    del card["performance"]["limb"]
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(ArtifactError, match="card"):
        Classifier(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ArtifactError, match="card"):
        Classifier(tmp_path)
    (tmp_path / "model.json").unlink()
    with pytest.raises(ArtifactError, match="missing"):
        Classifier(tmp_path)

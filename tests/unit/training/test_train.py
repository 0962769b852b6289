import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ecg_core import Classifier
from ecg_core.classification import SUPERCLASSES
from ecg_core.errors import ArtifactError
from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.synthesis import synthesize
from ecg_core.training import evaluate
from ecg_core.training.fit import CHECKPOINT, Settings, fit, trained_network
from ecg_core.training.train import train


@pytest.fixture(scope="session")
def trained(small_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    train(small_ptbxl, out, epochs=2, batch=8, members=2)
    return out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = trained_network(folder / CHECKPOINT).state_dict()
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
    assert card["training"]["seeds"] == [1, 2]
    text = (trained / "MODEL_CARD.md").read_text()
    assert card["sha256"] in text
    assert "CC-BY 4.0" in text
    assert "{" not in text


def test_an_interrupted_training_goes_on_to_the_same_weights(
    small_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(epochs=3, batch=8, threads=1)
    fit(small_ptbxl, tmp_path / "whole", settings)

    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> str:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr("ecg_core.training.fit.validation_line", interrupt)
        with pytest.raises(Interrupted):
            fit(small_ptbxl, tmp_path / "parts", settings)
    fit(small_ptbxl, tmp_path / "parts", settings)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_checkpoint_of_other_settings_is_not_continued(small_ptbxl: Path, trained: Path) -> None:
    with pytest.raises(ValueError, match="epochs 2"):
        fit(small_ptbxl, trained / "member1", Settings(epochs=5, batch=8))


def test_onnx_and_torch_agree(trained: Path) -> None:
    members = [trained_network(trained / f"member{number}" / CHECKPOINT) for number in (1, 2)]
    classifier = Classifier(trained)
    rng = np.random.default_rng(0)
    for leads in LEAD_SETS.values():
        mask = np.array([[float(lead in leads) for lead in LEADS]], np.float32)
        signal = (rng.standard_normal((1, 12, 1000)) * mask[:, :, None]).astype(np.float32)
        with torch.inference_mode():
            parts = [member(torch.from_numpy(signal), torch.from_numpy(mask))[:, :5] for member in members]
        expected = torch.sigmoid(torch.stack(parts).mean(dim=0)).numpy()
        got = classifier._session.run(None, {"signal": signal, "lead_mask": mask})[0]
        assert np.abs(1 / (1 + np.exp(-got)) - expected).max() < 1e-5


def test_evaluation_goes_through_the_products_road(small_ptbxl: Path, trained: Path) -> None:
    report = evaluate.evaluate(Classifier(trained), small_ptbxl, [9], LEADS)
    assert report["n"] == 60
    assert report["classes"]["NORM"]["auc"]["value"] == pytest.approx(
        json.loads((trained / "model.json").read_bytes())["performance"]["12"]["classes"]["NORM"]["auc"]["value"],
        abs=0.1,
    )
    text = evaluate.text(report)
    assert "fold 9, 60 records" in text
    assert "refused: none" in text


def test_a_refused_record_stays_in_the_count_with_even_odds(small_ptbxl: Path, trained: Path, tmp_path: Path) -> None:
    data = evaluate.read_ptbxl(small_ptbxl, {9})
    answers = evaluate.answer(Classifier(trained), data, ("V9",))
    assert answers.probabilities.tolist() == [[0.5] * 5] * 60
    assert len(set(answers.refusals)) == 1
    assert answers.refusals[0] is not None


def test_an_altered_model_stops_the_start(trained: Path, tmp_path: Path) -> None:
    for name in ("model.onnx", "model.json"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    with (tmp_path / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ArtifactError, match="sha256"):
        Classifier(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(ArtifactError, match="card"):
        Classifier(tmp_path)
    (tmp_path / "model.json").unlink()
    with pytest.raises(ArtifactError, match="missing"):
        Classifier(tmp_path)

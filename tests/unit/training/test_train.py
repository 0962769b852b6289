import json
import multiprocessing
import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest
import torch

from ecg_core import Classifier
from ecg_core.classification import SUPERCLASSES
from ecg_core.errors import ArtifactError
from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.model.classifier import NORMAL_STATEMENT, default_classifier
from ecg_core.synthesis.heart import synthesize
from ecg_core.training import export as exporting
from ecg_core.training import fit as fitting
from ecg_core.training import train as training
from ecg_core.training.data.dataset import Data
from ecg_core.training.fit import CHECKPOINT, fit, read_checkpoint
from ecg_core.training.ledger import Ledger
from ecg_core.training.networks import NETWORKS
from ecg_core.training.settings import Settings
from ecg_core.training.teach import teach
from tests.unit.training.fakes import few_draws, one_core

SETTINGS = Settings(epochs=2, batch=10)


@pytest.fixture(scope="module")
def trained(tiny_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `ekg train --members 2 --ledger` writes."""
    out = tmp_path_factory.mktemp("trained")
    with few_draws(), one_core():
        training.train(tiny_ptbxl, out, SETTINGS, members=2, ledger=out / "ledger")
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
    assert set(card["placement"]["thresholds"]) == set(LEAD_SETS)
    page = (trained / "MODEL_CARD.md").read_text()
    assert card["sha256"] in page
    assert "CC-BY 4.0" in page
    assert "{" not in page


def test_the_card_says_how_the_weights_were_made_and_names_no_folder(
    trained: Path, tiny_ptbxl: Path, tiny: Data
) -> None:
    text = (trained / "model.json").read_text()
    assert str(tiny_ptbxl) not in text
    assert str(trained) not in text
    made = json.loads(text)["training"]
    assert made["command"] == "ekg train --ptbxl DIR --out DIR --members 2 --epochs 2 --batch 10"
    assert [run["settings"]["seed"] for run in made["runs"]] == [1, 2]
    assert {run["precision"] for run in made["runs"]} <= {"bfloat16", "float32"}
    assert made["placement"]["settings"]["gain"] == 0.2
    assert made["data_sha256"] == tiny.sha256


def test_the_first_member_enters_the_ledger(trained: Path) -> None:
    ((name, row),) = Ledger(trained / "ledger").rows.items()
    assert name == trained.name
    assert row["said"] == "`ekg train --ptbxl DIR --out DIR --epochs 2 --batch 10`"
    assert row["settings"]["seed"] == 1
    assert row["precision"] == read_checkpoint(trained / "member1" / CHECKPOINT)[1]["precision"]


@pytest.mark.parametrize(("network", "task"), [("compact", "Diagnosis"), ("placement", "Placement")])
def test_an_interrupted_training_goes_on_to_the_same_weights(
    tiny: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, task: str
) -> None:
    settings = Settings(network, epochs=2, batch=10)
    fit(tiny, tmp_path / "whole", settings)
    with monkeypatch.context() as patched:
        patched.setattr(f"ecg_core.training.tasks.{task}.line", lambda *_: sys.exit("after the first epoch"))
        with pytest.raises(SystemExit):
            fit(tiny, tmp_path / "parts", settings)
    fit(tiny, tmp_path / "parts", settings)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU here")
@pytest.mark.parametrize("network", NETWORKS)
def test_a_gpu_trains_and_an_interrupted_training_goes_on(
    tiny: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    """Two runs on a GPU differ in rounding, so the weights are compared with a tolerance."""
    settings = Settings(network, epochs=2, batch=10, half_precision=False, device="cuda")
    fit(tiny, tmp_path / "whole", settings)
    with monkeypatch.context() as patched:
        for task in ("Diagnosis", "Placement"):
            patched.setattr(f"ecg_core.training.tasks.{task}.line", lambda *_: sys.exit("after the first epoch"))
        with pytest.raises(SystemExit):
            fit(tiny, tmp_path / "parts", settings)
    fit(tiny, tmp_path / "parts", settings)
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    for name in whole:
        torch.testing.assert_close(parts[name], whole[name], atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize(("device", "said"), [("gpu", "choose from cpu, cuda"), ("cuda:99", "finds no cuda:99 here")])
def test_a_device_that_is_not_here_is_refused_before_the_data_is_read(tmp_path: Path, device: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        training.train(tmp_path / "no data", tmp_path, Settings(device=device))
    with pytest.raises(ValueError, match=said):
        training.ablate(tmp_path / "no data", tmp_path, tmp_path, device=device)
    with pytest.raises(ValueError, match=said):
        teach(tmp_path / "no data", tmp_path, tmp_path, device=device)


def test_a_run_says_its_loss_and_time(tiny: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit(tiny, tmp_path, Settings(epochs=1, batch=10))
    assert re.search(r"epoch 1: loss \d\.\d{4}, \d+\.\d s, 12: five", capsys.readouterr().out)


def test_a_run_that_changes_its_precision_says_both(
    tiny: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings("placement", epochs=2, batch=10)
    with monkeypatch.context() as patched:
        patched.setattr("ecg_core.training.fit.precision", lambda *_, wanted: "bfloat16" if wanted else "float32")
        patched.setattr("ecg_core.training.tasks.Placement.line", lambda *_: sys.exit("after the first epoch"))
        with pytest.raises(SystemExit):
            fit(tiny, tmp_path, settings)
    assert read_checkpoint(tmp_path / CHECKPOINT)[1]["precision"] == "bfloat16"
    monkeypatch.setattr("ecg_core.training.fit.precision", lambda *_, wanted: "float32")
    fit(tiny, tmp_path, settings)
    assert read_checkpoint(tmp_path / CHECKPOINT)[1]["precision"] == "bfloat16, then float32"


def test_a_checkpoint_of_other_settings_is_not_continued(tiny: Data, trained: Path) -> None:
    with pytest.raises(ValueError, match="epochs 2"):
        fit(tiny, trained / "member1", Settings(epochs=5, batch=10))


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
            expected = torch.sigmoid(torch.stack([member(*given) for member in members]).mean(dim=0)).numpy()
            expected_kinds = torch.softmax(placement(*given), dim=1).numpy()
        found = classifier.run(signal, mask)
        assert np.abs(1 / (1 + np.exp(-found.logits)) - expected[:, :5]).max() < 1e-5
        assert np.abs(found.placement - expected_kinds).max() < 1e-5
        stated = np.delete(expected[:, 5:-2], NORMAL_STATEMENT, axis=1)
        served = np.delete(found.statements, NORMAL_STATEMENT, axis=1)
        assert np.abs(1 / (1 + np.exp(-served)) - stated).max() < 1e-5


def test_export_joins_checkpoints(
    tiny_ptbxl: Path, tiny: Data, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without measuring: the card of the shipped model is used instead."""
    shipped = default_classifier().card
    monkeypatch.setattr(exporting, "write_card", lambda out, sha256, made, ptbxl: {**shipped, "training": made})
    member, placement = (trained / name / CHECKPOINT for name in ("member2", "placement"))
    exporting.export([member], placement, tiny, tiny_ptbxl, tmp_path)
    made = json.loads((tmp_path / "model.json").read_bytes())["training"]
    assert made["members"] == 1
    assert made["command"] == "ekg train --ptbxl DIR --out DIR --epochs 2 --batch 10 --seed 2"
    assert (tmp_path / "model.onnx").exists()


def test_the_command_of_a_run_names_what_is_not_the_default() -> None:
    run = {"network": "ecgnet", "few_leads": False, "held_out": [1, 2], "soft_weight": 0.7}
    settings = {**asdict(Settings()), **run}
    usual = "ekg train --ptbxl DIR --out DIR "
    expected = "--network ecgnet --held-out 1,2 --no-few-leads --soft-weight 0.7"
    expected += " --soft-targets artifacts/training/soft_targets"
    assert exporting.command([settings]) == usual + expected
    assert exporting.command([settings, settings]).startswith(f"{usual}{expected}; {usual}{expected}; ekg export ")


def test_ablations_are_entered_beside_their_baseline(
    tiny_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Settings(epochs=1, batch=10)
    few = {"base": ("base", base), "mixup": ("mixed", replace(base, mixup=0.5))}
    monkeypatch.setattr(training, "ABLATIONS", few)
    with few_draws(), one_core():
        training.ablate(tiny_ptbxl, tmp_path / "runs", tmp_path / "ledger", ["mixup"])
    rows = Ledger(tmp_path / "ledger").rows
    assert list(rows) == ["ablation-base", "ablation-mixup"]
    assert rows["ablation-mixup"]["against"] == "ablation-base"
    assert rows["ablation-mixup"]["settings"]["mixup"] == 0.5
    assert set(rows["ablation-base"]["fold9"]) == {"12", "limb", "I"}
    assert "gain" in rows["ablation-mixup"]["fold9"]["I"]["three"]


def test_as_many_runs_train_side_by_side_as_there_are_cores(
    tiny: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[int, str]] = []

    class Pool:
        """Runs the work in this process."""

        def __init__(self, workers: int, context: multiprocessing.context.BaseContext) -> None:
            started.append((workers, str(context.get_start_method())))

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def map(self, work: Callable[[object], object], tasks: list[object]) -> list[object]:
            return [work(pickle.loads(pickle.dumps(task))) for task in tasks]

    monkeypatch.setattr(fitting, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(fitting, "load", lambda *_: tiny)
    monkeypatch.setattr(fitting, "fit", lambda _, folder, settings, *, resume: folder / f"{settings.seed}")
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    runs = [(tmp_path, Settings(threads=2, seed=seed)) for seed in range(3)]
    source = fitting.Source(tmp_path)
    assert fitting.fit_all(runs, tiny, source) == [tmp_path / str(seed) for seed in range(3)]
    assert started == [(2, "spawn")]
    fitting.fit_all(runs[:1], tiny, source)
    fitting.fit_all([(tmp_path, Settings(device="cuda"))] * 3, tiny, source)
    assert len(started) == 1


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

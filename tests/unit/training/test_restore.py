"""The weights of a released model.onnx, back in a network that learns."""

from pathlib import Path

import pytest
import torch

from ecg_core.model.artifacts import OUTPUTS, artifacts_folder, session
from ecg_core.model.placement import KINDS
from ecg_core.training.data.augment import LEAD_SET_SHARES, augmented_batch, derivation_matrix
from ecg_core.training.data.dataset import Data
from ecg_core.training.fit import fit, read_checkpoint
from ecg_core.training.restore import PLACED, restored, settle
from ecg_core.training.settings import Settings
from ecg_core.training.tasks import twelve_leads

MODEL = artifacts_folder() / "model.onnx"
OUTPUT_COUNT = 5 + 71 + 2


def test_a_restored_network_computes_what_the_file_computes(tiny: Data) -> None:
    signal, mask = twelve_leads(tiny.signals[:4]), torch.ones(4, 12)
    logits, placement, statements = session(MODEL.read_bytes()).run(
        OUTPUTS, {"signal": signal.numpy(), "lead_mask": mask.numpy()}
    )
    with torch.inference_mode():
        found = restored(MODEL, "compact", OUTPUT_COUNT)(signal, mask)
        placed = restored(MODEL, "placement", len(KINDS), PLACED)(signal, mask)
    assert torch.allclose(found[:, :5], torch.from_numpy(logits), atol=1e-4)
    assert torch.allclose(found[:, 5:-2], torch.from_numpy(statements), atol=1e-4)
    assert torch.allclose(torch.softmax(placed, dim=1), torch.from_numpy(placement), atol=1e-4)


def test_settling_changes_the_statistics_but_not_the_answers(tiny: Data) -> None:
    network = restored(MODEL, "compact", OUTPUT_COUNT)
    generator = torch.Generator().manual_seed(1)
    signal, mask = twelve_leads(tiny.signals[:8]), torch.ones(8, 12)
    with torch.inference_mode():
        before = network(signal, mask)
    settle(network, lambda: augmented_batch(tiny.signals, 250, derivation_matrix(), LEAD_SET_SHARES, generator))
    with torch.inference_mode():
        after = network(signal, mask)
    assert torch.allclose(before, after, atol=1e-3)
    assert not torch.allclose(network.norm.running_var, torch.ones(()))


@pytest.mark.parametrize("name", ["wide", "ecgnet"])
def test_only_the_released_network_can_be_restored(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be taken"):
        restored(MODEL, name, OUTPUT_COUNT)


def test_another_number_of_outputs_is_refused() -> None:
    with pytest.raises(ValueError, match="another network"):
        restored(MODEL, "compact", 5)


def test_training_goes_on_from_a_release(tiny: Data, tmp_path: Path) -> None:
    settings = Settings(
        epochs=1, batch=10, start=str(MODEL), learning_rate=1e-6, devices=0.5, rarity=0.5, statement_soft_weight=0.0
    )
    network, run = read_checkpoint(fit(tiny, tmp_path, settings))
    signal, mask = twelve_leads(tiny.signals[:4]), torch.ones(4, 12)
    with torch.inference_mode():
        before, after = restored(MODEL, "compact", OUTPUT_COUNT)(signal, mask), network(signal, mask)
    assert run["settings"]["start"] == str(MODEL)
    assert torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1] > 0.98

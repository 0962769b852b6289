from pathlib import Path
from typing import cast

import pytest
import torch

from ecg_core.model.artifacts import artifacts_folder
from ecg_core.training.networks import NETWORKS, TEACHERS, build
from ecg_core.training.networks.ecgnet import BLOCKS, ECGNet
from ecg_core.training.networks.residual import Placement
from ecg_core.training.networks.windowed import EcgNetwork, LeadCondition, window_starts
from ecg_core.training.settings import Settings
from ecg_core.training.teach import teach
from ecg_core.training.train import ablate, train


@pytest.fixture(params=NETWORKS, scope="module")
def network(request: pytest.FixtureRequest) -> EcgNetwork:
    torch.manual_seed(0)
    return build(request.param, 78).eval()


@pytest.fixture(scope="module")
def placement() -> Placement:
    torch.manual_seed(0)
    return cast("Placement", build("placement", 15).eval())


@torch.inference_mode()
def test_any_number_of_records_gives_a_row_of_logits_each(network: EcgNetwork) -> None:
    assert network(torch.randn(3, 12, 1000), torch.ones(3, 12)).shape == (3, 78)
    crop = torch.randn(2, 12, network.crop_samples)
    assert network(crop, torch.ones(2, 12)).shape == (2, 78)


@torch.inference_mode()
def test_records_of_a_batch_do_not_see_each_other(network: EcgNetwork) -> None:
    signal = torch.randn(3, 12, 1000) / 4
    together = network(signal, torch.ones(3, 12))
    alone = torch.cat([network(row[None], torch.ones(1, 12)) for row in signal])
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)


def test_every_weight_learns(network: EcgNetwork) -> None:
    network.train()
    network(torch.randn(4, 12, network.crop_samples), torch.ones(4, 12)).square().sum().backward()
    without = [name for name, weight in network.named_parameters() if weight.grad is None]
    network.zero_grad()
    network.eval()
    assert without == []


@torch.inference_mode()
def test_padding_does_not_count(placement: Placement) -> None:
    signal = torch.randn(1, 12, 1000) / 4
    signal[:, :, 500:] = 0
    x = placement.features(signal, torch.ones(1, 12))
    first = placement.pooled_logits(x[..., :16])
    second = placement.pooled_logits(x[..., 8:24])
    whole = placement(signal, torch.ones(1, 12))
    weights = torch.tensor([500 / 512, 244 / 512])
    torch.testing.assert_close(whole, (weights[0] * first + weights[1] * second) / weights.sum())


@torch.inference_mode()
def test_windows_of_padding_do_not_count() -> None:
    torch.manual_seed(0)
    network = build("wide", 78).eval()
    signal = torch.randn(1, 12, 1000) / 4
    signal[:, :, 250:] = 0
    starts = window_starts(1000, 250)
    assert starts == [0, 125, 250, 375, 500, 625, 750]
    parts = [network(signal[:, :, start : start + 250], torch.ones(1, 12)) for start in starts[:2]]
    torch.testing.assert_close(network(signal, torch.ones(1, 12)), (parts[0] + parts[1] / 2) / 1.5)


def test_the_lead_mask_changes_the_features(placement: Placement) -> None:
    condition = cast("LeadCondition", placement.conditions[0])
    with torch.no_grad():
        condition.linear.weight[:, 0] = 1
    x = torch.randn(1, 12, 10)
    present, absent = torch.eye(12)[:1], torch.eye(12)[1:2]
    assert not torch.equal(condition(x, present), condition(x, absent))
    with torch.no_grad():
        condition.linear.weight.zero_()


def test_an_unknown_network_is_refused_with_the_names_of_the_others(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"resnet.*compact, wide"):
        build("resnet", 78)
    # These folders are empty: the error comes before the data is read.
    with pytest.raises(ValueError, match=r"resnet.*compact, wide"):
        train(tmp_path, tmp_path, Settings("resnet"))
    with pytest.raises(ValueError, match=r"ecgnet.*wide, compact"):
        teach(tmp_path, tmp_path, tmp_path, ["ecgnet"])
    with pytest.raises(ValueError, match=r"resnet.*base, base2"):
        ablate(tmp_path, tmp_path, tmp_path, ["resnet"])


def test_ecgnet_has_the_shape_of_the_notebook() -> None:
    network = cast("ECGNet", build("ecgnet", 5))
    assert [stem.kernel_size for stem in network.stems] == [(15,), (17,), (19,), (21,)]
    assert len(network.blocks) == BLOCKS == 15
    steps = network.blocks(network.first(torch.zeros(1, 16, 4000))).shape
    assert steps == (1, 64, 2000 // 2**7)
    assert (network.lstm.input_size, network.lstm.hidden_size) == (12, 40)
    assert network.linear.in_features == 64 + 40


def test_teachers_are_networks() -> None:
    assert set(TEACHERS) < set(NETWORKS)


@torch.inference_mode()
def multiplications(network: EcgNetwork) -> int:
    """The multiplications for one record of ten seconds, in convolutions and linear layers."""
    counted = 0

    def count(layer: torch.nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal counted
        assert isinstance(layer, torch.nn.Conv1d | torch.nn.Linear)
        each = layer.weight[0].numel()
        counted += each * output.numel()

    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv1d | torch.nn.Linear):
            layer.register_forward_hook(count)
    network.eval()(torch.zeros(1, 12, 1000), torch.ones(1, 12))
    return counted


def test_the_shipped_model_has_at_most_100_million_multiplications_and_4_megabytes() -> None:
    counted = multiplications(build("compact", 78)) + multiplications(build("placement", 15))
    assert 80e6 < counted < 100e6
    assert (artifacts_folder() / "model.onnx").stat().st_size < 4e6

import pytest
import torch

from ecg_core.training.network import CROP_SAMPLES, EcgNetwork


@pytest.fixture(scope="module")
def network() -> EcgNetwork:
    torch.manual_seed(0)
    return EcgNetwork(76).eval()


def test_any_number_of_records_gives_a_row_of_logits_each(network: EcgNetwork) -> None:
    with torch.inference_mode():
        assert network(torch.randn(3, 12, 1000), torch.ones(3, 12)).shape == (3, 76)
        assert network(torch.randn(2, 12, CROP_SAMPLES), torch.ones(2, 12)).shape == (2, 76)


def test_padding_does_not_speak(network: EcgNetwork) -> None:
    signal = torch.randn(1, 12, 1000) / 4
    signal[:, :, 500:] = 0
    with torch.inference_mode():
        x = network.features(signal, torch.ones(1, 12))
        first = network.pooled_logits(x[..., :16])
        second = network.pooled_logits(x[..., 8:24])
        whole = network(signal, torch.ones(1, 12))
    weights = torch.tensor([500 / 512, 244 / 512])
    torch.testing.assert_close(whole, (weights[0] * first + weights[1] * second) / weights.sum())


def test_the_network_is_told_which_leads_are_there(network: EcgNetwork) -> None:
    condition = network.conditions[0]
    with torch.no_grad():
        condition.linear.weight[:, 0] = 1
    x = torch.randn(1, 32, 10)
    present, absent = torch.eye(12)[:1], torch.eye(12)[1:2]
    assert not torch.equal(condition(x, present), condition(x, absent))
    with torch.no_grad():
        condition.linear.weight.zero_()

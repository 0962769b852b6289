"""float32 is used if the hardware has no bfloat16, or if torch cannot run the network in it."""

import pytest
import torch
from torch import Tensor

from ecg_core.training import bfloat16
from ecg_core.training.bfloat16 import BFLOAT16, FLOAT32, in_hardware, precision, trainable
from ecg_core.training.networks import build
from ecg_core.training.networks.windowed import EcgNetwork

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


class Refuses(EcgNetwork):
    """A network for which torch has no bfloat16 kernel, in the forward or in the backward pass."""

    crop_samples = 10

    def __init__(self, when: str) -> None:
        super().__init__()
        self.layer, self.when = torch.nn.Linear(12, 1), when

    def crop_logits(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        def refuse(*_: object) -> None:
            raise RuntimeError("could not create a primitive descriptor")

        if self.when == "forward":
            refuse()
        logits: Tensor = self.layer(lead_mask)
        logits.register_hook(refuse)
        return logits


@pytest.mark.parametrize(
    ("wanted", "hardware", "runs", "expected"),
    [
        (True, True, True, BFLOAT16),
        (False, True, True, FLOAT32),
        (True, False, True, FLOAT32),
        (True, True, False, FLOAT32),
    ],
)
def test_bfloat16_must_be_wanted_be_in_the_hardware_and_run(
    monkeypatch: pytest.MonkeyPatch, wanted: bool, hardware: bool, runs: bool, expected: str
) -> None:
    monkeypatch.setattr(bfloat16, "in_hardware", lambda _: hardware)
    monkeypatch.setattr(bfloat16, "trainable", lambda *_: runs)
    assert precision(build("placement", 15), CPU, wanted=wanted) == expected


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, False),
        ({"avx2": True, "avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"neon": True, "bf16": True}, True),
        ({"avx_ne_convert": True, "avx2": True}, False),
    ],
)
def test_the_features_of_the_processor_decide(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert in_hardware(CPU) is expected


@pytest.mark.parametrize("supported", [True, False])
def test_cuda_decides_for_a_gpu(monkeypatch: pytest.MonkeyPatch, supported: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    assert in_hardware(CUDA) is supported


@pytest.mark.parametrize("when", ["forward", "backward"])
def test_a_network_that_torch_cannot_run_is_not_trainable(when: str) -> None:
    assert not trainable(Refuses(when), CPU)


def test_the_trial_changes_neither_weights_nor_random_numbers() -> None:
    network = build("placement", 15)
    before, state = {name: part.clone() for name, part in network.state_dict().items()}, torch.get_rng_state()
    trainable(network, CPU)
    assert all(torch.equal(part, before[name]) for name, part in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)

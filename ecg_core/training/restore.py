"""The weights of a released model.onnx, back in a network that can go on learning.

The export folds each batch normalisation into the convolution before it. `restored` puts a normalisation behind each
convolution again. It does nothing at first. `settle` then gives it the statistics of the data. The answers of the
network stay the same, so training begins where the release ended.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from ecg_core.training.networks import build
from ecg_core.training.networks.residual import Residual

FOLDED = "onnx::Conv"
MEMBER, PLACED = "members.0.", "placement."
SETTLING_BATCHES = 30


def restored(model: Path, name: str, outputs: int, prefix: str = MEMBER) -> Residual:
    """The network of this name with the weights under prefix. Raises ValueError if the file holds another network."""
    network = build(name, outputs)
    if not isinstance(network, Residual):
        raise ValueError(f"the weights of {name} cannot be taken from a released model")
    held = {
        weight.name: torch.from_numpy(np.array(onnx.numpy_helper.to_array(weight)))
        for weight in onnx.load(model).graph.initializer
    }
    weights = network.state_dict()
    folded = [value for key, value in held.items() if key.startswith(FOLDED)]
    pairs = list(_normalised(network))
    # The members' convolutions come first in the file, those of the placement network last.
    mine = iter(folded[: 2 * len(pairs)] if prefix == MEMBER else folded[-2 * len(pairs) :])
    for conv, norm in pairs:
        kernel, bias = next(mine, torch.empty(0)), next(mine, torch.empty(0))
        weights[f"{conv}.weight"], weights[f"{norm}.bias"] = kernel, bias
        weights[f"{norm}.weight"] = torch.full_like(bias, (1 + nn.BatchNorm1d(1).eps) ** 0.5)
        weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"] = torch.zeros_like(bias), torch.ones_like(bias)
    weights |= {key.removeprefix(prefix): value for key, value in held.items() if key.startswith(prefix)}
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise ValueError(f"{model} holds another network than {name} with {outputs} outputs") from None
    return network.eval()


def _normalised(network: Residual) -> Iterator[tuple[str, str]]:
    """(convolution, its normalisation) in the order of the exported graph."""
    yield "stem", "norm"
    for number, block in enumerate(network.blocks):
        path = f"blocks.{number}"
        yield f"{path}.conv1", f"{path}.norm1"
        yield f"{path}.conv2", f"{path}.norm2"
        if isinstance(block.shortcut, nn.Sequential):
            yield f"{path}.shortcut.1", f"{path}.shortcut.2"


@torch.no_grad()
def settle(network: nn.Module, batch: Callable[[], tuple[Tensor, Tensor]]) -> None:
    """Moves the statistics of batches into the normalisations. What the network computes in evaluation stays.

    batch: gives a signal and a lead mask as in training.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
    sums: dict[nn.Module, list[Tensor]] = {norm: [] for norm in norms}

    def seen(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].transpose(0, 1).flatten(1)
        sums[norm].append(torch.stack([x.mean(dim=1), x.square().mean(dim=1)]))

    hooks = [norm.register_forward_pre_hook(seen) for norm in norms]
    network.eval()
    for _ in range(SETTLING_BATCHES):
        network(*batch())
    for hook in hooks:
        hook.remove()
    for norm in norms:
        mean, square = torch.stack(sums[norm]).mean(dim=0)
        variance = square - mean.square()
        held = norm.state_dict()
        scale = held["weight"] / (held["running_var"] + norm.eps).sqrt()
        held["bias"] += scale * (mean - held["running_mean"])
        held["weight"].copy_(scale * (variance + norm.eps).sqrt())
        held["running_mean"].copy_(mean)
        held["running_var"].copy_(variance)

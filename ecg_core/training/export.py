"""Checkpoints -> model.onnx: the members' five logits and the placement, any number of windows."""

import hashlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ecg_core.classification import SUPERCLASSES
from ecg_core.model.artifacts import OUTPUTS, session
from ecg_core.signal.preparation import WINDOW_SAMPLES
from ecg_core.training.fit import read_checkpoint
from ecg_core.training.networks.windowed import LEAD_COUNT

OPSET = 18
# Torch and ONNX Runtime sum in different orders; more than this is another network.
MAX_DIFFERENCE = 1e-5


class Shipped(nn.Module):
    """(the mean of several networks' logits, cut to the five superclasses; the probabilities of the placement)."""

    def __init__(self, members: Sequence[nn.Module], placement: nn.Module) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.placement = placement

    def forward(self, signal: Tensor, lead_mask: Tensor) -> tuple[Tensor, Tensor]:
        logits = [member(signal, lead_mask)[:, : len(SUPERCLASSES)] for member in self.members]
        mean = logits[0] if len(logits) == 1 else torch.stack(logits).mean(dim=0)
        return mean, torch.softmax(self.placement(signal, lead_mask), dim=1)


def export_onnx(checkpoints: Sequence[Path], placement: Path, path: Path) -> str:
    """Writes the ONNX file, checks it against torch on random input, and gives its sha256."""
    members = [read_checkpoint(checkpoint)[0] for checkpoint in checkpoints]
    network = Shipped(members, read_checkpoint(placement)[0]).eval()
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(3, LEAD_COUNT, WINDOW_SAMPLES, generator=generator) / 4
    mask = torch.ones(3, LEAD_COUNT)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter through torch.export wants onnxscript and writes the same graph in ten times the time.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The number of windows follows from the length, which is the same in every run.
        warnings.filterwarnings("ignore", "Converting a tensor to a Python", Warning)
        # ECGNet's first state is given; the check below has another number of windows.
        warnings.filterwarnings("ignore", ".*variable length with LSTM", UserWarning)
        torch.onnx.export(
            network,
            (signal, mask),
            buffer,  # type: ignore[arg-type]
            input_names=["signal", "lead_mask"],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "windows"} for name in ("signal", "lead_mask", *OUTPUTS)},
            opset_version=OPSET,
            dynamo=False,
        )
    model = buffer.getvalue()
    # Another number of windows than it was traced with.
    signal, mask = signal[:2], mask[:2]
    mask[1, 1:] = 0
    signal[1, 1:] = 0
    with torch.inference_mode():
        logits, kinds = network(signal, mask)
        expected = torch.cat([torch.sigmoid(logits), kinds], dim=1)
    got = [
        torch.from_numpy(part)
        for part in session(model).run(OUTPUTS, {"signal": signal.numpy(), "lead_mask": mask.numpy()})
    ]
    difference = float((torch.cat([torch.sigmoid(got[0]), got[1]], dim=1) - expected).abs().max())
    if difference > MAX_DIFFERENCE:
        raise ValueError(f"ONNX and torch differ by {difference:.1e}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)
    return hashlib.sha256(model).hexdigest()

"""Checkpoints -> model.onnx: the mean of the members' logits, five outputs, dynamic number of windows."""

import hashlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ecg_core.classification import SUPERCLASSES
from ecg_core.classifier import session
from ecg_core.preparation import WINDOW_SAMPLES
from ecg_core.training.fit import read_checkpoint
from ecg_core.training.networks.windowed import LEAD_COUNT

OPSET = 18
# Torch and ONNX Runtime sum in different orders; more than this is another network.
MAX_DIFFERENCE = 1e-5


class Members(nn.Module):
    """The mean of several networks' logits, cut to the five superclasses."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        logits = [member(signal, lead_mask)[:, : len(SUPERCLASSES)] for member in self.members]
        return torch.stack(logits).mean(dim=0)


def export_onnx(checkpoints: Sequence[Path], path: Path) -> str:
    """Writes the ONNX file, checks it against torch on random input, and gives its sha256."""
    network = Members([read_checkpoint(checkpoint)[0] for checkpoint in checkpoints]).eval()
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(3, LEAD_COUNT, WINDOW_SAMPLES, generator=generator) / 4
    mask = torch.ones(3, LEAD_COUNT)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter through torch.export wants onnxscript and writes the same graph in ten times the time.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (signal, mask),
            buffer,  # type: ignore[arg-type]
            input_names=["signal", "lead_mask"],
            output_names=["logits"],
            dynamic_axes={name: {0: "windows"} for name in ("signal", "lead_mask", "logits")},
            opset_version=OPSET,
            dynamo=False,
        )
    model = buffer.getvalue()
    mask[1, 1:] = 0
    signal[1, 1:] = 0
    with torch.inference_mode():
        expected = network(signal, mask).numpy()
    got = session(model).run(None, {"signal": signal.numpy(), "lead_mask": mask.numpy()})[0]
    difference = float(
        np.abs(torch.sigmoid(torch.from_numpy(got)).numpy() - torch.sigmoid(torch.from_numpy(expected)).numpy()).max()
    )
    if difference > MAX_DIFFERENCE:
        raise ValueError(f"ONNX and torch differ by {difference:.1e}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)
    return hashlib.sha256(model).hexdigest()

"""`ekg export`: checkpoints -> model.onnx and its card. The outputs: five logits, the placement, the statements."""

import hashlib
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ecg_core.classification import SUPERCLASSES
from ecg_core.model.artifacts import CARD_FILE, MODEL_FILE, OUTPUTS, session
from ecg_core.model.placement import KINDS
from ecg_core.signal.preparation import WINDOW_SAMPLES
from ecg_core.training.calibrate import write_card
from ecg_core.training.data.dataset import Data
from ecg_core.training.fit import read_checkpoint
from ecg_core.training.graph import DEMOGRAPHIC
from ecg_core.training.networks import PLACEMENT
from ecg_core.training.networks.windowed import LEAD_COUNT, EcgNetwork
from ecg_core.training.report.model_card import publish
from ecg_core.training.restore import PLACED, restored
from ecg_core.training.settings import Settings

MEMBERS = 1
OPSET = 18
# Torch and ONNX Runtime add in different orders. A larger difference is a fault of the export.
MAX_DIFFERENCE = 1e-5


class Shipped(nn.Module):
    """artifacts.OUTPUTS: the members' mean logits of the five superclasses, the placement's probabilities, the members'
    mean logits of the statements.
    """

    def __init__(self, members: Sequence[nn.Module], placement: nn.Module) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.placement = placement

    def forward(self, signal: Tensor, lead_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits = [member(signal, lead_mask) for member in self.members]
        mean = logits[0] if len(logits) == 1 else torch.stack(logits).mean(dim=0)
        placement = torch.softmax(self.placement(signal, lead_mask), dim=1)
        return mean[:, : len(SUPERCLASSES)], placement, mean[:, len(SUPERCLASSES) : -DEMOGRAPHIC]


def export(checkpoints: Sequence[Path], placement: Path, data: Data, ptbxl: Path, out: Path) -> None:
    """Writes model.onnx to out, calibrates and measures it on fold 9, and writes its card.

    placement: a checkpoint, or the model.onnx of a release, whose placement network is taken over.
    """
    sha256 = export_onnx(checkpoints, placement, out / MODEL_FILE)
    runs = [_published(read_checkpoint(path)[1]) for path in checkpoints]
    training = {
        "members": len(runs),
        "command": command([run["settings"] for run in runs]),
        "runs": runs,
        "placement": _placement(placement)[1],
        "torch": torch.__version__,
        "data_sha256": data.sha256,
    }
    card = write_card(out, sha256, training, ptbxl)
    publish(out, card)
    for name, measured in card["performance"].items():
        five, three = measured["macro_auc_5"]["value"], measured["macro_auc_3"]["value"]
        print(f"{name:8} macro AUC of five {five:.4f}, mean of three {three:.4f}")


def export_onnx(checkpoints: Sequence[Path], placement: Path, path: Path) -> str:
    """Writes the ONNX file, compares it with torch on random input, and returns its sha256."""
    members = [read_checkpoint(checkpoint)[0] for checkpoint in checkpoints]
    network = Shipped(members, _placement(placement)[0]).eval()
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(3, LEAD_COUNT, WINDOW_SAMPLES, generator=generator) / 4
    mask = torch.ones(3, LEAD_COUNT)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter through torch.export needs onnxscript and takes ten times as long for the same graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The number of windows depends on the length of the signal, which is fixed.
        warnings.filterwarnings("ignore", "Converting a tensor to a Python", Warning)
        # ECGNet is given its first state. The check below uses another number of records than the trace.
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
    signal, mask = signal[:2], mask[:2]
    mask[1, 1:] = 0
    signal[1, 1:] = 0
    with torch.inference_mode():
        expected = _probabilities(network(signal, mask))
    got = session(model).run(OUTPUTS, {"signal": signal.numpy(), "lead_mask": mask.numpy()})
    difference = float((_probabilities(list(map(torch.from_numpy, got))) - expected).abs().max())
    if difference > MAX_DIFFERENCE:
        raise ValueError(f"ONNX and torch differ by {difference:.1e}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)
    return hashlib.sha256(model).hexdigest()


def _published(run: dict[str, Any]) -> dict[str, Any]:
    """The run without the folder of the model that it started from; start_sha256 says which it was."""
    start = run["settings"].get("start")
    return {**run, "settings": {**run["settings"], "start": Path(start).name}} if start else run


def _placement(path: Path) -> tuple[EcgNetwork, dict[str, Any]]:
    """(the placement network, how it was trained)."""
    if path.name != MODEL_FILE:
        return read_checkpoint(path)
    card = json.loads(path.with_name(CARD_FILE).read_bytes())
    return restored(path, PLACEMENT, len(KINDS), PLACED), card["training"]["placement"]


def _probabilities(outputs: Sequence[Tensor]) -> Tensor:
    logits, placement, statements = outputs
    return torch.cat([torch.sigmoid(logits), placement, torch.sigmoid(statements)], dim=1)


def command(runs: Sequence[Mapping[str, Any]]) -> str:
    """The command that trains these members again. Members of several runs: the commands of each, then `ekg export`."""
    first = runs[0]
    one_run = [{**first, "seed": first["seed"] + number} for number in range(len(runs))]
    if list(runs) != one_run:
        return (
            "; ".join(command([run]) for run in runs)
            + "; ekg export CHECKPOINTS --placement CHECKPOINT --ptbxl DIR --out DIR"
        )
    given = {"members": len(runs), **first}
    usual = {"members": MEMBERS, **asdict(Settings())}
    options = [_option(name, value) for name, value in given.items() if value != usual[name]]
    if first["soft_weight"]:
        options.append("--soft-targets artifacts/training/soft_targets")
    return " ".join(["ekg train --ptbxl DIR --out DIR", *options])


def _option(name: str, value: object) -> str:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return option if value else f"--no-{name.replace('_', '-')}"
    if isinstance(value, tuple | list):
        return f"{option} {','.join(map(str, value))}"
    return f"{option} {value}"

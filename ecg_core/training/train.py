"""`ekg train`: fit the members, export their mean, calibrate and measure it on fold 9."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from ecg_core.classifier import MODEL_FILE
from ecg_core.training import fit as fitting
from ecg_core.training.calibrate import write_card
from ecg_core.training.export import export_onnx
from ecg_core.training.fit import BATCH, EPOCHS, SEED, Settings, fit
from ecg_core.training.model_card import render

# Two networks that differ in their seed alone: their mean is worth what a longer training of one was not.
MEMBERS = 2
MODEL_CARD_FILE = "MODEL_CARD.md"


def train(
    ptbxl: Path,
    out: Path,
    *,
    epochs: int = EPOCHS,
    batch: int = BATCH,
    members: int = MEMBERS,
    seed: int = SEED,
    device: str = "cpu",
    compiled: bool = False,
    fresh: bool = False,
) -> None:
    """Trains each member, going on from its checkpoint, and writes the artifacts to out."""
    checkpoints = []
    for member in range(members):
        settings = Settings(epochs=epochs, batch=batch, seed=seed + member, device=device, compiled=compiled)
        checkpoints.append(fit(ptbxl, out / f"member{member + 1}", settings, resume=not fresh))
    export(checkpoints, ptbxl, out)


def export(checkpoints: Sequence[Path], ptbxl: Path, out: Path) -> None:
    """Writes model.onnx, model.json and MODEL_CARD.md to out."""
    sha256 = export_onnx(checkpoints, out / MODEL_FILE)
    held = [torch.load(path, map_location="cpu", weights_only=True) for path in checkpoints]
    training = {
        "members": len(held),
        "seeds": [part["seed"] for part in held],
        "epochs": [part["epochs"] for part in held],
        "batch": [part["batch"] for part in held],
        "command": "ekg train --ptbxl DIR --out DIR",
        "torch": torch.__version__,
        "database_sha256": hashlib.sha256((ptbxl / "ptbxl_database.csv").read_bytes()).hexdigest(),
        "code_sha256": _code_sha256(),
    }
    card = write_card(out, sha256, training, ptbxl)
    (out / MODEL_CARD_FILE).write_text(render(card), encoding="utf-8")
    for name, measured in card["performance"].items():
        five, three = measured["macro_auc_5"]["value"], measured["macro_auc_3"]["value"]
        print(f"{name:8} macro AUC of five {five:.4f}, mean of three {three:.4f}")


def _code_sha256() -> str:
    """Of the modules that decide what the weights become."""
    folder = Path(fitting.__file__).parent
    names = ("augment.py", "fit.py", "network.py", "ptbxl.py")
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()

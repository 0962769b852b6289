"""`ekg train`: fit the members, export their mean, calibrate and measure it on fold 9."""

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ecg_core.classifier import MODEL_FILE
from ecg_core.training import fit as fitting
from ecg_core.training.calibrate import write_card
from ecg_core.training.export import export_onnx
from ecg_core.training.fit import BATCH, EPOCHS, FIXED_SETTINGS, SEED, Settings, fit
from ecg_core.training.model_card import render

# Two networks that differ in their seed alone: their mean is better than either, and one core takes 3 ms for both.
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
    threads: int = 1,
    compiled: bool = False,
    fresh: bool = False,
) -> None:
    """Trains each member, going on from its checkpoint, and writes the artifacts to out.

    On the CPU as many members train side by side as the cores allow: two runs of one thread each finish sooner than one
    of two, whose threads wait for each other at every layer.
    """
    common = Settings(epochs=epochs, batch=batch, device=device, threads=threads, compiled=compiled)
    runs = [(out / f"member{member + 1}", replace(common, seed=seed + member)) for member in range(members)]
    side_by_side = min(members, (os.cpu_count() or 1) // threads) if device == "cpu" else 1
    if side_by_side > 1:
        with ProcessPoolExecutor(side_by_side, multiprocessing.get_context("spawn")) as pool:
            started = [pool.submit(fit, ptbxl, folder, settings, resume=not fresh) for folder, settings in runs]
            checkpoints = [run.result() for run in started]
    else:
        checkpoints = [fit(ptbxl, folder, settings, resume=not fresh) for folder, settings in runs]
    export(checkpoints, ptbxl, out)


def export(checkpoints: Sequence[Path], ptbxl: Path, out: Path) -> None:
    """Writes model.onnx, model.json and MODEL_CARD.md to out."""
    sha256 = export_onnx(checkpoints, out / MODEL_FILE)
    held = [torch.load(path, map_location="cpu", weights_only=True) for path in checkpoints]
    training = {
        "members": len(held),
        **{name: [part[name] for part in held] for name in FIXED_SETTINGS},
        "command": _command(held),
        "torch": torch.__version__,
        "database_sha256": hashlib.sha256((ptbxl / "ptbxl_database.csv").read_bytes()).hexdigest(),
        "code_sha256": _code_sha256(),
    }
    card = write_card(out, sha256, training, ptbxl)
    (out / MODEL_CARD_FILE).write_text(render(card), encoding="utf-8")
    for name, measured in card["performance"].items():
        five, three = measured["macro_auc_5"]["value"], measured["macro_auc_3"]["value"]
        print(f"{name:8} macro AUC of five {five:.4f}, mean of three {three:.4f}")


def _command(held: Sequence[dict[str, Any]]) -> str:
    """What trains these members again; of members that do not belong to one run, the runs."""
    first = held[0]
    one_run = [{**first, "seed": first["seed"] + member} for member in range(len(held))]
    if any(part[name] != wanted[name] for part, wanted in zip(held, one_run, strict=True) for name in FIXED_SETTINGS):
        return "; ".join(_command([part]) for part in held) + "; ekg export CHECKPOINTS --ptbxl DIR --out DIR"
    options = {"members": len(held), **{name: first[name] for name in ("seed", "epochs", "batch", "device", "threads")}}
    defaults = {"members": MEMBERS, "seed": SEED, "epochs": EPOCHS, "batch": BATCH, "device": "cpu", "threads": 1}
    said = "".join(f" --{name} {value}" for name, value in options.items() if value != defaults[name])
    return f"ekg train --ptbxl DIR --out DIR{said}{' --compile' if first['compiled'] else ''}"


def _code_sha256() -> str:
    """Of the modules that decide what the weights become."""
    folder = Path(fitting.__file__).parent
    names = ("augment.py", "fit.py", "network.py", "ptbxl.py")
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()

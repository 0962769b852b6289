"""`ekg train`: fit a network, export it, calibrate and measure it on fold 9."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ecg_core.model.classifier import MODEL_FILE
from ecg_core.training.ablate import enter_run
from ecg_core.training.calibrate import write_card
from ecg_core.training.data.dataset import Data, load
from ecg_core.training.export import export_onnx
from ecg_core.training.fit import read_checkpoint
from ecg_core.training.ledger import Ledger
from ecg_core.training.networks import PLACEMENT
from ecg_core.training.report.model_card import publish
from ecg_core.training.runs import Source, fit_all
from ecg_core.training.settings import Settings

MEMBERS = 1
# The row of the network that this project descends from.
BASELINE = "ecgnet"
# Electrodes are learned sooner than diagnoses.
PLACEMENT_EPOCHS = 24


def train(
    ptbxl: Path,
    out: Path,
    settings: Settings,
    *,
    members: int = MEMBERS,
    soft_targets: Path | None = None,
    ledger: Path | None = None,
    fresh: bool = False,
) -> None:
    """Trains each member, going on from its checkpoint, and writes the artifacts to out, and the first to a ledger."""
    if soft_targets and not settings.soft_weight:
        raise ValueError("soft targets want a soft weight: the shipped network has --soft-weight 0.7")
    data = load(ptbxl, soft_targets)
    runs = [(out / f"member{number + 1}", replace(settings, seed=settings.seed + number)) for number in range(members)]
    epochs = min(PLACEMENT_EPOCHS, settings.epochs)
    beside = Settings(
        PLACEMENT, epochs, settings.batch, settings.seed, device=settings.device, threads=settings.threads
    )
    source = Source(ptbxl, soft_targets)
    *checkpoints, placement = fit_all([*runs, (out / PLACEMENT, beside)], data, source, resume=not fresh)
    if ledger:
        against = BASELINE if out.name != BASELINE and BASELINE in Ledger(ledger).rows else None
        enter_run(out.name, f"`{_command([asdict(settings)])}`", checkpoints[0], data, ledger, against)
    export(checkpoints, placement, data, ptbxl, out)


def export(checkpoints: Sequence[Path], placement: Path, data: Data, ptbxl: Path, out: Path) -> None:
    """Writes model.onnx, and with it all that publish() writes, to out."""
    sha256 = export_onnx(checkpoints, placement, out / MODEL_FILE)
    runs = [read_checkpoint(path)[1] for path in checkpoints]
    training = {
        "members": len(runs),
        "command": _command([run["settings"] for run in runs]),
        "runs": runs,
        "placement": read_checkpoint(placement)[1],
        "torch": torch.__version__,
        "data_sha256": data.sha256,
    }
    card = write_card(out, sha256, training, ptbxl)
    publish(out, card)
    for name, measured in card["performance"].items():
        five, three = measured["macro_auc_5"]["value"], measured["macro_auc_3"]["value"]
        print(f"{name:8} macro AUC of five {five:.4f}, mean of three {three:.4f}")


def _command(runs: Sequence[Mapping[str, Any]]) -> str:
    """What trains these members again; of members that do not belong to one run, the runs."""
    first = runs[0]
    one_run = [{**first, "seed": first["seed"] + number} for number in range(len(runs))]
    if list(runs) != one_run:
        return (
            "; ".join(_command([run]) for run in runs)
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

"""`ekg teach`: trains teachers and writes their soft targets.

Each teacher network has four members. Each member is trained without two of folds 1-8 and then answers the records of
these two folds. So each record's soft target comes from a member that has not seen the record. The mean of all members
on fold 9 is what the student should reach.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import SUPERCLASSES
from ecg_core.training.data.dataset import Data, SoftTargets, load, write_soft_targets
from ecg_core.training.fit import Source, device_of, fit_all, read_checkpoint
from ecg_core.training.ledger import SOFT_TARGETS, Ledger
from ecg_core.training.networks import TEACHERS, require
from ecg_core.training.settings import BATCH, Settings
from ecg_core.training.tasks import predict

HELD_OUT = ((1, 2), (3, 4), (5, 6), (7, 8))
ENSEMBLE = "ensemble"


def teach(
    ptbxl: Path,
    out: Path,
    ledger: Path,
    networks: Sequence[str] = tuple(TEACHERS),
    device: str = "cpu",
    epochs: int | None = None,
    batch: int = BATCH,
) -> None:
    """Trains the members in out, writes ledger/soft_targets/NETWORK.npz and enters the results in the ledger."""
    require(networks, TEACHERS)
    device_of(device)
    data = load(ptbxl)
    for network in networks:
        common = Settings(network, epochs or TEACHERS[network], batch, few_leads=False, device=device)
        settings = [replace(common, held_out=pair, seed=seed) for seed, pair in enumerate(HELD_OUT, common.seed)]
        folders = [out / f"{network}-without-{'-'.join(map(str, pair))}" for pair in HELD_OUT]
        checkpoints = fit_all(list(zip(folders, settings, strict=True)), data, Source(ptbxl))
        enter_members(network, checkpoints, data, ledger)
    enter_ensemble(data, ledger)


def enter_members(network: str, checkpoints: Sequence[Path], data: Data, folder: Path) -> None:
    """Writes the soft targets of one network's members and enters their mean on fold 9 in the ledger."""
    ids, probabilities, of_fold_9, runs = [], [], [], []
    for path in checkpoints:
        member, run = read_checkpoint(path)
        member.to(device_of(run["settings"]["device"]))
        unseen = np.flatnonzero(np.isin(data.labels.folds, run["settings"]["held_out"]))
        logits = predict(member, data.signals[unseen])[:, : len(SUPERCLASSES) + data.labels.statements.shape[1]]
        ids.append(data.labels.ecg_ids[unseen])
        probabilities.append(np.asarray(1 / (1 + np.exp(-logits)), np.float32))
        of_fold_9.append(predict(member, data.signals[data.validation])[:, : len(SUPERCLASSES)])
        runs.append(run)
    order = np.argsort(np.concatenate(ids))
    soft = SoftTargets(np.concatenate(ids)[order], np.concatenate(probabilities)[order])
    write_soft_targets(folder / SOFT_TARGETS / f"{network}.npz", soft)
    scores: dict[str, NDArray[np.float32]] = {"12": np.asarray(np.mean(of_fold_9, axis=0), np.float32)}
    run = {"runs": runs, "data_sha256": data.sha256}
    said = f"mean of {len(runs)} members of `{network}`, each blind to two folds"
    Ledger(folder).enter(f"teacher-{network}", said, data.scored, scores, run)


def enter_ensemble(data: Data, folder: Path) -> None:
    """Enters the mean of all teachers on fold 9 in the ledger."""
    ledger = Ledger(folder)
    names = [name for name in ledger.rows if name.startswith("teacher-")]
    mean = np.mean([ledger.scores(name)["12"].astype(np.float32) for name in names], axis=0)
    said = f"mean of {', '.join(name.removeprefix('teacher-') for name in names)}"
    ledger.enter(ENSEMBLE, said, data.scored, {"12": mean}, {"data_sha256": data.sha256})

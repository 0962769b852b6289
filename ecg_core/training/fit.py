"""Trains the network on PTB-XL folds 1-8: one file, top to bottom. Fold 9 is only looked at, fold 10 never read."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.readers import read
from ecg_core.training.augment import augmented_batch, batches, derivation_matrix
from ecg_core.training.metrics import auc
from ecg_core.training.network import CROP_SAMPLES, EcgNetwork
from ecg_core.training.ptbxl import INDEPENDENT_LEADS, PtbXl, read_ptbxl, record_files

TRAINING_FOLDS = range(1, 9)
VALIDATION_FOLD = 9
EPOCHS = 40
BATCH = 64
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.05
GRADIENT_NORM = 1.0
EMA_DECAY = 0.999
# The 71 single statements are auxiliary targets: they teach more about a record than five classes do.
STATEMENT_WEIGHT = 2.0
SEED = 1
CHECKPOINT = "checkpoint.pt"
# A run that goes on with others of these is another run.
FIXED_SETTINGS = ("seed", "epochs", "batch", "device", "compiled", "threads")


@dataclass(frozen=True)
class Settings:
    epochs: int = EPOCHS
    batch: int = BATCH
    seed: int = SEED
    device: str = "cpu"
    threads: int = 1
    compiled: bool = False


def load_signals(data: PtbXl) -> NDArray[np.float32]:
    """[records, 8, 1000] mV of the independent leads, median of each lead removed, read as the product reads.

    The product centres every lead by itself, also the four that follow from I and II here: on PTB-XL that differs by
    0.007 mV in the median, far below the offsets that augmentation adds.
    """

    def load(path: Path) -> NDArray[np.float32]:
        recording = read(record_files(path))
        rows = [recording.leads.index(lead) for lead in INDEPENDENT_LEADS]
        signal = recording.signal[rows]
        return signal - np.median(signal, axis=1, keepdims=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.stack(
            list(tqdm(pool.map(load, data.paths), "reading", len(data), unit=" records", leave=False, disable=None))
        )


def fit(ptbxl: Path, out: Path, settings: Settings, *, resume: bool = True) -> Path:
    """Trains and writes out/checkpoint.pt after every epoch; goes on from it if it is there. Gives its path."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    device = torch.device(settings.device)
    data = read_ptbxl(ptbxl, {*TRAINING_FOLDS, VALIDATION_FOLD})
    signals = torch.from_numpy(load_signals(data)).to(device)
    targets = torch.from_numpy(np.concatenate([data.superclasses, data.statements], axis=1)).float().to(device)
    training = torch.from_numpy(np.flatnonzero(data.folds != VALIDATION_FOLD))
    validation = torch.from_numpy(np.flatnonzero((data.folds == VALIDATION_FOLD) & data.superclasses.any(axis=1)))

    network = EcgNetwork(targets.shape[1]).to(device)
    average = copy.deepcopy(network).eval()
    matrix = derivation_matrix().to(device)
    generator = torch.Generator(device).manual_seed(settings.seed)
    order = torch.Generator().manual_seed(settings.seed)
    steps = len(training) // settings.batch
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=settings.epochs * steps)
    forward: Any = torch.compile(network) if settings.compiled else network

    out.mkdir(parents=True, exist_ok=True)
    path = out / CHECKPOINT
    state = {"network": network, "average": average, "optimizer": optimizer, "schedule": schedule}
    first = _resume(path, state, settings, generator, order) if resume and path.exists() else 0
    for epoch in range(first, settings.epochs):
        network.train()
        said = f"{out.name} epoch {epoch + 1}/{settings.epochs}"
        bar = tqdm(batches(len(training), settings.batch, order), said, steps, disable=None)
        for step, chosen in enumerate(bar, epoch * steps + 1):
            rows = training[chosen].to(device)
            signal, mask = augmented_batch(signals[rows], CROP_SAMPLES, matrix, generator)
            loss = loss_of(forward(signal, mask), targets[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            _follow(average, network, min(EMA_DECAY, step / (step + 9)))
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
        _save(path, state, settings, generator, order, epoch + 1)
        print(
            f"{out.name} epoch {epoch + 1}: {validation_line(average, signals, targets, validation, matrix)}",
            flush=True,
        )
    return path


def loss_of(logits: Tensor, targets: Tensor) -> Tensor:
    classes = len(SUPERCLASSES)
    superclass = binary_cross_entropy_with_logits(logits[:, :classes], targets[:, :classes])
    return superclass + STATEMENT_WEIGHT * binary_cross_entropy_with_logits(logits[:, classes:], targets[:, classes:])


@torch.no_grad()
def _follow(average: torch.nn.Module, network: torch.nn.Module, decay: float) -> None:
    for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if slow.is_floating_point():
            slow.lerp_(fast, 1 - decay)
        else:
            slow.copy_(fast)


@torch.inference_mode()
def validation_line(
    network: torch.nn.Module,
    signals: Tensor,
    targets: Tensor,
    rows: Tensor,
    matrix: Tensor,
    sets: tuple[str, ...] = ("12", "I"),
) -> str:
    """Macro AUC of five and mean of the three, for some lead sets."""
    said = []
    for name in sets:
        mask = torch.tensor([float(lead in LEAD_SETS[name]) for lead in LEADS], device=signals.device)
        parts = []
        for piece in torch.split(rows, 256):
            signal = torch.matmul(matrix, signals[piece.to(signals.device)]) * mask[:, None]
            parts.append(network(signal, mask.expand(len(piece), -1))[:, : len(SUPERCLASSES)].float().cpu())
        score = torch.cat(parts).double().numpy()
        truth = targets[rows.to(targets.device)].cpu().numpy() > 0
        areas = {label: auc(truth[:, k], score[:, k]) for k, label in enumerate(SUPERCLASSES)}
        three = np.mean([areas[label] for label in DIAGNOSES])
        said.append(f"{name}: five {np.mean(list(areas.values())):.4f} three {three:.4f}")
    return ", ".join(said)


def _save(path: Path, state: dict[str, Any], settings: Settings, *rest: Any) -> None:
    generator, order, epoch = rest
    held = {name: part.state_dict() for name, part in state.items()}
    held |= {"epoch": epoch, **{name: getattr(settings, name) for name in FIXED_SETTINGS}}
    held |= {"random": [torch.get_rng_state(), generator.get_state(), order.get_state()]}
    if settings.device != "cpu":
        held |= {"random_cuda": torch.cuda.get_rng_state_all()}
    torch.save(held, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _resume(path: Path, state: dict[str, Any], settings: Settings, *generators: torch.Generator) -> int:
    held = torch.load(path, map_location="cpu", weights_only=True)
    for name in FIXED_SETTINGS:
        if held[name] != getattr(settings, name):
            raise ValueError(f"{path} was trained with {name} {held[name]}: name another --out, or start with --fresh")
    for name, part in state.items():
        part.load_state_dict(held[name])
    torch.set_rng_state(held["random"][0])
    if settings.device != "cpu":
        torch.cuda.set_rng_state_all(held["random_cuda"])
    for generator, stored in zip(generators, held["random"][1:], strict=True):
        generator.set_state(stored)
    return int(held["epoch"])


def trained_network(path: Path) -> EcgNetwork:
    """The averaged network of a checkpoint, for export."""
    held = torch.load(path, map_location="cpu", weights_only=True)
    outputs = held["average"]["head.4.weight"].shape[0]
    network = EcgNetwork(outputs)
    network.load_state_dict(held["average"])
    return network.eval()

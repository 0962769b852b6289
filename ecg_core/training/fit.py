"""Trains one network on PTB-XL folds 1-8: one file, top to bottom. Fold 9 is only looked at, fold 10 never read."""

import copy
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
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
from ecg_core.training.augment import (
    LEAD_SET_SHARES,
    TWELVE_LEAD_SHARES,
    augmented_batch,
    batches,
    derivation_matrix,
    mixed,
)
from ecg_core.training.metrics import auc
from ecg_core.training.networks import build
from ecg_core.training.networks.windowed import EcgNetwork
from ecg_core.training.ptbxl import INDEPENDENT_LEADS, PtbXl, read_ptbxl, record_files
from ecg_core.training.settings import Settings
from ecg_core.training.soft_targets import SoftTargets, read_soft_targets

TRAINING_FOLDS = range(1, 9)
VALIDATION_FOLD = 9
WEIGHT_DECAY = 0.05
GRADIENT_NORM = 1.0
OLDEST_YEARS = 95.0
CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True, eq=False)
class Data:
    """Folds 1-9: signals [records, 8, 1000] mV; targets [records, 5 + 71 + 2] as of targets_of; what teachers say."""

    labels: PtbXl
    signals: Tensor
    targets: Tensor
    soft: SoftTargets | None = None

    @property
    def scored(self) -> PtbXl:
        """The labels of fold 9, at validation's rows."""
        return self.labels.select(self.labels.folds == VALIDATION_FOLD).scored()

    @cached_property
    def sha256(self) -> str:
        """Of what was read: signals and targets."""
        digest = hashlib.sha256()
        for part in (self.signals, self.targets):
            digest.update(part.numpy().tobytes())
        return digest.hexdigest()

    @property
    def validation(self) -> NDArray[np.int64]:
        """The rows of fold 9 that are scored."""
        return np.flatnonzero((self.labels.folds == VALIDATION_FOLD) & self.labels.superclasses.any(axis=1))


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


def targets_of(data: PtbXl) -> NDArray[np.float32]:
    """[records, 5 + 71 + 2]: superclasses, statements, female, age as a share of OLDEST_YEARS (NaN unknown)."""
    age = np.minimum(data.ages, OLDEST_YEARS) / OLDEST_YEARS
    parts = [data.superclasses, data.statements, data.sexes[:, None], age[:, None]]
    return np.concatenate([np.asarray(part, np.float32) for part in parts], axis=1)


def load(ptbxl: Path, soft_targets: Path | None = None) -> Data:
    labels = read_ptbxl(ptbxl, {*TRAINING_FOLDS, VALIDATION_FOLD})
    soft = read_soft_targets(soft_targets) if soft_targets else None
    return Data(labels, torch.from_numpy(load_signals(labels)), torch.from_numpy(targets_of(labels)), soft)


def fit(data: Data, out: Path, settings: Settings, *, resume: bool = True) -> Path:
    """Trains and writes out/checkpoint.pt after every epoch; goes on from it if it is there. Gives its path."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    device = torch.device(settings.device)
    signals, targets = data.signals.to(device), _with_soft_targets(data, settings.soft_weight).to(device)
    training = torch.from_numpy(np.flatnonzero(~np.isin(data.labels.folds, (VALIDATION_FOLD, *settings.held_out))))
    shares = LEAD_SET_SHARES if settings.few_leads else TWELVE_LEAD_SHARES

    network = build(settings.network, targets.shape[1]).to(device)
    average = copy.deepcopy(network).eval()
    matrix = derivation_matrix().to(device)
    generator = torch.Generator(device).manual_seed(settings.seed)
    order = torch.Generator().manual_seed(settings.seed)
    steps = len(training) // settings.batch
    rate = network.learning_rate
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=settings.epochs * steps)
    forward: Any = torch.compile(network) if settings.compiled else network

    out.mkdir(parents=True, exist_ok=True)
    path = out / CHECKPOINT
    state = {"network": network, "average": average, "optimizer": optimizer, "schedule": schedule}
    run = {
        "settings": asdict(settings),
        "soft_targets_sha256": data.soft.sha256 if data.soft and settings.soft_weight else None,
    }
    first = _resume(path, state, run, generator, order) if resume and path.exists() else 0
    for epoch in range(first, settings.epochs):
        network.train()
        said = f"{out.name} epoch {epoch + 1}/{settings.epochs}"
        bar = tqdm(batches(len(training), settings.batch, order), said, steps, disable=None)
        for step, chosen in enumerate(bar, epoch * steps + 1):
            rows = training[chosen].to(device)
            x, y = signals[rows], targets[rows]
            if settings.mixup:
                x, y = mixed(x, y, settings.mixup, generator)
            signal, mask = augmented_batch(x, network.crop_samples, matrix, shares, generator)
            with torch.autocast(device.type, torch.bfloat16, enabled=settings.half_precision):
                logits = forward(signal, mask)
            loss = loss_of(logits.float(), y, settings)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            _follow(average, network, min(settings.ema_decay, step / (step + 9)))
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
        _save(path, state, run, generator, order, epoch + 1)
        print(f"{out.name} epoch {epoch + 1}: {validation_line(average, data)}", flush=True)
    return path


def _with_soft_targets(data: Data, weight: float) -> Tensor:
    """The labels, and of the records that teachers have answered the teachers' probabilities in their part."""
    if not weight:
        return data.targets
    if data.soft is None:
        raise ValueError("a soft weight wants soft targets")
    targets = data.targets.clone()
    place = {ecg_id: row for row, ecg_id in enumerate(data.labels.ecg_ids.tolist())}
    rows = torch.tensor([place[ecg_id] for ecg_id in data.soft.ecg_ids.tolist()])
    taught = torch.from_numpy(data.soft.probabilities)
    part = targets[rows, : taught.shape[1]]
    targets[rows, : taught.shape[1]] = part + weight * (taught - part)
    return targets


def loss_of(logits: Tensor, targets: Tensor, settings: Settings) -> Tensor:
    classes = len(SUPERCLASSES)
    superclass = binary_cross_entropy_with_logits(logits[:, :classes], targets[:, :classes])
    statement = binary_cross_entropy_with_logits(logits[:, classes:-2], targets[:, classes:-2])
    known = targets[:, -2:].isfinite()
    demographic = binary_cross_entropy_with_logits(logits[:, -2:][known], targets[:, -2:][known])
    return superclass + settings.statement_weight * statement + settings.demographic_weight * demographic


@torch.no_grad()
def _follow(average: torch.nn.Module, network: torch.nn.Module, decay: float) -> None:
    for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if slow.is_floating_point():
            slow.lerp_(fast, 1 - decay)
        else:
            slow.copy_(fast)


@torch.inference_mode()
def predict(network: EcgNetwork, signals: Tensor, leads: tuple[str, ...] = LEADS) -> NDArray[np.float32]:
    """[records, outputs] logits of signals [records, 8, 1000] with only the given leads."""
    device = next(network.parameters()).device
    matrix = derivation_matrix().to(device)
    mask = torch.tensor([float(lead in leads) for lead in LEADS], device=device)
    parts = []
    for piece in torch.split(signals, 256):
        signal = torch.matmul(matrix, piece.to(device)) * mask[:, None]
        parts.append(network(signal, mask.expand(len(piece), -1)).float().cpu())
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def validation_line(network: EcgNetwork, data: Data, sets: tuple[str, ...] = ("12", "I")) -> str:
    """Macro AUC of five and mean of the three on fold 9, for some lead sets."""
    rows, said = data.validation, []
    truth = data.labels.superclasses[rows]
    for name in sets:
        score = predict(network, data.signals[rows], LEAD_SETS[name]).astype(np.float64)
        areas = {label: auc(truth[:, k], score[:, k]) for k, label in enumerate(SUPERCLASSES)}
        three = np.mean([areas[label] for label in DIAGNOSES])
        said.append(f"{name}: five {np.mean(list(areas.values())):.4f} three {three:.4f}")
    return ", ".join(said)


def code_sha256() -> str:
    """Of the modules that decide what the weights become."""
    folder = Path(__file__).parent
    names = ("augment.py", "fit.py", "ptbxl.py", "settings.py", "soft_targets.py")
    paths = [*(folder / name for name in names), *sorted((folder / "networks").glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _save(path: Path, state: dict[str, Any], run: dict[str, Any], *rest: Any) -> None:
    generator, order, epoch = rest
    held = {name: part.state_dict() for name, part in state.items()}
    held |= {**run, "epoch": epoch, "code_sha256": code_sha256()}
    held |= {"random": [torch.get_rng_state(), generator.get_state(), order.get_state()]}
    if run["settings"]["device"] != "cpu":
        held |= {"random_cuda": torch.cuda.get_rng_state_all()}
    torch.save(held, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _resume(path: Path, state: dict[str, Any], run: dict[str, Any], *generators: torch.Generator) -> int:
    """A run that goes on with other settings is another run: ValueError."""
    held = torch.load(path, map_location="cpu", weights_only=True)
    was, wanted = ({**part["settings"], "soft targets": part["soft_targets_sha256"]} for part in (held, run))
    for name, value in wanted.items():
        if was[name] != value:
            raise ValueError(f"{path} was trained with {name} {was[name]}: name another --out, or start with --fresh")
    for name, part in state.items():
        part.load_state_dict(held[name])
    torch.set_rng_state(held["random"][0])
    if "random_cuda" in held:
        torch.cuda.set_rng_state_all(held["random_cuda"])
    for generator, stored in zip(generators, held["random"][1:], strict=True):
        generator.set_state(stored)
    return int(held["epoch"])


def read_checkpoint(path: Path) -> tuple[EcgNetwork, dict[str, Any]]:
    """The averaged network of a checkpoint, and its settings, epoch and what it was made from."""
    held = torch.load(path, map_location="cpu", weights_only=True)
    average = held["average"]
    last = [name for name in average if name.endswith("weight")][-1]
    network = build(held["settings"]["network"], len(average[last]))
    network.load_state_dict(average)
    run = {name: held[name] for name in ("settings", "epoch", "code_sha256", "soft_targets_sha256")}
    return network.eval(), run

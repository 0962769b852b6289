"""Trains networks on PTB-XL folds 1-8: one file, top to bottom. Fold 9 is only for measuring; fold 10 is not read."""

import copy
import hashlib
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

from ecg_core.training.bfloat16 import BFLOAT16, FLOAT32, precision
from ecg_core.training.data.augment import batches
from ecg_core.training.data.dataset import Data, load
from ecg_core.training.data.ptbxl import VALIDATION_FOLD
from ecg_core.training.networks import build
from ecg_core.training.networks.windowed import EcgNetwork
from ecg_core.training.restore import restored, settle
from ecg_core.training.settings import Settings
from ecg_core.training.tasks import Task, task_of

WEIGHT_DECAY = 0.05
GRADIENT_NORM = 1.0
CHECKPOINT = "checkpoint.pt"
DEVICES = ("cpu", "cuda")
# How many times a run prints its AUC on fold 9. One measurement takes a third of an epoch's time.
LINES = 25
# Modules, besides networks/, that influence the trained weights.
HASHED = (
    "bfloat16",
    "fit",
    "restore",
    "settings",
    "tasks",
    "data/augment",
    "data/dataset",
    "data/devices",
    "data/misplacement",
    "data/ptbxl",
)


def fit(data: Data, out: Path, settings: Settings, *, resume: bool = True) -> Path:
    """Trains and writes out/checkpoint.pt after each epoch; continues from that file if it exists. Returns its path."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    device = device_of(settings.device)
    task = task_of(data, settings)
    training = torch.from_numpy(np.flatnonzero(~np.isin(data.labels.folds, (VALIDATION_FOLD, *settings.held_out))))

    network = _begun(settings, task, training).to(device)
    average = copy.deepcopy(network).eval()
    generator = torch.Generator(device).manual_seed(settings.seed)
    order = torch.Generator().manual_seed(settings.seed)
    steps = len(training) // settings.batch
    rate = settings.learning_rate or network.learning_rate
    # On a GPU, starting a small kernel takes longer than its work. The fused optimizer starts one kernel for all
    # weights.
    fused = device.type == "cuda"
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=WEIGHT_DECAY, fused=fused)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=settings.epochs * steps)
    every = -(-settings.epochs // LINES)
    forward: Any = torch.compile(network) if settings.compiled else network
    used = precision(network, device, wanted=settings.half_precision)
    if settings.half_precision and used == FLOAT32:
        print(f"{out.name}: trains in float32, because bfloat16 is not in this hardware or torch cannot run it here")

    out.mkdir(parents=True, exist_ok=True)
    path = out / CHECKPOINT
    state = {"network": network, "average": average, "optimizer": optimizer, "schedule": schedule}
    run = {
        "settings": asdict(settings),
        "precision": used,
        "soft_targets_sha256": data.soft.sha256 if data.soft and settings.soft_weight else None,
        "start_sha256": hashlib.sha256(Path(settings.start).read_bytes()).hexdigest() if settings.start else None,
    }
    first = _resume(path, state, run, generator, order) if resume and path.exists() else 0
    pairs = _pairs(average, network)
    for epoch in range(first, settings.epochs):
        network.train()
        start, total = time.perf_counter(), torch.zeros((), device=device)
        said = f"{out.name} epoch {epoch + 1}/{settings.epochs}"
        bar = tqdm(batches(len(training), settings.batch, order), said, steps, disable=None)
        for step, chosen in enumerate(bar, epoch * steps + 1):
            rows = training[chosen].to(device)
            signal, mask, wanted = task.batch(rows, network.crop_samples, generator)
            with torch.autocast(device.type, torch.bfloat16, enabled=used == BFLOAT16):
                logits = forward(signal, mask)
            loss = task.loss(logits.float(), wanted)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            _follow(pairs, min(settings.ema_decay, step / (step + 9)))
            total += loss.detach()
            if not bar.disable:  # item() waits until the GPU is done
                bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
        mean, seconds = total.item() / steps, time.perf_counter() - start
        _save(path, state, run, generator, order, epoch + 1)
        if (epoch + 1) % every == 0 or epoch + 1 == settings.epochs:
            said = f"loss {mean:.4f}, {seconds:.1f} s, {task.line(average)}"
            print(f"{out.name} epoch {epoch + 1}: {said}", flush=True)
    return path


def _begun(settings: Settings, task: Task, training: Tensor) -> EcgNetwork:
    """A network with random weights, or with those of settings.start."""
    if not settings.start:
        return build(settings.network, task.outputs)
    network = restored(Path(settings.start), settings.network, task.outputs)
    generator = torch.Generator(settings.device).manual_seed(settings.seed)

    def batch() -> tuple[Tensor, Tensor]:
        rows = training[
            torch.randint(len(training), (settings.batch,), generator=generator, device=generator.device).cpu()
        ]
        return task.batch(rows.to(settings.device), network.crop_samples, generator)[:2]

    network.to(settings.device)
    settle(network, batch)
    return network


def device_of(name: str) -> torch.device:
    """The device of this name. Raises ValueError if torch does not know or find it. Call it before reading the data."""
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in DEVICES:
        raise ValueError(f"{name} is no device to train on: choose from {', '.join(DEVICES)}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"torch {torch.__version__} finds no {name} here: choose cpu, or install torch with CUDA")
    return device


def _pairs(average: torch.nn.Module, network: torch.nn.Module) -> list[tuple[Tensor, Tensor]]:
    """(average, network) of each weight and buffer. They share the memory of the networks."""
    return list(zip(average.state_dict().values(), network.state_dict().values(), strict=True))


@torch.no_grad()
def _follow(pairs: Sequence[tuple[Tensor, Tensor]], decay: float) -> None:
    """Moves the exponential moving average of the weights one step."""
    moved = [pair for pair in pairs if pair[0].is_floating_point()]
    move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    move([slow for slow, _ in moved], [fast for _, fast in moved], 0)
    for slow, fast in pairs:
        if not slow.is_floating_point():
            slow.copy_(fast)


def code_sha256() -> str:
    """The hash of the modules that influence the trained weights."""
    folder = Path(__file__).parent
    paths = [*(folder / f"{name}.py" for name in HASHED), *sorted((folder / "networks").glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _save(path: Path, state: dict[str, Any], run: dict[str, Any], *rest: Any) -> None:
    generator, order, epoch = rest
    held = {name: part.state_dict() for name, part in state.items()}
    held |= {**run, "epoch": epoch, "code_sha256": code_sha256()}
    held |= {"random": [torch.get_rng_state(), generator.get_state(), order.get_state()]}
    if "cuda" in run["settings"]["device"]:
        held |= {"random_cuda": torch.cuda.get_rng_state(run["settings"]["device"])}
    torch.save(held, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _resume(path: Path, state: dict[str, Any], run: dict[str, Any], *generators: torch.Generator) -> int:
    """Loads a checkpoint and returns its epoch. Raises ValueError if it was trained with other settings.

    A run may continue on a machine with another precision. Then `run` names both precisions.
    """
    held = torch.load(path, map_location="cpu", weights_only=True)
    was, wanted = ({**part["settings"], "soft targets": part["soft_targets_sha256"]} for part in (held, run))
    for name, value in wanted.items():
        if was.get(name) != value:
            raise ValueError(
                f"{path} was trained with {name} {was.get(name)}: name another --out, or start with --fresh"
            )
    now = run["precision"]
    before = held.get("precision", now)
    run["precision"] = before if before.endswith(now) else f"{before}, then {now}"
    for name, part in state.items():
        part.load_state_dict(held[name])
    torch.set_rng_state(held["random"][0])
    if "random_cuda" in held:
        torch.cuda.set_rng_state(held["random_cuda"], run["settings"]["device"])
    for generator, stored in zip(generators, held["random"][1:], strict=True):
        generator.set_state(stored)
    return int(held["epoch"])


def read_checkpoint(path: Path) -> tuple[EcgNetwork, dict[str, Any]]:
    """(the averaged network of a checkpoint, ready to predict; its settings, precision, epoch and hashes)."""
    held = torch.load(path, map_location="cpu", weights_only=True)
    average = held["average"]
    last = [name for name in average if name.endswith("weight")][-1]
    network = build(held["settings"]["network"], len(average[last]))
    network.load_state_dict(average)
    kept = ("settings", "precision", "epoch", "code_sha256", "soft_targets_sha256", "start_sha256")
    run = {name: held[name] for name in kept if name in held}
    return network.eval(), run


@dataclass(frozen=True)
class Source:
    """The folders of the data, for another process that reads the data itself."""

    ptbxl: Path
    soft_targets: Path | None = None


def fit_all(runs: Sequence[tuple[Path, Settings]], data: Data, source: Source, *, resume: bool = True) -> list[Path]:
    """Trains several networks and returns their checkpoints, in order.

    On the CPU, one network is trained on each core at the same time. Two runs of one thread each finish sooner than one
    run of two threads, because the threads of one run wait for each other at every layer.
    """
    first = runs[0][1]
    side_by_side = min(len(runs), (os.cpu_count() or 1) // first.threads) if first.device == "cpu" else 1
    if side_by_side < 2:
        return [fit(data, folder, settings, resume=resume) for folder, settings in runs]
    with ProcessPoolExecutor(side_by_side, multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(_fit, [(source, *run, resume) for run in runs]))


@cache
def _loaded(source: Source) -> Data:
    return load(source.ptbxl, source.soft_targets)


def _fit(task: tuple[Source, Path, Settings, bool]) -> Path:
    source, folder, settings, resume = task
    return fit(_loaded(source), folder, settings, resume=resume)

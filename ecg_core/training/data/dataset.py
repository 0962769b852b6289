"""Folds 1-9 in memory: the signals of the independent leads, the labels, and the teachers' soft targets."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from ecg_core.readers import read
from ecg_core.training.data.ptbxl import (
    INDEPENDENT_LEADS,
    TRAINING_FOLDS,
    VALIDATION_FOLD,
    PtbXl,
    read_ptbxl,
    record_files,
)

OLDEST_YEARS = 95.0


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """The teachers' answers. ecg_ids [records]; probabilities [records, 5 + 71], float32."""

    ecg_ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.ecg_ids.tobytes() + self.probabilities.tobytes()).hexdigest()


@dataclass(frozen=True, eq=False)
class Data:
    """Folds 1-9. signals [records, 8, 1000] mV; targets [records, 5 + 71 + 2], see targets_of()."""

    labels: PtbXl
    signals: Tensor
    targets: Tensor
    soft: SoftTargets | None = None

    @property
    def scored(self) -> PtbXl:
        """The labels of the rows that validation gives."""
        return self.labels.select(self.labels.folds == VALIDATION_FOLD).scored()

    @cached_property
    def sha256(self) -> str:
        """Of the signals and the targets."""
        digest = hashlib.sha256()
        for part in (self.signals, self.targets):
            digest.update(part.numpy().tobytes())
        return digest.hexdigest()

    @property
    def validation(self) -> NDArray[np.int64]:
        """The rows of fold 9 that are scored."""
        return np.flatnonzero((self.labels.folds == VALIDATION_FOLD) & self.labels.superclasses.any(axis=1))


def load_signals(data: PtbXl) -> NDArray[np.float32]:
    """[records, 8, 1000] mV of the independent leads, read by the product's reader; each lead's median is removed.

    The product removes the median of all twelve leads. Here the other four are computed from I and II, so their
    medians are not exactly 0. On PTB-XL the difference is 0.007 mV (median), far below the offsets of augmentation.
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
    """[records, 5 + 71 + 2]: superclasses, statements, female (0 or 1), age / OLDEST_YEARS (NaN if unknown)."""
    age = np.minimum(data.ages, OLDEST_YEARS) / OLDEST_YEARS
    parts = [data.superclasses, data.statements, data.sexes[:, None], age[:, None]]
    return np.concatenate([np.asarray(part, np.float32) for part in parts], axis=1)


def load(ptbxl: Path, soft_targets: Path | None = None) -> Data:
    """Reads folds 1-9, and the soft targets if a folder is given."""
    labels = read_ptbxl(ptbxl, {*TRAINING_FOLDS, VALIDATION_FOLD})
    soft = read_soft_targets(soft_targets) if soft_targets else None
    return Data(labels, torch.from_numpy(load_signals(labels)), torch.from_numpy(targets_of(labels)), soft)


def read_soft_targets(folder: Path) -> SoftTargets:
    """The mean over the files of all teachers. Raises ValueError if there is none or their records differ."""
    parts = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as held:
            parts.append((held["ecg_ids"].astype(np.int64), held["probabilities"].astype(np.float32)))
    if not parts or any(not np.array_equal(ids, parts[0][0]) for ids, _ in parts):
        raise ValueError(f"{folder} holds no soft targets, or of different records")
    return SoftTargets(parts[0][0], np.asarray(np.mean([part for _, part in parts], axis=0), np.float32))


def write_soft_targets(path: Path, soft: SoftTargets) -> None:
    """Stores the probabilities as float16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, ecg_ids=soft.ecg_ids.astype(np.int32), probabilities=soft.probabilities.astype(np.float16)
    )

"""Folds 1-9 as training holds them: signals of the independent leads, labels, and what teachers say."""

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
from ecg_core.training.data.soft_targets import SoftTargets, read_soft_targets

OLDEST_YEARS = 95.0


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

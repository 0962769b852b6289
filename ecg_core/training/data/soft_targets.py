"""What teachers say of records that they did not see: one file a network, so that work adds up."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """ecg_ids [records]; probabilities [records, 5 + 71], float32."""

    ecg_ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.ecg_ids.tobytes() + self.probabilities.tobytes()).hexdigest()


def read_soft_targets(folder: Path) -> SoftTargets:
    """The mean over all networks' files. Raises ValueError where there is none, or they hold different records."""
    parts = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as held:
            parts.append((held["ecg_ids"].astype(np.int64), held["probabilities"].astype(np.float32)))
    if not parts or any(not np.array_equal(ids, parts[0][0]) for ids, _ in parts):
        raise ValueError(f"{folder} holds no soft targets, or of different records")
    return SoftTargets(parts[0][0], np.asarray(np.mean([part for _, part in parts], axis=0), np.float32))


def write_soft_targets(path: Path, soft: SoftTargets) -> None:
    """Kept as float16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, ecg_ids=soft.ecg_ids.astype(np.int32), probabilities=soft.probabilities.astype(np.float16)
    )

"""Several runs: side by side where the cores allow, each going on from its checkpoint."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ecg_core.training.data.dataset import Data, load
from ecg_core.training.fit import fit
from ecg_core.training.settings import Settings


@dataclass(frozen=True)
class Source:
    """Where the data lies, for a process that has to read it itself."""

    ptbxl: Path
    soft_targets: Path | None = None


def fit_all(runs: Sequence[tuple[Path, Settings]], data: Data, source: Source, *, resume: bool = True) -> list[Path]:
    """The checkpoints of all runs, in order.

    On the CPU as many train side by side as the cores allow: two runs of one thread each finish sooner than one of
    two, whose threads wait for each other at every layer.
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

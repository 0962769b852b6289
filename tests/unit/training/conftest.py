"""What the tests of the training share. Each session fixture is made once in each worker."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecg_core.training.data.dataset import Data, load
from tests.unit.training.fakes import few_draws


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """More threads are slower on networks and batches as small as these: they wait for each other at every layer."""
    torch.set_num_threads(1)


@pytest.fixture
def quick_intervals() -> Iterator[None]:
    with few_draws():
        yield


@pytest.fixture(scope="session")
def data(small_ptbxl: Path) -> Data:
    """All of the small data set."""
    return load(small_ptbxl)


@pytest.fixture(scope="session")
def few_records(data: Data) -> Data:
    """Every third record: 20 of fold 8 and 20 of fold 9."""
    rows = np.arange(0, 120, 3)
    labels = data.labels.select(np.isin(np.arange(len(data.labels)), rows))
    return replace(data, labels=labels, signals=data.signals[rows], targets=data.targets[rows])

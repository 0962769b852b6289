"""What the tests of the training share. Each worker makes a session fixture once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ecg_core.training.data.dataset import Data, load
from tests.unit.training.fakes import few_draws, with_rows


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """More threads are slower on networks and batches as small as these: they wait for each other at every layer."""
    torch.set_num_threads(1)


@pytest.fixture
def quick_intervals() -> Iterator[None]:
    with few_draws():
        yield


@pytest.fixture(scope="session")
def tiny_ptbxl(small_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every third record of small_ptbxl: 20 in fold 8 and 20 in fold 9."""
    return with_rows(small_ptbxl, tmp_path_factory.mktemp("tiny") / "ptbxl", lambda rows: rows[:120:3])


@pytest.fixture(scope="session")
def tiny(tiny_ptbxl: Path) -> Data:
    return load(tiny_ptbxl)

"""A small hospital: synthetic records of five kinds, and the lines of their labels."""

from pathlib import Path

import pytest

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, write_files
from tests.unit.population.labelled import KINDS, OF_EACH


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OF_EACH records of each kind, such as normal-3.hea, and a file that is no ECG."""
    root = tmp_path_factory.mktemp("hospital")
    for number, kind in enumerate(KINDS):
        for index in range(OF_EACH):
            recording = synthesize(kind, fs_hz=100, seed=100 * number + index)
            write_files(wfdb_files(recording, f"{kind}-{index}"), root / "ward")
    (root / "notes.txt").write_text("No ECG is in here.\n")
    return root

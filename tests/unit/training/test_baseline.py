"""The baseline ECGNet: trained where torch cannot create a bfloat16 LSTM, and exported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ecg_core.model.artifacts import OUTPUTS, session
from ecg_core.training.data.dataset import Data
from ecg_core.training.export import export_onnx
from ecg_core.training.fit import CHECKPOINT, fit, read_checkpoint
from ecg_core.training.settings import Settings

# The result may not depend on the features of this processor, so only the trial decides.
TRAINING = """
import sys
from pathlib import Path
from ecg_core.training import bfloat16
from ecg_core.training.data.dataset import load
from ecg_core.training.fit import fit
from ecg_core.training.settings import Settings
bfloat16.in_hardware = lambda device: True
fit(load(Path(sys.argv[1])), Path(sys.argv[2]), Settings("ecgnet", epochs=1, batch=20, few_leads=False))
"""


@pytest.fixture(scope="module")
def checkpoint(tiny_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """oneDNN is told that the processor has no more than AVX2."""
    out = tmp_path_factory.mktemp("ecgnet")
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    command = [sys.executable, "-c", TRAINING, str(tiny_ptbxl), str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / CHECKPOINT


def test_it_is_trained_in_float32_where_torch_cannot_run_it_in_bfloat16(checkpoint: Path) -> None:
    # Later versions of torch may be able to.
    assert read_checkpoint(checkpoint)[1]["precision"] == "float32" or not torch.__version__.startswith("2.13")


def test_it_is_exported_for_any_number_of_windows(checkpoint: Path, tiny: Data, tmp_path: Path) -> None:
    placement = fit(tiny, tmp_path / "placement", Settings("placement", epochs=1, batch=20))
    export_onnx([checkpoint], placement, tmp_path / "model.onnx")
    running = session((tmp_path / "model.onnx").read_bytes())
    for windows in (1, 4):
        signal, mask = torch.randn(windows, 12, 1000).numpy(), torch.ones(windows, 12).numpy()
        given = running.run(OUTPUTS, {"signal": signal, "lead_mask": mask})
        assert [part.shape for part in given] == [(windows, 5), (windows, 15), (windows, 71)]

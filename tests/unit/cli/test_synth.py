from pathlib import Path

import numpy as np
import pytest

from ecg_core import read
from ecg_core.cli import main
from ecg_core.cli.synth import KINDS
from ecg_core.synthesis.heart import ALL_RHYTHMS, synthesize


def test_the_help_names_every_rhythm() -> None:
    assert KINDS == ALL_RHYTHMS


@pytest.mark.parametrize("kind", ALL_RHYTHMS)
def test_every_rhythm_is_written_at_its_usual_rate(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "made.zip"
    assert main(["synth", kind, "-o", str(path), "--fs", "250"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert np.array_equal(read({path.name: path.read_bytes()}).signal, synthesize(kind, fs_hz=250).signal)


def test_a_rate_that_the_rhythm_does_not_have_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "made.zip"
    assert main(["synth", "ventricular_tachycardia", "-o", str(path), "--heart-rate", "60"]) == 2
    assert "heart_rate_bpm must lie between 120 and 300" in capsys.readouterr().err
    assert not path.exists()

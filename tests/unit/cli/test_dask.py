"""The recipe of docs/batch.md: Dask starts the shards, on two worker processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from ecg_core.cli import main
from tests.conftest import ROOT
from tests.docs.pages import blocks


def test_dask_runs_the_shards_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask.distributed", reason="dask is not installed")
    (recipe,) = (block.text for block in blocks((ROOT / "docs/batch.md").read_text()) if "import Client" in block.text)
    (tmp_path / "shards.py").write_text(recipe)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    run = subprocess.run([sys.executable, "shards.py"], capture_output=True, text=True, check=False)
    assert run.stdout == "[0, 0, 0, 0]\n", run.stderr
    assert main(["classify", "examples", "--csv", "whole.csv"]) == 0
    rows = [line for out in tmp_path.glob("shard-*.csv") for line in out.read_bytes().splitlines()[1:]]
    assert sorted(rows) == sorted((tmp_path / "whole.csv").read_bytes().splitlines()[1:])

"""The recipe of docs/batch.md: Dask starts the shards."""

from pathlib import Path

import pytest

from ecg_core.cli import main
from tests.conftest import ROOT
from tests.docs.pages import blocks


def test_dask_runs_the_shards_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dask", reason="dask is not installed")
    (recipe,) = (block.text for block in blocks((ROOT / "docs/batch.md").read_text()) if "import dask" in block.text)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    exec(recipe, {})
    assert main(["classify", "examples", "--csv", "whole.csv"]) == 0
    rows = [line for out in tmp_path.glob("shard-*.csv") for line in out.read_bytes().splitlines()[1:]]
    assert sorted(rows) == sorted((tmp_path / "whole.csv").read_bytes().splitlines()[1:])

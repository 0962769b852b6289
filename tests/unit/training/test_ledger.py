import json
from pathlib import Path

import numpy as np

from ecg_core.training.data.dataset import Data
from ecg_core.training.ledger import Ledger, measured, page


def test_a_gain_is_paired_and_a_run_gains_nothing_over_itself(tiny: Data) -> None:
    labels = tiny.scored
    rng = np.random.default_rng(0)
    good = labels.superclasses + rng.normal(0, 0.5, (20, 5))
    bad = labels.superclasses + rng.normal(0, 2, (20, 5))
    same = measured(labels, {"12": good}, {"12": good})["12"]["five"]
    assert (same["gain"], same["gain_ci95"]) == (0, [0, 0])
    better = measured(labels, {"12": good, "I": bad}, {"12": bad})
    assert better["12"]["five"]["gain"] > 0.1
    assert "gain" not in better["I"]["five"]
    assert measured(labels, {"12": bad}, {"12": good})["12"]["five"]["gain"] == -better["12"]["five"]["gain"]


def test_a_row_is_compared_with_the_stored_scores_of_its_baseline(tiny: Data, tmp_path: Path) -> None:
    labels = tiny.scored
    truth = labels.superclasses.astype(np.float32)
    Ledger(tmp_path).enter("base", "no skill", labels, {"12": np.zeros_like(truth)}, {"seed": 1})
    row = Ledger(tmp_path).enter("better", "the truth", labels, {"12": truth}, {"seed": 2}, "base")
    assert row["fold9"]["12"]["five"]["gain"] == 0.5
    assert list(Ledger(tmp_path).rows) == ["base", "better"]
    written = (tmp_path / "LEDGER.md").read_text()
    assert "| better | the truth | 1.0000" in written
    assert "c94b558" in written


def test_the_page_of_the_shipped_ledger_is_written_from_its_json() -> None:
    folder = Path(__file__).resolve().parents[3] / "artifacts/training"
    assert (folder / "LEDGER.md").read_text() == page(json.loads((folder / "ledger.json").read_bytes()))

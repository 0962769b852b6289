from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecg_core.training import teach as teaching
from ecg_core.training.data.dataset import Data, SoftTargets, load, read_soft_targets, write_soft_targets
from ecg_core.training.fit import CHECKPOINT, fit, read_checkpoint
from ecg_core.training.ledger import Ledger
from ecg_core.training.settings import Settings
from ecg_core.training.tasks import Diagnosis, predict
from ecg_core.training.train import train
from tests.unit.training.fakes import Row, few_draws, one_core, with_rows


@pytest.fixture(scope="module")
def two_folds(tiny_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny data set with half of its fold 8 as fold 7."""

    def halved(rows: list[Row]) -> list[Row]:
        odd = [row for row in rows if row["strat_fold"] == "8" and int(row["ecg_id"]) % 2]
        return [{**row, "strat_fold": "7"} if row in odd else row for row in rows]

    return with_rows(tiny_ptbxl, tmp_path_factory.mktemp("two") / "ptbxl", halved)


@pytest.fixture(scope="module")
def data(two_folds: Path) -> Data:
    return load(two_folds)


@pytest.fixture(scope="module")
def taught(ledger: Path, two_folds: Path) -> Data:
    """The same data with soft targets."""
    return load(two_folds, ledger / "soft_targets")


@pytest.fixture(scope="module")
def ledger(two_folds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of one teacher with two members. Each member has not seen one fold."""
    root = tmp_path_factory.mktemp("teach")
    with pytest.MonkeyPatch.context() as patched, few_draws(), one_core():
        patched.setattr(teaching, "HELD_OUT", ((7,), (8,)))
        teaching.teach(two_folds, root / "runs", root / "ledger", ["compact"], epochs=1, batch=10)
    return root / "ledger"


def test_soft_targets_come_from_the_member_that_has_not_seen_the_record(ledger: Path, data: Data) -> None:
    soft = read_soft_targets(ledger / "soft_targets")
    assert soft.ecg_ids.tolist() == sorted(data.labels.ecg_ids[data.labels.folds < 9].tolist())
    for fold in (7, 8):
        member, run = read_checkpoint(ledger.parent / "runs" / f"compact-without-{fold}" / CHECKPOINT)
        assert run["settings"]["held_out"] == (fold,)
        rows = data.labels.folds == fold
        said = torch.sigmoid(torch.from_numpy(predict(member, data.signals[rows])))[
            :, : 5 + data.labels.statements.shape[1]
        ].numpy()
        taught = soft.probabilities[np.searchsorted(soft.ecg_ids, data.labels.ecg_ids[rows])]
        np.testing.assert_allclose(taught, said, atol=1e-3)


def test_the_ledger_keeps_scores_and_figures_of_every_run(ledger: Path, data: Data) -> None:
    book = Ledger(ledger)
    assert list(book.rows) == ["teacher-compact", "ensemble"]
    row = book.rows["teacher-compact"]
    assert row["data_sha256"] == data.sha256
    assert [run["settings"]["held_out"] for run in row["runs"]] == [[7], [8]]
    assert book.scores("ensemble")["12"].shape == (20, 5)
    low, high = row["fold9"]["12"]["five"]["ci95"]
    assert low <= row["fold9"]["12"]["five"]["value"] <= high
    assert "| teacher-compact |" in (ledger / "LEDGER.md").read_text()
    assert book.rows["ensemble"]["fold9"]["12"] == row["fold9"]["12"]


def test_targets_are_a_weighted_mean_of_labels_and_soft_targets(taught: Data) -> None:
    data = taught
    assert data.soft is not None
    hard = Diagnosis(data, Settings()).targets
    half = Diagnosis(data, Settings(soft_weight=0.5)).targets
    rows = np.searchsorted(data.labels.ecg_ids, data.soft.ecg_ids)
    answered = hard.shape[1] - 2
    expected = (hard[rows, :answered] + torch.from_numpy(data.soft.probabilities)) / 2
    torch.testing.assert_close(half[rows, :answered], expected)
    untaught = torch.from_numpy(data.labels.folds == 9)
    torch.testing.assert_close(half[untaught], hard[untaught], equal_nan=True)
    torch.testing.assert_close(half[:, answered:], hard[:, answered:], equal_nan=True)


def test_a_soft_weight_without_soft_targets_is_refused(data: Data, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="soft targets"):
        fit(data, tmp_path, Settings(soft_weight=0.5))


def test_soft_targets_without_a_soft_weight_are_refused(ledger: Path, two_folds: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="soft weight"):
        train(two_folds, tmp_path, Settings(epochs=1), soft_targets=ledger / "soft_targets")


def test_a_run_is_not_continued_with_other_soft_targets(taught: Data, tmp_path: Path) -> None:
    settings = Settings(epochs=1, batch=20, soft_weight=0.5)
    assert taught.soft is not None
    checkpoint = fit(taught, tmp_path, settings)
    assert read_checkpoint(checkpoint)[1]["soft_targets_sha256"] == taught.soft.sha256
    other = replace(taught, soft=SoftTargets(taught.soft.ecg_ids, taught.soft.probabilities / 2))
    with pytest.raises(ValueError, match="soft targets"):
        fit(other, tmp_path, settings)


def test_soft_targets_are_the_mean_of_all_teachers_on_the_same_records(tmp_path: Path) -> None:
    ids = np.array([1, 2])
    for name, value in (("one", 0.25), ("two", 0.75)):
        write_soft_targets(tmp_path / f"{name}.npz", SoftTargets(ids, np.full((2, 3), value, np.float32)))
    assert read_soft_targets(tmp_path).probabilities.tolist() == [[0.5] * 3] * 2
    write_soft_targets(tmp_path / "three.npz", SoftTargets(ids[:1], np.full((1, 3), 0.5, np.float32)))
    with pytest.raises(ValueError, match="different records"):
        read_soft_targets(tmp_path)
    with pytest.raises(ValueError, match="no soft targets"):
        read_soft_targets(tmp_path / "nowhere")


def test_each_fold_is_held_out_from_exactly_one_member() -> None:
    assert sorted(fold for pair in teaching.HELD_OUT for fold in pair) == list(range(1, 9))

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecg_core.training import teach as teaching
from ecg_core.training import train as training
from ecg_core.training.data.dataset import Data, SoftTargets, load, read_soft_targets, write_soft_targets
from ecg_core.training.fit import CHECKPOINT, fit, read_checkpoint
from ecg_core.training.ledger import Ledger, measured, page
from ecg_core.training.settings import Settings
from ecg_core.training.tasks import Diagnosis, predict
from ecg_core.training.train import train


@pytest.fixture(scope="module")
def two_folds(small_ptbxl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small data set with half of its fold 8 as fold 7."""
    root = tmp_path_factory.mktemp("two") / "ptbxl"
    shutil.copytree(small_ptbxl, root)
    database = root / "ptbxl_database.csv"
    with database.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["strat_fold"] == "8" and int(row["ecg_id"]) % 2:
            row["strat_fold"] = "7"
    with database.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.fixture(scope="module")
def data(two_folds: Path) -> Data:
    return load(two_folds)


@pytest.fixture(scope="module")
def ledger(two_folds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one teacher: two members, blind to a fold each."""
    root = tmp_path_factory.mktemp("teach")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(teaching, "HELD_OUT", ((7,), (8,)))
        teaching.teach(two_folds, root / "runs", root / "ledger", ["compact"], epochs=2, batch=8)
    return root / "ledger"


def test_soft_targets_are_what_the_member_says_that_was_blind_to_the_record(ledger: Path, data: Data) -> None:
    soft = read_soft_targets(ledger / "soft_targets")
    assert soft.ecg_ids.tolist() == sorted(data.labels.ecg_ids[data.labels.folds < 9].tolist())
    for fold in (7, 8):
        member, run = read_checkpoint(ledger.parent / "runs" / f"compact-without-{fold}" / CHECKPOINT)
        assert run["settings"]["held_out"] == (fold,)
        rows = data.labels.folds == fold
        said = torch.sigmoid(torch.from_numpy(predict(member, data.signals[rows])))[:, : 5 + 6].numpy()
        taught = soft.probabilities[np.searchsorted(soft.ecg_ids, data.labels.ecg_ids[rows])]
        np.testing.assert_allclose(taught, said, atol=1e-3)


def test_the_ledger_keeps_scores_and_figures_of_every_run(ledger: Path, data: Data) -> None:
    book = Ledger(ledger)
    assert list(book.rows) == ["teacher-compact", "ensemble"]
    row = book.rows["teacher-compact"]
    assert row["data_sha256"] == data.sha256
    assert [run["settings"]["held_out"] for run in row["runs"]] == [[7], [8]]
    assert book.scores("ensemble")["12"].shape == (60, 5)
    low, high = row["fold9"]["12"]["five"]["ci95"]
    assert low <= row["fold9"]["12"]["five"]["value"] <= high
    assert "| teacher-compact |" in (ledger / "LEDGER.md").read_text()
    assert book.rows["ensemble"]["fold9"]["12"] == row["fold9"]["12"]


def test_a_gain_is_paired_and_nothing_gains_on_itself(data: Data) -> None:
    labels = data.scored
    rng = np.random.default_rng(0)
    good = labels.superclasses + rng.normal(0, 0.5, (60, 5))
    bad = labels.superclasses + rng.normal(0, 2, (60, 5))
    same = measured(labels, {"12": good}, {"12": good})["12"]["five"]
    assert (same["gain"], same["gain_ci95"]) == (0, [0, 0])
    better = measured(labels, {"12": good, "I": bad}, {"12": bad})
    assert better["12"]["five"]["gain"] > 0.1
    assert "gain" not in better["I"]["five"]
    assert measured(labels, {"12": bad}, {"12": good})["12"]["five"]["gain"] == -better["12"]["five"]["gain"]


def test_the_student_is_taught_labels_and_soft_targets_in_their_parts(ledger: Path, two_folds: Path) -> None:
    data = load(two_folds, ledger / "soft_targets")
    assert data.soft is not None
    hard = Diagnosis(data, Settings()).targets
    half = Diagnosis(data, Settings(soft_weight=0.5)).targets
    rows = np.searchsorted(data.labels.ecg_ids, data.soft.ecg_ids)
    taught = hard.shape[1] - 2
    expected = (hard[rows, :taught] + torch.from_numpy(data.soft.probabilities)) / 2
    torch.testing.assert_close(half[rows, :taught], expected)
    untaught = torch.from_numpy(data.labels.folds == 9)
    torch.testing.assert_close(half[untaught], hard[untaught], equal_nan=True)
    torch.testing.assert_close(half[:, taught:], hard[:, taught:], equal_nan=True)


def test_a_soft_weight_wants_soft_targets(data: Data, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="soft targets"):
        fit(data, tmp_path, Settings(soft_weight=0.5))


def test_soft_targets_that_would_not_count_are_refused(ledger: Path, two_folds: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="soft weight"):
        train(two_folds, tmp_path, Settings(epochs=1), soft_targets=ledger / "soft_targets")


def test_a_run_is_not_continued_with_other_soft_targets(ledger: Path, two_folds: Path, tmp_path: Path) -> None:
    settings = Settings(epochs=1, batch=8, soft_weight=0.5)
    data = load(two_folds, ledger / "soft_targets")
    assert data.soft is not None
    checkpoint = fit(data, tmp_path, settings)
    assert read_checkpoint(checkpoint)[1]["soft_targets_sha256"] == data.soft.sha256
    other = replace(data, soft=SoftTargets(data.soft.ecg_ids, data.soft.probabilities / 2))
    with pytest.raises(ValueError, match="soft targets"):
        fit(other, tmp_path, settings)


def test_soft_targets_add_up_and_must_be_of_the_same_records(tmp_path: Path) -> None:
    ids = np.array([1, 2])
    for name, value in (("one", 0.25), ("two", 0.75)):
        write_soft_targets(tmp_path / f"{name}.npz", SoftTargets(ids, np.full((2, 3), value, np.float32)))
    assert read_soft_targets(tmp_path).probabilities.tolist() == [[0.5] * 3] * 2
    write_soft_targets(tmp_path / "three.npz", SoftTargets(ids[:1], np.full((1, 3), 0.5, np.float32)))
    with pytest.raises(ValueError, match="different records"):
        read_soft_targets(tmp_path)
    with pytest.raises(ValueError, match="no soft targets"):
        read_soft_targets(tmp_path / "nowhere")


def test_members_are_blind_to_different_folds_and_together_to_all_of_them() -> None:
    assert sorted(fold for pair in teaching.HELD_OUT for fold in pair) == list(range(1, 9))


def test_ablations_are_entered_beside_their_baseline(
    small_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: (said, replace(settings, epochs=1, batch=8)) for name, (said, settings) in training.ABLATIONS.items()}
    monkeypatch.setattr(training, "ABLATIONS", few)
    training.ablate(small_ptbxl, tmp_path / "runs", tmp_path / "ledger", ["mixup"])
    rows = Ledger(tmp_path / "ledger").rows
    assert list(rows) == ["ablation-base", "ablation-mixup"]
    assert rows["ablation-mixup"]["against"] == "ablation-base"
    assert rows["ablation-mixup"]["settings"]["mixup"] == 0.5
    assert set(rows["ablation-base"]["fold9"]) == {"12", "limb", "I"}
    assert "gain" in rows["ablation-mixup"]["fold9"]["I"]["three"]


def test_the_baseline_can_be_trained_and_exported(small_ptbxl: Path, tmp_path: Path) -> None:
    train(small_ptbxl, tmp_path / "ecgnet", Settings("ecgnet", epochs=1, batch=16), ledger=tmp_path / "ledger")
    card = json.loads((tmp_path / "ecgnet" / "model.json").read_bytes())
    assert card["training"]["command"] == "ekg train --ptbxl DIR --out DIR --network ecgnet --epochs 1 --batch 16"
    assert Ledger(tmp_path / "ledger").rows["ecgnet"]["settings"]["network"] == "ecgnet"
    assert (tmp_path / "ecgnet" / "member1" / CHECKPOINT).exists()


def test_the_ledgers_page_is_written_from_its_json() -> None:
    folder = Path(__file__).resolve().parents[3] / "artifacts/training"
    assert (folder / "LEDGER.md").read_text() == page(json.loads((folder / "ledger.json").read_bytes()))

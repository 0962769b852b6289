"""What the measurements add to the statements, fitted on made data of which the truth is known."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from ecg_core import Classifier, cli, metrics
from ecg_core.classification import SUPERCLASSES
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.model.measured_terms import MeasuredTerms
from ecg_core.model.statements import CODES
from ecg_core.training import measured_terms as fitting
from ecg_core.training.data.dataset import SoftTargets, write_soft_targets
from ecg_core.training.data.ptbxl import PtbXl, read_ptbxl
from ecg_core.training.measured_terms import blind_logits, cross_validated, logistic, terms_of

RECORDS = 800
SARRH, LVOLT, AFIB, CLBBB = (CODES.index(code) for code in ("SARRH", "LVOLT", "AFIB", "CLBBB"))


@pytest.fixture(scope="module")
def made() -> tuple[PtbXl, np.ndarray, list[dict[str, float]]]:
    """SARRH depends on `spread`, LVOLT on the height in V6, AFIB on its logit alone."""
    random = np.random.default_rng(1)
    spread, height, noise = random.normal(size=(3, RECORDS))
    logits = random.normal(size=(RECORDS, len(CODES)))
    statements = np.zeros((RECORDS, len(CODES)), bool)
    for column, truth in ((SARRH, 3 * spread - 2), (LVOLT, 3 * height - 2), (AFIB, 3 * logits[:, AFIB] - 2)):
        statements[:, column] = truth + random.logistic(size=RECORDS) > 0
    numbers = np.arange(RECORDS)
    data = PtbXl(
        (Path(),) * RECORDS, numbers, 1 + numbers % 8, np.zeros((RECORDS, len(SUPERCLASSES)), bool), statements, CODES,
        numbers, np.full(RECORDS, 60.0), numbers % 2,
    )  # fmt: skip
    found = [
        {"spread": a, "r_V6": b, "noise": c}
        for a, b, c in zip(spread.tolist(), height.tolist(), noise.tolist(), strict=True)
    ]
    # Some records have no beats that could be measured.
    return data, logits, [{} if row % 20 == 0 else values for row, values in enumerate(found)]


def test_a_statement_gets_the_features_that_decide_it(made: tuple[PtbXl, np.ndarray, list[dict[str, float]]]) -> None:
    terms, report = terms_of(*made)
    assert list(terms["terms"]) == [code for code in CODES if code in ("SARRH", "LVOLT")]
    names = list(terms["features"])
    for code, decides in (("SARRH", "spread"), ("LVOLT", "r_V6")):
        term, gain = terms["terms"][code], report["statements"][code]
        weights = dict(zip(names, term["weights"], strict=True))
        assert weights[decides] > 0.7
        assert abs(weights["noise"]) < 0.3
        assert abs(term["network"]) < 0.4
        assert gain["auc_network"] < 0.6 < 0.85 < gain["auc"]
    assert report["statements"]["SARRH"]["positives"] == made[0].statements[:, SARRH].sum()
    json.dumps([terms, report], allow_nan=False)


def test_the_terms_rank_the_records_as_they_promise(made: tuple[PtbXl, np.ndarray, list[dict[str, float]]]) -> None:
    data, logits, found = made
    terms = MeasuredTerms.of(terms_of(data, logits, found).terms)
    served = np.concatenate([terms(row[None], values) for row, values in zip(logits, found, strict=True)])
    assert metrics.auc(data.statements[:, LVOLT], served[:, LVOLT]) > 0.9
    np.testing.assert_array_equal(served[:, AFIB], logits[:, AFIB])


def test_the_cross_validation_scores_a_record_without_its_fold() -> None:
    random = np.random.default_rng(2)
    truth = random.random(64) < 0.5
    # Each record has a feature of its own: learned by heart, and useless for the others.
    inputs = np.column_stack([np.zeros(64), np.eye(64) * 5, np.ones(64)])
    assert metrics.auc(truth, inputs @ logistic(inputs, truth, 0.1)) == 1
    assert cross_validated(inputs, truth, np.arange(64) % 8, 0.1) < 0.6


def test_the_regression_finds_the_weights_of_the_truth() -> None:
    random = np.random.default_rng(3)
    inputs = np.column_stack([random.normal(size=(20_000, 2)), np.ones(20_000)])
    truth = inputs @ [2.0, -1.0, 0.5] + random.logistic(size=20_000) > 0
    assert logistic(inputs, truth, 0.1) == pytest.approx([2.0, -1.0, 0.5], abs=0.1)


def test_soft_targets_that_lack_a_record_are_refused(made: tuple[PtbXl, np.ndarray, list[dict[str, float]]]) -> None:
    soft = SoftTargets(np.arange(RECORDS - 1), np.full((RECORDS - 1, 76), 0.5, np.float32))
    with pytest.raises(ValueError, match="lack records"):
        blind_logits(made[0], soft)


def test_the_command_writes_a_card_that_classifies(
    tiny_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_intervals: None
) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    for name in ("model.onnx", "model.json"):
        (folder / name).write_bytes((artifacts_folder() / name).read_bytes())
    ids = read_ptbxl(tiny_ptbxl, {8}).ecg_ids
    random = np.random.default_rng(4).uniform(0.2, 0.8, (len(ids), 76)).astype(np.float32)
    write_soft_targets(tmp_path / "soft" / "one.npz", SoftTargets(ids, random))
    monkeypatch.setattr(fitting, "MIN_POSITIVES", 3)
    done = cli.main(["terms", str(tiny_ptbxl), "--into", str(folder), "--soft-targets", str(tmp_path / "soft")])
    card = json.loads((folder / "model.json").read_bytes())
    with (tiny_ptbxl / "ptbxl_database.csv").open(newline="") as file:
        left_blocks = sum("CLBBB" in row["scp_codes"] and row["strat_fold"] == "8" for row in csv.DictReader(file))
    assert done == 0
    assert card["measured_terms"]["statements"]["CLBBB"]["positives"] == left_blocks
    assert CLBBB in np.flatnonzero(Classifier(folder).measured_terms.weights.any(axis=0))
    assert "with measurements" in (folder / "MODEL_CARD.md").read_text()

"""Which statements are published, and what the card says about them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.classification import SUPERCLASSES
from ecg_core.leads import LEADS
from ecg_core.model.statements import CODES, StatementRule
from ecg_core.training import statements
from ecg_core.training.data.ptbxl import PtbXl
from ecg_core.training.measure.outcomes import Outputs

pytestmark = pytest.mark.usefixtures("quick_intervals")

N = 400
FEW, MANY = statements.MIN_POSITIVES - 1, statements.MIN_POSITIVES
CARD = {
    "calibration": {name: {label: {"scale": 1.0, "bias": 0.25} for label in SUPERCLASSES} for name in ("12", "I")},
    "thresholds": {name: dict.fromkeys(SUPERCLASSES, 0.5) for name in ("12", "I")},
}
SETS = {"12": LEADS, "I": ("I",)}


@pytest.fixture
def data() -> PtbXl:
    """SR in half of the records, CLBBB and AFIB in exactly enough, PACE in one less, NORM in half."""
    truth = np.zeros((N, len(CODES)), bool)
    for code, positives in {"SR": N // 2, "CLBBB": MANY, "AFIB": MANY, "PACE": FEW, "NORM": N // 2}.items():
        truth[-positives:, CODES.index(code)] = True
    classes = np.zeros((N, 5), bool)
    classes[:, SUPERCLASSES.index("NORM")] = truth[:, CODES.index("NORM")]
    classes[:, SUPERCLASSES.index("CD")] = truth[:, CODES.index("CLBBB")]
    ids = np.arange(N)
    return PtbXl((Path(),) * N, ids, np.full(N, 9), classes, truth, CODES, ids, np.full(N, 50.0), ids % 2)


def outputs(data: PtbXl, certain: float = 4.0, guessed: tuple[str, ...] = ("AFIB",)) -> Outputs:
    """Logits that know the truth, with noise; of the guessed statements they know nothing."""
    rng = np.random.default_rng(2)
    logits = certain * (data.statements - 0.5) + rng.standard_normal(data.statements.shape)
    for code in guessed:
        logits[:, CODES.index(code)] = rng.standard_normal(N)
    classes = certain * (data.superclasses - 0.5) + rng.standard_normal((N, 5))
    logits[:, CODES.index("NORM")] = classes[:, 0]
    return Outputs(classes, np.zeros((N, 15)), logits, np.zeros(N, bool))


def measured(data: PtbXl, found: Outputs) -> dict[str, Any]:
    return statements.measured(data, SETS, dict.fromkeys(SETS, found), CARD)


def test_a_statement_is_published_with_enough_records_and_a_high_auc(data: PtbXl) -> None:
    report = measured(data, outputs(data))
    full = report["sets"]["12"]
    assert set(full["published"]) == {"SR", "CLBBB", "NORM"}
    assert full["unpublished"]["PACE"]["why"] == statements.FEW
    assert full["unpublished"]["AFIB"]["why"] == statements.UNSURE
    assert set(full["published"]) | set(full["unpublished"]) == set(CODES)
    assert full["unpublished"]["WPW"] == {"positives": 0, "auc": None, "why": statements.FEW}
    assert "unpublished" not in report["sets"]["I"]
    assert set(report["sets"]["I"]["published"]) == {"SR", "CLBBB", "NORM"}


def test_the_lower_bound_decides_not_the_auc_itself(data: PtbXl) -> None:
    row = measured(data, outputs(data, certain=1.5, guessed=()))["sets"]["12"]["unpublished"]["CLBBB"]
    assert row["auc"]["ci95"][0] < statements.MIN_AUC


def test_a_published_row_is_calibrated_and_has_its_figures(data: PtbXl) -> None:
    row = measured(data, outputs(data))["sets"]["12"]["published"]["SR"]
    assert row["positives"] == N // 2
    assert row["scale"] > 1
    assert row["auc"]["ci95"][0] <= row["auc"]["value"] <= row["auc"]["ci95"][1]
    for name in ("sensitivity", "specificity", "precision"):
        assert 0.9 < row[name] <= 1
    assert row["ece"] < 0.05
    StatementRule.of({"SR": row})


def test_the_statement_norm_is_served_as_the_class_norm(data: PtbXl) -> None:
    row = measured(data, outputs(data))["sets"]["12"]["published"]["NORM"]
    assert (row["scale"], row["bias"], row["threshold"]) == (1.0, 0.25, 0.5)


def test_a_refused_record_is_never_found(data: PtbXl) -> None:
    found = outputs(data)
    refused = np.zeros(N, bool)
    refused[-N // 4 :] = True
    row = statements.figures(
        data.statements[:, CODES.index("SR")], found.statements[:, CODES.index("SR")], refused, np.arange(N) % 5
    )
    assert row["sensitivity"] < 0.51


def test_contradictions_are_counted_with_what_is_served(data: PtbXl) -> None:
    found = outputs(data)
    rule = StatementRule.of({"CLBBB": {"scale": 1.0, "bias": 0.0, "threshold": 0.5}})
    consistent = statements.contradictions(rule, data, found, CARD, "12")
    assert consistent["share"]["value"] < 0.1
    found.statements[:, CODES.index("CLBBB")] = 5.0
    doubtful = statements.contradictions(rule, data, found, CARD, "12")
    assert doubtful["share"]["value"] > 0.8
    assert doubtful["correct"]["value"] > 0.8


def test_tasks_are_measured_with_twelve_leads(data: PtbXl) -> None:
    report = measured(data, outputs(data))
    assert set(report["tasks"]) == {"all", "diag", "subdiag", "form", "rhythm"}
    assert report["tasks"]["rhythm"]["labels"] == 3
    assert report["tasks"]["form"]["macro_auc"] is None
    assert (report["n"], report["patients"]) == (N, N)

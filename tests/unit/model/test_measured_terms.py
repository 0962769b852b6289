"""What the measurements add to the logits of the statements."""

import numpy as np
import pytest

from ecg_core.model.measured_terms import LIMIT, NO_TERMS, MeasuredTerms
from ecg_core.model.statements import CODES

CARD = {
    "features": {"rate": [0.7, 0.2], "pr": [0.0, 1.0]},
    "terms": {"SBRAD": {"network": 0.5, "bias": -1.0, "weights": [-2.0, 0.25]}},
}
SBRAD, AFIB = CODES.index("SBRAD"), CODES.index("AFIB")


def logits(value: float, windows: int = 1) -> np.ndarray:
    return np.full((windows, len(CODES)), value, np.float32)


def test_a_term_adds_its_features_to_the_networks_logit() -> None:
    found = MeasuredTerms.of(CARD)(logits(3.0, 2), {"rate": 0.5, "pr": 2.0})
    # .5 * 3 - 1 + -2 * (.5 - .7) / .2 + .25 * 2
    assert found[:, SBRAD].tolist() == pytest.approx([3.0, 3.0])
    assert found[:, AFIB].tolist() == [3.0, 3.0]


def test_what_was_not_measured_counts_as_usual() -> None:
    terms = MeasuredTerms.of(CARD)
    assert terms(logits(3.0), {})[0, SBRAD] == pytest.approx(0.5)
    assert terms(logits(3.0), {"rate": 0.7, "pr": 0.0})[0, SBRAD] == pytest.approx(0.5)


def test_one_measurement_counts_up_to_the_limit() -> None:
    terms = MeasuredTerms.of(CARD)
    assert terms.standardised({"rate": 1e9, "pr": -1e9}).tolist() == [LIMIT, -LIMIT]


def test_a_card_without_terms_changes_nothing() -> None:
    found = MeasuredTerms.of(NO_TERMS)(logits(1.5), {"rate": 0.1})
    assert (found == 1.5).all()


@pytest.mark.parametrize(
    "broken",
    [
        {"features": {}},
        {"features": {"rate": [1.0]}, "terms": {}},
        {**CARD, "terms": {"NOSUCH": CARD["terms"]["SBRAD"]}},
        {**CARD, "terms": {"SBRAD": {"network": 1, "bias": 0, "weights": [1.0]}}},
    ],
    ids=["no terms", "no deviation", "unknown statement", "too few weights"],
)
def test_a_damaged_card_is_an_error(broken: dict) -> None:
    with pytest.raises((KeyError, ValueError)):
        MeasuredTerms.of(broken)

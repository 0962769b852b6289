"""From the network's third output to statements, and the table of statements."""

import re
from collections import Counter

import numpy as np
import pytest

from ecg_core.classification import SUPERCLASSES
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.model.statements import CODES, StatementRule, statements_of

SR, AFIB = CODES.index("SR"), CODES.index("AFIB")


def rule(**scales: float) -> StatementRule:
    return StatementRule.of({code: {"scale": scale, "bias": 0.5, "threshold": 0.3} for code, scale in scales.items()})


def logits(windows: int = 1, **values: float) -> np.ndarray:
    row = np.zeros((windows, len(CODES)), np.float32)
    for code, value in values.items():
        row[:, CODES.index(code)] = value
    return row


def test_the_table_has_the_71_statements_once_each() -> None:
    assert len(set(CODES)) == len(STATEMENTS) == 71
    assert Counter(one.kind in SUPERCLASSES for one in STATEMENTS)[True] == 44
    assert {one.kind for one in STATEMENTS} == {*SUPERCLASSES, "form", "rhythm"}
    for one in STATEMENTS:
        assert one.name
        assert one.name_de
        assert bool(one.subclass) == (one.kind in SUPERCLASSES)
        assert re.fullmatch(r"(\d{6,18})?", one.snomed)


def test_no_code_of_snomed_stands_for_two_statements() -> None:
    known = [one.snomed for one in STATEMENTS if one.snomed]
    assert len(known) == len(set(known))


def test_only_what_is_published_is_said_with_its_calibration() -> None:
    chosen = rule(SR=2.0)
    (said,) = statements_of(chosen, [chosen], logits(SR=1.0, AFIB=5.0))
    assert (said.code, said.kind, said.threshold) == ("SR", "rhythm", 0.3)
    assert said.probability == round(1 / (1 + np.exp(-2.5)), 4)


def test_probabilities_are_the_mean_over_the_windows() -> None:
    chosen = rule(SR=1.0)
    two = np.concatenate([logits(SR=-3.0), logits(SR=3.0)])
    (said,) = statements_of(chosen, [chosen, chosen], two)
    assert said.probability == round((1 / (1 + np.exp(2.5)) + 1 / (1 + np.exp(-3.5))) / 2, 4)


def test_a_window_with_fewer_leads_counts_only_for_what_its_leads_publish() -> None:
    whole, fewer = rule(SR=1.0, AFIB=1.0), rule(SR=2.0)
    two = np.concatenate([logits(SR=1.0, AFIB=-2.0), logits(SR=1.0, AFIB=4.0)])
    said = {one.code: one.probability for one in statements_of(whole, [whole, fewer], two)}
    assert said["SR"] == round((1 / (1 + np.exp(-1.5)) + 1 / (1 + np.exp(-2.5))) / 2, 4)
    assert said["AFIB"] == round(1 / (1 + np.exp(1.5)), 4)


def test_a_statement_that_no_window_can_tell_is_left_out() -> None:
    whole, fewer = rule(SR=1.0, AFIB=1.0), rule(SR=1.0)
    assert [one.code for one in statements_of(whole, [fewer, fewer], logits(2))] == ["SR"]


@pytest.mark.parametrize("row", [{"scale": 1.0, "bias": 0.0}, {"scale": "x", "bias": 0.0, "threshold": 0.5}])
def test_a_row_of_another_shape_is_an_error(row: dict[str, float]) -> None:
    with pytest.raises((KeyError, ValueError)):
        StatementRule.of({"SR": row})


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        rule(XYZ=1.0)

"""Which statements are shown, in which order, and which contradict the classes."""

import pytest

from ecg_core.classification import SUPERCLASSES
from ecg_core.statements import Statement, contradicting, in_order, selected
from tests.builders import make_statement


def codes(statements: tuple[Statement, ...]) -> list[str]:
    return [statement.code for statement in statements]


def contradictions(published: list[Statement], **probabilities: float) -> list[str]:
    """With thresholds of .5; probabilities not given are .01."""
    given = {**dict.fromkeys(SUPERCLASSES, 0.01), **probabilities}
    return codes(contradicting(published, given, dict.fromkeys(SUPERCLASSES, 0.5)))


def test_a_statement_is_a_finding_from_its_threshold_on() -> None:
    assert make_statement("SR", 0.3, threshold=0.3).finding
    assert not make_statement("SR", 0.2999, threshold=0.3).finding


def test_findings_come_first_and_then_the_most_probable() -> None:
    rare, usual = make_statement("PACE", 0.3, threshold=0.2), make_statement("SR", 0.6)
    below, far = make_statement("CLBBB", 0.45), make_statement("IMI", 0.1)
    assert codes(in_order([far, below, rare, usual])) == ["SR", "PACE", "CLBBB", "IMI"]


def test_of_equal_statements_the_order_of_the_table_stays() -> None:
    assert codes(in_order([make_statement("NDT", 0.2), make_statement("SR", 0.2)])) == ["NDT", "SR"]


def test_findings_are_selected_whatever_their_class() -> None:
    published = [make_statement("IMI", 0.7), make_statement("AFIB", 0.6), make_statement("CLBBB", 0.4)]
    assert codes(selected(published, ())) == ["IMI", "AFIB"]


def test_a_class_without_a_statement_of_its_own_gets_the_most_probable_one_below_its_threshold() -> None:
    published = [make_statement("CLBBB", 0.2), make_statement("IRBBB", 0.4), make_statement("ISC_", 0.45)]
    chosen = selected(published, ("CD",))
    assert codes(chosen) == ["IRBBB"]
    assert not chosen[0].finding


def test_a_class_with_a_statement_of_its_own_gets_no_other() -> None:
    published = [make_statement("CLBBB", 0.8), make_statement("IRBBB", 0.4)]
    assert codes(selected(published, ("CD",))) == ["CLBBB"]


def test_a_class_without_any_published_statement_gets_none() -> None:
    assert selected([make_statement("SR", 0.2)], ("CD",)) == ()


def test_a_statement_whose_class_is_a_finding_contradicts_nothing() -> None:
    assert contradictions([make_statement("CLBBB", 0.9)], CD=0.8) == []
    # `contradictory_findings` says this.
    assert contradictions([make_statement("CLBBB", 0.9)], CD=0.8, NORM=0.8) == []


def test_an_abnormal_statement_beside_a_normal_ecg_contradicts_it() -> None:
    assert contradictions([make_statement("IMI", 0.6)], NORM=0.8, MI=0.45) == ["IMI"]
    assert contradictions([make_statement("IMI", 0.3, threshold=0.2)], NORM=0.8, MI=0.4) == ["IMI"]


def test_a_statement_that_is_more_probable_than_its_class_contradicts_it() -> None:
    assert contradictions([make_statement("1AVB", 0.6)], CD=0.45) == ["1AVB"]
    assert contradictions([make_statement("1AVB", 0.3, threshold=0.2)], CD=0.45) == []


@pytest.mark.parametrize("code", ["SR", "PVC"])
def test_rhythms_and_forms_contradict_no_class(code: str) -> None:
    assert contradictions([make_statement(code, 0.9)], NORM=0.9) == []


def test_a_statement_below_its_threshold_contradicts_nothing() -> None:
    assert contradictions([make_statement("CLBBB", 0.49)], NORM=0.9) == []

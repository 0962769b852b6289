import json
from dataclasses import replace

import pytest

from ecg_core.classification import Notice
from tests.builders import make_classification, make_explanation, make_statement


def test_the_most_probable_finding_is_the_diagnosis() -> None:
    result = make_classification({"CD": 0.7, "STTC": 0.9})
    assert result.findings == ("STTC", "CD")
    assert (result.diagnosis, result.probability, result.conclusive) == ("STTC", 0.9, True)


def test_a_probability_at_its_threshold_is_a_finding() -> None:
    assert make_classification({"CD": 0.5}).findings == ("CD",)
    assert make_classification({"CD": 0.49996}).findings == ("CD",), "rounded before the threshold is applied"
    assert make_classification({"CD": 0.4999}).findings == ()


@pytest.mark.parametrize("other", ["CD", "STTC", "MI", "HYP"])
def test_a_normal_ecg_together_with_an_abnormality_gives_no_diagnosis(other: str) -> None:
    result = make_classification({"NORM": 0.8, other: 0.6})
    assert (result.diagnosis, result.probability, result.conclusive) == (None, None, False)
    assert [warning.code for warning in result.warnings] == ["contradictory_findings"]


def test_an_infarction_alone_is_no_diagnosis_and_is_named_in_the_warning() -> None:
    result = make_classification({"MI": 0.9})
    assert result.diagnosis is None
    assert result.warnings[-1].code == "other_abnormality"
    assert "MI" in result.warnings[-1].message


def test_an_infarction_beside_a_block_leaves_the_block_as_diagnosis() -> None:
    assert make_classification({"MI": 0.9, "CD": 0.6}).diagnosis == "CD"


def test_a_warning_says_that_nothing_is_above_its_threshold() -> None:
    result = make_classification({"NORM": 0.4, "CD": 0.3})
    assert result.diagnosis is None
    assert [warning.code for warning in result.warnings] == ["no_finding"]


def test_leads_without_a_measured_performance_get_no_diagnosis() -> None:
    result = replace(make_classification({"NORM": 0.9}), expected_performance=None)
    assert (result.diagnosis, result.conclusive) == (None, False)
    assert [warning.code for warning in result.warnings] == ["performance_unknown"]


def test_warnings_of_quality_come_first() -> None:
    result = make_classification(quality=(Notice("noisy", "Noise."),))
    assert [warning.code for warning in result.warnings] == ["noisy", "no_finding"]


def test_the_json_has_the_fields_of_the_contract_in_order() -> None:
    body = json.loads(make_classification({"NORM": 0.94116}).to_json())
    assert list(body) == [
        "diagnosis",
        "probability",
        "findings",
        "probabilities",
        "thresholds",
        "conclusive",
        "other_abnormality",
        "statements",
        "measurements",
        "recording",
        "warnings",
        "expected_performance",
        "model",
        "disclaimer",
    ]
    assert body["probability"] == 0.9412
    assert list(body["probabilities"]) == ["NORM", "CD", "STTC"]
    assert list(body["thresholds"]) == ["NORM", "CD", "STTC"]
    assert list(body["other_abnormality"]) == ["MI", "HYP"]
    assert list(body["recording"]) == ["format", "leads", "fs_hz", "duration_s", "windows", "sha256", "corrections"]
    assert "medical device" in body["disclaimer"]


def test_statements_are_given_as_findings_or_all() -> None:
    published = [make_statement("CLBBB", 0.9), make_statement("SR", 0.7), make_statement("AFIB", 0.2)]
    result = make_classification({"CD": 0.9}, published=published)
    assert [statement.code for statement in result.statements] == ["CLBBB", "SR"]
    whole = replace(result, every_statement=True)
    assert [statement.code for statement in whole.statements] == ["CLBBB", "SR", "AFIB"]
    first = json.loads(result.to_json())["statements"][0]
    assert first == {
        "code": "CLBBB",
        "name": "complete left bundle branch block",
        "name_de": "kompletter Linksschenkelblock",
        "kind": "CD",
        "probability": 0.9,
        "threshold": 0.5,
        "finding": True,
    }
    assert json.loads(make_classification({"CD": 0.9}).to_json())["statements"] == []


def test_a_statement_that_contradicts_the_classes_is_named_in_a_warning() -> None:
    result = make_classification({"NORM": 0.9, "CD": 0.4}, published=[make_statement("1AVB", 0.6)])
    (warning,) = result.warnings
    assert warning.code == "statement_contradicts"
    assert "1AVB (CD)" in warning.message
    assert result.diagnosis == "NORM"
    assert result.quality == ()
    undecided = make_classification({"CD": 0.4}, published=[make_statement("1AVB", 0.6)])
    assert [warning.code for warning in undecided.warnings] == ["statement_contradicts", "no_finding"]


def test_a_doubtful_unit_gives_no_diagnosis_and_no_second_reason() -> None:
    doubt = Notice("unit_doubtful", "The unit is doubtful.")
    for probabilities in ({"STTC": 0.9}, {}):
        result = make_classification(probabilities, (doubt,))
        assert (result.conclusive, result.diagnosis, result.probability) == (False, None, None)
        assert result.warnings == (doubt,)


def test_the_json_is_one_line_of_utf8() -> None:
    body = make_classification().to_json()
    assert b"\n" not in body
    body.decode("utf-8")


@pytest.mark.parametrize(
    ("probabilities", "foremost"),
    [({"CD": 0.7, "STTC": 0.6}, "CD"), ({"NORM": 0.4, "STTC": 0.3}, "NORM"), ({"NORM": 0.8, "CD": 0.9}, "CD")],
)
def test_the_foremost_class_is_the_diagnosis_or_the_most_probable_one(
    probabilities: dict[str, float], foremost: str
) -> None:
    assert make_classification(probabilities).foremost == foremost


def test_the_cells_of_an_explanation_are_sorted_by_evidence() -> None:
    explanation = make_explanation({"I": [-1.0, 0.5], "V1": [2.0, 0.0]}, [[(0, 1)], [(1, 2)]])
    assert explanation.cells == ((2.0, "V1", "P"), (0.5, "I", "QRS"), (0.0, "V1", "QRS"), (-1.0, "I", "P"))


def test_an_explanation_states_its_method_and_that_it_gives_no_reason() -> None:
    explanation = make_explanation({"I": [1.0]}, [[(0.25, 0.5)]])
    body = explanation.to_dict()
    assert "normal heart" in str(body["method"])
    assert "not why" in str(body["method"])
    assert body["spans_s"] == {"P": [[0.25, 0.5]]}
    assert "straight line" in str(replace(explanation, reference="line").to_dict()["method"])

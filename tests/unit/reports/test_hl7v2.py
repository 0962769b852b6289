"""The message, taken apart by a strict parser here; and checked by hl7apy where it is installed."""

import re
from datetime import UTC, datetime

import pytest

from ecg_core.classification import DISCLAIMER, Classification, Notice
from ecg_core.reports.hl7v2 import message
from tests.builders import make_classification
from tests.unit.reports.test_fhir import RESULTS

CREATED = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
LETTERS = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}


def segments(result: Classification) -> list[list[str]]:
    """Fields of each segment; field n of a segment is at [n], as HL7 counts."""
    text = message(result, CREATED).decode()
    assert text.endswith("\r")
    assert text.isascii() or text.encode()
    found = [segment.split("|") for segment in text.removesuffix("\r").split("\r")]
    assert found[0][:2] == ["MSH", "^~\\&"]
    found[0].insert(1, "|")
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]{2}", segment[0]) for segment in found)
    return found


def unescaped(text: str) -> str:
    assert not re.search(r"[|^~&\r\n]", text)
    assert re.fullmatch(r"(?:[^\\]|\\[FSTRE]\\)*", text)
    return re.sub(r"\\([FSTRE])\\", lambda match: LETTERS[match[1]], text)


def observations(result: Classification) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for segment in segments(result):
        if segment[0] == "OBX":
            found.setdefault(segment[3].split("^")[0], []).append(segment)
    return found


@pytest.mark.parametrize("name", RESULTS)
def test_the_segments_stand_in_the_order_of_the_message(name: str) -> None:
    found = segments(RESULTS[name])
    kinds = "".join(segment[0] for segment in found)
    assert re.fullmatch(r"MSHPIDOBRNTE(OBX)+", kinds)
    head, patient, study, note = found[:4]
    assert (head[7], head[9], head[11], head[12], head[18]) == (
        *("20260301123005+0000", "ORU^R01^ORU_R01", "P", "2.5"),
        "UNICODE UTF-8",
    )
    assert 0 < len(head[10]) <= 20
    assert patient == ["PID", "1"]
    assert (study[4], study[25]) == ("11524-6^EKG study^LN", "P")
    assert unescaped(note[3]) == DISCLAIMER
    assert [segment[1] for segment in found[4:]] == [str(number) for number in range(1, len(found) - 3)]


def test_the_values_are_those_of_the_answer() -> None:
    found = observations(RESULTS["twelve leads"])
    assert found["DIAGNOSIS"][0][5].split("^")[0] == "CD"
    assert {name: found[name][0][5] for name in ("NORM", "CD", "STTC", "MI", "HYP")} == {
        "NORM": "0.0100",
        "CD": "0.9700",
        "STTC": "0.6100",
        "MI": "0.7200",
        "HYP": "0.0100",
    }
    assert [found[name][0][7] for name in ("NORM", "CD")] == [">=0.5000", "<0.5000"]
    assert [found[name][0][8] for name in ("NORM", "CD", "HYP")] == ["A", "A", "N"]
    assert observations(make_classification({"NORM": 0.5}))["NORM"][0][8] == "N"


def test_without_a_diagnosis_the_message_says_so_and_why() -> None:
    found = observations(RESULTS["no_finding"])
    assert found["DIAGNOSIS"][0][5].split("^")[:2] == ["NONE", "no diagnosis"]
    assert "(no_finding)" in found["WARNING"][0][5]


def test_separators_in_a_text_are_escaped() -> None:
    said = r"a|b^c&d~e\f\F\g"
    notices = (Notice("one", said), Notice("two", "line\rOBX|9"))
    warnings = observations(make_classification({"CD": 0.9}, quality=notices))["WARNING"]
    assert [unescaped(segment[5]) for segment in warnings] == [f"{said} (one)", "line?OBX|9 (two)"]
    assert [segment[4] for segment in warnings] == ["1", "2"]


@pytest.mark.parametrize("name", [name for name in RESULTS if name != "hostile warning"])
def test_hl7apy_finds_it_valid_once_the_patient_is_filled_in(name: str) -> None:
    hl7apy = pytest.importorskip("hl7apy.parser", reason="hl7apy is not installed")
    from hl7apy.exceptions import ValidationError

    text = message(RESULTS[name], CREATED).decode()
    with pytest.raises(ValidationError, match="PID_3"):
        hl7apy.parse_message(text, find_groups=True).validate()
    filled = text.replace("PID|1\r", "PID|1||123^^^ward||Test^Person\r")
    parsed = hl7apy.parse_message(filled, find_groups=True)
    assert parsed.validate()
    (result,) = parsed.oru_r01_patient_result
    assert len(result.oru_r01_order_observation.oru_r01_observation) == text.count("\rOBX|")

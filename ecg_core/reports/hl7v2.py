r"""A Classification as an HL7 v2.5 message ORU^R01 in its text form ("ER7"): segments end with CR.

http://www.hl7.eu/HL7v2x/v25/std25/ch07.html. The message names no patient, no sender and no time of the ECG: who
sends it fills PID-3 and PID-5, which HL7 requires, MSH-3 to MSH-6, and OBR-7.
"""

from collections.abc import Iterator
from datetime import datetime

from ecg_core.classification import DIAGNOSES, DISCLAIMER, NAMES, OTHER_ABNORMALITIES, Classification
from ecg_core.reports.text import printable

END = "\r"
# Fields, components, repetitions, escape, subcomponents: | ^ ~ \ &
_ENCODING = r"^~\&"
_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})
# Nobody has reviewed this machine output.
_PRELIMINARY = "P"
_STUDY = ("11524-6", "EKG study", "LN")
# Our own codes: table 0396 reserves 99zzz for them.
_LOCAL = "99EKG"
_UTF8 = "UNICODE UTF-8"
# MSH-10 has at most 20 characters.
_CONTROL_ID_CHARACTERS = 20


def message(result: Classification, created: datetime) -> bytes:
    """The message in UTF-8. created: the time of the message (MSH-7), with its time zone.

    OBX: the diagnosis (or that there is none), the probability of each class with its threshold as reference range,
    each warning, the model. NTE: the disclaimer.
    """
    return "".join(f"{segment}{END}" for segment in _segments(result, created)).encode()


def _segments(result: Classification, created: datetime) -> Iterator[str]:
    sha256 = result.recording.sha256
    head = {7: f"{created:%Y%m%d%H%M%S%z}", 9: "ORU^R01^ORU_R01", 10: sha256[:_CONTROL_ID_CHARACTERS], 11: "P"}
    # Field 1 is the separator itself.
    yield _segment("MSH", {1: _ENCODING, **{number - 1: text for number, text in head.items()}, 11: "2.5", 17: _UTF8})
    yield "PID|1"
    yield _segment("OBR", {1: "1", 3: sha256, 4: _coded(*_STUDY), 25: _PRELIMINARY})
    yield _segment("NTE", {1: "1", 3: _escaped(DISCLAIMER)})
    for number, fields in enumerate(_observations(result), 1):
        yield _segment("OBX", {1: str(number), **fields, 11: _PRELIMINARY})


def _observations(result: Classification) -> Iterator[dict[int, str]]:
    found = result.diagnosis
    value = _coded(found, NAMES[found], _LOCAL) if found else _coded("NONE", "no diagnosis", _LOCAL)
    yield {2: "CE", 3: _coded("DIAGNOSIS", "diagnosis", _LOCAL), 5: value}
    for name in (*DIAGNOSES, *OTHER_ABNORMALITIES):
        probability, threshold = result.probabilities[name], result.thresholds[name]
        above = probability >= threshold
        normal = name == "NORM"
        yield {
            2: "NM",
            3: _coded(name, f"probability of {NAMES[name]}", _LOCAL),
            5: f"{probability:.4f}",
            6: _coded("1", "no units", "UCUM"),
            7: f"{'>=' if normal else '<'}{threshold:.4f}",
            8: "N" if above == normal else "A",
        }
    for number, warning in enumerate(result.warnings, 1):
        yield {
            2: "ST",
            3: _coded("WARNING", "warning", _LOCAL),
            4: str(number),
            5: _escaped(f"{warning.message} ({warning.code})"),
        }
    model = result.model
    yield {2: "ST", 3: _coded("MODEL", "model", _LOCAL), 5: _escaped(f"{model.said} {model.whole_sha256}")}


def _segment(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def _coded(*components: str) -> str:
    return "^".join(map(_escaped, components))


def _escaped(text: str) -> str:
    """Text in which no character separates anything."""
    return printable(text).translate(_ESCAPES)

"""A Classification as a FHIR R4 (4.0.1) DiagnosticReport.

Resources: https://hl7.org/fhir/R4/diagnosticreport.html, observation.html, device.html.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator

from ecg_core.classification import DIAGNOSES, DISCLAIMER, NAMES, OTHER_ABNORMALITIES, Classification
from ecg_core.measured import QTC_FORMULA, Measurements
from ecg_core.reports.conclusion import conclusion
from ecg_core.reports.text import printable
from ecg_core.statements import Statement

Element = dict[str, object]

# Our own code systems. errors.py has one more, urn:ekg:problem.
SUPERCLASS_SYSTEM = "urn:ekg:superclass"
STATEMENT_SYSTEM = "urn:ekg:statement"
COMPONENT_SYSTEM = "urn:ekg:component"
ANSWER_SYSTEM = "urn:ekg:answer"
MODEL_SYSTEM = "urn:ekg:model"
SNOMED_SYSTEM = "http://snomed.info/sct"

XHTML = "http://www.w3.org/1999/xhtml"
DEVICE_ID = "model"
# Without "display": editions of the table spell it differently.
CATEGORY = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "EC"}],
    "text": "Electrocardiac",
}
# Nobody has reviewed this machine output.
STATUS = "preliminary"
# Replaces control characters: XML 1.0 cannot hold them, not even escaped, and FHIR forbids them in strings.
LOST = "\ufffd"


def diagnostic_report(result: Classification, svg: bytes | None = None) -> bytes:
    """One line of UTF-8 JSON without a line end. The same result gives the same bytes. svg: a plot to attach.

    The report contains the model as a Device, and an Observation for each of NORM, CD and STTC and for each of the
    result's statements and measurements. It names no patient and no time.
    """
    said = _conclusion(result)
    observed = [(NAMES[name], _observation(result, name)) for name in DIAGNOSES]
    observed += [(statement.name, _of_statement(statement)) for statement in result.statements]
    observed += [(name, observation) for name, observation in _of_measurements(result.measurements)]
    report: Element = {
        "resourceType": "DiagnosticReport",
        "text": {"status": "generated", "div": _narrative(result, said)},
        "contained": [_device(result), *(observation for _, observation in observed)],
        "identifier": [{"system": ANSWER_SYSTEM, "value": f"{result.recording.sha256}:{result.model.whole_sha256}"}],
        "status": STATUS,
        "category": [CATEGORY],
        "code": _concept("http://loinc.org", "11524-6", "EKG study"),
        "result": [{"reference": f"#{observation['id']}", "display": name} for name, observation in observed],
        "conclusion": "\n".join(said),
    }
    if result.diagnosis:
        report["conclusionCode"] = [_superclass(result.diagnosis)]
    if svg is not None:
        report["presentedForm"] = [_attachment(svg)]
    return json.dumps(report, ensure_ascii=False, allow_nan=False).encode()


def _concept(system: str, code: str, display: str) -> Element:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _superclass(name: str) -> Element:
    return _concept(SUPERCLASS_SYSTEM, name, NAMES[name])


def _quantity(value: float) -> Element:
    return {"value": value, "unit": "probability", "system": "http://unitsofmeasure.org", "code": "1"}


def _observation(result: Classification, name: str) -> Element:
    probability, threshold = result.probabilities[name], result.thresholds[name]
    return _measured(name.lower(), _superclass(name), probability, threshold, name in result.findings)


def _of_statement(statement: Statement) -> Element:
    # An id may hold letters, digits, - and . only.
    id_ = "statement-" + re.sub("[^a-z0-9]", "-", statement.code.lower())
    codings = [{"system": STATEMENT_SYSTEM, "code": statement.code, "display": statement.name}]
    if statement.snomed:
        # Without "display": it must be a term of the edition that the reader has.
        codings.insert(0, {"system": SNOMED_SYSTEM, "code": statement.snomed})
    code: Element = {"coding": codings, "text": statement.name}
    return _measured(id_, code, statement.probability, statement.threshold, statement.finding)


# LOINC codes of the measurements, with names, UCUM units, and fields of Measurements.
MEASURED = (
    ("8867-4", "Heart rate", "/min", "heart_rate_bpm"),
    ("8625-6", "P-R Interval", "ms", "pr_ms"),
    ("8633-0", "QRS duration", "ms", "qrs_ms"),
    ("8634-8", "Q-T interval", "ms", "qt_ms"),
    ("8636-3", "Q-T interval corrected", "ms", "qtc_ms"),
    ("8632-2", "QRS axis", "deg", "axis_deg"),
)


def _of_measurements(measured: Measurements) -> Iterator[tuple[str, Element]]:
    """(name, Observation) of each value that could be measured."""
    for code, name, unit, field in MEASURED:
        value = getattr(measured, field)
        if value is not None:
            yield (
                name,
                {
                    "resourceType": "Observation",
                    "id": f"measured-{field.replace('_', '-')}",
                    "status": STATUS,
                    "code": _concept("http://loinc.org", code, name),
                    "valueQuantity": {
                        "value": value,
                        "unit": unit,
                        "system": "http://unitsofmeasure.org",
                        "code": unit,
                    },
                    "device": {"reference": f"#{DEVICE_ID}"},
                    **({"method": {"text": f"{QTC_FORMULA}'s formula"}} if field == "qtc_ms" else {}),
                },
            )


def _measured(id_: str, code: Element, probability: float, threshold: float, finding: bool) -> Element:
    interpreted, meaning = ("POS", "Positive") if finding else ("NEG", "Negative")
    interpretation = _concept(
        "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", interpreted, meaning
    )
    component = {
        "code": _concept(COMPONENT_SYSTEM, "threshold", "threshold of the finding"),
        "valueQuantity": _quantity(threshold),
    }
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": STATUS,
        "code": code,
        "valueQuantity": _quantity(probability),
        "interpretation": [interpretation],
        "device": {"reference": f"#{DEVICE_ID}"},
        "component": [component],
    }


def _device(result: Classification) -> Element:
    local = result.model.calibration
    calibration = [{"type": {"text": "calibration"}, "value": f"{local.said}, sha256 {local.sha256}"}] if local else []
    return {
        "resourceType": "Device",
        "id": DEVICE_ID,
        "identifier": [{"system": MODEL_SYSTEM, "value": result.model.whole_sha256}],
        "deviceName": [{"name": result.model.name, "type": "model-name"}],
        "type": {"text": "neural network that reads electrocardiograms"},
        "version": [{"value": result.model.version}, *calibration],
    }


def _attachment(svg: bytes) -> Element:
    return {
        "contentType": "image/svg+xml",
        "data": base64.b64encode(svg).decode(),
        "size": len(svg),
        # R4 defines Attachment.hash as SHA-1. It detects damage, not forgery.
        "hash": base64.b64encode(hashlib.sha1(svg, usedforsecurity=False).digest()).decode(),
        "title": "ECG",
    }


def _conclusion(result: Classification) -> list[str]:
    """Sentences: what the answer says, warnings, the disclaimer."""
    said = (printable(warning.message, LOST) for warning in result.warnings)
    return [*conclusion(result), *said, DISCLAIMER]


def _narrative(result: Classification, sentences: list[str]) -> str:
    rows = "".join(_row(result, name) for name in (*DIAGNOSES, *OTHER_ABNORMALITIES))
    head = "<tr><th>Class</th><th>Probability</th><th>Threshold</th></tr>"
    said = "".join(_paragraph(sentence) for sentence in (*sentences, *_origin(result)))
    return f'<div xmlns="{XHTML}"><table>{head}{rows}</table>{said}</div>'


def _row(result: Classification, name: str) -> str:
    values = f"<td>{result.probabilities[name]:.4f}</td><td>{result.thresholds[name]:.4f}</td>"
    return f"<tr><td>{html.escape(NAMES[name])} ({name})</td>{values}</tr>"


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(printable(text, LOST))}</p>"


def _origin(result: Classification) -> list[str]:
    """Sentences: what was read, what was changed in it, the expected performance, the model."""
    recording, expected = result.recording, result.expected_performance
    sentences = [f"Leads {', '.join(result.leads)}, {recording.duration_s:.4g} s at {recording.fs_hz:.6g} Hz."]
    if result.corrections:
        sentences.append(f"Changed or assumed in reading: {'; '.join(result.corrections)}.")
    if expected:
        least = "at least " if expected.at_least else ""
        sentences.append(
            f"Expected with these leads ({expected.lead_set}): AUC {least}{expected.areas}; {expected.measured_on}."
        )
    return [*sentences, f"Model {result.model.said}, sha256 {result.model.whole_sha256}."]

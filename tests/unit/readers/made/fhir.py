"""Writes FHIR Observations with SampledData."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ecg_core.recording import Recording
from ecg_core.synthesis.fhir import fhir_bytes
from ecg_core.synthesis.heart import synthesize

NUMBERS = {"I": 1, "II": 2, **{f"V{n}": 2 + n for n in range(1, 7)}, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64}
MDC = "urn:oid:2.16.840.1.113883.6.24"
SUBJECT, TIME = {"reference": "Patient/1"}, "2026-01-01T12:00:00Z"


def code(lead: str) -> dict[str, Any]:
    number, display = 131328 + NUMBERS[lead], f"MDC_ECG_ELEC_POTL_{lead.upper()}"
    return {"coding": [{"system": MDC, "code": str(number), "display": display}]}


def sampled(row: np.ndarray[Any, Any], fs_hz: float, *, factor: float = 0.001, **changes: Any) -> dict[str, Any]:
    """row: mV."""
    counts = np.round(row.astype(np.float64) / factor)
    made = {
        "origin": {"value": 0, "unit": "mV", "system": "http://unitsofmeasure.org", "code": "mV"},
        "period": 1000 / fs_hz,
        "factor": factor,
        "dimensions": 1,
        "data": " ".join("E" if count != count else str(int(count)) for count in counts),
    }
    return {key: value for key, value in (made | changes).items() if value is not None}


def component(recording: Recording, lead: str, **changes: Any) -> dict[str, Any]:
    row = recording.signal[recording.leads.index(lead)]
    return {"code": code(lead), "valueSampledData": sampled(row, recording.fs_hz, **changes)}


def observation(components: Sequence[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": MDC, "code": "131328", "display": "MDC_ECG_ELEC_POTL"}]},
        "subject": SUBJECT,
        "effectiveDateTime": TIME,
        "component": list(components),
    }
    return {key: value for key, value in (made | changes).items() if value is not None}


def twelve(recording: Recording, **changes: Any) -> dict[str, Any]:
    """One Observation with a component for each lead. changes: of each SampledData."""
    return observation([component(recording, lead, **changes) for lead in recording.leads])


def single(recording: Recording, lead: str, **changes: Any) -> dict[str, Any]:
    """An Observation whose value is the lead."""
    row = recording.signal[recording.leads.index(lead)]
    made = observation([], code=code(lead), component=None, valueSampledData=sampled(row, recording.fs_hz))
    return {key: value for key, value in (made | changes).items() if value is not None}


def bundle(resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": other} for other in resources]}


def r5(recording: Recording) -> dict[str, Any]:
    return twelve(recording, period=None, interval=1 / recording.fs_hz, intervalUnit="s")


def written(document: object, **how: Any) -> bytes:
    return json.dumps(document, **how).encode()


def examples() -> dict[str, dict[str, bytes]]:
    recording = synthesize()
    patient = {"resourceType": "Patient", "id": "1"}
    singles = [single(recording, lead) for lead in recording.leads]
    gaps = Recording(recording.signal.copy(), recording.fs_hz, recording.leads, "", "")
    gaps.signal[:, 100:150] = np.nan
    return {
        "R4": {"r4.json": written(twelve(recording))},
        "R5": {"r5.json": written(r5(recording), indent=1)},
        "by this project": {"own.json": fhir_bytes(recording)},
        "one Observation for each lead": {"singles.json": written(bundle([patient, *singles]))},
        "in a Bundle": {"bundle.json": written(bundle([patient, twelve(recording)]))},
        "missing samples": {"gaps.json": written(twelve(gaps))},
        "one lead": {"lead.json": written(single(recording, "II"))},
    }

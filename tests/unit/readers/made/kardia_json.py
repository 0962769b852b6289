"""Writes the JSON of a recording from the Kardia API."""

import json
from typing import Any

import numpy as np

from ecg_core.recording import Recording
from tests.unit.readers.made.kardia_atc import kardia

NAMES = {"I": "leadI", "II": "leadII", "III": "leadIII", "aVR": "AVR", "aVL": "AVL", "aVF": "AVF"}
RESOLUTION_NV = 500


def block(recording: Recording, resolution_nv: float = RESOLUTION_NV) -> dict[str, Any]:
    counts = np.round(recording.signal.astype(np.float64) * (1e6 / resolution_nv)).astype(int).tolist()
    return {
        "frequency": round(recording.fs_hz),
        "mainsFrequency": 50,
        "samples": {NAMES[lead]: row for lead, row in zip(recording.leads, counts, strict=True)},
        "amplitudeResolution": resolution_nv,
        "numLeads": len(recording.leads),
    }


def document(recording: Recording, **changes: Any) -> dict[str, Any]:
    other = Recording(recording.signal * np.float32(0.5), recording.fs_hz, recording.leads, "", "")
    made = {
        "id": "a1",
        "patientID": "p1",
        "heartRate": 70,
        "duration": round(recording.duration_s * 1000),
        "recordedAt": "2026-01-01T12:00:00Z",
        "algorithmDetermination": "normal",
        "data": {"raw": block(recording), "enhanced": block(other)},
    }
    return made | changes


def written(document: object, **how: Any) -> bytes:
    return json.dumps(document, **how).encode()


def examples() -> dict[str, dict[str, bytes]]:
    six, one = kardia(), kardia(("I",))
    return {
        "six leads": {"six.json": written(document(six))},
        "one lead": {"one.json": written(document(one), indent=2)},
        "only the enhanced samples": {"enhanced.json": written(document(six, data={"enhanced": block(six)}))},
        "inside an answer of the API": {"answer.json": written({"recording": document(six), "status": "ok"})},
    }

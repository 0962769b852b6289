"""A recording as a FHIR R4 Observation with SampledData: one component for each lead.

Elements: https://hl7.org/fhir/R4/observation.html, https://hl7.org/fhir/R4/datatypes.html#SampledData
"""

import json

import numpy as np

from ecg_core.readers.lead_codes import lead_of_code
from ecg_core.recording import Recording

# Steps of 0.1 uV. No electrocardiograph resolves less, and most samples keep five digits.
STEPS_PER_MV = 10_000
MDC = "urn:iso:std:iso:11073:10101"
UCUM = "http://unitsofmeasure.org"
# MDC_ECG_ELEC_POTL. The code of a lead is this number plus the lead's number.
POTENTIAL = 131_328
# FHIR's token for a sample that could not be measured.
ERROR = "E"

_NUMBERS = {lead_of_code(number): number for number in range(1, 256)}


def fhir_bytes(recording: Recording) -> bytes:
    """One line of UTF-8 JSON without a line end. A missing sample is "E". It names no patient and no time."""
    study = {"system": "http://loinc.org", "code": "11524-6", "display": "EKG study"}
    observation = {
        "resourceType": "Observation",
        # The recording does not say whether a person has accepted it.
        "status": "unknown",
        "code": {"coding": [study], "text": study["display"]},
        "component": [_component(recording, row) for row in range(len(recording.leads))],
    }
    return json.dumps(observation, ensure_ascii=False, allow_nan=False).encode()


def _component(recording: Recording, row: int) -> dict[str, object]:
    lead = recording.leads[row]
    display = f"MDC_ECG_ELEC_POTL_{lead.upper()}"
    coding = {"system": MDC, "code": str(POTENTIAL + _NUMBERS[lead]), "display": display}
    steps = np.round(recording.signal[row].astype(np.float64) * STEPS_PER_MV).tolist()
    return {
        "code": {"coding": [coding], "text": f"lead {lead}"},
        "valueSampledData": {
            "origin": {"value": 0, "unit": "mV", "system": UCUM, "code": "mV"},
            "period": 1000 / recording.fs_hz,
            "factor": 1 / STEPS_PER_MV,
            "dimensions": 1,
            "data": " ".join([ERROR if step != step else str(int(step)) for step in steps]),
        },
    }

"""The OpenAPI document, made at the first request for it: nothing of it is paid for at the start."""

import json
from functools import cache
from typing import Any

from fastapi import FastAPI

from ecg_core.classification import DISCLAIMER
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ
from functions.api.negotiation import FHIR, JSON, SVG
from functions.api.problems import PROBLEM

TITLE = "ekg"
DESCRIPTION = f"""An ECG file goes in; the calibrated probabilities of **NORM** (normal ECG), **CD** (conduction
disturbance) and **STTC** (ST/T change) come out.

Reads WFDB (.hea with .dat or .mat, or a zip of them), CSV with lead names and units, and Apple Watch ECG exports.
Content decides, not the name. A refusal is `application/problem+json` with a stable `code` and a `hint`.

{DISCLAIMER}"""
KEY = "apiKey"
# A lead that a person can read in the text field of the documentation, and that classifies as it stands.
EXAMPLE_LEAD, EXAMPLE_FS_HZ = "I", 100.0

_BINARY = {"type": "string", "format": "binary"}


def _ref(shape: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{shape}"}


def answers(shape: str, description: str, *problems: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: one JSON shape, and problems by status."""
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": description, "content": {JSON: {"schema": _ref(shape)}}}
    }
    return {**found, **{code: PROBLEMS[code] for code in problems}}


_MEANINGS = {
    400: "The body cannot be read.",
    403: "The API key is missing or wrong (from the gateway).",
    404: "Nothing is at this address.",
    406: "None of the forms that were asked for is given here.",
    413: "Too large: take POST /uploads.",
    415: "No ECG format that is read here.",
    422: "The record or a parameter is refused: see code and hint.",
    429: "Too many requests (from the gateway).",
    500: "A fault of the service.",
    503: "Uploads are not set up, or the storage does not answer.",
}
PROBLEMS: dict[int, dict[str, Any]] = {
    status: {"description": meaning, "content": {PROBLEM: {"schema": _ref("Problem")}}}
    for status, meaning in _MEANINGS.items()
}

MODEL: dict[int | str, dict[str, Any]] = {
    200: {"description": "The card of the model that answers.", "content": {JSON: {"schema": {"type": "object"}}}}
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "fs_hz": {"minimum": MIN_FS_HZ, "maximum": MAX_FS_HZ},
    "units": {"enum": ["nV", "uV", "mV", "V"]},
}
RESULT_RESPONSES: dict[int | str, dict[str, Any]] = {
    **answers("Classification", "The outcome: a classification, or the refusal's problem.", 403, 404, 429, 500, 503),
    202: {"description": "Not yet.", "content": {JSON: {"schema": _ref("Pending")}}},
}
RESULT_RESPONSES[200]["content"] |= {PROBLEM: {"schema": _ref("Problem")}}
NEEDS_KEY: dict[str, Any] = {"security": [{KEY: []}]}
DIAGNOSIS_RESPONSES: dict[int | str, dict[str, Any]] = {
    **answers("Classification", "The classification.", 400, 403, 406, 413, 415, 422, 429, 500),
}
DIAGNOSIS_RESPONSES[200]["content"] |= {
    FHIR: {"schema": {"type": "object", "description": "A DiagnosticReport of FHIR R4, status preliminary."}},
    SVG: {"schema": {"type": "string", "description": "The leads on ECG paper, A4; shaded with explain."}},
}
DIAGNOSIS_BODY: dict[str, Any] = {
    **NEEDS_KEY,
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": _BINARY,
                            "minItems": 1,
                            "description": "One archive or single file, or the .hea and .dat of one record.",
                        }
                    },
                }
            },
            "application/octet-stream": {"schema": _BINARY},
            "text/csv": {"schema": {"type": "string"}},
        },
    },
}


@cache
def _example() -> tuple[str, dict[str, Any]]:
    """A CSV of one lead and the answer to it."""
    from ecg_core.model.classifier import classify
    from ecg_core.synthesis.heart import synthesize
    from ecg_core.synthesis.writers import csv_bytes

    table = csv_bytes(synthesize("normal", fs_hz=EXAMPLE_FS_HZ, seed=1).only([EXAMPLE_LEAD]))
    return table.decode(), json.loads(classify({"example.csv": table}).to_json())


def document(app: FastAPI) -> dict[str, Any]:
    """The document of the app's routes with shapes, security scheme and examples. Made once."""
    from fastapi.openapi.utils import get_openapi
    from pydantic.json_schema import models_json_schema

    from functions.api.schemas import SHAPES

    made = get_openapi(
        title=TITLE,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": "diagnosis"}, {"name": "service"}],
        # Relative to the document's own address, and so below a gateway's stage.
        servers=[{"url": "."}],
        license_info={"name": "Apache-2.0; trained on PTB-XL 1.0.3 (CC-BY 4.0)", "identifier": "Apache-2.0"},
    )
    _, shapes = models_json_schema(
        [(shape, "serialization") for shape in SHAPES], ref_template="#/components/schemas/{model}"
    )
    made["components"] = {
        "schemas": shapes["$defs"],
        "securitySchemes": {KEY: {"type": "apiKey", "in": "header", "name": "x-api-key"}},
    }
    # FastAPI assumes one wherever there is a parameter.
    made["paths"]["/results/{id}"]["get"]["responses"].pop("422", None)
    table, answer = _example()
    diagnosis = made["paths"]["/diagnosis"]["post"]
    for parameter in diagnosis["parameters"]:
        # Left out, not null.
        parameter["schema"] = {**parameter["schema"]["anyOf"][0], **PARAMETERS.get(parameter["name"], {})}
    diagnosis["requestBody"]["content"]["text/csv"]["example"] = table
    diagnosis["responses"]["200"]["content"][JSON]["example"] = answer
    return made

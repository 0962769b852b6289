"""The OpenAPI document of the routes in app.py. It is made at the first request for it, so a cold start is not slower.

The shapes of the JSON answers are in schemas.py.
"""

import json
from copy import deepcopy
from functools import cache
from typing import Any

from fastapi import FastAPI

from ecg_core.classification import DISCLAIMER
from ecg_core.leads import LEADS
from ecg_core.readers.registry import formats
from ecg_core.recording import MAX_FS_HZ, MAX_LARGE_BYTES, MIN_FS_HZ
from ecg_core.reports.sheet import GAINS_MM, LAYOUTS, SPEEDS
from functions.api.negotiation import DICOM, FHIR, HL7, JSON, SVG
from functions.api.problems import PROBLEM

TITLE = "ekg"
DESCRIPTION = f"""Send an ECG file, get the calibrated probabilities of **NORM** (normal ECG), **CD** (conduction
disturbance) and **STTC** (ST/T change). People without a program take [the page](ui).

Send {formats()}. The service recognizes a format by the content, not by the name. If it cannot classify a file, it
answers with `application/problem+json`: a stable `code` and a `hint` what to do.

{DISCLAIMER}"""
KEY, CALLER = "apiKey", "caller"
# How a caller says who it is, in addition to the key: by the template's parameter Auth.
CALLERS: dict[str, dict[str, Any]] = {
    "cognito": {"type": "http", "scheme": "bearer", "description": "The ID token of the operator's Cognito user pool."},
    "iam": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "AWS Signature Version 4 for the service execute-api.",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
}
# The example: a CSV of one lead at a low rate. It is short enough for the text field of /docs and can be classified.
EXAMPLE_LEAD, EXAMPLE_FS_HZ = "I", 100.0

_BINARY = {"type": "string", "format": "binary"}


def _ref(shape: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{shape}"}


def answers(shape: str, description: str, *problems: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: one JSON shape from schemas.py, and the statuses of its problems."""
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": description, "content": {JSON: {"schema": _ref(shape)}}}
    }
    return {**found, **{code: PROBLEMS[code] for code in problems}}


_MEANINGS = {
    400: "The body cannot be read.",
    401: "The request does not say who sends it (from the gateway).",
    403: "The API key is missing or wrong (from the gateway).",
    404: "There is nothing at this address.",
    406: "The Accept header names no form that this service has: JSON, FHIR, SVG, DICOM or HL7 v2.",
    408: "The body came too slowly.",
    413: "The file is too large. Use POST /uploads.",
    415: "The file is in no ECG format that this service reads.",
    422: "The record or a parameter cannot be used. code and hint say why.",
    429: "Too many requests (from the gateway).",
    500: "An error of the service.",
    503: "The service is busy, uploads are not configured, or the storage does not answer. code says which.",
}
PROBLEMS: dict[int, dict[str, Any]] = {
    status: {"description": meaning, "content": {PROBLEM: {"schema": _ref("Problem")}}}
    for status, meaning in _MEANINGS.items()
}

MODEL: dict[int | str, dict[str, Any]] = {
    200: {"description": "The card of the model in use.", "content": {JSON: {"schema": {"type": "object"}}}}
}
SIZE = {"minimum": 1, "maximum": MAX_LARGE_BYTES}
PARAMETERS: dict[str, dict[str, Any]] = {
    "fs_hz": {"minimum": MIN_FS_HZ, "maximum": MAX_FS_HZ},
    "units": {"enum": ["nV", "uV", "mV", "V"]},
    "speed": {"enum": list(SPEEDS)},
    "gain_mm": {"enum": list(GAINS_MM)},
    "layout": {"enum": [*LAYOUTS, *LEADS]},
    "start_s": {"minimum": 0},
    "length_s": {"minimum": 0},
}
RESULT_RESPONSES: dict[int | str, dict[str, Any]] = {
    **answers("Classification", "The result: a classification, or the problem with the file.", 403, 404, 429, 500, 503),
    202: {"description": "The file is not classified yet.", "content": {JSON: {"schema": _ref("Pending")}}},
}
RESULT_RESPONSES[200]["content"] |= {PROBLEM: {"schema": _ref("Problem")}}
NEEDS_KEY: dict[str, Any] = {"security": [{KEY: []}]}
DIAGNOSIS_RESPONSES: dict[int | str, dict[str, Any]] = {
    **answers("Classification", "The classification.", 400, 403, 406, 408, 413, 415, 422, 429, 500, 503),
}
DIAGNOSIS_RESPONSES[200]["content"] |= {
    FHIR: {
        "schema": {
            "type": "object",
            "description": "A FHIR R4 DiagnosticReport with status preliminary. With bundle: a transaction Bundle.",
        }
    },
    SVG: {
        "schema": {
            "type": "string",
            "description": "A plot of the leads on ECG paper, A4. With explain: shaded where the network looks.",
        }
    },
    DICOM: {"schema": _BINARY | {"description": "A DICOM structured report (TID 3700), preliminary and unverified."}},
    HL7: {"schema": {"type": "string", "description": "An HL7 v2.5 message ORU^R01. The time in it is that of now."}},
}
SIGNAL_RESPONSES: dict[int | str, dict[str, Any]] = {
    **answers("Signal", "The samples.", 400, 403, 408, 413, 415, 422, 429, 500, 503),
}
RESULT_SIGNAL_RESPONSES: dict[int | str, dict[str, Any]] = {
    **answers("Signal", "The samples.", 403, 404, 413, 415, 422, 429, 500, 503),
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
                            "description": "All files of one record: an archive, a single file, or .hea and .dat.",
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
    """A CSV of one lead, and the answer to it."""
    from ecg_core.model.classifier import classify
    from ecg_core.synthesis.heart import synthesize
    from ecg_core.synthesis.writers import csv_bytes

    table = csv_bytes(synthesize("normal", fs_hz=EXAMPLE_FS_HZ, seed=1).only([EXAMPLE_LEAD]))
    return table.decode(), json.loads(classify({"example.csv": table}).to_json())


def document(app: FastAPI, auth: str) -> dict[str, Any]:
    """The OpenAPI document: the app's routes, shapes, security schemes and examples. app.py keeps it."""
    from fastapi.openapi.utils import get_openapi
    from pydantic.json_schema import models_json_schema

    from functions.api.schemas import SHAPES

    made = get_openapi(
        title=TITLE,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=[{"name": "diagnosis"}, {"name": "service"}],
        # Relative to the address of the document, so it also works under the prefix of a gateway's stage.
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
    if caller := CALLERS.get(auth):
        made["components"]["securitySchemes"][CALLER] = caller
        for operation in (one for operations in made["paths"].values() for one in operations.values()):
            if "security" in operation:
                operation["security"] = [{KEY: [], CALLER: []}]
                operation["responses"]["401"] = PROBLEMS[401]
    # FastAPI adds a 422 to every route with a parameter. This route answers 404 instead.
    made["paths"]["/results/{id}"]["get"]["responses"].pop("422", None)
    uploads = made["paths"]["/uploads"]["post"]["parameters"]
    uploads[0]["schema"] |= SIZE
    table, answer = _example()
    diagnosis, signal = (made["paths"][path]["post"] for path in ("/diagnosis", "/signal"))
    stretch = made["paths"]["/results/{id}/signal"]["get"]["parameters"][1:]
    for parameter in (*diagnosis["parameters"], *signal["parameters"], *uploads[1:], *stretch):
        # FastAPI describes an optional parameter as "value or null". In a query it is left out, never null.
        parameter["schema"] = {**parameter["schema"]["anyOf"][0], **PARAMETERS.get(parameter["name"], {})}
    # Both routes have the same body, and get_openapi copies no dictionary.
    signal["requestBody"] = deepcopy(signal["requestBody"])
    diagnosis["requestBody"]["content"]["text/csv"]["example"] = table
    diagnosis["responses"]["200"]["content"][JSON]["example"] = answer
    return made

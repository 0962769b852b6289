"""The Lambda function of the HTTP service: an event of a gateway -> the app -> the gateway's answer.

It takes events of a REST API (v1), an HTTP API (v2) and a function URL. The model is loaded at import.
"""

import os
import re
from typing import Any

import pybase64
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from ecg_core.errors import EcgError, InternalError
from functions.api.deferred_models import deferred_models
from functions.cold_start import quick_start

with quick_start(), deferred_models():
    from functions import log
    from functions.api.app import app
    from functions.api.edge import TLS_HEADERS
    from functions.api.negotiation import FHIR, SVG
    from functions.api.problems import PROBLEM, BodyNotBase64
    from functions.metrics import metrics

# Characters that no text file holds: control characters, surrogates, and U+FFFD, which replaces a byte that was lost.
_BINARY = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
# Mangum fails if these headers are invalid. No answer depends on them, so they are left out.
_UNUSED_HEADERS = ("host", "x-forwarded-port")
# The path that a custom domain maps to the API, such as /ecg. Empty without one.
_BASE_PATH = os.environ.get("API_BASE_PATH", "").rstrip("/")

_adapter = Mangum(
    app,
    # "on" would run startup and shutdown at every invocation.
    lifespan="off",
    # This list replaces Mangum's defaults. An answer of any other type is sent as base64.
    text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, PROBLEM, FHIR, SVG],
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers one event of a gateway. Raises ValueError for an event that is no HTTP request."""
    if "requestContext" not in event:
        raise ValueError("This event is no HTTP request: the drop has a function of its own.")
    try:
        return _adapter({**event, **_addressed(event), "body": _body(event), "isBase64Encoded": False}, context)
    except EcgError as error:
        gateway = event["requestContext"].get("requestId")
        about = {"request_id": context.aws_request_id, "gateway_id": gateway}
        log.line("request", **about, status=error.status, code=error.code)
        metrics.refused(error.code)
        return _response(error, context.aws_request_id)
    except Exception as error:
        log.fault(error, request_id=context.aws_request_id)
        fault = InternalError("The service met a fault of its own.", "Report it with the request id.")
        return _response(fault, context.aws_request_id)


def _body(event: dict[str, Any]) -> bytes:
    """The bytes of the body. With isBase64Encoded false, Mangum passes them on as they are. Raises BodyNotBase64."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            # For a record of 120 kB: 0.01 ms. The standard library takes 0.5 ms, 5 % of the whole answer.
            return pybase64.b64decode(body, validate=True)
        except ValueError as error:
            raise BodyNotBase64("The body is said to be base64 and is not.") from error
    if _BINARY.search(body):
        raise BodyNotBase64("A binary body came without base64: bytes of it were lost.")
    return str(body).encode()


def _addressed(event: dict[str, Any]) -> dict[str, Any]:
    """The event's headers and path for Mangum: without _UNUSED_HEADERS, the base path, and the stage of an HTTP API."""
    fields: dict[str, Any] = {
        name: {key: value for key, value in (event.get(name) or {}).items() if key.lower() not in _UNUSED_HEADERS}
        for name in ("headers", "multiValueHeaders")
    }
    request = event["requestContext"]
    http, stage = request.get("http"), request.get("stage")
    if http:
        path = _below(str(http["path"]), f"/{stage}" if stage and stage != "$default" else "")
        fields["requestContext"] = {**request, "http": {**http, "path": _below(path, _BASE_PATH)}}
    else:
        fields["path"] = _below(str(event["path"]), _BASE_PATH)
    return fields


def _below(path: str, prefix: str) -> str:
    """The path without the prefix. A path that is not below the prefix stays as it is."""
    below = prefix and (path == prefix or path.startswith(f"{prefix}/"))
    return (path.removeprefix(prefix) or "/") if below else path


def _response(error: EcgError, request_id: str) -> dict[str, Any]:
    """An error as an answer that all three kinds of gateway take, for errors that the app does not see."""
    headers = {"content-type": PROBLEM, "x-request-id": request_id, **TLS_HEADERS}
    return {"statusCode": error.status, "headers": headers, "body": error.to_json().decode(), "isBase64Encoded": False}

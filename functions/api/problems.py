"""Everything that can be wrong with a request, and how an error becomes an answer: application/problem+json (RFC 9457).

What can be wrong with an ECG is in ecg_core.errors.
"""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ecg_core.errors import EcgError, FileTooLarge

PROBLEM = "application/problem+json"
# Retry-After of ServiceBusy. Most records take less than this.
BUSY_SECONDS = 1


class RequestError(EcgError):
    status = 400


class BodyInvalid(RequestError):
    code = "body_invalid"
    default_hint = "Send multipart/form-data as curl's -F file=@PATH does, or the bare file with ?filename=NAME."


class BodyNotBase64(RequestError):
    """A gateway passed a binary body as text, and bytes of it are lost."""

    code = "body_not_base64"
    default_hint = "The gateway must hand binary bodies over in base64: set BinaryMediaTypes to */*."


class BodyTooLarge(FileTooLarge):
    default_hint = "Take POST /uploads for larger files, or send an excerpt: ten seconds of twelve leads are enough."


class RequestInvalid(RequestError):
    code = "request_invalid"
    status = 422
    default_hint = "See /docs for the parameters and their values."


class FileMissing(RequestError):
    code = "file_missing"
    status = 422
    default_hint = "Send each file as a part with the field name file, as curl's -F file=@PATH does."


class NotFound(RequestError):
    code = "not_found"
    status = 404
    default_hint = "See /docs for the addresses."


class ResultNotFound(NotFound):
    code = "result_not_found"
    default_hint = "Ask POST /uploads for an address, send the file there, then ask again."


class MethodNotAllowed(RequestError):
    code = "method_not_allowed"
    status = 405
    default_hint = "See /docs for the methods of this address."


class NotAcceptable(RequestError):
    code = "not_acceptable"
    status = 406
    default_hint = (
        "Accept application/json, application/fhir+json, image/svg+xml, application/dicom or application/hl7-v2."
    )


class RequestTimeout(RequestError):
    code = "request_timeout"
    status = 408
    default_hint = "Send the whole request without a pause, over a faster line."


class ServiceBusy(RequestError):
    code = "service_busy"
    status = 503
    default_hint = "Wait a second and try again."


class UploadsNotConfigured(RequestError):
    code = "uploads_not_configured"
    status = 503
    default_hint = "This service has no buckets: send the file to POST /diagnosis."


class StorageUnavailable(RequestError):
    code = "storage_unavailable"
    status = 503
    default_hint = "Try again in a moment."


def problem(error: EcgError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for an error."""
    return Response(error.to_json(), error.status, {**headers_of(error), **(headers or {})}, PROBLEM)


def headers_of(error: EcgError) -> dict[str, str]:
    """The headers that only this error has."""
    return {"retry-after": str(BUSY_SECONDS)} if isinstance(error, ServiceBusy) else {}


def add_problem_handlers(app: FastAPI) -> None:
    """Makes the app answer every error with a problem. Errors that are none of these reach edge.py."""
    app.add_exception_handler(EcgError, _refused)
    app.add_exception_handler(HTTPException, _unrouted)
    app.add_exception_handler(RequestValidationError, _invalid)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, EcgError)
    # For the log line, which edge.py writes.
    request.state.code = error.code
    return problem(error)


async def _invalid(request: Request, error: Exception) -> Response:
    """Names the parameter, never its value."""
    assert isinstance(error, RequestValidationError)
    names = sorted({str(part["loc"][-1]) for part in error.errors() if part["loc"][0] in ("query", "path")})
    return await _refused(request, RequestInvalid(f"A parameter is not valid: {', '.join(names)}."))


async def _unrouted(request: Request, error: Exception) -> Response:
    """Starlette's own errors: no such route, no such method, a body that cannot be read."""
    assert isinstance(error, HTTPException)
    refusal: EcgError = BodyInvalid("The request cannot be read.")
    if error.status_code == 404:
        refusal = NotFound("Nothing is at this address.")
    elif error.status_code == 405:
        refusal = MethodNotAllowed("This address does not take that method.")
    request.state.code = refusal.code
    return problem(refusal, error.headers)

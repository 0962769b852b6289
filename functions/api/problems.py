"""What can be wrong with a request; what can be wrong with an ECG is in ecg_core.errors."""

from collections.abc import Mapping

from starlette.responses import Response

from ecg_core.errors import EcgError, FileTooLarge

PROBLEM = "application/problem+json"


class RequestError(EcgError):
    status = 400


class BodyInvalid(RequestError):
    code = "body_invalid"
    default_hint = "Send multipart/form-data as curl's -F file=@PATH does, or the bare file with ?filename=NAME."


class BodyNotBase64(RequestError):
    """A gateway handed bytes over as text: some of them are lost."""

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
    default_hint = "Accept application/json, application/fhir+json or image/svg+xml."


class UploadsNotConfigured(RequestError):
    code = "uploads_not_configured"
    status = 503
    default_hint = "This service has no buckets: send the file to POST /diagnosis."


class StorageUnavailable(RequestError):
    code = "storage_unavailable"
    status = 503
    default_hint = "Try again in a moment."


def problem(error: EcgError, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal as application/problem+json (RFC 9457)."""
    return Response(error.to_json(), error.status, headers, PROBLEM)

"""Chooses the form of an answer from the Accept header (RFC 9110, section 12.5)."""

import json
from collections.abc import Sequence

from starlette.responses import Response

from functions.api.problems import NotAcceptable

JSON, FHIR, SVG = "application/json", "application/fhir+json", "image/svg+xml"
# RFC 3240; the name that HAPI gave HL7 v2 in its text form, which has none of its own.
DICOM, HL7 = "application/dicom", "application/hl7-v2"
FORMS = (JSON, FHIR, SVG, DICOM, HL7)
# More entries than a client needs. The rest are not read, so a hostile header costs little.
MAX_ENTRIES = 64


def choose(accept: str | None, forms: Sequence[str] = FORMS) -> str:
    """The acceptable form with the highest quality; of equal ones the first in forms. Raises NotAcceptable."""
    if not accept or not accept.strip():
        return forms[0]
    entries = [_entry(text) for text in accept.split(",")[:MAX_ENTRIES]]
    wanted = {form: _quality(form, entries) for form in forms}
    best = max(forms, key=lambda form: wanted[form])
    if wanted[best] <= 0:
        raise NotAcceptable("None of the forms that were asked for is given here.")
    return best


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(content, ensure_ascii=False, allow_nan=False), status, headers, JSON)


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether the client takes gzip. A client that says nothing takes every encoding."""
    if accept_encoding is None:
        return True
    entries = [_entry(text) for text in accept_encoding.split(",")[:MAX_ENTRIES]]
    return _best(("gzip", "*"), entries) > 0


def _entry(text: str) -> tuple[str, float]:
    """ "image/svg+xml;q=.5" -> ("image/svg+xml", .5)."""
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = float(parameter[2:])
            except ValueError:
                quality = 0.0
    return media, quality if 0 <= quality <= 1 else 0.0


def _quality(form: str, entries: Sequence[tuple[str, float]]) -> float:
    """The quality of a form: that of the most specific entry that matches, 0 if none does."""
    return _best((form, form.split("/")[0] + "/*", "*/*"), entries)


def _best(patterns: Sequence[str], entries: Sequence[tuple[str, float]]) -> float:
    """The quality of the first pattern that is in the entries, 0 without one."""
    for pattern in patterns:
        found = [quality for name, quality in entries if name == pattern]
        if found:
            return max(found)
    return 0.0

"""POST /uploads and GET /results/{id}: records that are too large for POST /diagnosis go through the drop's buckets."""

import json
from typing import Annotated

from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response

from ecg_core.errors import FileTooLarge
from ecg_core.recording import MAX_LARGE_BYTES
from functions import log
from functions.api import openapi
from functions.api.negotiation import JSON
from functions.api.problems import PROBLEM, RequestInvalid, ResultNotFound
from functions.api.storage import PREFIX, UPLOAD_ID, UPLOAD_SECONDS, Storage

# Retry-After of a result that is not there yet.
RETRY_SECONDS = 2
PENDING = b'{"status": "pending"}'


def add_uploads(app: FastAPI, storage: Storage) -> None:
    @app.post(
        "/uploads",
        status_code=201,
        summary="Get an upload address for a file that is too large for POST /diagnosis",
        responses=openapi.answers(
            "Upload", "Where to send the file, and where its result will be.", 403, 413, 422, 429, 500, 503, status=201
        ),
        openapi_extra=openapi.NEEDS_KEY,
        tags=["diagnosis"],
    )
    def uploads(request: Request, size: Annotated[int, Query(description="Size of the file in bytes.")]) -> Response:
        if size < 1:
            raise RequestInvalid("A parameter is not valid: size.")
        if size > MAX_LARGE_BYTES:
            raise FileTooLarge(f"The file is larger than {MAX_LARGE_BYTES / 2**30:g} GB.")
        upload = storage.new_upload(size)
        request.state.record = log.hashed(PREFIX + upload.id)
        address = {"method": "PUT", "url": upload.url, "headers": upload.headers, "expires_in_s": UPLOAD_SECONDS}
        content = {"upload": address, "result": f"results/{upload.id}"}
        return Response(json.dumps(content), 201, media_type=JSON)

    @app.get(
        "/results/{id}",
        summary="Get the result of an upload",
        responses=openapi.RESULT_RESPONSES,
        openapi_extra=openapi.NEEDS_KEY,
        tags=["diagnosis"],
    )
    def results(
        request: Request, id: Annotated[str, Path(json_schema_extra={"pattern": UPLOAD_ID.pattern})]
    ) -> Response:
        if not UPLOAD_ID.fullmatch(id):
            raise ResultNotFound("This is no address of a result.")
        request.state.record = log.hashed(PREFIX + id)
        outcome = storage.outcome(id)
        if outcome is None:
            return Response(PENDING, 202, {"retry-after": str(RETRY_SECONDS)}, JSON)
        refused = outcome.startswith(b'{"type": "urn:ekg:problem:')
        return Response(outcome, media_type=PROBLEM if refused else JSON)

"""Files that are too large for a body: an address to send one to, its result, and its samples."""

from typing import Annotated

from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response

from ecg_core.errors import FileTooLarge
from ecg_core.readers.options import NO_LEAD, Options
from ecg_core.recording import MAX_LARGE_BYTES
from functions import log
from functions.api import openapi
from functions.api.negotiation import JSON, json_response
from functions.api.parameters import FsHz, Gain, Leads, Marks, StretchLengthS, StretchStartS, Units, stretch_of
from functions.api.problems import PROBLEM, RequestInvalid, ResultNotFound
from functions.api.storage import PREFIX, UPLOAD_ID, UPLOAD_SECONDS, Storage
from functions.api.workers import Workers

# Retry-After of a result that is not there yet.
RETRY_SECONDS = 2

UploadId = Annotated[str, Path(json_schema_extra={"pattern": UPLOAD_ID.pattern})]


def add_uploads(app: FastAPI, storage: Storage, workers: Workers) -> None:
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
    def uploads(
        request: Request,
        size: Annotated[int, Query(description="Size of the file in bytes.")],
        fs_hz: FsHz = None,
        units: Units = None,
        leads: Leads = None,
        gain: Gain = None,
    ) -> Response:
        if size < 1:
            raise RequestInvalid("A parameter is not valid: size.")
        if size > MAX_LARGE_BYTES:
            raise FileTooLarge(f"The file is larger than {MAX_LARGE_BYTES / 2**30:g} GB.")
        upload = storage.new_upload(size, _metadata(Options(fs_hz, units, leads, gain)))
        request.state.record = log.hashed(PREFIX + upload.id)
        address = {"method": "PUT", "url": upload.url, "headers": upload.headers, "expires_in_s": UPLOAD_SECONDS}
        return json_response({"upload": address, "result": f"results/{upload.id}"}, 201)

    @app.get(
        "/results/{id}",
        summary="Get the result of an upload",
        responses=openapi.RESULT_RESPONSES,
        openapi_extra=openapi.NEEDS_KEY,
        tags=["diagnosis"],
    )
    def results(request: Request, id: UploadId) -> Response:
        outcome = storage.outcome(_known(id, request))
        if outcome is None:
            return json_response({"status": "pending"}, 202, {"retry-after": str(RETRY_SECONDS)})
        refused = outcome.startswith(b'{"type": "urn:ekg:problem:')
        return Response(outcome, media_type=PROBLEM if refused else JSON)

    @app.get(
        "/results/{id}/signal",
        summary="Get the samples of an upload, to draw them",
        responses=openapi.RESULT_SIGNAL_RESPONSES,
        openapi_extra=openapi.NEEDS_KEY,
        tags=["diagnosis"],
    )
    async def signal(
        request: Request,
        id: UploadId,
        start_s: StretchStartS = None,
        length_s: StretchLengthS = None,
        marks: Marks = None,
    ) -> Response:
        def answer() -> bytes:
            return storage.read(_known(id, request), stretch_of(start_s, length_s, marks))

        return Response(await workers.run(answer, request.receive), media_type=JSON)


def _known(id: str, request: Request) -> str:
    """The id of an upload. Raises ResultNotFound for anything else."""
    if not UPLOAD_ID.fullmatch(id):
        raise ResultNotFound("This is no address of a result.")
    request.state.record = log.hashed(PREFIX + id)
    return id


def _metadata(options: Options) -> dict[str, str]:
    """What the drop reads from the metadata of an object, in canonical spelling: ASCII, as S3 wants it."""
    given = {
        "fs-hz": options.fs_hz,
        "units": options.unit,
        "leads": options.names and ",".join(name or NO_LEAD for name in options.names),
        "gain": options.gain,
    }
    return {name: str(value) for name, value in given.items() if value is not None}

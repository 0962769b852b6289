"""POST /signal: the samples of a record for drawing. It reads the file and classifies nothing.

So a record that cannot be classified can still be looked at, and the answer of /diagnosis stays the one JSON form.
"""

from fastapi import FastAPI, Request
from starlette.responses import Response

from ecg_core.readers import read
from functions.api import openapi
from functions.api.body import body_of, files_of
from functions.api.negotiation import JSON
from functions.api.parameters import (
    Filename,
    FsHz,
    Gain,
    Leads,
    Marks,
    StretchLengthS,
    StretchStartS,
    Units,
    stretch_of,
)
from functions.api.workers import Workers


def add_signal(app: FastAPI, workers: Workers) -> None:
    @app.post(
        "/signal",
        summary="Get the samples of one ECG record, to draw them",
        responses=openapi.SIGNAL_RESPONSES,
        openapi_extra=openapi.DIAGNOSIS_BODY,
        tags=["diagnosis"],
    )
    async def signal(
        request: Request,
        filename: Filename = None,
        fs_hz: FsHz = None,
        units: Units = None,
        leads: Leads = None,
        gain: Gain = None,
        start_s: StretchStartS = None,
        length_s: StretchLengthS = None,
        marks: Marks = None,
    ) -> Response:
        body, content_type = await body_of(request), request.headers.get("content-type", "")

        def answer() -> bytes:
            stretch = stretch_of(start_s, length_s, marks)
            files = files_of(content_type, body, filename)
            recording = read(files, fs_hz=fs_hz, units=units, leads=leads, gain=gain)
            return stretch(recording)

        return Response(await workers.run(answer, request.receive), media_type=JSON)

"""POST /signal: the samples of a record for drawing. It reads the file and classifies nothing.

So a record that cannot be classified can still be looked at, and the answer of /diagnosis stays the one JSON form.
"""

import math
from typing import Annotated

from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from ecg_core.readers import read
from functions.api import openapi
from functions.api.body import body_of, files_of
from functions.api.negotiation import JSON
from functions.api.parameters import Filename, FsHz, Gain, Leads, Units
from functions.api.problems import RequestInvalid
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
        start_s: Annotated[float | None, Query(description="Where to begin, in seconds of the recording.")] = None,
        length_s: Annotated[
            float | None, Query(description="How many seconds. Without it, as many as one answer may hold.")
        ] = None,
        marks: Annotated[
            bool | None,
            Query(description="Also say where P, QRS and T begin and end in each beat. Then at most 120 s are given."),
        ] = None,
    ) -> Response:
        body, content_type = await body_of(request), request.headers.get("content-type", "")

        def answer() -> bytes:
            for name, value in (("start_s", start_s), ("length_s", length_s)):
                if value is not None and not (math.isfinite(value) and value >= 0):
                    raise RequestInvalid(f"A parameter is not valid: {name}.")
            files = files_of(content_type, body, filename)
            recording = read(files, fs_hz=fs_hz, units=units, leads=leads, gain=gain)
            from ecg_core.reports.samples import samples

            return samples(recording, start_s or 0.0, length_s, bool(marks))

        return Response(await workers.run(answer, request.receive), media_type=JSON)

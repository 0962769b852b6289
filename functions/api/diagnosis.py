"""POST /diagnosis: one ECG record -> its classification, in the form that Accept asks for."""

from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from ecg_core import Classifier
from ecg_core.statements import FINDINGS
from functions.api import openapi
from functions.api.body import body_of, files_of
from functions.api.forms import Wishes, written
from functions.api.negotiation import JSON, SVG, choose
from functions.api.parameters import (
    Filename,
    FsHz,
    Gain,
    GainMm,
    LayoutForm,
    Leads,
    Speed,
    StartS,
    Units,
    sheet_of,
)
from functions.api.workers import Workers
from functions.metrics import metrics
from functions.shadow import shadow


def add_diagnosis(app: FastAPI, classifier: Classifier, workers: Workers) -> None:
    @app.post(
        "/diagnosis",
        summary="Classify one ECG record",
        responses=openapi.DIAGNOSIS_RESPONSES,
        openapi_extra=openapi.DIAGNOSIS_BODY,
        tags=["diagnosis"],
    )
    async def diagnosis(
        request: Request,
        filename: Filename = None,
        fs_hz: FsHz = None,
        units: Units = None,
        leads: Leads = None,
        gain: Gain = None,
        explain: Annotated[
            bool | None,
            Query(description="Also explain where in the ECG the network looks; takes 0.2 s more. JSON and SVG only."),
        ] = None,
        statements: Annotated[
            Literal["findings", "all"] | None,
            Query(description="Which statements are given: those that matter (default), or all that are published."),
        ] = None,
        bundle: Annotated[
            bool | None, Query(description="FHIR only: a transaction Bundle that a FHIR server can store.")
        ] = None,
        speed: Speed = None,
        gain_mm: GainMm = None,
        layout: LayoutForm = None,
        start_s: StartS = None,
    ) -> Response:
        body, headers = await body_of(request), request.headers

        def answer() -> tuple[bytes, str]:
            files = files_of(headers.get("content-type", ""), body, filename)
            wishes = Wishes(bool(bundle), sheet_of(speed, gain_mm, layout, start_s), start_s or 0.0)
            form = choose(",".join(headers.getlist("accept")))
            result = classifier.classify(
                files,
                fs_hz=fs_hz,
                units=units,
                leads=leads,
                gain=gain,
                # The other forms have no place for it.
                explain=bool(explain) and form in (JSON, SVG),
                statements=statements or FINDINGS,
            )
            metrics.classified(result.diagnosis, result.probabilities)
            shadow.compare(result)
            return written(result, form, wishes), form

        content, form = await workers.run(answer, request.receive)
        return Response(content, media_type=form)

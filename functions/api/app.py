"""The routes, and the headers that only one route sets. What an ECG says is the work of ecg_core.

Limits, security headers and the log are in edge.py, bodies in body.py, errors in problems.py.
"""

from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from ecg_core import Classifier, __version__
from ecg_core.classification import DISCLAIMER
from ecg_core.model.classifier import default_classifier
from ecg_core.statements import FINDINGS
from functions.api import assets, docs, openapi, page
from functions.api.body import body_of, files_of
from functions.api.capacity import Capacity
from functions.api.edge import Edge
from functions.api.metrics import MEDIA_TYPE, Metrics
from functions.api.negotiation import FHIR, JSON, SVG, choose, json_response
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
from functions.api.problems import NotFound, RequestInvalid, add_problem_handlers
from functions.api.settings import Settings
from functions.api.signal import add_signal
from functions.api.storage import Storage
from functions.api.uploads import add_uploads
from functions.api.workers import Workers
from functions.metrics import metrics
from functions.shadow import shadow

GREETING = '{"message": "EKG-Klassifikations-API läuft"}'.encode()


def create_app(settings: Settings, classifier: Classifier) -> FastAPI:
    app = FastAPI(
        title=openapi.TITLE,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # A redirect to the path with or without a slash would lose the prefix of a gateway's stage.
        redirect_slashes=False,
    )
    uploads_possible = bool(settings.inbox and settings.results)
    capacity = None if settings.alone else Capacity(settings.limits)
    # Lambda has metrics of its own, and many processes.
    counts = None if settings.alone else Metrics()
    app.add_middleware(
        Edge,
        max_body_bytes=settings.max_body_bytes,
        uploads=uploads_possible,
        capacity=capacity,
        # On Lambda, every way in speaks TLS only.
        tls=settings.alone,
        counts=counts,
    )
    add_problem_handlers(app)
    workers = Workers(settings.alone)
    _add_diagnosis(app, classifier, workers)
    add_signal(app, workers)
    add_uploads(app, Storage(settings), workers)
    _add_service(app, classifier, settings.max_body_bytes)
    _add_documentation(app, settings.auth)
    page.add_page(app, settings)
    if counts:
        _add_metrics(app, counts)
    return app


def _add_diagnosis(app: FastAPI, classifier: Classifier, workers: Workers) -> None:
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
        speed: Speed = None,
        gain_mm: GainMm = None,
        layout: LayoutForm = None,
        start_s: StartS = None,
    ) -> Response:
        body, headers = await body_of(request), request.headers

        def answer() -> tuple[bytes, str]:
            files = files_of(headers.get("content-type", ""), body, filename)
            sheet = sheet_of(speed, gain_mm, layout, start_s)
            form = choose(",".join(headers.getlist("accept")))
            result = classifier.classify(
                files,
                fs_hz=fs_hz,
                units=units,
                leads=leads,
                gain=gain,
                explain=bool(explain) and form != FHIR,
                statements=statements or FINDINGS,
            )
            metrics.classified(result.diagnosis, result.probabilities)
            shadow.compare(result)
            if form == FHIR:
                from ecg_core.reports.fhir import diagnostic_report

                return diagnostic_report(result), form
            if form == SVG:
                from ecg_core.reports.svg import plot

                if start_s and start_s >= result.recording.duration_s:
                    raise RequestInvalid("The recording ends before start_s.")
                return plot(result.recording, result, start_s or 0.0, sheet), form
            return result.to_json(), form

        content, form = await workers.run(answer, request.receive)
        return Response(content, media_type=form)


def _add_service(app: FastAPI, classifier: Classifier, max_body_bytes: int) -> None:
    local = {"local_calibration": classifier.local.to_dict()} if classifier.local else {}
    card = {**classifier.card, **local, "limits": {"max_body_bytes": max_body_bytes}, "disclaimer": DISCLAIMER}
    identity = classifier.identity.to_dict()

    @app.get("/", summary="Greeting", responses=openapi.answers("Greeting", "The service runs."), tags=["service"])
    async def root() -> Response:
        return Response(GREETING, media_type=JSON)

    @app.get("/model", summary="Get the model card as data", responses=openapi.MODEL, tags=["service"])
    async def model() -> Response:
        return json_response(card)

    @app.get(
        "/health",
        summary="Is the service ready, and with which model?",
        responses=openapi.answers("Health", "The service is ready."),
        tags=["service"],
    )
    async def health() -> Response:
        return json_response({"status": "ready", "version": __version__, "model": identity})


def _add_documentation(app: FastAPI, auth: str) -> None:
    def described() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.document(app, auth)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    def openapi_json() -> Response:
        return json_response(app.openapi())

    @app.get("/docs", include_in_schema=False)
    async def docs_page() -> Response:
        return Response(
            docs.page(), headers={"content-security-policy": docs.CONTENT_SECURITY_POLICY}, media_type="text/html"
        )

    @app.get("/docs/{name}", include_in_schema=False)
    def docs_asset(name: str, request: Request) -> Response:
        if name not in docs.ASSETS:
            raise NotFound("No such asset.")
        return assets.answer(docs.asset(name), request)


def _add_metrics(app: FastAPI, counts: Metrics) -> None:
    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(counts.text(), media_type=MEDIA_TYPE)


app = create_app(Settings.of(), default_classifier())

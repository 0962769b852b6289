"""moto's server over HTTP, behind a layer that fails in the ways of S3 and in worse ones."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.s3_drop.cloud import Cloud, furnished

# A fault gives an answer in place of the real one.
Fault = Callable[[Request, Callable[[], Response]], Response]
Rule = Callable[[Request], Fault | None]


def problem(status: int, code: str) -> Fault:
    """S3 refuses; nothing was done."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return lambda request, carry_out: Response(body, status, content_type="application/xml")


SLOW_DOWN, INTERNAL = problem(503, "SlowDown"), problem(500, "InternalError")
DENIED, BUSY = problem(403, "AccessDenied"), problem(409, "ConditionalRequestConflict")


def lost(request: Request, carry_out: Callable[[], Response]) -> Response:
    """S3 carries out the request and answers with an error."""
    carry_out()
    return INTERNAL(request, carry_out)


def torn(request: Request, carry_out: Callable[[], Response]) -> Response:
    """The connection ends in the middle of the body."""
    answer = carry_out()
    data = answer.get_data()
    if request.method != "GET" or answer.status_code != 200 or len(data) < 2:
        return INTERNAL(request, carry_out)
    headers = [(name, value) for name, value in answer.headers if name != "Content-Length"]
    half = iter([data[: len(data) // 2]])
    return Response(half, answer.status_code, [*headers, ("Content-Length", str(len(data)))])


def without_list(request: Request) -> Fault | None:
    """What a role without s3:ListBucket sees: 403 for a key that is not there."""

    def hidden(request: Request, carry_out: Callable[[], Response]) -> Response:
        answer = carry_out()
        return DENIED(request, carry_out) if answer.status_code == 404 else answer

    return hidden if request.method in ("GET", "HEAD") else None


_one_at_a_time = Lock()


class Layer:
    """rules: asked in turn; the first fault counts. Only requests to S3 are put to them.

    One request at a time reaches moto, however many of its servers there are: where S3 compares and writes in one step,
    it looks first and writes then, and so do its queues.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.faults = self.calls = 0
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)

        def carry_out() -> Response:
            return Response.from_app(self._moto, environ, buffered=True)

        fault: Fault | None = None
        with _one_at_a_time:
            if "/s3/" in request.headers.get("Authorization", ""):
                self.calls += 1
                fault = next((fault for rule in self.rules if (fault := rule(request))), None)
                self.faults += fault is not None
            answer = fault(request, carry_out) if fault else carry_out()
        return answer(environ, start_response)


def at_random(share: float, seed: int) -> Rule:
    """For a share of all calls: throttled, refused, carried out with an error as answer, cut off, equally often."""
    chance = random.Random(seed)
    faults: list[Fault] = [SLOW_DOWN, INTERNAL, lost, torn]
    return lambda request: chance.choice(faults) if chance.random() < share else None


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextmanager
def served(layer: Layer) -> Iterator[str]:
    """The address of the layer."""
    server = make_server("127.0.0.1", 0, layer, threaded=True, request_handler=_Silent)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def faulty_cloud(visibility_s: int = 30, notified: bool = True) -> Iterator[tuple[Cloud, Layer]]:
    """A cloud, and the layer through which everybody speaks to it."""
    layer = Layer()
    with served(layer) as endpoint:
        yield furnished(endpoint, visibility_s, notified), layer

"""The middleware around every request.

It enforces the limits of the body, sets the security headers and x-request-id, answers HEAD as GET, writes the log
line, and turns an unexpected error into a 500.
"""

import time
from asyncio import CancelledError
from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecg_core.errors import EcgError, FileTooLarge, InternalError
from functions import log
from functions.api.capacity import Capacity, Held
from functions.api.metrics import Metrics
from functions.api.problems import BodyTooLarge, RequestInvalid, RequestTimeout, problem
from functions.metrics import metrics

# Answers contain no scripts and load nothing. Only the page /docs needs another policy; its route in app.py sets it.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
# Set on every answer, unless its route has set the header already.
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
# For a service that is reached over TLS only, as on Lambda. The server of `make run` speaks HTTP.
TLS_HEADERS = {**SECURITY_HEADERS, "strict-transport-security": "max-age=31536000"}
# Its time is a metric. All other answers take a millisecond or wait for S3.
DIAGNOSIS = "/diagnosis"
# Any other method is free text from the sender. It is logged as "?".
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Maximum digits of a Content-Length. 16 digits would mean a petabyte or more.
MAX_DIGITS = 15
# Many clients read the answer only after they have sent the whole body. So the rest of a body that is too large is read
# and discarded, up to this size.
MAX_DISCARDED_BYTES = 100_000_000
# Answers are passed to the server in pieces of this size. So little of an answer waits in memory for a slow client.
PIECE_BYTES = 65_536


class Edge:
    """ASGI middleware. HEAD is answered as GET; the server removes the body.

    max_body_bytes: a larger body is refused before it is parsed. uploads: whether the refusal mentions POST /uploads.
    capacity: None if this process serves one request at a time and gets the whole body at once. tls: whether every
    request comes over TLS. counts: of requests, for Prometheus.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body_bytes: int,
        uploads: bool,
        capacity: Capacity | None,
        tls: bool = False,
        counts: Metrics | None = None,
    ) -> None:
        self.app = app
        self.counts = counts
        self.headers = TLS_HEADERS if tls else SECURITY_HEADERS
        self.max_body_bytes = max_body_bytes
        self.capacity = capacity
        self.too_large = BodyTooLarge if uploads else FileTooLarge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        scope = {**scope, "method": "GET"} if method == "HEAD" else scope
        exchange = _Exchange(scope, receive, send, self.max_body_bytes, self.too_large, self.capacity, self.headers)
        start = time.perf_counter()
        try:
            try:
                exchange.check()
                await self.app(scope, exchange.receive, exchange.send)
            except EcgError as error:
                await exchange.refuse(error)
            except (ClientDisconnect, CancelledError):
                exchange.code = "client_disconnected"
            except Exception as error:
                log.fault(error, request_id=exchange.request_id)
                await exchange.refuse(
                    InternalError("The service met a fault of its own.", "Report it with the request id.")
                )
        finally:
            exchange.close()
            route = scope.get("route")
            code = scope.get("state", {}).get("code") or exchange.code
            seconds = time.perf_counter() - start
            ms = round(seconds * 1000, 2)
            if self.counts:
                self.counts.count(getattr(route, "path", None), exchange.status, code, seconds)
            log.line(
                "request",
                request_id=exchange.request_id,
                method=method if method in METHODS else "?",
                route=getattr(route, "path", None),
                status=exchange.status,
                code=code,
                received_bytes=exchange.received,
                sent_bytes=exchange.sent,
                ms=ms,
                **_related(scope),
            )
            if getattr(route, "path", None) == DIAGNOSIS:
                metrics.worked(ms, code)
            elif code:
                metrics.refused(code)


def _related(scope: Scope) -> dict[str, str]:
    """What relates this log line to others: the gateway's id to its access log, the record to the lines of the drop."""
    gateway = scope.get("aws.event", {}).get("requestContext", {}).get("requestId")
    found = {"gateway_id": gateway, "record": scope.get("state", {}).get("record")}
    return {name: str(value) for name, value in found.items() if value}


class _Exchange:
    """One request and its answer: counts bytes, and keeps the status and refusal code for the log line."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        limit: int,
        too_large: type[EcgError],
        capacity: Capacity | None,
        headers: Mapping[str, str],
    ) -> None:
        self._added = headers
        self._scope, self._receive, self._send = scope, receive, send
        self._limit, self._error = limit, too_large
        self._in_pieces = capacity is not None
        self._headers = Headers(scope=scope)
        # Whether the whole body has arrived.
        self._ended = not {"content-length", "transfer-encoding"} & set(self._headers)
        self._held = Held(capacity) if capacity and not self._ended else None
        self._late = False
        # The client sends the body only after "100 Continue". The server sends that at the first call of its receive().
        self._waits = self._headers.get("expect", "").lower() == "100-continue"
        # On Lambda: its own request id, which its other log lines have too.
        self.request_id = str(getattr(scope.get("aws.context"), "aws_request_id", None) or uuid4())
        self.status: int | None = None
        self.code: str | None = None
        self.received = self.sent = 0

    def check(self) -> None:
        """Raises RequestInvalid if Content-Length is not a number, BodyTooLarge above the limit, ServiceBusy."""
        announced = self._headers.get("content-length", "0")
        if not (announced.isascii() and announced.isdigit()):
            raise RequestInvalid("The Content-Length is no number.")
        if len(announced) > MAX_DIGITS or int(announced) > self._limit:
            raise self._too_large()
        if self._held:
            self._held.enter(int(announced))

    def _too_large(self) -> EcgError:
        return self._error(f"The request is larger than {self._limit / 1e6:g} MB.")

    async def receive(self) -> Message:
        """The app's receive(). Raises BodyTooLarge at the first byte above the limit, RequestTimeout, ServiceBusy."""
        message = await self._next()
        if self.received > self._limit:
            raise self._too_large()
        if self._held:
            self._held.keep(len(message.get("body", b"")))
        return message

    async def _next(self) -> Message:
        self._waits = False
        try:
            held = None if self._ended else self._held
            message = await (held.receive(self._receive) if held else self._receive())
        except RequestTimeout:
            self._late = True
            raise
        self.received += len(message.get("body", b""))
        self._ended = self._ended or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The app's send(). Adds x-request-id and the security headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            for name, value in self._added.items():
                headers.setdefault(name, value)
            if not await self._discarded():
                headers["connection"] = "close"
            await self._send(message)
            return
        body = message.get("body", b"")
        self.sent += len(body)
        if not self._in_pieces:
            await self._send(message)
            return
        for start in range(0, len(body) or 1, PIECE_BYTES):
            more = start + PIECE_BYTES < len(body) or message.get("more_body", False)
            await self._send({**message, "body": body[start : start + PIECE_BYTES], "more_body": more})

    async def _discarded(self) -> bool:
        """Reads and discards the rest of the body. False: more may come, so the connection must be closed."""
        if self._held:
            self._held.drop()
        while not (self._ended or self._late or self._waits) and self.received < MAX_DISCARDED_BYTES:
            with suppress(RequestTimeout):
                await self._next()
        return self._ended

    def close(self) -> None:
        """Releases everything that is held for this request."""
        if self._held:
            self._held.close()

    async def refuse(self, error: EcgError) -> None:
        """Sends the error, unless an answer has already begun."""
        self.code = error.code
        if self.status is None:
            await problem(error)(self._scope, self._receive, self.send)

"""The middleware around every request.

It enforces the limit of the body, sets the security headers and x-request-id, answers HEAD as GET, writes the log line,
and turns an unexpected error into a 500.
"""

import time
from asyncio import CancelledError
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecg_core.errors import EcgError, FileTooLarge, InternalError
from functions import log
from functions.api.problems import BodyTooLarge, RequestInvalid, problem

# Answers hold no scripts and load nothing. Only the page of /docs needs another policy; its route in app.py sets it.
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
# Set on every answer, unless its route has set the header already.
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
# Any other method is text that the sender chose. It is logged as "?".
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Digits of a Content-Length. 16 digits would be a petabyte or more.
MAX_DIGITS = 15
# Many clients read the answer only after they have sent the whole body. So a body that is too large is read and thrown
# away, up to this size.
MAX_DISCARDED_BYTES = 100_000_000


class Edge:
    """ASGI middleware. HEAD is answered as GET; the server leaves the body out.

    max_body_bytes: a larger body is refused before it is parsed. uploads: whether the refusal names POST /uploads.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, uploads: bool) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.too_large = BodyTooLarge if uploads else FileTooLarge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        scope = {**scope, "method": "GET"} if method == "HEAD" else scope
        exchange = _Exchange(scope, receive, send, self.max_body_bytes, self.too_large)
        start = time.perf_counter()
        try:
            try:
                await exchange.check_length()
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
            route = scope.get("route")
            log.line(
                "request",
                request_id=exchange.request_id,
                method=method if method in METHODS else "?",
                route=getattr(route, "path", None),
                status=exchange.status,
                code=scope.get("state", {}).get("code") or exchange.code,
                received_bytes=exchange.received,
                sent_bytes=exchange.sent,
                ms=round((time.perf_counter() - start) * 1000, 2),
            )


class _Exchange:
    """One request and its answer: counts bytes, knows the status and the code of a refusal for the log line."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int, too_large: type[EcgError]) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._limit, self._error = limit, too_large
        # On Lambda its own request id, which its other log lines carry too.
        self.request_id = str(getattr(scope.get("aws.context"), "aws_request_id", None) or uuid4())
        self.status: int | None = None
        self.code: str | None = None
        self.received = self.sent = 0

    async def check_length(self) -> None:
        """Raises BodyTooLarge if Content-Length is above the limit, RequestInvalid if it is no number."""
        announced = Headers(scope=self._scope).get("content-length", "0")
        if not (announced.isascii() and announced.isdigit()):
            raise RequestInvalid("The Content-Length is no number.")
        if len(announced) > MAX_DIGITS or int(announced) > self._limit:
            await self._discard()
            raise self._too_large()

    def _too_large(self) -> EcgError:
        return self._error(f"The request is larger than {self._limit / 1e6:g} MB.")

    async def _discard(self) -> None:
        """Reads the rest of the body and throws it away."""
        while self.received < MAX_DISCARDED_BYTES:
            message = await self._receive()
            self.received += len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body"):
                break

    async def receive(self) -> Message:
        """The app's receive(). Raises BodyTooLarge at the first byte above the limit."""
        message = await self._receive()
        self.received += len(message.get("body", b""))
        if self.received > self._limit:
            if message.get("more_body"):
                await self._discard()
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """The app's send(). Adds x-request-id and the security headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        else:
            self.sent += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, error: EcgError) -> None:
        """Answers with the problem, unless an answer has begun already."""
        self.code = error.code
        if self.status is None:
            await problem(error)(self._scope, self._receive, self.send)

"""One client connection to the local service: its limits, and its turn among the other connections.

uvicorn's own class answers the requests. functions/serve.py starts the server.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ecg_core.errors import EcgError
from functions import log
from functions.api.edge import SECURITY_HEADERS
from functions.api.problems import PROBLEM, BodyInvalid, RequestTimeout, ServiceBusy, headers_of

# A process on macOS may open 256 files, and the service needs some for itself.
MAX_CONNECTIONS = 200
# Time for the head of a request, from the start of the connection or the end of the last answer. A head has a few
# hundred bytes.
HEAD_SECONDS = 10
# A client that accepts no byte of an answer for this time is considered gone.
SEND_SECONDS = 30
MAX_HEAD_BYTES = 16_384
# Pieces of a body that are read in one turn of the event loop; each takes 0.02 ms. A piece is the content of one
# packet, or one chunk of a body without a length. One packet can hold 40,000 chunks of one byte.
PIECES_A_TURN = 32
# After it sent this much at once, a connection waits for its turn before it is read again. asyncio reads up to 256 kB,
# which takes 0.4 ms. With 100 such connections, other requests would wait 40 ms several times.
LARGE_BYTES = 16_384


class _Http(h11.Connection):
    """Stops after PIECES_A_TURN events. more: whether events are left."""

    left = PIECES_A_TURN
    more = False

    def turn(self) -> None:
        self.left, self.more = PIECES_A_TURN, False

    def next_event(self) -> Any:
        if not self.left:
            self.more = True
            return h11.NEED_DATA
        self.left -= 1
        return super().next_event()


class _Flow(FlowControl):
    """Stops reading while the connection waits for its turn. slow_since: since when the client has not read."""

    waits = False
    slow_since: float | None = None
    _wanted = True

    def wait(self) -> None:
        self._wanted = not self.read_paused
        self.pause_reading()
        self.waits = True

    def go_on(self) -> None:
        self.waits = False
        if self._wanted:
            self.resume_reading()

    def resume_reading(self) -> None:
        self._wanted = True
        if not self.waits:
            super().resume_reading()


class Turns:
    """The connections that have much to read. Each turn of the event loop serves one of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Connection] = deque()

    def add(self, connection: "Connection") -> None:
        self._waiting.append(connection)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        connection = self._waiting.popleft()
        if self._waiting:
            self._loop.call_soon(self._next)
        connection.read_on()


class Connection(H11Protocol):
    """One connection of a client."""

    conn: _Http
    flow: _Flow
    # Time of the connection's start or of the end of its last answer.
    since = 0.0
    answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.conn = _Http(h11.SERVER, MAX_HEAD_BYTES)
        self.flow = _Flow(transport)
        self.since = self.loop.time()
        if len(self.connections) > MAX_CONNECTIONS:
            others = [
                other for other in connections_of(self.server_state) if other is not self and other.waits_for_a_head
            ]
            # Refuse the idle connection that is oldest. If no connection is idle, refuse the new one.
            longest = min(others, key=lambda other: other.since, default=self)
            longest.refuse(ServiceBusy("The service has as many connections as it can hold."))

    @property
    def waits_for_a_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def handle_events(self) -> None:
        if self.flow.waits or self.transport.is_closing():
            return
        answered, self.answered = self.answered, False
        if answered and self.conn.trailing_data[0]:
            # The next request has already arrived. It waits for a turn, so that one client cannot block the event loop.
            self._wait()
            return
        self.conn.turn()
        super().handle_events()
        if self.conn.more:
            self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(data) > LARGE_BYTES and not self.flow.waits:
            self._wait()

    def _wait(self) -> None:
        """Stops reading until it is this connection's turn."""
        self.flow.wait()
        turns: Turns = self.server_state.turns  # type: ignore[attr-defined]
        turns.add(self)

    def read_on(self) -> None:
        """Called when it is this connection's turn: reads again."""
        self.flow.go_on()
        self.handle_events()

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        self.answered = True
        super().on_response_complete()
        self.answered = False

    def pause_writing(self) -> None:
        self.flow.slow_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.flow.slow_since = None
        super().resume_writing()

    def check(self, now: float) -> None:
        """Ends the connection if its client is too slow."""
        slow_since = self.flow.slow_since
        if slow_since is not None and now - slow_since > SEND_SECONDS:
            self.transport.abort()
        elif self.waits_for_a_head and now - self.since > HEAD_SECONDS:
            if self.transport.is_closing():
                self.transport.abort()
            elif self.conn.trailing_data[0]:
                self.refuse(RequestTimeout("The head of the request came too slowly."))
            else:
                self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self.refuse(BodyInvalid("The request cannot be read."))

    def refuse(self, error: EcgError) -> None:
        """Sends the error, unless an answer has begun, and closes the connection."""
        if self.waits_for_a_head or not self.cycle.response_started:
            log.line("connection", status=error.status, code=error.code)
            body = error.to_json()
            headers = {
                "content-type": PROBLEM,
                "content-length": str(len(body)),
                "connection": "close",
                **SECURITY_HEADERS,
                **headers_of(error),
            }
            lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()


def connections_of(state: ServerState) -> list[Connection]:
    return [connection for connection in state.connections if isinstance(connection, Connection)]

"""Clients that are slow or wasteful on purpose, in a process of their own: python -m tests.api.hostile half_sent PORT

Each connection is kept until the process ends.
"""

import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

CLIENTS = 100
POST = b"POST /diagnosis HTTP/1.1\r\nHost: x\r\n"


def half_sent(connection: socket.socket) -> None:
    connection.sendall(POST + b"Content-Length: 24000000\r\n\r\n")
    connection.sendall(bytes(8_000_000))


def chunks_of_one_byte(connection: socket.socket) -> None:
    connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    connection.sendall(b"1\r\nx\r\n" * 200_000)


def form_of_near_boundaries(connection: socket.socket) -> None:
    """A body that takes the parser of forms a microsecond for each byte."""
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body = part + b"\r\n--bx" * 500_000 + b"\r\n--b--\r\n"
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n"
    connection.sendall(POST + kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def half_a_head(connection: socket.socket) -> None:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")


def unread_answer(connection: socket.socket) -> None:
    connection.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 20)


def requests_ahead(connection: socket.socket) -> None:
    """No answer is read, and more requests come than the server can begin."""
    connection.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 130_000)


ATTACKS: dict[str, Callable[[socket.socket], None]] = {
    attack.__name__: attack
    for attack in (half_sent, chunks_of_one_byte, form_of_near_boundaries, half_a_head, unread_answer, requests_ahead)
}


def main(name: str, port: int) -> None:
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CLIENTS)]

    def attacked(connection: socket.socket) -> None:
        with suppress(OSError):
            ATTACKS[name](connection)

    for connection in connections:
        Thread(target=attacked, args=(connection,), daemon=True).start()
    print("attacks", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

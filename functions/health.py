"""Whether the service on this machine answers GET /health."""

import http.client

from functions.address import HOST, PORT

TIMEOUT_S = 3


def healthy(host: str = HOST, port: int = PORT) -> bool:
    # A service on all interfaces answers on the loopback interface too.
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

"""The HTTP service on a laptop or on premise: python -m functions.serve --host 127.0.0.1 --port 8000

uvicorn with limits: for connections in connection.py, for bodies in api/capacity.py. Lambda does not use this module.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import uvicorn

from functions.address import HOST, PORT
from functions.connection import Connection, Turns, connections_of

# Connections that are accepted in one turn of the event loop.
BACKLOG = 64
KEEP_ALIVE_SECONDS = 5
# A thread that runs Python code must release the interpreter after this time. With Python's default of 5 ms, one
# request could delay the event loop several times by 5 ms.
SWITCH_SECONDS = 0.0005


class Server(uvicorn.Server):
    """uvicorn's server. Once a second it checks for slow clients."""

    async def startup(self, sockets: Any = None) -> None:
        self.server_state.turns = Turns(asyncio.get_running_loop())  # type: ignore[attr-defined]
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            for connection in connections_of(self.server_state):
                connection.check(connection.loop.time())
        return await super().on_tick(counter)


def server(app: Any, host: str, port: int, log_level: str = "info") -> Server:
    """A server of the app, not yet started. app: an ASGI app, or its import path."""
    return Server(
        uvicorn.Config(
            app,
            host,
            port,
            http=Connection,
            ws="none",
            lifespan="off",
            access_log=False,
            log_level=log_level,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            # After Ctrl+C, open connections have this much time to finish.
            timeout_graceful_shutdown=2,
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args(arguments)
    sys.setswitchinterval(SWITCH_SECONDS)
    server("functions.api.app:app", given.host, given.port).run()


if __name__ == "__main__":
    main()

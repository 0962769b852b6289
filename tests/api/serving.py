"""A real server for a test: uvicorn in a thread, on a port of its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from ecg_core.model.classifier import default_classifier
from functions.api.app import create_app
from functions.api.settings import Settings

START_SECONDS = 20


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Starts the service and yields its address."""
    config = uvicorn.Config(
        create_app(settings, default_classifier()), host="127.0.0.1", port=0, access_log=False, log_level="warning"
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server takes too long to start"
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)

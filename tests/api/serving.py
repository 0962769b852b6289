"""A real server for a test: in a thread on a port of its own, or in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from ecg_core.model.classifier import default_classifier
from functions.api.app import create_app
from functions.api.settings import Settings
from functions.serve import server
from tests.conftest import ROOT

START_SECONDS = 20


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Starts the service and yields its address."""
    with serving_app(create_app(settings, default_classifier())) as address:
        yield address


@contextmanager
def serving_app(app: Any) -> Iterator[str]:
    """Starts an ASGI app and yields its address."""
    made = server(app, "127.0.0.1", 0, log_level="critical")
    thread = Thread(target=made.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not made.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server takes too long to start"
        time.sleep(0.01)
    try:
        port = made.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        made.should_exit = True
        thread.join(START_SECONDS)


@dataclass(frozen=True)
class Process:
    """A server in a process of its own, as `make run` starts it."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def own_process(port: int) -> Iterator[Process]:
    command = [sys.executable, "-m", "functions.serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            made = Process(port, process)
            deadline = time.monotonic() + START_SECONDS
            while not _answers(made.address):
                assert process.poll() is None, "the server did not start"
                assert time.monotonic() < deadline, "the server takes too long to start"
                time.sleep(0.05)
            yield made
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False

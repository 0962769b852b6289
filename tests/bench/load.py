"""The laptop's service under load: many clients at once for a minute, each with a connection of its own."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Thread
from urllib.request import urlopen

from tests.bench.figures import Figure, milliseconds

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = 50
SECONDS = 60
# After this time buffers and thread stacks no longer grow.
SETTLED_SECONDS = 15


@dataclass(frozen=True)
class Server:
    port: int
    pid: int

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def served() -> Iterator[Server]:
    """The service as `make run` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "functions.serve", "--port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urlopen(f"http://127.0.0.1:{port}/health").close()
                break
            except OSError:
                time.sleep(0.05)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def post(connection: http.client.HTTPConnection, packed: bytes) -> int:
    connection.request("POST", "/diagnosis", packed, {"Content-Type": "application/zip"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def load_figures(packed: bytes, bare: Callable[[], object]) -> list[Figure]:
    """packed: a zip to post. bare: runs the model alone, in this process."""
    with served() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        warm, alone = [], []
        for _ in range(5):
            warm.append(median(milliseconds(lambda: post(connection, packed), 60)))
            alone.append(median(milliseconds(bare, 60)))
        ratios = [one / other for one, other in zip(warm, alone, strict=True)]
        print(f"warm post to the laptop's service: {median(warm):.1f} ms; the bare ONNX run: {median(alone):.1f} ms")
        times, failures, memory = _crowd(server, packed)
    times.sort()
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    growth = max(memory[len(memory) // 2 :]) / max(memory[: len(memory) // 2])
    print(
        f"{CLIENTS} clients for {SECONDS} s: {len(times) / SECONDS:.0f} answers/s, p50 {p50:.0f} ms, p99 {p99:.0f} ms, "
        f"memory {min(memory):.0f} to {max(memory):.0f} MB"
    )
    return [
        Figure("warm post to the laptop's service / bare ONNX run", median(ratios), (min(ratios), max(ratios)), 2.5),
        Figure(f"{CLIENTS} clients: p99 / p50", p99 / p50, (p99 / p50, p99 / p50), 10),
        Figure(f"{CLIENTS} clients: requests that failed", failures, (failures, failures), 0),
        Figure(f"{CLIENTS} clients: memory, second half / first", growth, (growth, growth), 1.05),
    ]


def _crowd(server: Server, packed: bytes) -> tuple[list[float], int, list[float]]:
    """(milliseconds of the answered, how many failed, memory once a second after it has settled)."""
    times: list[float] = []
    failed: list[str] = []
    end = time.monotonic() + SECONDS

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while time.monotonic() < end:
            start = time.perf_counter()
            try:
                status = post(connection, packed)
            except (OSError, http.client.HTTPException) as error:
                failed.append(type(error).__name__)
                connection.close()
                continue
            if status == 200:
                times.append((time.perf_counter() - start) * 1000)
            else:
                failed.append(str(status))

    threads = [Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    memory = []
    while time.monotonic() < end:
        time.sleep(1)
        if time.monotonic() > end - SECONDS + SETTLED_SECONDS:
            memory.append(server.memory_mb())
    for thread in threads:
        thread.join()
    return times, len(failed), memory

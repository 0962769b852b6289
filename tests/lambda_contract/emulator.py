"""The real Lambda Runtime Interface Emulator, as the aws-sam-cli wheel carries it, around the real runtime client."""

import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
API = "functions.api.handler.handler"
START_SECONDS, INVOKE_SECONDS = 60, 60
# Below the ports that systems give to outgoing connections (Linux: 32768 and above). Each test process has its own
# thousand: between looking for a free port and listening on it, nobody else takes it.
FIRST_PORT, PORTS_OF_A_PROCESS = 20_000, 1_000


def binary() -> Path | None:
    """EKG_RIE, or the one in the venv that `make setup` makes."""
    if configured := os.environ.get("EKG_RIE"):
        return Path(configured)
    name = f"aws-lambda-rie-{ARCHITECTURES.get(platform.machine(), '')}"
    found = sorted(ROOT.glob(f".venv-sam/lib/python*/site-packages/samcli/local/rapid/{name}"))
    return found[0] if found else None


@dataclass(frozen=True)
class Function:
    """A running function. process: the emulator, whose child is the runtime."""

    port: int
    process: "subprocess.Popen[bytes]"
    output: Path

    def invoke(self, event: object) -> Any:
        """What the function returned, or the runtime's error object."""
        address = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        request = Request(address, json.dumps(event).encode())
        try:
            with urlopen(request, timeout=INVOKE_SECONDS) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as refusal:
            return json.loads(refusal.read() or b"null")
        except ConnectionError as reset:
            self.process.poll()
            raise AssertionError(f"{self.process.returncode}: {self.lines()[-20:]}") from reset

    def lines(self) -> list[str]:
        """What function and emulator have written."""
        return self.output.read_text(errors="replace").splitlines()

    def peak_mb(self) -> float:
        """Peak resident memory of the runtime process."""
        status = Path(f"/proc/{_children(self.process.pid)[0]}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024


@contextmanager
def function(
    entry_point: str = API,
    environment: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Iterator[Function]:
    """A function that awaits its first invocation; nothing of this process's environment reaches it."""
    emulator = binary()
    assert emulator is not None, "the emulator is not installed"
    port, runtime_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "emulator"
        program.write_bytes(emulator.read_bytes())
        program.chmod(0o755)
        output = Path(folder) / "output"
        command = [
            *(str(program), "--log-level", "info"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
            *(python, "-m", "awslambdaric", entry_point),
        ]
        lambda_environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "AWS_LAMBDA_FUNCTION_NAME": "api",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            # As the template's LoggingConfig sets them.
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            **(environment or {}),
        }
        with output.open("wb") as written:
            process = subprocess.Popen(command, cwd=ROOT, env=lambda_environment, stdout=written, stderr=written)
        try:
            _await(port, process)
            yield Function(port, process, output)
        finally:
            _end(process)


def _children(pid: int) -> list[int]:
    """Processes that any thread of the emulator has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _end(process: "subprocess.Popen[bytes]") -> None:
    started = _children(process.pid)
    process.kill()
    process.wait()
    for child in started:
        with suppress(ProcessLookupError):
            os.kill(child, 9)


@cache
def _ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST_PORT + worker % 12 * PORTS_OF_A_PROCESS
    return cycle(range(first, first + PORTS_OF_A_PROCESS))


def free_port() -> int:
    """A port on which nobody listens, and which no other test process takes."""
    for port in _ports():
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, "the emulator ended"
        assert time.monotonic() < deadline, "the emulator does not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from ecg_core.cli.examples import examples
from functions.api.settings import Settings
from tests.api.serving import serving


@pytest.fixture(scope="session")
def example() -> dict[str, bytes]:
    """The files of examples/."""
    return examples()


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of a service without buckets."""
    with serving(Settings()) as address:
        yield address


@pytest.fixture
def client(service: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service, timeout=30) as made:
        yield made


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Returns the log lines since its last call. A line is written just after its answer, so it waits for them."""

    def read() -> list[dict[str, Any]]:
        said = ""
        for _ in range(100):
            time.sleep(0.02)
            new = capsys.readouterr().out
            if said and not new:
                break
            said += new
        return [json.loads(line) for line in said.splitlines()]

    return read

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files
from tests.s3_drop.cloud import Cloud, cloud
from tests.s3_drop.function import loaded


@pytest.fixture
def aws() -> Iterator[Cloud]:
    """Buckets and queues of this test alone."""
    with cloud() as made:
        yield made


@pytest.fixture
def function(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """The handler's module, imported with the environment that the function has, and more."""

    def load(**more: str) -> ModuleType:
        return loaded({**aws.environment, **more}, monkeypatch)

    return load


@pytest.fixture(scope="session")
def pair() -> dict[str, bytes]:
    return wfdb_files(synthesize("normal"), "record")


@pytest.fixture(scope="session")
def table() -> bytes:
    return csv_bytes(synthesize("rbbb", fs_hz=100))


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """The function's lines since the last call."""
    import json

    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]

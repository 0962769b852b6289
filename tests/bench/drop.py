"""The function behind the bucket, beside the naive one: cold under the runtime emulator, warm in this process."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch
from urllib.request import urlopen

from ecg_core import classify
from tests.bench.closure import closure, link, requirements
from tests.bench.figures import Figure, milliseconds
from tests.bench.service import LEFT_OUT, NAIVE_REQUIREMENTS, Contender
from tests.lambda_contract.emulator import free_port
from tests.s3_drop.cloud import Cloud, environment, furnished
from tests.s3_drop.events import s3_event, sqs_event
from tests.s3_drop.queue import Context

ROOT = Path(__file__).resolve().parents[2]
COLD_RUNS = 7
WARM_RECORDS = 100
OURS, NAIVE = "functions.s3_drop.handler.handler", "tests.bench.naive_drop.handler"


@contextmanager
def _elsewhere() -> Iterator[Cloud]:
    """moto's server in a process of its own: it must not wait for our interpreter, nor we for it."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urlopen(f"http://127.0.0.1:{port}/moto-api/data.json").close()
                break
            except OSError:
                time.sleep(0.05)
        yield furnished(f"http://127.0.0.1:{port}", notified=False)
    finally:
        process.terminate()
        process.wait()


def _arrived(aws: Cloud, files: Mapping[str, bytes], number: int) -> dict[str, Any]:
    """One more record in the inbox; the event of its two files."""
    keys = {f"{number:05}/{name}": body for name, body in files.items()}
    aws.drop(keys)
    return sqs_event(*map(s3_event, keys))


def _cold(contender: Contender, event: object) -> tuple[float, float]:
    """(seconds from the first invocation, which starts the runtime, to its answer; peak MB after it)."""
    with contender.start() as running:
        start = time.perf_counter()
        answer = running.invoke(event)
        assert answer == {"batchItemFailures": []}, answer
        return time.perf_counter() - start, running.peak_mb()


def drop_figures(weights: Path, files: Mapping[str, bytes]) -> list[Figure]:
    """files: of a WFDB pair."""
    with _elsewhere() as aws, tempfile.TemporaryDirectory() as name:
        return [*_cold_figures(aws, Path(name), weights, files), *_warm_figures(aws, files)]


def _cold_figures(aws: Cloud, folder: Path, weights: Path, files: Mapping[str, bytes]) -> list[Figure]:
    link(closure(requirements(ROOT / "functions" / "requirements.txt")), folder / "ours", LEFT_OUT)
    link(closure(NAIVE_REQUIREMENTS), folder / "naive")
    ours = Contender(OURS, {**aws.environment, "PYTHONPATH": f"{folder / 'ours'}:{ROOT}"})
    naive = Contender(NAIVE, {**aws.environment, "PYTHONPATH": f"{folder / 'naive'}:{ROOT}", "WEIGHTS": str(weights)})
    numbers = iter(range(1000))
    pairs = [
        (_cold(ours, _arrived(aws, files, next(numbers))), _cold(naive, _arrived(aws, files, next(numbers))))
        for _ in range(COLD_RUNS + 1)
    ][1:]
    times = [own[0] / peer[0] for own, peer in pairs]
    memory = [own[1] / peer[1] for own, peer in pairs]
    for who, index in (("ours", 0), ("naive", 1)):
        seconds, peak_mb = median(pair[index][0] for pair in pairs), median(pair[index][1] for pair in pairs)
        print(f"drop: cold start and first record, {who}: {seconds:.2f} s, {peak_mb:.0f} MB")
    return [
        Figure("drop: cold start under the emulator, ours / naive", median(times), (min(times), max(times)), 1 / 6),
        Figure("drop: peak memory after it, ours / naive", median(memory), (min(memory), max(memory)), 1 / 3),
    ]


def _warm_figures(aws: Cloud, files: Mapping[str, bytes]) -> list[Figure]:
    """A pair in one batch, beside `classify` alone plus the time that its calls to S3 took."""
    with patch.dict(os.environ, environment(aws.endpoint)):
        module = import_module("functions.s3_drop.handler")
    spent = [0.0, 0.0]
    ask = module.client._make_api_call

    def timed(operation: str, parameters: dict[str, Any]) -> Any:
        start = time.perf_counter()
        try:
            return ask(operation, parameters)
        finally:
            spent[0] += time.perf_counter() - start
            spent[1] += 1

    ratios, whole, storage, alone = [], [], [], []
    with patch.object(module.client, "_make_api_call", timed), open(os.devnull, "w") as nowhere:  # noqa: PTH123
        for number in range(WARM_RECORDS):
            event = _arrived(aws, files, 10_000 + number)
            spent[:] = [0.0, 0.0]
            start = time.perf_counter()
            with patch.object(sys, "stdout", nowhere):
                assert module.handler(event, Context()) == {"batchItemFailures": []}
            whole.append((time.perf_counter() - start) * 1000)
            storage.append(spent[0] * 1000)
            alone.append(median(milliseconds(lambda: classify(files), 3, warm=1)))
            ratios.append(whole[-1] / (alone[-1] + storage[-1]))
    ratios = sorted(ratios[10:])
    print(
        f"drop: a pair warm {median(whole):.1f} ms, of which {spent[1]:.0f} calls to S3 {median(storage):.1f} ms; "
        f"classify alone {median(alone):.1f} ms"
    )
    spread = (ratios[len(ratios) // 20], ratios[-len(ratios) // 20])
    return [Figure("drop: warm / (classify alone + its calls to S3)", median(ratios), spread, 1.5)]

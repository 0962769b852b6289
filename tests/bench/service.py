"""The deployed function beside the naive one, both under the real runtime emulator."""

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ecg_core.model.classifier import default_classifier
from ecg_core.readers import read
from ecg_core.signal.preparation import prepare
from ecg_core.signal.quality import usable
from tests.bench.closure import closure, link, requirements, size_mb
from tests.bench.figures import Figure, milliseconds
from tests.lambda_contract.emulator import API, Function, function
from tests.lambda_contract.events import event

ROOT = Path(__file__).resolve().parents[2]
COLD_RUNS = 7
WARM_RUNS = 200
NAIVE = "tests.bench.naive_service.handler"
EMPTY = "tests.bench.empty.handler"
NAIVE_REQUIREMENTS = [
    "awslambdaric",
    "boto3",
    "fastapi",
    "mangum",
    "numpy",
    "python-multipart",
    "scipy",
    "torch",
    "wfdb",
]
# The image does not hold it (see functions/Dockerfile). fastapi tries to import it and works without it.
LEFT_OUT = frozenset({"pydantic/v1"})


@dataclass(frozen=True)
class Contender:
    """An entry point and the packages that it may import."""

    entry_point: str
    environment: Mapping[str, str]

    def start(self) -> Any:
        # The interpreter below this venv: it sees no packages but those it is shown.
        return function(
            self.entry_point, self.environment, python=str(getattr(sys, "_base_executable", sys.executable))
        )


def contenders(folder: Path, weights: Path) -> tuple[Contender, Contender]:
    """Ours and the naive one, each with the closure of its own requirements and nothing else."""
    link(closure(requirements(ROOT / "functions" / "requirements.txt")), folder / "ours", LEFT_OUT)
    link(closure(NAIVE_REQUIREMENTS), folder / "naive")
    ours = {"PYTHONPATH": f"{folder / 'ours'}:{ROOT}", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    naive = {"PYTHONPATH": f"{folder / 'naive'}:{ROOT}", "WEIGHTS": str(weights)}
    return Contender(API, ours), Contender(NAIVE, naive)


def cold(contender: Contender, posted: object) -> tuple[float, float]:
    """(seconds from the first invocation, which starts the runtime, to its answer; peak MB after it)."""
    with contender.start() as running:
        start = time.perf_counter()
        _answered(running, posted)
        return time.perf_counter() - start, running.peak_mb()


def _answered(running: Function, posted: object) -> None:
    answer = running.invoke(posted)
    assert answer.get("statusCode") == 200, answer


def lambda_figures(weights: Path, files: Mapping[str, bytes], packed: bytes) -> list[Figure]:
    """Cold start, peak memory and warm time of a posted 12-lead zip."""
    posted = event("rest", "POST", "/diagnosis", packed, {"Content-Type": "application/zip"})
    with tempfile.TemporaryDirectory() as name:
        ours, naive = contenders(Path(name), weights)
        cold(ours, posted), cold(naive, posted)
        pairs = [(cold(ours, posted), cold(naive, posted)) for _ in range(COLD_RUNS)]
        times = [own[0] / peer[0] for own, peer in pairs]
        memory = [own[1] / peer[1] for own, peer in pairs]
        for who, index in (("ours", 0), ("naive", 1)):
            seconds, peak_mb = median(pair[index][0] for pair in pairs), median(pair[index][1] for pair in pairs)
            print(f"cold start and first answer, {who}: {seconds:.2f} s, {peak_mb:.0f} MB")
        prepared = prepare(usable(read(files))[0])
        classifier = default_classifier()
        against_naive, against_model, own_ms, empty_ms = [], [], [], []
        empty = Contender(EMPTY, ours.environment)
        with ours.start() as own, naive.start() as peer, empty.start() as nothing:
            for _ in range(5):
                mine = median(milliseconds(lambda: _answered(own, posted), WARM_RUNS // 5))
                theirs = median(milliseconds(lambda: _answered(peer, posted), WARM_RUNS // 5))
                emulator = median(milliseconds(lambda: _answered(nothing, posted), WARM_RUNS // 5))
                bare = median(milliseconds(lambda: classifier.run(prepared.signal, prepared.lead_mask), WARM_RUNS // 5))
                own_ms.append(mine)
                empty_ms.append(emulator)
                against_naive.append(mine / theirs)
                against_model.append((mine - emulator) / bare)
        print(f"warm post under the emulator: {median(own_ms):.1f} ms, an empty function: {median(empty_ms):.1f} ms")
    return [
        Figure("cold start under the emulator, ours / naive", median(times), (min(times), max(times)), 1 / 6),
        Figure("peak memory after it, ours / naive", median(memory), (min(memory), max(memory)), 1 / 3),
        Figure("warm post, ours / naive", median(against_naive), (min(against_naive), max(against_naive)), 1 / 2),
        Figure(
            "warm post without the emulator's own time / bare ONNX run",
            median(against_model),
            (min(against_model), max(against_model)),
            2.5,
        ),
    ]


def size_figures() -> list[Figure]:
    """What an image holds beside its base: packages, and our own code and model."""
    rooms = [path for room in ("ecg_core", "functions", "artifacts") for path in (ROOT / room).rglob("*")]
    own = sum(path.stat().st_size for path in rooms if path.is_file() and path.suffix != ".pyc") / 1e6
    ours = size_mb(closure(requirements(ROOT / "functions" / "requirements.txt"))) + own
    naive = size_mb(closure(NAIVE_REQUIREMENTS)) + own
    print(f"packages, code and model: ours {ours:.0f} MB before the image leaves parts out, naive {naive:.0f} MB")
    return [Figure("image without its base, ours / naive", ours / naive, (ours / naive, ours / naive), 1 / 4)]

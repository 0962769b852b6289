"""`make bench`: every speed and size that the README states, beside a naive peer in the same run.

With BENCH_GATE=0.5 a ratio worse than the target by more than that factor fails.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from ecg_core import classify
from ecg_core.model.classifier import default_classifier
from ecg_core.readers import read
from ecg_core.recording import MAX_VALUES
from ecg_core.signal.preparation import prepare
from ecg_core.signal.quality import usable
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files
from tests.bench.drop import drop_figures
from tests.bench.figures import Figure, milliseconds
from tests.bench.load import load_figures
from tests.bench.service import lambda_figures, size_figures
from tests.bench.worst import print_worst_inputs

ROOT = Path(__file__).resolve().parents[2]
FRESH_RUNS = 7
WARM_RUNS = 300
BATCH_RECORDS = 1000
OURS = """
import sys, pathlib, ecg_core
path = pathlib.Path(sys.argv[1])
files = {path.name + suffix: path.with_suffix(suffix).read_bytes() for suffix in (".hea", ".dat")}
print(ecg_core.classify(files).to_json().decode())
"""


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def fresh_process(folder: Path) -> list[Figure]:
    """Import and first classification in a new process, ours and the naive peer's in turn."""
    import torch

    from ecg_core.training.networks import build

    members = default_classifier().card["training"]["members"]
    torch.save([build("compact", 78).state_dict() for _ in range(members)], folder / "weights.pt")
    ours = [sys.executable, "-c", OURS, str(folder / "record")]
    naive = [sys.executable, "-m", "tests.bench.naive", str(folder / "weights.pt"), str(folder / "record")]
    seconds(ours), seconds(naive)
    pairs = [(seconds(ours), seconds(naive)) for _ in range(FRESH_RUNS)]
    ratios = [own / peer for own, peer in pairs]
    own = [pair[0] for pair in pairs]
    peer = [pair[1] for pair in pairs]
    print(f"fresh process: ours {median(own):.2f} s, naive {median(peer):.2f} s")
    return [Figure("fresh process, ours / naive", median(ratios), (min(ratios), max(ratios)), 0.2)]


def warm(files: dict[str, bytes]) -> list[Figure]:
    """One record in a warm process: whole road, and beside the bare ONNX run."""
    classifier = default_classifier()
    prepared = prepare(usable(read(files))[0])
    whole, bare = [], []
    for _ in range(5):
        whole.append(median(milliseconds(lambda: classify(files), WARM_RUNS // 5)))
        bare.append(median(milliseconds(lambda: classifier.run(prepared.signal, prepared.lead_mask), WARM_RUNS // 5)))
    ratios = [one / other for one, other in zip(whole, bare, strict=True)]
    return [
        Figure("warm, one 12-lead 500 Hz record", median(whole), (min(whole), max(whole)), 10, "ms"),
        Figure("warm, whole road / bare ONNX run", median(ratios), (min(ratios), max(ratios)), 2),
    ]


def bare(files: dict[str, bytes]) -> Callable[[], object]:
    """The ONNX run alone."""
    prepared = prepare(usable(read(files))[0])
    return lambda: default_classifier().run(prepared.signal, prepared.lead_mask)


def batch(folder: Path, files: dict[str, bytes]) -> list[Figure]:
    """`ekg classify` over a folder of records."""
    records = folder / "batch"
    records.mkdir()
    for index in range(BATCH_RECORDS):
        for name, data in files.items():
            renamed = data.replace(b"record", f"r{index:05}".encode()) if name.endswith(".hea") else data
            (records / name.replace("record", f"r{index:05}")).write_bytes(renamed)
    command = [sys.executable, "-m", "ecg_core", "classify", "--json", str(records)]
    rates = [BATCH_RECORDS / seconds(command) for _ in range(3)]
    spread = (min(rates), max(rates))
    return [Figure("ekg classify over a folder, two cores", median(rates), spread, 100, "records/s", at_least=True)]


MEMORY = """
import sys, pathlib, ecg_core
path = pathlib.Path(sys.argv[1])
try:
    ecg_core.classify({path.name: path.read_bytes()})
except ecg_core.EcgError as error:
    print(error.code, file=sys.stderr)
status = pathlib.Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


def memory(folder: Path) -> list[Figure]:
    """Peak memory of a fresh process that classifies the largest uploads."""
    figures = []
    for name, data in large_uploads().items():
        path = folder / name
        path.write_bytes(data)
        command = [sys.executable, "-c", MEMORY, str(path)]
        runs = [subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True) for _ in range(3)]
        peaks = [float(run.stdout) for run in runs]
        said = f"peak memory, {name} of {len(data) / 1e6:.1f} MB"
        figures.append(Figure(said, median(peaks), (min(peaks), max(peaks)), 150, "MB"))
    return figures


def large_uploads() -> dict[str, bytes]:
    """Uploads of up to 10 MB that hold as many values as are read: packed, with gaps, and as a table."""
    whole = synthesize("normal", duration_s=MAX_VALUES / 12 / 500 - 1, noise_mv=0.02)
    signal = whole.signal.copy()
    signal[:, 10_000::20_000] = np.nan
    one = synthesize("normal", duration_s=MAX_VALUES / 12 / 500 - 1)
    return {
        "whole.zip": packed(wfdb_files(whole, "record")),
        "gaps.zip": packed(wfdb_files(replace(whole, signal=signal), "record")),
        "table.csv": csv_bytes(replace(one, signal=one.signal[:, :100_000])),
    }


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def sizes() -> list[Figure]:
    size = sum(path.stat().st_size for path in (ROOT / "artifacts").rglob("*") if path.is_file()) / 1e6
    return [Figure("artifacts", size, (size, size), 10, "MB")]


def main() -> int:
    gate = float(os.environ.get("BENCH_GATE", "0"))
    files = wfdb_files(synthesize("normal"), "record")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        found = [*fresh_process(folder), *warm(files), *batch(folder, files), *memory(folder), *sizes()]
        found += [*lambda_figures(folder / "weights.pt", files, packed(files)), *size_figures()]
        found += drop_figures(folder / "weights.pt", files)
        found += load_figures(packed(files), bare(files))
    print_worst_inputs()
    for figure in found:
        print(figure)
    print(json.dumps({figure.name: round(figure.value, 4) for figure in found}))
    failed = [figure for figure in found if gate and not figure.passes(gate)]
    for figure in failed:
        print(f"beyond the gate: {figure.name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

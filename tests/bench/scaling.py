"""`ekg classify DIR --csv` in one process, in two, and as shards on two Dask workers: python -m tests.bench.scaling.

The runs take turns, so a machine that is busy for a while is busy for all of them. Every run must write the same rows.
The CPU time of a run depends less on other programs than its duration. If two processes need no more of it than one,
the work is shared without loss. Exits with 1 if the scaling of the processes is below .9, so run it on a quiet machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files
from tests.bench.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("normal", "lbbb", "rbbb", "st_depression")
IN_A_FOLDER = 1000
# Of the speed of N processes, what N times the speed of one would be.
SCALING = 0.9
# More shards than workers: no worker waits long for the last shard of the other.
SHARDS = 8
DASK = """
import os
import sys
from dask.distributed import Client
from ecg_core.cli import main

def shard(number, of, records, out):
    return main(["classify", records, "--workers", "1", "--shard", f"{number}/{of}", "--csv", f"{out}.{number}"])

if __name__ == "__main__":
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**27))
    records, out, workers, of = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with Client(n_workers=workers, threads_per_worker=1, dashboard_address=None) as client:
        again = {"of": of, "records": records, "out": out, "pure": False}
        assert set(client.gather(client.map(shard, range(1, of + 1), **again))) == {0}
"""


@dataclass(frozen=True)
class Run:
    wall_s: float
    cpu_s: float
    rows: list[bytes]


def write_records(count: int, folder: Path) -> None:
    """WFDB records of 10 s at 500 Hz, twelve leads. Their names differ, their samples repeat."""
    kinds = [wfdb_files(synthesize(kind, noise_mv=0.02), "record") for kind in KINDS]
    for index in range(count):
        files, name = kinds[index % len(kinds)], f"r{index:07}"
        place = folder / f"{index // IN_A_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.hea").write_bytes(files["record.hea"].replace(b"record", name.encode()))
        (place / f"{name}.dat").write_bytes(files["record.dat"])


def run(command: list[str], tables: Path) -> Run:
    """tables: a folder for what the command writes; its rows are sorted."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    if status:
        raise RuntimeError(said.decode())
    rows = [row for table in tables.iterdir() for row in table.read_bytes().splitlines()[1:]]
    for table in tables.iterdir():
        table.unlink()
    return Run(wall_s, used.ru_utime + used.ru_stime, sorted(rows))


def commands(records: Path, tables: Path, workers: int, script: Path) -> dict[str, list[str]]:
    table = str(tables / "out.csv")
    ekg = [sys.executable, "-m", "ecg_core", "classify", str(records), "--csv", table, "--workers"]
    return {
        "one process": [*ekg, "1"],
        f"{workers} processes": [*ekg, str(workers)],
        f"{workers} Dask workers": [sys.executable, str(script), str(records), table, str(workers), str(SHARDS)],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--without-dask", action="store_true")
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables, script = folder / "tables", folder / "shards.py"
        tables.mkdir()
        script.write_text(DASK)
        write_records(given.records, folder / "records")
        asked = commands(folder / "records", tables, given.workers, script)
        if given.without_dask:
            asked.popitem()
        taken: dict[str, list[Run]] = {said: [] for said in asked}
        for _ in range(given.rounds):
            for said, command in asked.items():
                taken[said].append(run(command, tables))
                last, load = taken[said][-1], os.getloadavg()[0]
                rate = given.records / last.wall_s
                print(f"{said:16}{last.wall_s:8.1f} s{rate:8.1f} records/s  CPU {last.cpu_s:7.1f} s  load {load:.1f}")
    first = taken["one process"]
    if any(run.rows != first[0].rows or len(run.rows) != given.records for runs in taken.values() for run in runs):
        print("The runs did not write the same rows.", file=sys.stderr)
        return 1
    figures = []
    for said, runs in list(taken.items())[1:]:
        ratios = [one.wall_s / other.wall_s / given.workers for one, other in zip(first, runs, strict=True)]
        spread = (min(ratios), max(ratios))
        figures.append(Figure(f"{said}: speed / {given.workers} x one", median(ratios), spread, SCALING, at_least=True))
        more = [other.cpu_s / one.cpu_s for one, other in zip(first, runs, strict=True)]
        figures.append(Figure(f"{said}: CPU time / one", median(more), (min(more), max(more)), 1 / SCALING))
    for figure in figures:
        print(figure)
    return 0 if figures[0].passes(1) else 1


if __name__ == "__main__":
    raise SystemExit(main())

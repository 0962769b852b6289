"""Damaged files of every format: python -m tests.bench.mutations --count 20000.

Prints, for each format, how many were read and refused, the highest CPU time, and the highest memory of the process.
Exits with 1 if an error had no code, a file took more than half a second, or the process more than 200 MB.
"""

import argparse
import resource
import sys
import time
from collections import Counter

from ecg_core import EcgError, read
from tests.unit.readers.every_format import every_example
from tests.unit.readers.mutations import mutated

MAX_CPU_S, MAX_MB = 0.5, 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=20_000, help="damaged files in all (20000)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    cases = list(every_example())
    each = -(-given.count // len(cases))
    outcomes: dict[str, Counter[str]] = {}
    slowest: dict[str, float] = {}
    faults = 0
    for name, _, files in cases:
        counts = outcomes.setdefault(name, Counter())
        for seed in range(given.seed, given.seed + each):
            damaged = mutated(files, seed)
            start = time.process_time()
            try:
                read(damaged)
                counts["read"] += 1
            except EcgError as error:
                counts[error.code] += 1
            except Exception as fault:
                faults += 1
                print(f"{name}, seed {seed}: {type(fault).__name__}", file=sys.stderr)
            slowest[name] = max(slowest.get(name, 0.0), time.process_time() - start)
    for name, counts in outcomes.items():
        codes = ", ".join(f"{code} {count}" for code, count in counts.most_common())
        print(f"{name:16} {counts.total():6}  worst {slowest[name]:.3f} s  {codes}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{sum(map(Counter.total, outcomes.values()))} files, {faults} errors without a code, peak {peak_mb:.0f} MB")
    return int(faults > 0 or max(slowest.values()) > MAX_CPU_S or peak_mb > MAX_MB)


if __name__ == "__main__":
    sys.exit(main())

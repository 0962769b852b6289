"""Compares what two pieces of work cost in the same process, so that no test holds an absolute time."""

import time
from collections.abc import Callable

ROUNDS = 5


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def times_as_costly(work: Callable[[], object], reference: Callable[[], object], enough: float) -> float:
    """CPU time of the work / CPU time of the reference.

    Both are measured in turn, up to ROUNDS times, and the fastest run of each counts: a busy machine slows single runs.
    Measuring ends as soon as the ratio is at most `enough`.
    """
    ours = theirs = float("inf")
    for _ in range(ROUNDS):
        theirs = min(theirs, cpu_s(reference))
        ours = min(ours, cpu_s(work))
        if ours <= enough * theirs:
            break
    return ours / theirs

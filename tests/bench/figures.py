"""A measured figure beside its target."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """value against target: at most, unless at_least. spread: lowest and highest of the runs."""

    name: str
    value: float
    spread: tuple[float, float]
    target: float
    unit: str = ""
    at_least: bool = False

    def passes(self, gate: float) -> bool:
        """gate .5 allows twice the target (or half of it, where it is a floor)."""
        return self.value >= self.target * gate if self.at_least else self.value <= self.target / gate

    def __str__(self) -> str:
        low, high = self.spread
        relation = ">=" if self.at_least else "<="
        met = "met" if self.passes(1) else "MISSED"
        measured = f"{self.name:66}{self.value:9.3f} [{low:.3f}, {high:.3f}] {self.unit:10}"
        return f"{measured} target {relation} {self.target:g}: {met}"


def milliseconds(work: Callable[[], object], runs: int, warm: int = 10) -> list[float]:
    """Of each run. warm: runs before them that do not count."""
    for _ in range(warm):
        work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return taken

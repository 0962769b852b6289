import runpy
from typing import Any

import pytest

from tests.sam.conftest import ROOT


@pytest.fixture(scope="module")
def cost() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "infra/cost.py"))


def call(**changed: Any) -> dict[str, Any]:
    usual = {"ms": 10, "memory_mb": 1024, "cold_share": 0.0, "cold_ms": 1000, "answer_kb": 1, "log_kb": 1}
    return {**usual, "architecture": "x86_64", **changed}


def test_a_million_calls_of_ten_milliseconds_are_ten_thousand_seconds(cost: dict[str, Any]) -> None:
    assert cost["per_million"](**call())["Lambda, duration"] == pytest.approx(10_000 * 0.0000166667)


def test_a_cold_start_is_billed_with_its_share(cost: dict[str, Any]) -> None:
    seconds = 1_000_000 * (0.010 + 0.02 * 1.0)
    assert cost["per_million"](**call(cold_share=0.02))["Lambda, duration"] == pytest.approx(seconds * 0.0000166667)


def test_memory_is_paid_in_proportion_and_a_begun_millisecond_whole(cost: dict[str, Any]) -> None:
    twice = cost["per_million"](**call(memory_mb=2048, ms=9.1))["Lambda, duration"]
    assert twice == pytest.approx(2 * cost["per_million"](**call())["Lambda, duration"])


def test_the_table_adds_up(cost: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    cost["main"](["--ms", "14"])
    shown = capsys.readouterr().out
    rows = [line.rsplit(maxsplit=1) for line in shown.splitlines() if line.startswith("  ")]
    amounts = [(name.strip(), float(amount)) for name, amount in rows]
    first = [name for name, _ in amounts].index("sum")
    assert amounts[first][1] == pytest.approx(sum(amount for _, amount in amounts[:first]), abs=0.04)
    assert "check them" in shown

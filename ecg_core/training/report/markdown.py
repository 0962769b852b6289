"""Tables and figures in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecg_core.training.report.text import with_interval

UNKNOWN = "-"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(entry: Mapping[str, Any] | None, digits: int = 3) -> str:
    """0.949 [0.939, 0.957]"""
    return UNKNOWN if entry is None else with_interval(entry, digits)


def signed(entry: Mapping[str, Any] | None, digits: int = 3) -> str:
    """-0.012 [-0.015, -0.009]"""
    if entry is None:
        return UNKNOWN
    low, high = entry["ci95"]
    # Rounded, and zero added: no minus before a zero.
    value, low, high = (f"{round(part, digits) + 0.0:+.{digits}f}" for part in (entry["value"], low, high))
    return f"{value} [{low}, {high}]"


def percent(entry: Mapping[str, Any] | None, *, interval: bool = False) -> str:
    """97.4 %, or 97.4 % [95.1, 98.6]"""
    if entry is None:
        return UNKNOWN
    value = f"{100 * entry['value']:.1f} %"
    low, high = entry["ci95"]
    return f"{value} [{100 * low:.1f}, {100 * high:.1f}]" if interval else value


def codes(counts: Mapping[str, int], most: int = 3) -> str:
    """The most frequent codes with their counts."""
    shown = [f"{code} {count}" for code, count in list(counts.items())[:most]]
    return ", ".join(shown + (["..."] if len(counts) > most else [])) or UNKNOWN

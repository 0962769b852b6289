"""The sampling rate that a time column gives, and where samples are missing in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SignalInvalid
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ

# Seconds per unit of a time column; without a stated unit the one is taken that gives a possible sampling rate.
SECONDS_PER_UNIT = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
# A step this many times the usual one leaves a sample out; smaller ones are the clock's jitter.
_GAP = 1.5
# Missing samples are filled with NaN up to this many times those present; beyond, the time column is not to be trusted.
_MAX_FILLED = 1.0
# A clock without a date starts again at midnight, or at noon if it counts twelve hours.
_CLOCK_TURN_S = 43_200.0
# Decimals beyond these are rounding errors of the number format.
_MAX_DECIMALS = 9


@dataclass(frozen=True)
class Timeline:
    """fs_hz: from the usual step. position: [rows] each row's place on an even grid. unit: as stated or taken."""

    fs_hz: float
    position: NDArray[np.int64]
    unit: str

    @property
    def missing(self) -> int:
        return int(self.position[-1]) + 1 - len(self.position)


def _resolution(time: NDArray[np.float64]) -> float:
    """The last decimal place in use; 0 if the values are not rounded."""
    for decimals in range(_MAX_DECIMALS):
        if np.all(np.abs(np.round(time, decimals) - time) <= 1e-6 * 10.0**-decimals):
            return float(10.0**-decimals)
    return 0.0


def _unit_of(step: float) -> str | None:
    rates = {unit: 1 / (step * seconds) for unit, seconds in SECONDS_PER_UNIT.items() if unit != "min"}
    return next((unit for unit, rate in rates.items() if MIN_FS_HZ <= rate <= MAX_FS_HZ), None)


def is_counter(time: NDArray[np.float64]) -> bool:
    """True if the values count the rows."""
    return len(time) > 1 and bool(np.all(np.diff(time) == 1))


def read_timeline(time: NDArray[np.float64], unit: str | None, *, clock: bool, line: int) -> Timeline | None:
    """The timeline of a time column, None if it gives no rate (it counts rows, or is too coarse).

    time: [rows] in `unit`, None for a unit that is not stated. line: the first row's number, for error messages.
    Raises SignalInvalid for times that are missing, run backwards, repeat, or leave out too much.
    """
    if len(time) < 3 or (unit is None and is_counter(time)):
        return None
    if not np.all(np.isfinite(time)):
        raise SignalInvalid(
            f"The time is missing in the row of line {line + int(np.argmin(np.isfinite(time)))}, or near it."
        )
    steps = np.diff(time)
    if clock:
        steps = np.where(steps < 0, steps % _CLOCK_TURN_S, steps)
    if np.any(steps < 0):
        raise SignalInvalid(
            f"The time runs backwards near line {line + 1 + int(np.argmax(steps < 0))}.", "Sort the rows by time."
        )
    typical = float(np.median(steps))
    if typical == 0:
        return None
    usual = steps[steps <= _GAP * typical + _resolution(time)]
    step = float(usual.mean())
    resolution = _resolution(time)
    if np.any(steps == 0) and resolution * 1.001 < step:
        raise SignalInvalid(
            f"A time is repeated near line {line + 1 + int(np.argmax(steps == 0))}.", "Remove rows that occur twice."
        )
    unit = unit or _unit_of(step)
    if unit is None:
        return None
    places = np.where(steps > _GAP * step + resolution, np.maximum(1, np.round(steps / step)), 1)
    if places.sum() > (1 + _MAX_FILLED) * len(steps):
        raise SignalInvalid(
            f"The time column has gaps, the first near line {line + 1 + int(np.argmax(places > 1))}.",
            "Send one piece without gaps.",
        )
    position = np.concatenate([[0], np.cumsum(places)]).astype(np.int64)
    fs_hz = 1 / (step * SECONDS_PER_UNIT[unit])
    # A rate that is whole within what the rounding of the times leaves open is whole.
    if abs(fs_hz - round(fs_hz)) <= fs_hz * max(resolution / (step * len(usual)), 1e-9):
        fs_hz = float(round(fs_hz))
    return Timeline(fs_hz, position, unit)


def on_grid(values: NDArray[np.float32], timeline: Timeline) -> NDArray[np.float32]:
    """values [leads, rows] with NaN where the time column leaves samples out."""
    if not timeline.missing:
        return values
    grid = np.full((len(values), int(timeline.position[-1]) + 1), np.nan, np.float32)
    grid[:, timeline.position] = values
    return grid

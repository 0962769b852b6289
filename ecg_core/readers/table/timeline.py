"""The sampling rate that a time column gives, and the samples that are missing in it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SeveralRecords, SignalInvalid
from ecg_core.readers.table.time_units import SECONDS_PER_UNIT
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ

# If no unit is stated: the first of these units that gives a possible sampling rate.
_GUESSED = ("s", "ms", "us", "ns")
# If more times are equal, they are arrival times of packets and not sampling times.
_MAX_EQUAL_SHARE = 0.3
# A step this many times the usual one means a missing sample. Smaller differences are jitter of the clock.
_GAP = 1.5
# Missing samples are filled with NaN up to this multiple of the present ones. With more, the time column is not
# reliable.
_MAX_FILLED = 1.0
# A clock without a date starts again at midnight, or at noon if it has twelve hours. Minutes start again at each hour.
_CLOCK_TURN_S, _MINUTES_TURN_S = 43_200.0, 3_600.0
# With more gaps, the times are arrival times of packets and not sampling times.
_MAX_GAPS_SHARE, _MIN_GAPS = 0.1, 10
_UNEVEN_HINT = (
    "Remove the time column, and give the rate with fs_hz= in Python, --fs on the command line, ?fs_hz= over HTTP."
)
# If the times start again after this many rows, the table has several recordings.
_MIN_ROWS = 100
# More decimals are rounding errors of the number format.
_MAX_DECIMALS = 9
# Steps per block. For a million times, each array without blocks would take 8 MB.
_BLOCK = 65_536
# The median is taken from at most this many steps.
_SAMPLED = 100_000


@dataclass(frozen=True)
class Timeline:
    """fs_hz: from the usual step. position: [rows] index of each row on an even grid, None if no sample is missing.

    unit: as stated, or as guessed.
    """

    fs_hz: float
    position: NDArray[np.int32] | None
    unit: str

    @property
    def missing(self) -> int:
        return 0 if self.position is None else int(self.position[-1]) + 1 - len(self.position)


def _resolution(time: NDArray[np.float64]) -> float:
    """The unit of the last decimal place in use, such as 0.001. 0 if the values are not rounded."""
    decimals = 0
    for start in range(0, len(time), _BLOCK):
        block = time[start : start + _BLOCK]
        while np.any(np.abs(np.round(block, decimals) - block) > 1e-6 * 10.0**-decimals):
            decimals += 1
            if decimals == _MAX_DECIMALS:
                return 0.0
    return float(10.0**-decimals)


def _steps(time: NDArray[np.float64], turn: float | None) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """(index of the first step, differences between times), block by block."""
    for start in range(0, len(time) - 1, _BLOCK):
        steps = np.diff(time[start : start + _BLOCK + 1])
        yield start, steps if turn is None else np.where(steps < 0, steps % turn, steps)


def _first(time: NDArray[np.float64], turn: float | None, *, below: float) -> int | None:
    """The index of the first step that is smaller than `below`."""
    for start, steps in _steps(time, turn):
        if len(found := np.flatnonzero(steps < below)):
            return start + int(found[0])
    return None


def _unit_of(step: float) -> str | None:
    rates = {unit: 1 / (step * SECONDS_PER_UNIT[unit]) for unit in _GUESSED}
    return next((unit for unit, rate in rates.items() if MIN_FS_HZ <= rate <= MAX_FS_HZ), None)


def is_counter(time: NDArray[np.float64]) -> bool:
    """Whether the values count the rows."""
    return len(time) > 1 and all(bool(np.all(steps == 1)) for _, steps in _steps(time, None))


def _equal_share(time: NDArray[np.float64]) -> float:
    return sum(int(np.count_nonzero(steps == 0)) for _, steps in _steps(time, None)) / (len(time) - 1)


def _places(time: NDArray[np.float64], turn: float | None, step: float, gap: float, line: int) -> NDArray[np.int32]:
    """[rows] index of each row on a grid of this step. Steps above `gap` skip missing samples."""
    position = np.zeros(len(time), np.int32)
    first = None
    for start, steps in _steps(time, turn):
        if first is None and len(found := np.flatnonzero(steps > gap)):
            first = start + int(found[0])
        places = np.where(steps > gap, np.maximum(1, np.round(steps / step)), 1)
        if position[start] + places.sum() > (1 + _MAX_FILLED) * (len(time) - 1):
            raise SignalInvalid(
                f"The time column has gaps, the first near line {line + 1 + (first or 0)}.",
                "Send one piece without gaps.",
            )
        position[start + 1 : start + 1 + len(places)] = position[start] + np.cumsum(places)
    return position


@np.errstate(over="ignore", invalid="ignore")
def read_timeline(
    time: NDArray[np.float64], unit: str | None, *, clock: bool, line: int, factor: float = 1.0
) -> Timeline | None:
    """The timeline of a time column. None if it gives no rate: it counts rows, or is too coarse.

    time: [rows] in units of `factor` times `unit`; unit is None if not stated. line: line number of the first row, for
    error messages. Raises SignalInvalid if times are missing, run backwards or repeat, or if too many are skipped;
    SeveralRecords if times start again.
    """
    if len(time) < 3 or (unit is None and is_counter(time)):
        return None
    finite = np.isfinite(time)
    if not finite.all():
        raise SignalInvalid(f"The time is missing in the row of line {line + int(np.argmin(finite))}, or near it.")
    turn = None
    if clock:
        turn = _MINUTES_TURN_S if time.max() < _MINUTES_TURN_S else _CLOCK_TURN_S
    elif (backwards := _first(time, turn, below=0)) is not None:
        if backwards >= _MIN_ROWS and abs(time[backwards + 1] - time[0]) <= abs(time[1] - time[0]):
            raise SeveralRecords(
                f"The time begins anew near line {line + 1 + backwards}: the table holds several recordings.",
                "Send each recording as a table of its own.",
            )
        raise SignalInvalid(f"The time runs backwards near line {line + 1 + backwards}.", "Sort the rows by time.")
    stride = -(-len(time) // _SAMPLED)
    typical = float(np.median(np.concatenate([steps[::stride] for _, steps in _steps(time, turn)])))
    if typical == 0:
        return None
    # Times since 1970 in nanoseconds have more digits than a float64 can hold.
    resolution = max(_resolution(time), float(np.spacing(np.abs(time).max())))
    limit = _GAP * typical + resolution
    total, count = 0.0, 0
    for _, steps in _steps(time, turn):
        usual = steps[steps <= limit]
        total, count = total + float(usual.sum()), count + len(usual)
    step = total / count
    if clock and resolution * 1.001 < (time[-1] - time[0]) / (len(time) - 1) and _equal_share(time) > _MAX_EQUAL_SHARE:
        return None
    if resolution * 1.001 < step and (repeated := _first(time, turn, below=np.nextafter(0, 1))) is not None:
        raise SignalInvalid(f"A time is repeated near line {line + 1 + repeated}.", "Remove rows that occur twice.")
    unit = unit or _unit_of(step)
    if unit is None:
        return None
    gap = _GAP * step + resolution
    position = None
    if gaps := sum(int(np.count_nonzero(steps > gap)) for _, steps in _steps(time, turn)):
        if gaps > max(_MAX_GAPS_SHARE * len(time), _MIN_GAPS):
            raise SignalInvalid("The times are uneven: they are not those of the samples.", _UNEVEN_HINT)
        position = _places(time, turn, step, gap, line)
    fs_hz = 1 / (step * factor * SECONDS_PER_UNIT[unit])
    # Round the rate to a whole number if the rounding of the times explains the difference.
    if abs(fs_hz - round(fs_hz)) <= fs_hz * max(resolution / (step * count), 1e-9):
        fs_hz = float(round(fs_hz))
    return Timeline(fs_hz, position, unit)


def on_grid(values: NDArray[np.float32], timeline: Timeline) -> NDArray[np.float32]:
    """values [leads, rows] with NaN where samples are missing in the time column."""
    if timeline.position is None:
        return values
    grid = np.full((len(values), int(timeline.position[-1]) + 1), np.nan, np.float32)
    grid[:, timeline.position] = values
    return grid

"""What a caller states about a file: it fills in what the file leaves open. What the file states counts.

Words above a table may mean something else: if they and an option contradict each other, neither counts.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from ecg_core.errors import SamplingRateOutOfRange, UnitsUnknown
from ecg_core.readers.units import unit_of
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ


@dataclass(frozen=True)
class Options:
    """fs_hz: samples per second. units: nV, uV, mV or V. None: not stated."""

    fs_hz: float | None = None
    units: str | None = None

    def __post_init__(self) -> None:
        """Raises SamplingRateOutOfRange."""
        if self.fs_hz is not None and not (math.isfinite(self.fs_hz) and MIN_FS_HZ <= self.fs_hz <= MAX_FS_HZ):
            raise SamplingRateOutOfRange("The sampling rate that was given is not that of an electrocardiogram.")

    @cached_property
    def unit(self) -> str | None:
        """The unit in its canonical spelling. Raises UnitsUnknown for anything but nV, uV, mV and V."""
        unit = unit_of(self.units) if self.units is not None else None
        if self.units is not None and unit is None:
            raise UnitsUnknown("The unit given with the file is not known.")
        return unit

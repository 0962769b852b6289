"""A recording as it was read: calibrated, named, and with every correction listed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Files = Mapping[str, bytes]

# 50 Hz still holds the T wave and most of the QRS; no electrocardiograph samples above 4 kHz.
MIN_FS_HZ, MAX_FS_HZ = 50.0, 4000.0
# Values of all leads together: 32 MB as float32, so that an upload of 10 MB is classified within 150 MB of memory.
MAX_VALUES = 8_000_000
# Of all files of a record, inflated. Above it they are not even looked at: with MAX_VALUES as 16-bit samples they have
# 16 MB, and 24 MB of the widest format still stay below 150 MB of memory.
MAX_BYTES = 24_000_000


@dataclass(frozen=True, eq=False)
class Recording:
    """signal: [leads, samples] mV, NaN where there is none. leads: canonical names, in file order.

    sha256: of the file's bytes, or of the header's and then the signal files' in the header's order.
    corrections: what was changed or assumed in reading, for a person.
    """

    signal: NDArray[np.float32]
    fs_hz: float
    leads: tuple[str, ...]
    format: str
    sha256: str
    corrections: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        return float(self.signal.shape[1] / self.fs_hz)

    def only(self, leads: Collection[str]) -> "Recording":
        """The recording without the other leads."""
        rows = [row for row, lead in enumerate(self.leads) if lead in leads]
        return replace(self, signal=self.signal[rows], leads=tuple(self.leads[row] for row in rows))

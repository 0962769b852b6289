"""A recording as it was read: in mV, with canonical lead names and a list of all corrections."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Files = Mapping[str, bytes]

# 50 Hz is enough for the T wave and most of the QRS complex. No electrocardiograph samples above 4 kHz.
MIN_FS_HZ, MAX_FS_HZ = 50.0, 4000.0
# Samples of all leads together. They take 32 MB as float32. An upload of 10 MB then needs less than 150 MB of memory.
MAX_VALUES = 8_000_000
# Size of all files of a record, uncompressed. Larger records are refused unread. MAX_VALUES 16-bit samples take 16 MB.
# 24 MB of the widest format still need less than 150 MB of memory.
MAX_BYTES = 24_000_000


@dataclass(frozen=True, eq=False)
class Recording:
    """signal: [leads, samples] mV, NaN where a sample is missing. leads: canonical names, in file order.

    sha256: of the bytes of the file; of a WFDB record, of the header and then its signal files in the header's order.
    corrections: what was changed or assumed in reading, in words.
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
        """The recording with only these leads."""
        rows = [row for row, lead in enumerate(self.leads) if lead in leads]
        return replace(self, signal=self.signal[rows], leads=tuple(self.leads[row] for row in rows))

"""The leads of a file of fixed layout, read piece by piece: the whole of a short file, windows of a long one."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecg_core.readers.channels import check_size
from ecg_core.readers.corrections import Corrections
from ecg_core.recording import Recording


class Signals(Protocol):
    """samples: of each lead. corrections: what was changed or assumed; block() may add to them."""

    @property
    def fs_hz(self) -> float: ...

    @property
    def leads(self) -> tuple[str, ...]: ...

    @property
    def samples(self) -> int: ...

    @property
    def corrections(self) -> Corrections: ...

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """[leads, stop - start] mV, NaN where a sample is missing. It reads only the bytes of these samples.

        Raises SignalTruncated, SignalInvalid.
        """


def whole(signals: Signals, format_: str, sha256: str) -> Recording:
    """All samples as one Recording. Raises FileTooLarge."""
    check_size(len(signals.leads), signals.samples)
    signal = signals.block(0, signals.samples)
    return Recording(signal, signals.fs_hz, signals.leads, format_, sha256, tuple(signals.corrections))

"""The leads of a file of fixed layout, read piece by piece: the whole of a short file, windows of a long one."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecg_core.readers.channels import check_size
from ecg_core.readers.corrections import Corrections
from ecg_core.recording import MAX_VALUES, Excerpt, Recording


class Signals(Protocol):
    """format: its name in the answer. samples: of each lead.

    corrections: what was changed or assumed; block() may add to them.
    """

    @property
    def format(self) -> str: ...

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


def whole(signals: Signals, sha256: str) -> Recording:
    """All samples as one Recording, or the pieces around the windows of a recording above MAX_VALUES."""
    if len(signals.leads) * signals.samples > MAX_VALUES:
        return excerpt(signals, sha256)
    signal = signals.block(0, signals.samples)
    return Recording(signal, signals.fs_hz, signals.leads, signals.format, sha256, tuple(signals.corrections))


def excerpt(signals: Signals, sha256: str) -> Recording:
    """The pieces around the windows of a long recording. The rest is not read. Raises FileTooLarge."""
    pieces = Excerpt.of(signals.samples, signals.fs_hz, signals.block)
    check_size(len(signals.leads), len(pieces.starts) * pieces.length)
    signal = np.empty((len(signals.leads), len(pieces.starts) * pieces.length), np.float32)
    for number, start in enumerate(pieces.starts):
        stop = number * pieces.length + pieces.length
        signal[:, stop - pieces.length : stop] = signals.block(start, start + pieces.length)
    return Recording(signal, signals.fs_hz, signals.leads, signals.format, sha256, tuple(signals.corrections), pieces)

"""A long WFDB record of one segment, read window by window."""

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge
from ecg_core.readers.budget import Budget
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.wfdb.decoding import decode
from ecg_core.readers.wfdb.segment import Part
from ecg_core.readers.wfdb.signals import FRAMES_OF_BLOCKS
from ecg_core.recording import MAX_WINDOWS, PIECE_S

_DIFFERENCES = 8


class Windows:
    """See Signals. leads: in the order of the record. per_frame: samples of each lead in a frame."""

    format = "wfdb"

    def __init__(
        self, part: Part, leads: tuple[str, ...], fs_hz: float, per_frame: int, budget: Budget, corrections: Corrections
    ) -> None:
        """Raises FileTooLarge for a record that can only be read from its beginning."""
        signals = [signal for file in part.files for signal in file.signals]
        if any(signal.format == _DIFFERENCES for signal in signals):
            raise FileTooLarge("The record is stored as differences, so its windows cannot be read alone.")
        self.leads, self.fs_hz, self.samples = leads, fs_hz, part.frames * per_frame
        self.corrections = corrections
        self._part, self._per_frame = part, per_frame
        self._skew = max(signal.skew for signal in signals)
        frames = MAX_WINDOWS * round(PIECE_S * fs_hz / per_frame + self._skew)
        budget.spend_samples(frames * sum(sum(file.widths) for file in part.files))
        corrections.add("checksums not verified: only windows of the record were read")

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        per_frame = self._per_frame
        first = start // per_frame // FRAMES_OF_BLOCKS * FRAMES_OF_BLOCKS
        # A lead that is stored with a delay comes from later frames.
        frames = min(-(-stop // per_frame) + self._skew, self._part.frames) - first
        out = np.full((len(self.leads), frames * per_frame), np.nan, np.float32)
        decode(self._part, out, self.leads, per_frame, self.corrections, first)
        return out[:, start - first * per_frame : stop - first * per_frame]

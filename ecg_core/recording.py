"""A recording as it was read: in mV, with canonical lead names and a list of all corrections."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Source(Protocol):
    """Random access to the bytes of a file that is not in memory. size: of the whole file in bytes."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Up to length bytes from this offset. Fewer only at the end of the file."""


Files = Mapping[str, bytes]
# The files of a record, of which large ones may stay where they are.
LargeFiles = Mapping[str, bytes | Source]

# 50 Hz is enough for the T wave and most of the QRS complex. No electrocardiograph samples above 4 kHz.
MIN_FS_HZ, MAX_FS_HZ = 50.0, 4000.0
# Samples of all leads together. They take 32 MB as float32. An upload of 10 MB then needs less than 150 MB of memory.
MAX_VALUES = 8_000_000
# Size of all files of a record, uncompressed. Larger records are refused unread. MAX_VALUES 16-bit samples take 16 MB.
# 24 MB of the widest format still need less than 150 MB of memory.
MAX_BYTES = 24_000_000
# Of formats with a fixed layout, larger files are read from their windows: 24 hours of twelve leads at 1 kHz.
MAX_LARGE_BYTES = 2**31

# The network reads windows of 10 s. Two minutes, spread over the recording: more windows change the mean by less than
# windows differ from each other, and cost 4 ms each.
WINDOW_S, MAX_WINDOWS = 10.0, 12
# A remainder up to this length at the end of a recording gets no window of its own.
MAX_UNREAD_S = 0.5
# Of a long recording these pieces are read: a window with a second before and after it, for the resampling filter.
PIECE_S, BEFORE_S = 12.0, 1.0


def window_starts(duration_s: float) -> list[float]:
    """Evenly spaced starts in seconds. Windows may overlap, so that at most MAX_UNREAD_S at the end stay unread."""
    count = min(MAX_WINDOWS, max(1, math.ceil((duration_s - MAX_UNREAD_S) / WINDOW_S)))
    last = (duration_s - WINDOW_S) if count > 1 else 0.0
    return [last * index / max(count - 1, 1) for index in range(count)]


Block = Callable[[int, int], NDArray[np.float32]]


@dataclass(frozen=True)
class Excerpt:
    """Which samples of a long recording were read: pieces of equal length, one for each window.

    starts: of each piece, counted in samples of the whole recording. length: samples of a piece. samples: of the whole
    recording, each lead. block: reads any samples [leads, stop - start] mV of it. Errors as in reading.
    """

    starts: tuple[int, ...]
    length: int
    samples: int
    block: Block

    @classmethod
    def of(cls, samples: int, fs_hz: float, block: Block) -> "Excerpt":
        """The pieces around the windows of a recording that is longer than all of them together."""
        length = round(PIECE_S * fs_hz)
        wanted = (round((start_s - BEFORE_S) * fs_hz) for start_s in window_starts(samples / fs_hz))
        return cls(tuple(min(max(start, 0), samples - length) for start in wanted), length, samples, block)


@dataclass(frozen=True, eq=False)
class Recording:
    """signal: [leads, samples] mV, NaN where a sample is missing. leads: canonical names, in file order.

    excerpt: of a long recording. signal then holds its pieces, one after another.

    sha256: of the bytes of the file; of a WFDB record, of the header and then its signal files in the header's order.
    corrections: what was changed or assumed in reading, in words.
    """

    signal: NDArray[np.float32]
    fs_hz: float
    leads: tuple[str, ...]
    format: str
    sha256: str
    corrections: tuple[str, ...] = ()
    excerpt: Excerpt | None = None

    @property
    def duration_s(self) -> float:
        return float((self.excerpt.samples if self.excerpt else self.signal.shape[1]) / self.fs_hz)

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """The samples [leads, up to stop - start] from start to stop. They must lie in one piece of an excerpt."""
        if self.excerpt is None:
            return self.signal[:, start:stop]
        piece = max((n for n, begin in enumerate(self.excerpt.starts) if begin <= start), default=0)
        begin, first = self.excerpt.starts[piece], piece * self.excerpt.length
        end = min(stop - begin, self.excerpt.length)
        return self.signal[:, first + start - begin : first + end]

    def part(self, start_s: float, end_s: float) -> "Recording":
        """The recording from start_s to end_s, or to its end. Of an excerpt, the file is read again."""
        samples = self.excerpt.samples if self.excerpt else self.signal.shape[1]
        start, stop = round(start_s * self.fs_hz), min(round(end_s * self.fs_hz), samples)
        signal = self.excerpt.block(start, stop) if self.excerpt else self.signal[:, start:stop]
        return replace(self, signal=signal, excerpt=None)

    def only(self, leads: Collection[str]) -> "Recording":
        """The recording with only these leads."""
        rows = [row for row, lead in enumerate(self.leads) if lead in leads]
        return replace(self, signal=self.signal[rows], leads=tuple(self.leads[row] for row in rows))

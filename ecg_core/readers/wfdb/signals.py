"""Decodes WFDB signal files into integers, block by block: https://physionet.org/physiotools/wag/signal-5.htm."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, SignalInvalid
from ecg_core.readers.budget import Budget
from ecg_core.readers.registry import unsupported
from ecg_core.recording import MAX_BYTES, Source

Integers = NDArray[np.signedinteger]

# Needs a few MB of temporary memory for any file length.
BLOCK_SAMPLES = 196_608
# Packed samples come in pairs or triplets: every sixth frame begins a new group.
FRAMES_OF_BLOCKS = 6
# The code for a missing sample. Format 8 (differences) has none.
INVALID: dict[int, int | None] = {
    **dict.fromkeys((80, 508), -(2**7)),
    **dict.fromkeys((310, 311), -(2**9)),
    **dict.fromkeys((16, 61, 160, 516), -(2**15)),
    **dict.fromkeys((24, 524), -(2**23)),
    212: -(2**11),
    32: -(2**31),
    8: None,
}
FLAC = (508, 516, 524)

_BYTES = {8: 1, 16: 2, 24: 3, 32: 4, 61: 2, 80: 1, 160: 2}
# format: (bytes of a whole block, bytes that hold its first 0, 1, 2, 3 samples)
_PACKED = {212: (3, (0, 2, 3)), 310: (4, (0, 2, 4, 4)), 311: (4, (0, 2, 3, 4))}


def bytes_for(format_: int, samples: int) -> int:
    """The bytes that this many samples take, without padding."""
    if format_ in _BYTES:
        return _BYTES[format_] * samples
    size, held = _PACKED[format_]
    blocks, rest = divmod(samples, len(held) - 1)
    return size * blocks + held[rest]


def samples_in(format_: int, size: int) -> int:
    """The number of samples in this many bytes."""
    if format_ in _BYTES:
        return size // _BYTES[format_]
    block, held = _PACKED[format_]
    blocks, rest = divmod(size, block)
    return blocks * (len(held) - 1) + max(count for count, needed in enumerate(held[:-1]) if needed <= rest)


class Samples(Protocol):
    """The samples of one signal file. frames: the number of whole frames in it."""

    @property
    def frames(self) -> int: ...

    def blocks(self, frames: int, first: int = 0) -> Iterator[Integers]:
        """The samples of frames from the first one on, as blocks [samples of a frame, frames], contiguous."""


def samples_of(
    source: Source, format_: int, offset: int, widths: Sequence[int], initial: Sequence[int], budget: Budget
) -> Samples:
    """A signal file. widths: samples per frame of its signals. initial: their first values, for format 8 (differences).

    offset: in bytes; in samples for a FLAC stream. Raises UnsupportedFormat, FileTooLarge, SignalInvalid,
    HeaderInvalid.
    """
    if format_ in FLAC:
        budget.spend_stream()
        from ecg_core.readers.wfdb.flac import Stream

        if source.size > MAX_BYTES:
            raise FileTooLarge(f"Of a FLAC file, {MAX_BYTES // 1_000_000} MB are read at most.")
        return Stream(source.read(0, source.size), format_ - 500, offset, widths)
    if format_ not in INVALID:
        raise unsupported("The signals are stored in a WFDB format that is not read.")
    return Packed(source, format_, offset, widths, initial)


class Packed:
    """Samples at fixed positions: all formats except FLAC."""

    def __init__(
        self, source: Source, format_: int, offset: int, widths: Sequence[int], initial: Sequence[int]
    ) -> None:
        self._source, self._format, self._offset, self._widths = source, format_, offset, widths
        self._initial = initial
        self.frames = samples_in(format_, max(source.size - offset, 0)) // sum(widths)

    def blocks(self, frames: int, first: int = 0) -> Iterator[Integers]:
        """first: a multiple of FRAMES_OF_BLOCKS. Format 8 (differences) is read from 0 only."""
        width = sum(self._widths)
        step = frames_per_block(width)
        last = np.array(self._initial, np.int64)
        for start in range(first, first + frames, step):
            count = min(step, first + frames - start)
            begin = self._offset + bytes_for(self._format, start * width)
            data = self._source.read(begin, bytes_for(self._format, count * width))
            rows = _decode(data, self._format, count * width).reshape(count, width)
            if self._format == 8:
                rows = _summed(rows, self._widths, last)
            yield np.ascontiguousarray(rows.T)


def frames_per_block(width: int) -> int:
    """Frames in one block. width: samples per frame, of all signals together."""
    return max(BLOCK_SAMPLES // width // FRAMES_OF_BLOCKS, 1) * FRAMES_OF_BLOCKS


def _summed(differences: Integers, widths: Sequence[int], last: NDArray[np.int64]) -> Integers:
    """Format 8: samples from differences. Each signal continues from its value in `last`, which is updated."""
    values = np.empty(differences.shape, np.int64)
    start = 0
    for signal, width in enumerate(widths):
        part = differences[:, start : start + width]
        sums = part.cumsum(dtype=np.int64) + last[signal]
        values[:, start : start + width] = sums.reshape(part.shape)
        last[signal] = sums[-1]
        start += width
    return values


def _decode(data: bytes, format_: int, count: int) -> Integers:
    """Decodes count samples. The integer type is the smallest one that is safe for later sums."""
    if format_ == 16:
        return np.frombuffer(data, "<i2", count)
    if format_ == 32:
        return np.frombuffer(data, "<i4", count)
    if format_ == 61:
        return np.frombuffer(data, ">i2", count).astype(np.int16)
    if format_ == 160:
        return (np.frombuffer(data, "<u2", count) ^ 0x8000).view(np.int16)
    if format_ == 80:
        return np.frombuffer(data, np.uint8, count).astype(np.int16) - np.int16(128)
    if format_ == 8:
        return np.frombuffer(data, np.int8, count)
    if format_ == 24:
        padded = np.zeros((count, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8, 3 * count).reshape(count, 3)
        return padded.view("<i4")[:, 0] >> 8
    return _unpack(data, format_, count)


def _unpack(packed: bytes, format_: int, count: int) -> Integers:
    """Formats 212, 310 and 311. Shifting left and then right again extends the sign of a sample to 16 bits."""
    size, held = _PACKED[format_]
    packed += bytes(-len(packed) % size)
    samples = np.empty((len(packed) // size, len(held) - 1), np.int16)
    if format_ == 212:
        low, middle, high = np.frombuffer(packed, np.uint8).reshape(-1, 3).T.astype(np.int16)
        samples[:, 0] = (middle << 12) | (low << 4)
        samples[:, 1] = ((middle & 0xF0) << 8) | (high << 4)
        samples >>= 4
    elif format_ == 310:
        first_half, second_half = np.frombuffer(packed, "<u2").reshape(-1, 2).T
        samples[:, 0] = (first_half << 5).view(np.int16)
        samples[:, 1] = (second_half << 5).view(np.int16)
        samples[:, 2] = ((second_half & 0xF800) | ((first_half & 0xF800) >> 5)).view(np.int16)
        samples >>= 6
    elif format_ == 311:
        words = np.frombuffer(packed, "<u4")
        for position in range(3):
            samples[:, position] = (words >> 10 * position).astype(np.uint16).view(np.int16) << 6
        samples >>= 6
    else:
        raise SignalInvalid("The signals are stored in a WFDB format that is not read.")
    return samples.reshape(-1)[:count]

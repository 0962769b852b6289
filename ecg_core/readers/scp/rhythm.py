"""The samples of SCP-ECG: of the rhythm (section 6) and of the reference beat (section 5). Both have the same layout.

16 bits: nV per step. 16 bits: microseconds between samples. 8 bits: whether samples, first or second differences are
stored. 8 bits: of the rhythm, whether it is decimated between the QRS complexes. Then the number of bytes of each lead
(16 bits), and the leads.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid
from ecg_core.readers.scp.huffman import Stream, decode
from ecg_core.readers.scp.tables import Tables

Samples = NDArray[np.int16]

_HEAD_BYTES = 6
# A lead may have this many bytes after its last sample, because writers make its length even.
_UNUSED_BYTES = 1


@dataclass(frozen=True)
class Coded:
    """leads: the bytes of each lead of the file. differences: 0, 1 or 2. mode: the 8 bits of the rhythm."""

    nv_per_step: int
    interval_us: int
    differences: int
    mode: int
    leads: tuple[memoryview, ...]


def coded(body: memoryview, leads: int) -> Coded:
    """The head and the leads of section 5 or 6. leads: number of leads in the file. Raises HeaderInvalid."""
    start = _HEAD_BYTES + 2 * leads
    if len(body) < start:
        raise HeaderInvalid("A section with samples is shorter than its head.")
    nv_per_step, interval_us, differences, mode, *sizes = struct.unpack_from(f"<HHBB{leads}H", body)
    if differences > 2:
        raise HeaderInvalid("A section with samples states an unknown kind of differences.")
    if start + sum(sizes) > len(body):
        raise HeaderInvalid("A section with samples is shorter than the leads in it.")
    ends = start + np.cumsum([0, *sizes])
    parts = tuple(body[begin:end] for begin, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
    return Coded(nv_per_step, interval_us, differences, mode, parts)


@dataclass(frozen=True)
class Stored:
    """What is stored for one lead, decoded: samples or differences, and perhaps padding after them.

    data: the bytes of the lead. compressed: whether they are Huffman codes.
    """

    stream: Stream
    data: memoryview
    compressed: bool

    def has(self, samples: int) -> bool:
        """Whether it has at least this many samples."""
        return len(self.stream.values) >= samples

    def has_exactly(self, samples: int) -> bool:
        """Whether it has this many samples, and then less than two bytes, or only bytes of zeros or of ones."""
        if not self.compressed or not self.has(samples):
            return len(self.stream.values) == samples
        used = -(-self._bits(samples) // 8)
        return len(self.data) - used <= _UNUSED_BYTES or self._only_padding(8 * used)

    def ends_with(self, samples: int) -> bool:
        """Whether it has this many samples, and then only bits that are zeros or only bits that are ones."""
        if not self.compressed or not self.has(samples):
            return len(self.stream.values) == samples
        return self._only_padding(self._bits(samples))

    def _only_padding(self, start: int) -> bool:
        """Whether all bits from this one on are equal."""
        ones = (1 << 8 * len(self.data) - start) - 1
        return int.from_bytes(self.data[start // 8 :], "big") & ones in (0, ones)

    def _bits(self, samples: int) -> int:
        """The number of bits of the first samples."""
        return int(self.stream.ends[samples - 1]) if samples else 0


def stored(lead: memoryview, tables: Tables | None) -> Stored:
    """Decodes the bytes of one lead."""
    if tables is None:
        values = np.frombuffer(lead, "<i2", len(lead) // 2).astype(np.int16)
        return Stored(Stream(values, 16 * np.arange(1, len(values) + 1, dtype=np.int32)), lead, False)
    return Stored(decode(lead, tables), lead, True)


def summed(values: Samples, differences: int) -> Samples:
    """The samples from their differences. Sums wrap at 16 bits, as in the writers.

    Of first differences, the first value is a sample; of second differences, the first two are.
    """
    sums = values.copy()
    if differences == 2:
        sums[1:2] -= sums[:1]
        np.cumsum(sums[1:], dtype=np.int16, out=sums[1:])
    if differences:
        np.cumsum(sums, dtype=np.int16, out=sums)
    return sums

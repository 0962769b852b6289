"""The records of a file, read piece by piece."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SignalTruncated
from ecg_core.readers.edf.header import Header
from ecg_core.readers.source import Source

Bytes2D = NDArray[np.uint8]

# Records are read in runs of about this many bytes. A larger record is read in parts: only the bytes of the leads.
RUN_BYTES = 1_000_000


class Records:
    """small: whether records are read in runs."""

    def __init__(self, source: Source, header: Header) -> None:
        self._source, self._start, self._bytes = source, header.start, header.record_bytes
        self.small = header.record_bytes <= RUN_BYTES

    def runs(self, first: int, stop: int) -> Iterator[tuple[int, Bytes2D]]:
        """(index of the first record, bytes [records, bytes of a record]) of runs of small records."""
        step = max(RUN_BYTES // self._bytes, 1)
        for record in range(first, stop, step):
            count = min(step, stop - record)
            data = self._read(self._start + record * self._bytes, count * self._bytes)
            yield record, data.reshape(count, self._bytes)

    def part(self, record: int, offset: int, length: int) -> NDArray[np.uint8]:
        """These bytes of one record."""
        return self._read(self._start + record * self._bytes + offset, length)

    def columns(self, first: int, stop: int, offset: int, width: int) -> Iterator[tuple[int, Bytes2D]]:
        """(index of the first record, bytes [records, width] that begin at this offset of each record)."""
        if self.small:
            for record, run in self.runs(first, stop):
                yield record, run[:, offset : offset + width]
        else:
            for record in range(first, stop):
                yield record, self.part(record, offset, width)[None]

    def _read(self, offset: int, length: int) -> NDArray[np.uint8]:
        data = self._source.read(offset, length)
        if len(data) < length:
            raise SignalTruncated("The file became shorter while it was read.")
        return np.frombuffer(data, np.uint8)

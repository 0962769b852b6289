"""The elements of a MATLAB file of version 5. Each has a type, a length and its bytes."""

from collections.abc import Iterator
from math import prod

import numpy as np

from ecg_core.errors import HeaderInvalid, SignalTruncated
from ecg_core.readers.arrays.values import Array

INT8, UINT8, INT32, UINT32, MATRIX, COMPRESSED, UTF8 = 1, 2, 5, 6, 14, 15, 16
MAX_DIMENSIONS = 32
# Characters of a text. The names of 512 leads have fewer.
MAX_TEXT = 32_768
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}


class Elements:
    """The elements between two offsets: each has a type, a length, and its bytes."""

    def __init__(self, data: bytes, order: str, start: int, stop: int) -> None:
        self._data, self._order = data, order
        self._position, self._stop = start, stop

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        while not self.empty:
            yield self.next()

    @property
    def empty(self) -> bool:
        return self._position >= self._stop

    def within(self, start: int, stop: int) -> "Elements":
        return Elements(self._data, self._order, start, stop)

    def next(self) -> tuple[int, int, int]:
        """(type, start, stop) of the next element. Raises HeaderInvalid, SignalTruncated."""
        start = self._position + 8
        if start > self._stop:
            raise SignalTruncated("The file ends within an array.")
        kind, length = (int(word) for word in np.frombuffer(self._data, f"{self._order}u4", 2, self._position))
        if small := kind >> 16:
            # Four bytes or fewer stand within the tag itself.
            kind, length, start = kind & 0xFFFF, small, self._position + 4
        stop = start + length
        if small > 4:
            raise HeaderInvalid("A short value of the file has more than four bytes.")
        if stop > self._stop:
            raise SignalTruncated("An array of the file is longer than the file.")
        padded = stop if kind == COMPRESSED else start + -(-length // 8) * 8
        self._position = self._position + 8 if small else min(padded, self._stop)
        return kind, start, stop

    def numbers(self, kind: int) -> list[int]:
        """The numbers of the next element, which must have this type."""
        found, start, stop = self.next()
        if found != kind or (stop - start) % 4 or stop - start > 4 * MAX_DIMENSIONS:
            raise HeaderInvalid("An array of the file has no size.")
        numbers: list[int] = np.frombuffer(
            self._data, f"{self._order}{_NUMBERS[kind]}", (stop - start) // 4, start
        ).tolist()
        return numbers

    def text(self) -> str:
        kind, start, stop = self.next()
        if kind not in (INT8, UINT8, UTF8):
            raise HeaderInvalid("An array of the file has no name.")
        return self._data[start : min(stop, start + MAX_TEXT)].decode("latin-1")

    def array(self, shape: tuple[int, ...]) -> Array:
        """The numbers of the next element, without a copy. Doubles may be stored as smaller integers."""
        kind, start, stop = self.next()
        if kind not in _NUMBERS:
            raise HeaderInvalid("An array of the file holds no numbers.")
        dtype = np.dtype(f"{self._order}{_NUMBERS[kind]}")
        if stop - start != prod(shape) * dtype.itemsize:
            raise HeaderInvalid("An array of the file has another number of values than it states.")
        if not prod(shape):
            return np.zeros(0)
        return np.frombuffer(self._data, dtype, prod(shape), start).reshape(shape, order="F")

    def characters(self) -> str:
        kind, start, stop = self.next()
        if kind not in _TEXTS:
            raise HeaderInvalid("A text of the file is of a type that does not exist.")
        code = _TEXTS[kind]
        code += ("-le" if self._order == "<" else "-be") if code in ("utf-16", "utf-32") else ""
        return self._data[start : min(stop, start + 4 * MAX_TEXT)].decode(code, "replace")

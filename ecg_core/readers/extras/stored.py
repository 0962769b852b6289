"""The bytes of an array in an HDF5 file, read without trusting a size that the file states.

pyfive finds where an array is stored. Its own decoder inflates a piece without a limit, so pieces are decoded here.
"""

import zlib
from collections.abc import Sequence
from io import BytesIO
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import ChecksumMismatch, FileTooLarge, HeaderInvalid, SignalInvalid, SignalTruncated
from ecg_core.recording import MAX_BYTES

# Eight million samples as float64. All arrays of a file together.
MAX_ARRAYS_BYTES = 64_000_000
# Pieces (chunks) of all arrays. h5py stores ten seconds of twelve leads in one to twelve.
MAX_PIECES = 50_000
# Looking for groups and attributes reads some kilobytes. A file whose structures refer to themselves reads without end.
MAX_READS, MAX_READ_BYTES = 200_000, 4 * MAX_BYTES

_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3
_COMPACT, _CONTIGUOUS, _CHUNKED = 0, 1, 2
_NOWHERE = 0xFFFF_FFFF_FFFF_FFFF


class Unreadable(Exception):
    """This array is stored in a way that is not read. Its text says how, in words for a message."""


class Counted(BytesIO):
    """The file in memory. It raises HeaderInvalid when far more is read than any sound file needs."""

    # pyfive asks every file for its path.
    path = ""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads, self._bytes = MAX_READS, MAX_READ_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self._reads -= 1
        self._bytes -= len(found)
        if self._reads < 0 or self._bytes < 0:
            raise HeaderInvalid("The structures of the HDF5 file refer to each other without end.", "Write it again.")
        return found


class Arrays:
    """Reads arrays within one budget."""

    def __init__(self, data: bytes, base: int) -> None:
        """base: the offset in the file from which its addresses count."""
        self._data, self._base = data, base
        self._left, self._pieces = MAX_ARRAYS_BYTES, MAX_PIECES

    def read(self, dataset: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
        """The array of a dataset of pyfive. dtype: how its bytes are read.

        Raises FileTooLarge, SignalTruncated, SignalInvalid, ChecksumMismatch, and Unreadable.
        """
        shape, store = dataset.shape, dataset.id
        size = prod(shape) * dtype.itemsize
        self._spend(size)
        if store.layout_class == _COMPACT:
            return np.asarray(dataset[()], dtype).reshape(shape)
        if store.layout_class == _CONTIGUOUS:
            if store.data_offset == _NOWHERE:
                raise Unreadable("an array that was never written")
            return np.frombuffer(self._bytes(store.data_offset, size), dtype).reshape(shape)
        if store.layout_class == _CHUNKED:
            return self._chunked(store, shape, dtype)
        raise Unreadable("an array that is stored in other files")

    def _spend(self, size: int, pieces: int = 0) -> None:
        self._left -= size
        self._pieces -= pieces
        if self._left < 0 or self._pieces < 0:
            raise FileTooLarge(f"The arrays of the file have more than {MAX_ARRAYS_BYTES / 1e6:g} MB.")

    def _bytes(self, offset: int, size: int) -> bytes:
        start = self._base + offset
        if start + size > len(self._data):
            raise SignalTruncated("The file ends before the end of its array.")
        return self._data[start : start + size]

    def _chunked(self, store: Any, shape: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
        chunks, pieces = store.chunks, store.index
        filters = [(part["filter_id"], part["client_data"]) for part in store.filter_pipeline or ()]
        if any(number not in (_DEFLATE, _SHUFFLE, _FLETCHER32) for number, _ in filters):
            raise Unreadable("an array with a compression that is not read, use gzip")
        size = prod(chunks) * dtype.itemsize
        if len(chunks) != len(shape) or not size:
            raise HeaderInvalid("The pieces of the array do not fit it.")
        places = [range(0, length, step) for length, step in zip(shape, chunks, strict=True)]
        expected = prod(map(len, places))
        self._spend(expected * size - prod(shape) * dtype.itemsize, expected)
        if len(pieces) != expected or any(
            corner not in place for place_of in pieces for corner, place in zip(place_of, places, strict=True)
        ):
            raise SignalTruncated("A part of the array was never written.")
        array = np.empty(shape, dtype)
        for corner, piece in pieces.items():
            content = self._bytes(piece.byte_offset, piece.size)
            content = _decoded(content, filters, piece.filter_mask, size, dtype.itemsize)
            block = np.frombuffer(content, dtype).reshape(chunks)
            ends = [min(start + step, length) for start, step, length in zip(corner, chunks, shape, strict=True)]
            target = tuple(slice(start, end) for start, end in zip(corner, ends, strict=True))
            array[target] = block[tuple(slice(0, end - start) for start, end in zip(corner, ends, strict=True))]
        return array


def _decoded(content: bytes, filters: Sequence[tuple[int, Any]], skipped: int, size: int, itemsize: int) -> bytes:
    """The bytes of a piece. skipped: a bit for each filter that this piece does not have."""
    for place in reversed(range(len(filters))):
        number = filters[place][0]
        if skipped >> place & 1:
            continue
        if number == _DEFLATE:
            try:
                # Four more bytes than the piece may be a checksum.
                content = zlib.decompressobj().decompress(content, size + 5)
            except zlib.error:
                raise SignalInvalid("A piece of the array cannot be decompressed.") from None
        elif number == _SHUFFLE:
            whole = len(content) // itemsize * itemsize
            turned = np.frombuffer(content, np.uint8, whole).reshape(itemsize, -1).T
            content = turned.tobytes() + content[whole:]
        else:
            content = _verified(content)
    if len(content) != size:
        raise SignalTruncated("A piece of the array has another size than the file says.")
    return content


def _verified(content: bytes) -> bytes:
    """The bytes without their Fletcher-32 checksum, which are the last four. Raises ChecksumMismatch."""
    content, stated = content[:-4], content[-4:]
    words = np.frombuffer(content + bytes(len(content) % 2), ">u2").astype(np.uint64)
    # The second sum counts each word as often as there are words from it on.
    times = np.arange(len(words), 0, -1, dtype=np.uint64)
    sums = int(words.sum() % 65_535), int((words * times % 65_535).sum() % 65_535)
    number = int.from_bytes(stated, "little")
    if sums != ((number & 0xFFFF) % 65_535, (number >> 16) % 65_535):
        raise ChecksumMismatch("A piece of the array is not what its checksum was written for.")
    return content

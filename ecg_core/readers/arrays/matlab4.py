"""MATLAB files of version 4: matrices one after another, each with a header of 20 bytes and a name.

WFDB signal files of the CinC challenges are of this version too. They hold one matrix of the name "val". They are left
to the WFDB reader, because their header (.hea) states rate, gain and leads.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalTruncated
from ecg_core.readers.arrays.values import SEVERAL_HINT, Struct, Unread, Value, texts_of
from ecg_core.readers.options import MAX_LEADS_GIVEN

HEADER_BYTES = 20
# More than any data set has.
MAX_MATRICES = 512
_WFDB_NAME = "val"
_TYPES = ("f8", "f4", "i4", "i2", "u2", "u1")
_TEXT, _SPARSE = 1, 2
_NAME = re.compile(rb"[A-Za-z]\w{0,62}\0")


@dataclass(frozen=True)
class _Header:
    """A matrix: its type and shape, and the offsets of its numbers. An imaginary part is included.

    kind: 0 numbers, 1 text, 2 sparse.
    """

    dtype: np.dtype
    kind: int
    rows: int
    columns: int
    complex: bool
    name: str
    start: int
    stop: int


def sniff(data: bytes) -> bool:
    """Whether a valid header with a MATLAB name begins the file, and the file holds its matrix."""
    header = _header(data, 0)
    return header is not None and header.stop <= len(data) and header.name != _WFDB_NAME


def tree(data: bytes) -> Struct:
    """The matrices by name. Raises HeaderInvalid, SignalTruncated, FileTooLarge."""
    variables: Struct = {}
    for header in _headers(data):
        if len(variables) >= MAX_MATRICES:
            raise FileTooLarge(f"The file holds more than {MAX_MATRICES} matrices.")
        if header.name in variables:
            raise HeaderInvalid("Two matrices of the file have the same name.", SEVERAL_HINT)
        variables[header.name] = _value(data, header)
    return variables


def _headers(data: bytes) -> Iterator[_Header]:
    position = 0
    while position < len(data):
        header = _header(data, position)
        if header is None:
            raise HeaderInvalid("A matrix of the file has no valid header.")
        if header.stop > len(data):
            raise SignalTruncated("The file ends within a matrix.")
        yield header
        position = header.stop


def _header(data: bytes, position: int) -> _Header | None:
    """The header at this offset. None if there is none."""
    fixed = data[position : position + HEADER_BYTES]
    if len(fixed) < HEADER_BYTES:
        return None
    order = "<" if 0 <= int.from_bytes(fixed[:4], "little") < 100 else ">"
    type_, rows, columns, imaginary, length = np.frombuffer(fixed, f"{order}i4").tolist()
    # The first digit is 1 in a big-endian file, the second is always 0.
    type_ -= 1000 * (order == ">")
    name = _NAME.match(data[position + HEADER_BYTES : position + HEADER_BYTES + 64])
    if not 0 <= type_ < 10 * len(_TYPES) or type_ % 10 > _SPARSE or imaginary not in (0, 1) or min(rows, columns) < 0:
        return None
    if not name or len(name[0]) != length:
        return None
    dtype = np.dtype(f"{order}{_TYPES[type_ // 10]}")
    start = position + HEADER_BYTES + length
    stop = start + rows * columns * dtype.itemsize * (1 + imaginary)
    return _Header(dtype, type_ % 10, rows, columns, bool(imaginary), name[0][:-1].decode(), start, stop)


def _value(data: bytes, header: _Header) -> Value:
    count = header.rows * header.columns
    if header.complex or header.kind == _SPARSE:
        return Unread("complex numbers" if header.complex else "a sparse matrix")
    if not count:
        return np.zeros(0)
    matrix = np.frombuffer(data, header.dtype, count, header.start)
    matrix = matrix.reshape((header.rows, header.columns), order="F")
    if header.kind != _TEXT:
        return matrix
    if header.rows > MAX_LEADS_GIVEN or header.columns > MAX_LEADS_GIVEN:
        return Unread("texts")
    codes = np.nan_to_num(matrix, nan=0, posinf=0, neginf=0)
    return texts_of(["".join(chr(int(code)) for code in row if 0 < code < 128) for row in codes])

"""MATLAB files of version 5 to 7.2, and arrays of version 4: numbers, texts, structs and cells, within limits.

Version 5: a header of 128 bytes, then elements of a type, a length and bytes. An array is an element that holds others.
A compressed element holds one more, packed with zlib. Format: "MAT-File Format", The MathWorks.
"""

import hashlib
import zlib
from math import prod

import numpy as np

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers.arrays import matlab4
from ecg_core.readers.arrays.channels import recording_of
from ecg_core.readers.arrays.elements import COMPRESSED, INT32, MATRIX, MAX_TEXT, UINT32, Elements
from ecg_core.readers.arrays.values import SEVERAL_HINT, Struct, Unread, Value, texts_of
from ecg_core.readers.options import MAX_LEADS_GIVEN, Options
from ecg_core.readers.records import Bundle
from ecg_core.recording import MAX_BYTES, Recording

HEADER_BYTES = 128
_ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_V73 = (b"\x00\x02IM", b"\x02\x00MI")
# A struct in a cell in a struct in a struct.
MAX_DEPTH = 4
# All arrays of a file, fields of structs and items of cells included. A data set has a dozen.
MAX_ARRAYS = 4_000
# Longer lists of structs or cells are not the channels of an ECG.
MAX_ITEMS = 256

_CELL, _STRUCT, _CHAR, _OPAQUE = 1, 2, 4, 17
_NUMERIC = range(6, 16)
_COMPLEX, _LOGICAL = 0x08, 0x02
_KINDS = {
    3: "objects",
    5: "a sparse matrix",
    16: "a function",
    _OPAQUE: "objects of MATLAB, such as a table",
}
_HINT = "In MATLAB: save('ecg.mat', 'ecg', '-v7'), where ecg is an array of leads and samples."


def sniff(data: bytes) -> bool:
    mark = data[HEADER_BYTES - 4 : HEADER_BYTES]
    return (data.startswith(b"MATLAB") and (mark in _ORDERS or mark in _V73)) or matlab4.sniff(data)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The ECG among the arrays of the file. Raises EcgError."""
    data = bundle[name]
    mark = data[HEADER_BYTES - 4 : HEADER_BYTES]
    if mark in _V73 and data.startswith(b"MATLAB"):
        raise UnsupportedFormat("This is a MATLAB file of version 7.3, which is an HDF5 file.", _HINT)
    tree = _File(data, _ORDERS[mark]).tree() if mark in _ORDERS else matlab4.tree(data)
    return recording_of(tree, options, bundle.budget, "mat", hashlib.sha256(data).hexdigest())


class _File:
    """Reads the variables of a file of version 5."""

    def __init__(self, data: bytes, order: str) -> None:
        self._data, self._order = data, order
        self._inflated = 0
        self._arrays = 0

    def tree(self) -> Struct:
        """The variables by name. Raises HeaderInvalid, SignalTruncated, SignalInvalid, FileTooLarge."""
        variables: Struct = {}
        whole = Elements(self._data, self._order, HEADER_BYTES, len(self._data))
        for kind, start, stop in whole:
            data = self._data
            if kind == COMPRESSED:
                data = self._inflate(data[start:stop])
                kind, start, stop = Elements(data, self._order, 0, len(data)).next()
            if kind != MATRIX:
                raise HeaderInvalid("The file holds something that is no array.")
            name, value = self._array(Elements(data, self._order, start, stop), 0)
            # Objects are stored in an array of bytes that has no name.
            if name or isinstance(value, Unread):
                if name and name in variables:
                    raise HeaderInvalid("Two arrays of the file have the same name.", SEVERAL_HINT)
                variables[name] = value
        return variables

    def _inflate(self, packed: bytes) -> bytes:
        inflate = zlib.decompressobj()
        left = MAX_BYTES - self._inflated
        try:
            data = inflate.decompress(packed, left + 1)
        except zlib.error:
            raise SignalInvalid("A compressed array of the file is damaged.") from None
        if len(data) > left:
            raise FileTooLarge(f"The file holds more than {MAX_BYTES / 1e6:g} MB of arrays.")
        if not inflate.eof:
            raise SignalTruncated("A compressed array of the file ends too early.")
        self._inflated += len(data)
        return data

    def _array(self, parts: Elements, depth: int) -> tuple[str, Value]:
        """(name, value) of an array. The name is empty for a field of a struct and for an item of a cell."""
        self._arrays += 1
        if self._arrays > MAX_ARRAYS:
            raise FileTooLarge(f"The file holds more than {MAX_ARRAYS:,} arrays.")
        if parts.empty:
            return "", np.zeros(0)
        flags = parts.numbers(UINT32)
        if len(flags) != 2:
            raise HeaderInvalid("An array of the file has no flags.")
        class_, bits = flags[0] & 0xFF, flags[0] >> 8 & 0xFF
        if class_ == _OPAQUE:
            return "", Unread(_KINDS[class_])
        shape = tuple(parts.numbers(INT32))
        if len(shape) < 2 or min(shape) < 0:
            raise HeaderInvalid("An array of the file states no size.")
        name = parts.text()
        if class_ in _KINDS:
            return name, Unread(_KINDS[class_])
        if class_ in (_CELL, _STRUCT):
            return name, self._container(class_, parts, shape, depth)
        if class_ == _CHAR:
            return name, _chars(parts, shape)
        if class_ not in _NUMERIC:
            raise HeaderInvalid("An array of the file is of a class that does not exist.")
        if bits & (_COMPLEX | _LOGICAL):
            return name, Unread("complex numbers" if bits & _COMPLEX else "logical values")
        return name, parts.array(shape)

    def _container(self, class_: int, parts: Elements, shape: tuple[int, ...], depth: int) -> Value:
        count = prod(shape)
        names = _field_names(parts) if class_ == _STRUCT else [""]
        if depth >= MAX_DEPTH or count > MAX_ITEMS:
            return Unread("a long list" if count > MAX_ITEMS else "deeply nested structs")
        items: list[Struct] = []
        for _ in range(count):
            item: Struct = {}
            for name in names:
                kind, start, stop = parts.next()
                if kind != MATRIX:
                    raise HeaderInvalid("A struct or a cell of the file holds something that is no array.")
                item[name] = self._array(parts.within(start, stop), depth + 1)[1]
            items.append(item)
        if class_ == _STRUCT:
            return items[0] if count == 1 else list(items)
        values = [item[""] for item in items]
        texts = [text for value in values if isinstance(value, tuple) and len(value) == 1 for text in value]
        return tuple(texts) if texts and len(texts) == len(values) else values


def _field_names(parts: Elements) -> list[str]:
    widths = parts.numbers(INT32)
    names, width = parts.text(), widths[0] if len(widths) == 1 else 0
    if not 0 < width <= 256 or len(names) % width or len(names) // width > MAX_ARRAYS:
        raise HeaderInvalid("A struct of the file has no names of its fields.")
    return list(texts_of([names[start : start + width].split("\0")[0] for start in range(0, len(names), width)]))


def _chars(parts: Elements, shape: tuple[int, ...]) -> Value:
    """The rows of an array of characters, which is stored column by column."""
    rows = shape[0]
    if len(shape) > 2 or rows > MAX_LEADS_GIVEN or prod(shape) > MAX_TEXT:
        return Unread("texts")
    text = parts.characters() if prod(shape) else ""
    return texts_of([text[row::rows] for row in range(rows)])

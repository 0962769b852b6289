"""Writes MATLAB files of version 5 and 4, by the format's document: not with the library that tests compare with."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecg_core.synthesis.heart import synthesize

_CLASSES = {"f8": 6, "f4": 7, "i1": 8, "u1": 9, "i2": 10, "u2": 11, "i4": 12, "u4": 13, "i8": 14, "u8": 15}
_TYPES = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13}
INT8, INT32, UINT32, MATRIX, COMPRESSED, UTF8 = 1, 5, 6, 14, 15, 16


def element(order: str, kind: int, body: bytes, *, small: bool = True) -> bytes:
    if small and len(body) <= 4 and kind != MATRIX:
        return struct.pack(f"{order}I", len(body) << 16 | kind) + body.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(body)) + body + b"\0" * (-len(body) % 8)


def matrix(order: str, name: str, value: Any, *, small: bool = True, flags: int = 0) -> bytes:
    """value: an array, a text, a dict (struct), a list of dicts (struct array), a list of anything else (cell)."""
    klass, shape, content = _content(order, value, small)
    head = element(order, UINT32, struct.pack(f"{order}II", klass | flags << 8, 0))
    head += element(order, INT32, struct.pack(f"{order}{len(shape)}i", *shape), small=small)
    return element(order, MATRIX, head + element(order, INT8, name.encode(), small=small) + content)


def _content(order: str, value: Any, small: bool) -> tuple[int, tuple[int, ...], bytes]:
    if isinstance(value, str):
        return 4, (1, len(value)), element(order, UTF8, value.encode())
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and value and isinstance(value[0], Mapping)):
        items = [value] if isinstance(value, Mapping) else value
        names = b"".join(name.encode().ljust(32, b"\0") for name in items[0])
        fields = b"".join(matrix(order, "", inner, small=small) for item in items for inner in item.values())
        width = element(order, INT32, struct.pack(f"{order}i", 32), small=small)
        return 2, (1, len(items)), width + element(order, INT8, names) + fields
    if isinstance(value, list | tuple):
        return 1, (1, len(value)), b"".join(matrix(order, "", inner, small=small) for inner in value)
    array = np.atleast_2d(np.asarray(value))
    code = array.dtype.str[1:]
    body = array.astype(array.dtype.newbyteorder(order)).tobytes(order="F")
    return _CLASSES[code], array.shape, element(order, _TYPES[code], body, small=small)


def chars(order: str, name: str, rows: Sequence[str]) -> bytes:
    """An array of characters with one row for each text."""
    width = max(map(len, rows))
    columns = "".join(row.ljust(width)[place] for place in range(width) for row in rows)
    head = element(order, UINT32, struct.pack(f"{order}II", 4, 0))
    head += element(order, INT32, struct.pack(f"{order}2i", len(rows), width)) + element(order, INT8, name.encode())
    return element(
        order, MATRIX, head + element(order, 4, columns.encode("utf-16-le" if order == "<" else "utf-16-be"))
    )


def mat(variables: Mapping[str, Any], *, order: str = "<", packed: bool = False, small: bool = True) -> bytes:
    return joined([matrix(order, name, value, small=small) for name, value in variables.items()], order, packed)


def joined(elements: Sequence[bytes], order: str = "<", packed: bool = False) -> bytes:
    text = b"MATLAB 5.0 MAT-file, made for a test".ljust(116) + bytes(8)
    mark = struct.pack(f"{order}H", 0x0100) + (b"IM" if order == "<" else b"MI")
    return text + mark + b"".join(compressed(order, part) if packed else part for part in elements)


def compressed(order: str, part: bytes) -> bytes:
    body = zlib.compress(part)
    return struct.pack(f"{order}II", COMPRESSED, len(body)) + body


def mat4(variables: Mapping[str, Any], order: str = "<") -> bytes:
    """Version 4. A text is stored as doubles."""
    out = b""
    for name, value in variables.items():
        text = isinstance(value, str | list)
        rows = [value] if isinstance(value, str) else value
        array = (
            np.array([[ord(letter) for letter in row.ljust(max(map(len, rows)))] for row in rows], "f8")
            if text
            else value
        )
        array = np.atleast_2d(np.asarray(array))
        kind = ("f8", "f4", "i4", "i2", "u2", "u1").index(array.dtype.str[1:]) * 10 + text
        kind += 1000 if order == ">" else 0
        out += struct.pack(f"{order}5i", kind, *array.shape, 0, len(name) + 1) + name.encode() + b"\0"
        out += array.astype(array.dtype.newbyteorder(order)).tobytes(order="F")
    return out


def examples() -> dict[str, dict[str, bytes]]:
    ecg = synthesize("normal", seed=7)
    uv = np.round(ecg.signal * 1000)
    stated = {"fs": 500.0, "units": "mV", "leads": list(ecg.leads)}
    whole = {"data": ecg.signal.astype("f8"), **stated}
    small = {"val": uv.astype("i2").T, "Fs": np.uint16(500), "units": "uV", "sig_name": list(ecg.leads)}
    return {
        "MATLAB 5, a struct": {"ecg.mat": mat({"ECG": whole})},
        "MATLAB 5, variables, compressed": {"ecg.mat": mat(small, packed=True)},
        "MATLAB 5, big endian": {"ecg.mat": mat({"ECG": whole}, order=">")},
        "MATLAB 5, a vector for each lead": {
            "ecg.mat": mat({**dict(zip(ecg.leads, ecg.signal, strict=True)), "fs": 500.0, "units": "mV"}, packed=True)
        },
        "MATLAB 4": {"ecg.mat": mat4({"ecg": ecg.signal, "fs": 500.0, "units": "mV", "leads": list(ecg.leads)})},
        "MATLAB 4, big endian": {
            "ecg.mat": mat4({"ecg": ecg.signal.T, "fs": 500.0, "units": "mV", "leads": list(ecg.leads)}, ">")
        },
    }

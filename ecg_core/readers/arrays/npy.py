"""NumPy files: .npy holds one array, .npz is a zip of .npy files. Pickled objects are never loaded.

The header is a literal of Python. It is matched by a pattern, not evaluated. The numbers are compared with the bytes
that are there before memory is allocated. Format: numpy.lib.format.
"""

import hashlib
import re
import sys
import zipfile
from io import BytesIO
from math import prod
from typing import Literal

import numpy as np

from ecg_core.errors import HeaderInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers import archive
from ecg_core.readers.arrays.channels import recording_of
from ecg_core.readers.arrays.values import Struct, Unread, Value, texts_of
from ecg_core.readers.names import is_junk
from ecg_core.readers.options import MAX_LEADS_GIVEN, Options
from ecg_core.readers.records import Bundle
from ecg_core.recording import Recording

MAGIC = b"\x93NUMPY"
SUFFIX = ".npy"
# numpy itself reads no longer header unless it is told to. That of a plain array has 118 bytes.
MAX_HEADER_BYTES = 10_000
# numpy reads up to 64.
MAX_DIMENSIONS = 32
# The name of a lead or a unit is far shorter.
MAX_TEXT_BYTES = 1_024

_FIELD = re.compile(r"\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|\[[^:]*\]|True|False|\([\d,\s]*\))\s*(?:,|$)")
_DTYPE = re.compile(r"[<>|=]?([a-zA-Z])(\d{0,4})(?:\[\w+\])?")
_REAL = {"f": (2, 4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8)}
_KINDS = {
    "b": "logical values",
    "c": "complex numbers",
    "O": "Python objects, which are not loaded",
    "V": "records with named fields",
    "M": "dates",
    "m": "durations",
    "f": "numbers of extended precision",
}
_HINT = "Save the samples as an array of numbers: numpy.save with float32, float64 or int16."


def sniff(data: bytes) -> bool:
    """One array, or a zip with several of them and nothing else. A zip with one is read like any other archive."""
    return data.startswith(MAGIC) or (archive.sniff(data) and _is_npz(data))


def _is_npz(data: bytes) -> bool:
    if data.count(b"PK\x01\x02") > archive.MAX_MEMBERS:
        return False
    try:
        with zipfile.ZipFile(BytesIO(data)) as members:
            names = [name for name in members.namelist() if not name.endswith("/") and not is_junk(name)]
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, OverflowError, MemoryError, NotImplementedError):
        return False
    return len(names) > 1 and all(name.endswith(SUFFIX) for name in names)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The ECG in one array, or in one of several. Raises EcgError."""
    data = bundle[name]
    tree: Struct
    if data.startswith(MAGIC):
        array = value_of(data)
        if isinstance(array, Unread):
            raise UnsupportedFormat(f"The array holds {array.kind}, no real numbers.", _HINT)
        tree = {"": array}
    else:
        tree = {_stem(member): value_of(content) for member, content in archive.extract(data).items()}
    return recording_of(tree, options, bundle.budget, "npy", hashlib.sha256(data).hexdigest())


def _stem(member: str) -> str:
    return member.rpartition("/")[2].removesuffix(SUFFIX)


def value_of(data: bytes) -> Value:
    """The array, without a copy. Raises HeaderInvalid, SignalTruncated, UnsupportedFormat."""
    header, start = _header(data)
    fields = _fields(header)
    description, shape = fields["descr"], _shape(fields["shape"])
    if description.startswith("["):
        return Unread(_KINDS["V"])
    found = _DTYPE.fullmatch(description.strip("'"))
    if not found:
        raise HeaderInvalid("The header of the array states no type of numbers.")
    kind, size = found[1], int(found[2] or 0)
    if kind in "SU" and size > 0:
        return _texts(data, start, description, shape)
    if size not in _REAL.get(kind, ()):
        return Unread(_KINDS.get(kind, "values of another type"))
    dtype = np.dtype(description.strip("'"))
    _check_length(len(data) - start, prod(shape) * dtype.itemsize)
    order: Literal["F", "C"] = "F" if fields["fortran_order"] == "True" else "C"
    if not prod(shape):
        return np.zeros(0, dtype)
    return np.frombuffer(data, dtype, prod(shape), start).reshape(shape, order=order)


def _header(data: bytes) -> tuple[str, int]:
    """(the header, the offset of the numbers)."""
    if not data.startswith(MAGIC) or len(data) < 12:
        raise HeaderInvalid("The array begins with another mark than that of NumPy.")
    version, width = data[6], 2 if data[6] == 1 else 4
    if version not in (1, 2, 3) or data[7]:
        raise UnsupportedFormat("The array has a version of NumPy's format that is not known.", _HINT)
    length, start = int.from_bytes(data[8 : 8 + width], "little"), 8 + width
    if length > MAX_HEADER_BYTES:
        raise HeaderInvalid(f"The header of the array has more than {MAX_HEADER_BYTES:,} bytes.")
    if len(data) < start + length:
        raise SignalTruncated("The file ends within the header of the array.")
    return data[start : start + length].decode("latin-1"), start + length


def _fields(header: str) -> dict[str, str]:
    """The three fields of the header, as text."""
    text = header.strip()
    fields: dict[str, str] = {}
    if text[:1] == "{" and text[-1:] == "}":
        text = text[1:-1].rstrip()
        position = 0
        while match := _FIELD.match(text, position):
            fields[match[1]], position = match[2], match.end()
        if position == len(text) and set(fields) == {"descr", "fortran_order", "shape"} and _typed(fields):
            return fields
    raise HeaderInvalid("The header of the array cannot be read.")


def _typed(fields: dict[str, str]) -> bool:
    flags = fields["fortran_order"] in ("True", "False")
    return flags and fields["shape"].startswith("(") and fields["descr"][0] in "'["


def _shape(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.strip("()").split(",")]
    sizes = parts[:-1] if parts[-1] == "" else parts
    # A size of 15 digits is beyond every memory, and Python parses longer numbers slowly.
    if len(sizes) > MAX_DIMENSIONS or any(not size.isdecimal() or len(size) > 15 for size in sizes):
        raise HeaderInvalid("The header of the array states no shape.")
    return tuple(map(int, sizes))


def _check_length(there: int, declared: int) -> None:
    if there < declared:
        raise SignalTruncated("The array has fewer numbers than its header says.")
    if there > declared:
        raise HeaderInvalid("The array has more numbers than its header says.")


def _texts(data: bytes, start: int, description: str, shape: tuple[int, ...]) -> Value:
    dtype = np.dtype(description.strip("'"))
    _check_length(len(data) - start, prod(shape) * dtype.itemsize)
    if not 0 < prod(shape) <= MAX_LEADS_GIVEN or dtype.itemsize > MAX_TEXT_BYTES:
        return Unread("texts")
    # numpy would make texts of any number, even of those that stand for no character.
    big = dtype.byteorder == ">" or (dtype.byteorder == "=" and sys.byteorder == "big")
    encoding = "latin-1" if dtype.kind == "S" else "utf-32-be" if big else "utf-32-le"
    width = dtype.itemsize
    stop = start + prod(shape) * width
    return texts_of([data[at : at + width].decode(encoding, "replace") for at in range(start, stop, width)])

"""The Huffman tables of SCP-ECG (section 2), made ready for decoding many codes at once.

A code has a prefix, which identifies it, and perhaps more bits: a signed number that is added to the code's value. Bits
are read from the most significant one on. A code of mode 0 holds no value: from it on, another table is valid.
"""

import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid

Integers = NDArray[np.int64]

# Section 2 states this number of tables if the default table of the standard is used.
DEFAULT = 19_999
# Real tables have about 20 codes. These limits bound time and memory: a table takes 0.4 MB.
MAX_TABLES, MAX_CODES = 32, 4_096
MAX_PREFIX, MAX_MORE = 32, 32
# Prefixes of up to 16 bits are looked up, longer ones are searched for.
WINDOW_BITS = 16
# In the lookup, instead of the number of a code: no code begins so, or one with a longer prefix.
NO_CODE, LONG_CODE = -1, -2
_CODE = np.dtype([("prefix", "u1"), ("total", "u1"), ("mode", "u1"), ("value", "<i2"), ("code", "<u4")])


@dataclass(frozen=True, eq=False)
class Tables:
    """All tables of a file. Codes are numbered over all tables, sorted by table and prefix.

    starts, ends [codes]: table * 2 ** 32 + the 32 bits from which on, and up to which, a bit stream begins with the
    code. prefix, total: lengths in bits. values: of codes with a value. switches: whether the code has mode 0. lookup
    [tables, 2 ** 16]: the code with which 16 bits begin. lengths: its length in bits, 0 where no code is found. after:
    the table that is valid after it.
    """

    count: int
    starts: Integers
    ends: Integers
    prefix: Integers
    total: Integers
    values: Integers
    switches: NDArray[np.bool_]
    lookup: NDArray[np.int16]
    lengths: NDArray[np.uint8]
    after: NDArray[np.uint8]
    has_long: bool

    def find(self, tables: Integers, bits: Integers) -> Integers:
        """The codes with which 32 bits begin, by search. NO_CODE where there is none."""
        keys = tables << 32 | bits
        found = np.searchsorted(self.starts, keys, "right") - 1
        return np.where((found >= 0) & (keys < self.ends[found]), found, NO_CODE)


def tables_of(body: memoryview) -> Tables | None:
    """The tables in section 2. None if it says that the samples are not compressed. Raises HeaderInvalid."""
    count = _count(body, 0)
    if count == DEFAULT:
        return default_tables()
    if count > MAX_TABLES:
        raise HeaderInvalid(f"The file has more than {MAX_TABLES} Huffman tables.")
    offset, codes, owners = 2, [np.empty(0, _CODE)], [0] * 0
    for table in range(count):
        size = _count(body, offset)
        offset += 2
        if len(owners) + size > MAX_CODES:
            raise HeaderInvalid(f"The Huffman tables have more than {MAX_CODES:,} codes.")
        if offset + size * _CODE.itemsize > len(body):
            raise HeaderInvalid("The section of the Huffman tables is shorter than its tables.")
        codes.append(np.frombuffer(body, _CODE, size, offset))
        owners += [table] * size
        offset += size * _CODE.itemsize
    joined = np.concatenate(codes)
    # Some writers state "no compression" by one code without prefix for plain numbers of 16 bits.
    if not len(joined) or (len(joined) == 1 and joined["prefix"][0] == 0 and joined["total"][0] == 16):
        return None
    return _tables(count, np.array(owners, np.int64), joined)


@cache
def default_tables() -> Tables:
    """0 is one bit. Up to 8, a number has as many ones as its size, a zero and its sign. Others have 8 or 16 more."""
    codes = [(1, 1, 1, 0, 0)]
    for size in range(1, 9):
        ones = 2**size - 1
        codes += [(size + 2, size + 2, 1, size, ones), (size + 2, size + 2, 1, -size, ones | 2 << size)]
    codes += [(10, 18, 1, 0, 2**9 - 1), (10, 26, 1, 0, 2**10 - 1)]
    joined = np.array(codes, _CODE)
    return _tables(1, np.zeros(len(joined), np.int64), joined)


def _tables(count: int, owners: Integers, codes: NDArray[np.void]) -> Tables:
    # Some writers state both lengths in the other order.
    prefix = np.minimum(codes["prefix"], codes["total"]).astype(np.int64)
    total = np.maximum(codes["prefix"], codes["total"]).astype(np.int64)
    switches = codes["mode"] == 0
    targets = np.where(switches, codes["value"].astype(np.int64) - 1, owners)
    if prefix.min() < 1 or prefix.max() > MAX_PREFIX or (total - prefix).max() > MAX_MORE:
        raise HeaderInvalid("A Huffman code has an impossible length.")
    if targets.min() < 0 or targets.max() >= count:
        raise HeaderInvalid("A Huffman code switches to a table that is not there.")
    width = 1 << (MAX_PREFIX - prefix)
    starts = owners << MAX_PREFIX | (_reversed(codes["code"]) & -width)
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], (starts + width)[order]
    if (ends[:-1] > starts[1:]).any():
        raise HeaderInvalid("Two Huffman codes begin with the same bits.")
    prefix, total, targets = prefix[order], total[order], targets[order]
    lookup = np.full(count << WINDOW_BITS, NO_CODE, np.int16)
    rest = MAX_PREFIX - WINDOW_BITS
    for number, (start, end) in enumerate(zip((starts >> rest).tolist(), (ends >> rest).tolist(), strict=True)):
        if end > start:
            lookup[start:end] = number
        else:
            lookup[start] = LONG_CODE
    lengths = np.append(total, [0, 0]).astype(np.uint8)[lookup]
    after = np.append(targets, [0, 0]).astype(np.uint8)[lookup]
    shape = (count, 1 << WINDOW_BITS)
    return Tables(
        *(count, starts, ends, prefix, total, codes["value"].astype(np.int64)[order], switches[order]),
        *(lookup.reshape(shape), lengths.reshape(shape), after.reshape(shape), bool((prefix > WINDOW_BITS).any())),
    )


def _count(body: memoryview, offset: int) -> int:
    if offset + 2 > len(body):
        raise HeaderInvalid("The section of the Huffman tables is shorter than its tables.")
    return int(struct.unpack_from("<H", body, offset)[0])


def _reversed(codes: NDArray[np.uint32]) -> Integers:
    """[codes] 32 bits in reverse order: the file stores a code with its first bit as the least significant one."""
    octets = np.ascontiguousarray(codes, "<u4").view(np.uint8)
    return np.packbits(np.unpackbits(octets, bitorder="little")).view(">u4").astype(np.int64)

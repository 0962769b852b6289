"""Decodes leads with Huffman codes.

The bits of a lead are a chain: only the length of a code tells where the next one begins. numpy looks up the length of
a code at every bit, a loop over bytes follows the chain, and numpy reads the values. So 12 leads of 5,000 samples take
5 ms; a loop over bits takes 150 ms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge
from ecg_core.readers.scp.tables import LONG_CODE, NO_CODE, Tables

Integers = NDArray[np.int64]

# Bits of all leads, times the number of tables. Twelve leads of 65,535 bytes with one table reach it nearly.
MAX_LOOKUPS = 7_000_000
# Zero bytes after a lead, so that the last windows of bits are whole.
_PAD = bytes(16)


@dataclass(frozen=True)
class Stream:
    """values: as many as the bytes of a lead hold, perhaps with padding. ends: number of bits up to each one's end.

    Values wrap at 16 bits, as the sums of differences do.
    """

    values: NDArray[np.int16]
    ends: NDArray[np.int32]


def check_work(leads: Sequence[memoryview], tables: Tables) -> None:
    """Raises FileTooLarge. Call it before the leads are decoded."""
    if 8 * sum(map(len, leads)) * tables.count > MAX_LOOKUPS:
        raise FileTooLarge("The leads are too long for their number of Huffman tables.")


def decode(lead: memoryview, tables: Tables) -> Stream:
    """Decodes one lead, beginning with the first table, until its bytes end or no code fits."""
    bits = 8 * len(lead)
    data = np.frombuffer(bytes(lead) + _PAD, np.uint8).astype(np.int64)
    windows = _windows(data, bits)
    lengths = np.take(tables.lengths, windows, axis=1)
    if tables.has_long:
        _lengthen(lengths, data, windows, tables)
    if tables.count == 1:
        marks = _follow(lengths[0])
    else:
        after = np.take(tables.after, windows, axis=1)
        marks = _follow_switching([row.tobytes() for row in lengths], [row.tobytes() for row in after])
    places = np.flatnonzero(marks)
    used = marks[places].astype(np.int64) - 1
    codes = tables.lookup[used, windows[places]].astype(np.int64)
    if tables.has_long:
        long = codes == LONG_CODE
        codes[long] = tables.find(used[long], _bits(data, places[long], 32))
    ends = places + tables.total[codes]
    # A code of mode 0 has no value. The last code may be incomplete.
    chosen = ~tables.switches[codes] & (ends <= bits)
    values = _values(data, tables, codes[chosen], places[chosen])
    return Stream(values.astype(np.int16), ends[chosen].astype(np.int32))


def _windows(data: Integers, bits: int) -> Integers:
    """[bits] the 16 bits from each bit on."""
    count = bits // 8
    wide = data[:count] << 16 | data[1 : count + 1] << 8 | data[2 : count + 2]
    return (wide[:, np.newaxis] >> np.arange(8, 0, -1) & 0xFFFF).ravel()


def _lengthen(lengths: NDArray[np.uint8], data: Integers, windows: Integers, tables: Tables) -> None:
    """Fills in the lengths of codes with long prefixes, in place."""
    used, places = np.nonzero(np.take(tables.lookup, windows, axis=1) == LONG_CODE)
    codes = tables.find(used, _bits(data, places, 32))
    found = codes != NO_CODE
    lengths[used[found], places[found]] = tables.total[codes[found]]


def _follow(lengths: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 at each bit where a code begins. lengths: of the code at each bit, 0 for none.

    It goes four codes at once where four are there.
    """
    bits = len(lengths)
    ones = np.append(lengths, np.uint8(0))
    places = np.arange(bits + 1)
    twos = _sums(ones, places)
    # 4 codes of 64 bits give 256, which is 0 in 8 bits. Those are followed one by one.
    single, four = ones.tobytes(), _sums(twos, places).tobytes()
    marks = bytearray(bits)
    place = 0
    while place < bits:
        step = four[place]
        if step:
            marks[place] = 4
        else:
            step = single[place]
            if not step:
                break
            marks[place] = 1
        place += step
    marked = np.frombuffer(marks, np.uint8)
    first = np.flatnonzero(marked == 4)
    third = first + twos[first]
    for begins in (first, first + ones[first], third, third + ones[third]):
        marked[begins] = 1
    return marked


def _sums(lengths: NDArray[np.uint8], places: Integers) -> NDArray[np.uint8]:
    """The length of what begins at each bit and of what follows it. 0 if nothing follows."""
    following = lengths.take(places + lengths, mode="clip")
    return (lengths + following) * (following > 0)


def _follow_switching(lengths: Sequence[bytes], after: Sequence[bytes]) -> NDArray[np.uint8]:
    """The number of the table, from 1 on, at each bit where a code begins. after: the table after the code."""
    bits = len(lengths[0])
    marks = bytearray(bits)
    place, table = 0, 0
    while place < bits:
        length = lengths[table][place]
        if not length:
            break
        marks[place] = table + 1
        table = after[table][place]
        place += length
    return np.frombuffer(marks, np.uint8)


def _bits(data: Integers, places: Integers, count: Integers | int) -> Integers:
    """The next bits from each place on, up to 32, as numbers."""
    octet = places >> 3
    wide = data[octet]
    for more in range(1, 5):
        wide = wide << 8 | data[octet + more]
    ones: Integers = (1 << np.asarray(count, np.int64)) - 1
    bits: Integers = wide >> (40 - (places & 7) - count)
    return bits & ones


def _values(data: Integers, tables: Tables, codes: Integers, places: Integers) -> Integers:
    values = tables.values[codes]
    more = tables.total[codes] - tables.prefix[codes]
    longer = np.flatnonzero(more)
    if len(longer):
        count = more[longer]
        bits = _bits(data, places[longer] + tables.prefix[codes[longer]], count)
        values[longer] += bits - ((bits >> (count - 1)) << count)
    return values

"""Parses the elements of a DICOM data set (DICOM PS3.5). Samples and all other large values are skipped, not loaded."""

import math
import re
import struct
from dataclasses import dataclass, field

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalTruncated
from ecg_core.readers.dicom import tags
from ecg_core.readers.source import Source

# Waveforms nest four levels: data set, group, channel, code. Eight leave room for what is skipped.
MAX_DEPTH = 8
# An ECG has about 1,000 elements. Parsing this many takes 0.2 s.
MAX_ELEMENTS = 100_000
# The longest value that is read has 64 characters. Longer ones belong to a damaged file.
MAX_VALUE_BYTES = 1_024
_CHUNK_BYTES = 65_536

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_UNDEFINED = 0xFFFF_FFFF
# Value representations by the size of their length field.
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
REPRESENTATIONS = _SHORT | _LONG
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BROKEN = "The elements of the DICOM file contradict each other."


@dataclass(frozen=True)
class Encoding:
    """explicit: each element states its representation. little: byte order."""

    explicit: bool
    little: bool

    @property
    def order(self) -> str:
        return "<" if self.little else ">"


IMPLICIT = Encoding(explicit=False, little=True)
EXPLICIT = Encoding(explicit=True, little=True)
BIG_ENDIAN = Encoding(explicit=True, little=False)


@dataclass(frozen=True)
class Span:
    """Where the samples of a group lie. representation: b"OB" or b"OW", empty in implicit encoding."""

    offset: int
    length: int
    representation: bytes


@dataclass
class Item:
    """The elements of a data set, or of an item of a sequence, that are read."""

    encoding: Encoding
    values: dict[int, bytes] = field(default_factory=dict)
    sequences: dict[int, "list[Item]"] = field(default_factory=dict)
    data: Span | None = None

    def text(self, tag: int) -> str:
        """Without the blanks and zero bytes around it. Empty if the element is missing or empty."""
        return self.values.get(tag, b"").decode("latin-1").strip(" \0\t\r\n")

    def number(self, tag: int) -> float | None:
        """A decimal string. None if it is missing or empty. Raises HeaderInvalid."""
        text = self.text(tag)
        if not text:
            return None
        number = float(text) if _DECIMAL.fullmatch(text) else math.nan
        if not math.isfinite(number):
            raise HeaderInvalid("A number of the DICOM file cannot be read.")
        return number

    def integer(self, tag: int) -> int | None:
        """A binary integer without sign. None if it is missing or empty. Raises HeaderInvalid."""
        value = self.values.get(tag, b"")
        if len(value) not in (0, 2, 4):
            raise HeaderInvalid("A count of the DICOM file has a wrong size.")
        return int.from_bytes(value, "little" if self.encoding.little else "big") if value else None

    def first(self, tag: int) -> "Item | None":
        """The first item of a sequence."""
        return next(iter(self.sequences.get(tag, ())), None)


class Parser:
    """Parses elements of a source. All calls together read at most MAX_ELEMENTS."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = MAX_ELEMENTS
        self._start = 0
        self._chunk = b""

    def meta(self, at: int, encoding: Encoding) -> tuple[Item, int]:
        """(the elements of group 0002, where the data set begins)."""
        item = Item(encoding)
        while self._ahead(at)[:2] == b"\x02\0":
            tag, _, length, value = self._header(at, encoding, self._source.size)
            at = value + length
            self._check(at, self._source.size)
            if tag in tags.VALUES:
                item.values[tag] = self._value(value, length)
        return item, at

    def data_set(self, at: int, encoding: Encoding) -> Item:
        """The elements up to the waveforms. Raises HeaderInvalid, SignalTruncated, FileTooLarge."""
        return self._elements(at, self._source.size, self._source.size, 0, encoding, keep=True)[0]

    def _elements(
        self, at: int, end: int | None, limit: int, depth: int, encoding: Encoding, *, keep: bool
    ) -> tuple[Item, int]:
        """(the elements of an item, where it ends). end: None for an item that ends with a delimiter."""
        item = Item(encoding)
        stop = limit if end is None else end
        while end is None or at < end:
            tag, representation, length, value = self._header(at, encoding, stop)
            if tag == _ITEM_END and end is None:
                return item, value
            if tag >> 16 == 0xFFFE:
                raise HeaderInvalid(_BROKEN)
            undefined = length == _UNDEFINED
            if not undefined:
                self._check(value + length, stop)
            wanted = keep and tag in tags.SEQUENCES
            if undefined or wanted:
                inner = IMPLICIT if representation == b"UN" else encoding
                close = None if undefined else value + length
                items, at = self._items(value, close, stop, depth + 1, inner, keep=wanted)
                if wanted:
                    self._once(tag in item.sequences)
                    item.sequences[tag] = items
            else:
                at = value + length
                if keep and tag in tags.VALUES:
                    self._once(tag in item.values)
                    item.values[tag] = self._value(value, length)
                elif keep and tag == tags.DATA:
                    self._once(item.data is not None)
                    item.data = Span(value, length, representation)
            if depth == 0 and tag >= tags.WAVEFORMS:
                break
        return item, at

    def _items(
        self, at: int, end: int | None, limit: int, depth: int, encoding: Encoding, *, keep: bool
    ) -> tuple[list[Item], int]:
        """(the items of a sequence if keep, where it ends). end: None for a sequence that ends with a delimiter."""
        if depth > MAX_DEPTH:
            raise HeaderInvalid(f"The sequences of the DICOM file are nested more than {MAX_DEPTH} deep.")
        items: list[Item] = []
        stop = limit if end is None else end
        while end is None or at < end:
            tag, _, length, value = self._header(at, encoding, stop)
            if tag == _SEQUENCE_END and end is None:
                return items, value
            if tag != _ITEM:
                raise HeaderInvalid(_BROKEN)
            close = None if length == _UNDEFINED else value + length
            if close is not None:
                self._check(close, stop)
            if keep or close is None:
                item, at = self._elements(value, close, stop, depth, encoding, keep=keep)
                items += [item] * keep
            else:
                at = close
        return items, at

    def _header(self, at: int, encoding: Encoding, stop: int) -> tuple[int, bytes, int, int]:
        """(tag, representation, length, offset of the value) of the element at this offset."""
        self._left -= 1
        if self._left < 0:
            raise FileTooLarge(f"The DICOM file has more than {MAX_ELEMENTS:,} elements.")
        head = self._ahead(at)
        size, representation = 8, b""
        if len(head) >= 8:
            group, element, length = struct.unpack_from(encoding.order + "HHI", head)
            if encoding.explicit and group != 0xFFFE:
                representation = head[4:6]
                if representation in _SHORT:
                    length = struct.unpack_from(encoding.order + "H", head, 6)[0]
                elif representation in _LONG:
                    size = 12
                    length = struct.unpack_from(encoding.order + "I", head, 8)[0] if len(head) == 12 else 0
                else:
                    raise HeaderInvalid("An element of the DICOM file has no known representation.")
        self._check(at + size, stop)
        return group << 16 | element, representation, length, at + size

    def _ahead(self, at: int) -> bytes:
        """The 12 bytes from this offset, as many as the longest header has. Fewer at the end of the file."""
        place = at - self._start
        if not 0 <= place <= len(self._chunk) - 12:
            self._start, self._chunk, place = at, self._source.read(at, _CHUNK_BYTES), 0
        return self._chunk[place : place + 12]

    def _value(self, at: int, length: int) -> bytes:
        if length > MAX_VALUE_BYTES:
            raise HeaderInvalid("A value of the DICOM file is too long.")
        place = at - self._start
        if not 0 <= place <= len(self._chunk) - length:
            return self._source.read(at, length)
        return self._chunk[place : place + length]

    def _check(self, end: int, stop: int) -> None:
        """Raises SignalTruncated for what ends after the file, HeaderInvalid for what ends after its parent."""
        if end > self._source.size:
            raise SignalTruncated("The DICOM file ends before its elements do.")
        if end > stop:
            raise HeaderInvalid(_BROKEN)

    def _once(self, repeated: bool) -> None:
        if repeated:
            raise HeaderInvalid("An element of the DICOM file is there twice.")

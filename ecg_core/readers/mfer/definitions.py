"""The definitions of an MFER file, in order. Each has a tag, a length and a value.

The length is one byte, or 0x80 + n and then n bytes, the highest first. 0x80 alone means that the value ends with two
zero bytes. Attributes of a channel and groups hold definitions themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalTruncated
from ecg_core.readers.source import Source

BLE, BLK, CHN, SEQ, PNT, WFM, LDN, DTP, IVL, SEN, OFF = 0x01, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D
CMP, NUL, WAV, ATT, SET, END, TIM = 0x0E, 0x12, 0x1E, 0x3F, 0x67, 0x80, 0x85
_ZERO = 0x00

# A monitor's file of six channels has 60.
MAX_DEFINITIONS = 20_000
# A group in an attribute in a group. The format needs two.
MAX_DEPTH = 4
# The longest value that is looked at, a lead's code with its name, is shorter. Waveforms are not read here.
MAX_VALUE_BYTES = 64
_MAX_LENGTH_BYTES = 4
_MAX_CHANNEL_BYTES = 3
_WINDOW_BYTES = 4_096


@dataclass(frozen=True)
class Definition:
    """offset, length: of the value in the file. value: its first bytes. channel: None if it is for all channels."""

    tag: int
    channel: int | None
    offset: int
    length: int
    value: bytes


def definitions(source: Source) -> Iterator[Definition]:
    """Raises HeaderInvalid, SignalTruncated, FileTooLarge."""
    yield from _within(_Cursor(source), source.size, None, 0, False)


class _Cursor:
    """A position in a file that is read in small windows."""

    def __init__(self, source: Source) -> None:
        self.position = 0
        self.passed = 0
        self._source = source
        self._window, self._at = b"", 0

    def bytes(self, length: int) -> bytes:
        """The next bytes, without moving on. Fewer at the end of the file."""
        start = self.position - self._at
        if start < 0 or start + length > len(self._window):
            self._window, self._at, start = self._source.read(self.position, _WINDOW_BYTES), self.position, 0
        return self._window[start : start + length]

    def byte(self) -> int:
        found = self.bytes(1)
        if not found:
            raise SignalTruncated("The file ends within a definition.")
        self.position += 1
        return found[0]

    def length(self) -> int | None:
        """None if the value ends with two zero bytes."""
        first = self.byte()
        if first < 0x80:
            return first
        if first == 0x80:
            return None
        if first - 0x80 > _MAX_LENGTH_BYTES:
            raise HeaderInvalid("A definition of the file is longer than any file.")
        length = 0
        for _ in range(first - 0x80):
            length = length << 8 | self.byte()
        return length

    def channel(self) -> int:
        """Seven bits a byte; the highest bit says that another byte follows."""
        number = 0
        for _ in range(_MAX_CHANNEL_BYTES):
            byte = self.byte()
            number = number << 7 | byte & 0x7F
            if byte < 0x80:
                return number
        raise HeaderInvalid("A channel of the file has too large a number.")

    def skip_zeros(self, stop: int) -> None:
        while self.position < stop:
            window = self.bytes(_WINDOW_BYTES) or b"\1"
            zeros = len(window) - len(window.lstrip(b"\0"))
            self.position += zeros
            if zeros < len(window):
                return


def _within(cursor: _Cursor, stop: int, channel: int | None, depth: int, ends_with_zeros: bool) -> Iterator[Definition]:
    """The definitions up to an offset, or up to two zero bytes."""
    while cursor.position < stop:
        tag = cursor.byte()
        if tag == _ZERO:
            if not ends_with_zeros:
                cursor.skip_zeros(stop)
            elif cursor.bytes(1) == b"\0":
                cursor.position += 1
                return
            continue
        if tag == END:
            cursor.position = stop
            return
        cursor.passed += 1
        if cursor.passed > MAX_DEFINITIONS:
            raise FileTooLarge(f"The file holds more than {MAX_DEFINITIONS:,} definitions.")
        of = cursor.channel() if tag == ATT else channel
        length = cursor.length()
        end = stop if length is None else cursor.position + length
        if end > stop:
            raise SignalTruncated("The file ends within a definition.")
        if tag in (ATT, SET):
            if depth >= MAX_DEPTH or (tag == ATT and channel is not None):
                raise HeaderInvalid("The definitions of the file are nested too deeply.")
            yield from _within(cursor, end, of, depth + 1, length is None)
            cursor.position = cursor.position if length is None else end
        elif length is None:
            raise HeaderInvalid("A definition of the file has no length.")
        else:
            value = b"" if tag == WAV else cursor.bytes(min(length, MAX_VALUE_BYTES))
            yield Definition(tag, of, cursor.position, length, value)
            cursor.position = end
    if ends_with_zeros:
        raise SignalTruncated("The file ends within a definition.")

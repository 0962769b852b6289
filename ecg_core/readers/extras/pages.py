"""How large the pages of a Parquet file become. Each page states it, in Thrift's compact protocol, before its bytes."""

from ecg_core.errors import FileTooLarge, HeaderInvalid

# Eight million numbers of six bytes. The text that is made of the columns has a lower limit.
MAX_PAGES_BYTES = 48_000_000
# A page has a thousand rows or more.
MAX_PAGES = 50_000
_MAX_DEPTH = 8

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, 7, 8, 12
_INTEGERS = (4, 5, 6)
# Fields of a page's header.
_UNPACKED, _PACKED = 2, 3


class Pages:
    """Counts the pages of all columns. Raises FileTooLarge if they are too large or too many, HeaderInvalid."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0
        self._left, self._pages = MAX_PAGES_BYTES, MAX_PAGES

    def count(self, start: int, length: int) -> None:
        """The pages in these bytes, which are a column of one row group."""
        if start < 0 or length < 0 or start + length > len(self._data):
            raise damaged()
        self._place, end = start, start + length
        while self._place < end:
            sizes = self._struct(0)
            unpacked, packed = sizes.get(_UNPACKED, -1), sizes.get(_PACKED, -1)
            if unpacked < 0 or packed < 0 or self._place + packed > end:
                raise damaged()
            self._place += packed
            self._left -= unpacked
            self._pages -= 1
            if self._left < 0 or self._pages < 0:
                raise FileTooLarge(f"The columns hold more than {MAX_PAGES_BYTES / 1e6:g} MB.")

    def _byte(self) -> int:
        if self._place >= len(self._data):
            raise damaged()
        self._place += 1
        return self._data[self._place - 1]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise damaged()

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _struct(self, depth: int) -> dict[int, int]:
        """The integers among the fields of a structure, by their numbers."""
        if depth > _MAX_DEPTH:
            raise damaged()
        found, field = {}, 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._integer()
            kind = head & 0x0F
            if kind in _INTEGERS:
                found[field] = self._integer()
            elif kind not in (_TRUE, _FALSE):
                self._skip(kind, depth)
        return found

    def _skip(self, kind: int, depth: int) -> None:
        if kind in _INTEGERS:
            self._varint()
        elif kind in (_TRUE, _FALSE, _BYTE):
            self._place += 1
        elif kind == _DOUBLE:
            self._place += 8
        elif kind == _BINARY:
            length = self._varint()
            self._place += length
        elif kind == _STRUCT:
            self._struct(depth + 1)
        else:
            # A page's header has no lists, sets and maps.
            raise damaged()


def damaged() -> HeaderInvalid:
    return HeaderInvalid("The Parquet file is damaged.", "Write it again.")

"""Data elements in explicit VR little endian, and the file around them: DICOM PS3.5 section 7, PS3.10 section 7.

These few lines replace pydicom in the image of the functions. The tests read every file with pydicom.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Tag(NamedTuple):
    """number: group and element. vr: value representation."""

    number: int
    vr: str


# The values of a sequence are data sets. All other values are one text.
DataSet = Mapping[Tag, "str | Sequence[DataSet]"]

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
IMPLEMENTATION_NAME = "EKG"
# Names this encoder in the file. A UUID as a UID (PS3.5 B.2), made once.
IMPLEMENTATION = "2.25.174276756228890454423881986833771947339"

SEQUENCE, BYTES = "SQ", "OB"
# These have a length of four bytes.
_LONG = (SEQUENCE, BYTES, "UT")
# Most characters of a value (PS3.5 table 6.2-1).
_MOST = {"CS": 16, "DA": 8, "DS": 16, "IS": 12, "LO": 64, "PN": 64, "SH": 16, "TM": 14, "UI": 64}
_ITEM = 0xFFFE_E000

_META_LENGTH = Tag(0x0002_0000, "UL")
_META_VERSION = Tag(0x0002_0001, BYTES)
_META_CLASS = Tag(0x0002_0002, "UI")
_META_INSTANCE = Tag(0x0002_0003, "UI")
_META_SYNTAX = Tag(0x0002_0010, "UI")
_META_IMPLEMENTATION = Tag(0x0002_0012, "UI")
_META_IMPLEMENTATION_NAME = Tag(0x0002_0013, "SH")


def encoded(data_set: DataSet) -> bytes:
    """The elements in ascending order. Raises ValueError for a value that its VR does not hold."""
    return b"".join(
        _element(tag, _value(tag, value)) for tag, value in sorted(data_set.items(), key=lambda one: one[0])
    )


def file(sop_class: str, sop_instance: str, body: bytes) -> bytes:
    """A file of a data set that is encoded. sop_class, sop_instance: UIDs that are in the data set too."""
    named = {
        _META_CLASS: sop_class,
        _META_INSTANCE: sop_instance,
        _META_SYNTAX: EXPLICIT_LITTLE_ENDIAN,
        _META_IMPLEMENTATION: IMPLEMENTATION,
        _META_IMPLEMENTATION_NAME: IMPLEMENTATION_NAME,
    }
    meta = _element(_META_VERSION, b"\x00\x01") + encoded(named)
    return bytes(128) + b"DICM" + _element(_META_LENGTH, struct.pack("<I", len(meta))) + meta + body


def _value(tag: Tag, value: "str | Sequence[DataSet]") -> bytes:
    if not isinstance(value, str):
        items = (encoded(item) for item in value)
        return b"".join(struct.pack("<HHI", _ITEM >> 16, _ITEM & 0xFFFF, len(item)) + item for item in items)
    if tag.vr in _MOST and (len(value) > _MOST[tag.vr] or "\\" in value):
        raise ValueError(f"({tag.number >> 16:04x},{tag.number & 0xFFFF:04x}) cannot hold this value.")
    body = value.encode()
    # The length is even: a UID is filled with a zero byte, other text with a blank.
    return body + (b"\0" if tag.vr == "UI" else b" ") * (len(body) % 2)


def _element(tag: Tag, value: bytes) -> bytes:
    head = struct.pack("<HH2s", tag.number >> 16, tag.number & 0xFFFF, tag.vr.encode())
    length = struct.pack("<HI", 0, len(value)) if tag.vr in _LONG else struct.pack("<H", len(value))
    return head + length + value

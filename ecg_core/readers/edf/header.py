"""The header of an EDF or BDF file: 256 bytes, then 256 bytes for each channel, stored field by field."""

import re
from dataclasses import dataclass
from fractions import Fraction

from ecg_core.errors import HeaderInvalid, SignalTruncated
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.source import Source
from ecg_core.readers.transfer import SAMPLE_BYTES, refuse_text_transfer

EDF_VERSION, BDF_VERSION = b"0       ", b"\xffBIOSEMI"
# Bytes of the part before the channels, and of each channel.
FIXED_BYTES = CHANNEL_BYTES = 256
# Widths of a channel's fields: label, transducer, unit, physical minimum and maximum, digital minimum and maximum,
# filters, samples of a record, reserved.
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_NUMBER = re.compile(r"[+-]?(?:\d{1,16}[.,]?\d{0,16}|[.,]\d{1,16})(?:[eE][+-]?\d{1,2})?")
_ANNOTATIONS = re.compile(r"[EB]DF Annotations?", re.IGNORECASE)
# In UTF-8, Latin-1, the Greek code pages, Shift-JIS, GB 2312 and the code pages of DOS. Each letter stands before "V".
_MICRO = re.compile(rb"(?:\xc2\xb5|\xce\xbc|\xb5|\xec|\x83\xca|\xa6\xcc|\xe6)(?=[vV])")
# A writer that replaced a letter. Only mu is not ASCII, but the prefix may also be lost for another reason.
_LOST_LETTER = re.compile(rb"(?:[.?]|\xef\xbf\xbd)[vV]")
# Steps of the converter, or the word for "not applicable": the header does not say how many volts a number is.
_NO_UNIT = re.compile(rb"adu|n/a|counts?|count\(s\)|digits?|digit\(s\)|bits?|lsb", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channel:
    """label, unit: as the file writes them; unit is empty if its prefix is lost. limits: the fields of the physical
    minimum and maximum and the digital minimum and maximum. samples: of one record. offset: in a record, in bytes.
    """

    label: str
    unit: str
    limits: tuple[bytes, ...]
    samples: int
    offset: int

    @property
    def is_annotations(self) -> bool:
        return _ANNOTATIONS.fullmatch(self.label) is not None


@dataclass(frozen=True, slots=True)
class Header:
    """width: bytes of a sample. has_gaps: the file is marked EDF+D or BDF+D. start: offset of the first record.

    records: that are in the file. duration: of a record, in seconds; None if the header does not state it.
    """

    width: int
    has_gaps: bool
    start: int
    records: int
    record_bytes: int
    duration: Fraction | None
    channels: tuple[Channel, ...]


def number(field: bytes, corrections: Corrections) -> Fraction | None:
    """The number in a field, None if there is none. It ends at the first NUL. A decimal comma is accepted."""
    text = field.split(b"\0", 1)[0].decode("latin-1").strip()
    if not _NUMBER.fullmatch(text):
        return None
    if "," in text:
        corrections.add("decimal comma in the header read as a decimal point")
    return Fraction(text.replace(",", ".").removesuffix("."))


def count_of(field: bytes, corrections: Corrections) -> int | None:
    """A whole number. None if the field holds none."""
    value = number(field, corrections)
    return int(value) if value is not None and value.denominator == 1 else None


def header_of(source: Source, corrections: Corrections) -> Header:
    """Raises HeaderInvalid, SignalTruncated, SignalInvalid."""
    fixed = source.read(0, FIXED_BYTES)
    if len(fixed) < FIXED_BYTES:
        raise HeaderInvalid("The file ends within its header.")
    count = count_of(fixed[252:256], corrections)
    if count is None or count < 1:
        raise HeaderInvalid("The header does not state the number of channels.")
    rest = source.read(FIXED_BYTES, count * CHANNEL_BYTES)
    if len(rest) < count * CHANNEL_BYTES:
        raise HeaderInvalid("The file ends within its header.")
    width = 3 if fixed.startswith(BDF_VERSION) else 2
    channels, record_bytes = _channels(rest, count, width, corrections)
    start, records = _records(source.size, fixed, count, record_bytes, corrections)
    if start + records * record_bytes < source.size:
        refuse_text_transfer(source.read(start, SAMPLE_BYTES))
    has_gaps = fixed[192:197] in (b"EDF+D", b"BDF+D")
    return Header(width, has_gaps, start, records, record_bytes, _duration(fixed[244:252], corrections), channels)


def _channels(rest: bytes, count: int, width: int, corrections: Corrections) -> tuple[tuple[Channel, ...], int]:
    """(the channels, the bytes of a record)."""
    columns: list[list[bytes]] = []
    place = 0
    for size in _WIDTHS:
        columns.append([rest[place + size * channel : place + size * (channel + 1)] for channel in range(count)])
        place += size * count
    labels, _, units, *limits, _, samples, _ = columns
    channels = []
    offset = 0
    for channel in range(count):
        wide = count_of(samples[channel], corrections)
        if wide is None or wide < 0:
            raise HeaderInvalid("The header does not state how many samples of a channel a record holds.")
        fields = tuple(limit[channel] for limit in limits)
        channels.append(Channel(_text(labels[channel]), _unit(units[channel]), fields, wide, offset))
        offset += wide * width
    if not offset:
        raise HeaderInvalid("The records of the file hold no samples.")
    return tuple(channels), offset


def _records(size: int, fixed: bytes, channels: int, record_bytes: int, corrections: Corrections) -> tuple[int, int]:
    """(offset of the first record, number of records)."""
    stated = count_of(fixed[236:244], corrections)
    if stated is None and fixed[236:244].strip(b" \0"):
        raise HeaderInvalid("The number of records is no whole number.")
    start = _start(size, fixed, channels, record_bytes, stated, corrections)
    there, rest = divmod(size - start, record_bytes)
    if not there:
        raise SignalTruncated("The file ends before the end of its first record.")
    if stated is None or stated < 1:
        corrections.add("number of records not stated, taken from the size of the file")
        if rest:
            corrections.add(f"record that is not complete at the end left out: {rest} bytes")
        return start, there
    if stated > there:
        raise SignalTruncated(f"The header states {stated} records, the file holds {there}.")
    if extra := size - start - stated * record_bytes:
        corrections.add(f"bytes after the last record left out: {extra}")
    return start, stated


def _start(
    size: int, fixed: bytes, channels: int, record_bytes: int, records: int | None, corrections: Corrections
) -> int:
    """The size of the header. A wrong one would shift every sample into another channel, so the file must fit it."""
    usual = FIXED_BYTES + channels * CHANNEL_BYTES
    stated = count_of(fixed[184:192], corrections)
    if stated is None or stated == usual:
        return usual
    for start in (usual, stated):
        whole = (size - start) % record_bytes == 0
        if usual <= start < size and (start + records * record_bytes == size if records and records > 0 else whole):
            corrections.add("size of the header: the field contradicts the channels; the one that fits the file used")
            return start
    raise HeaderInvalid("The size of the header does not fit its number of channels.")


def _duration(field: bytes, corrections: Corrections) -> Fraction | None:
    """Seconds of a record. None if the field is empty or 0."""
    duration = number(field, corrections)
    if duration is None and field.strip(b" \0"):
        raise HeaderInvalid("The duration of a record is no number.")
    if duration is not None and duration < 0:
        raise HeaderInvalid("The duration of a record is negative.")
    return duration or None


def _text(field: bytes) -> str:
    plain = field.split(b"\0", 1)[0].strip()
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return plain.decode("latin-1")


def _unit(field: bytes) -> str:
    plain = field.split(b"\0", 1)[0].strip()
    return "" if _LOST_LETTER.fullmatch(plain) or _NO_UNIT.fullmatch(plain) else _text(_MICRO.sub(b"u", plain))

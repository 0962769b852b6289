"""The sections of an SCP-ECG record. Section 0 lists where the others are. All numbers are little endian.

A record is a checksum (16 bits), its size (32 bits) and its sections. A section has a header of 16 bytes: checksum,
number, length with the header, version of the section, version of the protocol, 6 reserved bytes.
"""

import binascii
import struct
from dataclasses import dataclass

import numpy as np

from ecg_core.errors import ChecksumMismatch, HeaderInvalid, SeveralRecords, SignalTruncated, UnsupportedFormat
from ecg_core.readers.corrections import Corrections

# Checksum and size before section 0.
RECORD_HEAD = 6
SECTION_HEAD = 16
# Sections that decide the samples: code tables, leads, heartbeats, reference beat, rhythm. 1 is about the person.
SIGNAL_SECTIONS = (2, 3, 4, 5, 6)
# From version 3 on, section 12 is a long-term rhythm. Before, it belonged to manufacturers, as those above 12 do.
LONG_TERM, VERSION_3 = 12, 30
MAX_SECTIONS = 1_024
_POINTER = np.dtype([("number", "<u2"), ("length", "<u4"), ("index", "<u4")])
# Bytes count from 1. Recorders whose files only look like SCP-ECG count from 0.
_INDEX, _PSEUDO_INDEX = RECORD_HEAD + 1, RECORD_HEAD

# Number, length and index of a section.
Pointer = tuple[int, int, int]


@dataclass(frozen=True)
class Section:
    """head: the 16 bytes of the header. body: what follows it."""

    head: memoryview
    body: memoryview

    def verify(self, corrections: Corrections) -> None:
        """Compares the checksum. 0 means that the writer computed none. Raises ChecksumMismatch."""
        stated = int.from_bytes(self.head[:2], "little")
        if stated == checksum(self.head[2:], self.body):
            return
        if stated:
            raise ChecksumMismatch("The checksum of a section with the signal does not match.")
        corrections.add("no checksum stated: the samples could not be verified")


@dataclass(frozen=True)
class Record:
    """sections: those of SIGNAL_SECTIONS that are there, by number. long_term: whether there is a long-term rhythm."""

    sections: dict[int, Section]
    long_term: bool


def checksum(*parts: memoryview | bytes) -> int:
    """CRC-CCITT: polynomial 0x1021, initial value 0xFFFF."""
    crc = 0xFFFF
    for part in parts:
        crc = binascii.crc_hqx(part, crc)
    return crc


def looks_like_scp(data: bytes | memoryview) -> bool:
    """Whether section 0 begins at its place and its first pointer points to itself. 32 bytes are enough."""
    if len(data) < RECORD_HEAD + SECTION_HEAD + _POINTER.itemsize:
        return False
    number, length = struct.unpack_from("<HI", data, RECORD_HEAD + 2)
    pointer = struct.unpack_from("<HII", data, RECORD_HEAD + SECTION_HEAD)
    # Section 0 holds whole pointers only.
    whole = length > SECTION_HEAD and (length - SECTION_HEAD) % _POINTER.itemsize == 0
    return number == 0 and whole and pointer in ((0, length, _INDEX), (0, length, _PSEUDO_INDEX))


def record_of(data: bytes, corrections: Corrections) -> Record:
    """The sections of a file. Raises UnsupportedFormat, HeaderInvalid, SignalTruncated, SeveralRecords."""
    if not looks_like_scp(data):
        raise HeaderInvalid("The file does not begin with the table of sections of SCP-ECG.")
    if struct.unpack_from("<I", data, RECORD_HEAD + SECTION_HEAD + 6) != (_INDEX,):
        raise UnsupportedFormat(
            "This file looks like SCP-ECG but has another structure. Recorders of Healforce write such files.",
            "Export the ECG from the recorder's program in another format, such as DICOM, HL7 aECG, EDF or CSV.",
        )
    length, _, protocol = struct.unpack_from("<IBB", data, RECORD_HEAD + 4)
    if RECORD_HEAD + length > len(data):
        raise SignalTruncated("The file ends within its table of sections.")
    count = (length - SECTION_HEAD) // _POINTER.itemsize
    if count > MAX_SECTIONS:
        raise HeaderInvalid(f"The table of sections has more than {MAX_SECTIONS:,} entries.")
    pointers = np.frombuffer(data, _POINTER, count, RECORD_HEAD + SECTION_HEAD)
    present: list[Pointer] = pointers[pointers["length"] > 0].tolist()
    record = _record(memoryview(data), present, corrections)
    sections: dict[int, Section] = {}
    for number, length, index in present:
        if number in sections:
            raise HeaderInvalid("The table of sections names a section twice.")
        if number in SIGNAL_SECTIONS:
            sections[number] = _section(record, number, index - 1, length, corrections)
    return Record(sections, protocol >= VERSION_3 and any(number == LONG_TERM for number, _, _ in present))


def _record(data: memoryview, present: list[Pointer], corrections: Corrections) -> memoryview:
    """The bytes of the record, without those after it. present: the sections of the table."""
    stated, size = struct.unpack_from("<HI", data)
    end = max((index - 1 + length for _, length, index in present), default=0)
    if not end <= size <= len(data) and _is_complete(data, present):
        if looks_like_scp(data[end:]):
            raise SeveralRecords("The file holds several SCP-ECG records one after the other.")
        corrections.add("wrong size of the record in the header: all sections lie in the file, so its size was used")
        return data
    if size > len(data):
        raise SignalTruncated("The file is shorter than its header says.")
    if size < RECORD_HEAD + SECTION_HEAD + _POINTER.itemsize:
        raise HeaderInvalid("The header states a size at which the record has no sections.")
    if looks_like_scp(data[size:]):
        raise SeveralRecords("The file holds several SCP-ECG records one after the other.")
    if after := len(data) - size:
        corrections.add(f"bytes after the record left out: {after}")
    # Programs that change the patient's data in a file often leave this checksum as it was. Each section has its own.
    if stated != checksum(data[2:size]):
        corrections.add("the checksum of the whole record does not match; those of the sections decide")
    return data[:size]


def _is_complete(data: memoryview, present: list[Pointer]) -> bool:
    """Whether all sections lie in the file, and checksums are stated and match for those that decide the samples."""
    inside = all(RECORD_HEAD <= index - 1 <= len(data) - length for _, length, index in present)
    # Sections do not overlap. This also bounds the bytes that are verified.
    if not inside or sum(length for _, length, _ in present) > len(data):
        return False
    signal = (data[index - 1 :][:length] for number, length, index in present if number in SIGNAL_SECTIONS)
    return all(int.from_bytes(part[:2], "little") == (checksum(part[2:]) or None) for part in signal)


def _section(record: memoryview, number: int, offset: int, length: int, corrections: Corrections) -> Section:
    if offset < RECORD_HEAD or offset + SECTION_HEAD > len(record):
        raise HeaderInvalid("The table of sections points to a place outside the record.")
    own_number, own_length = struct.unpack_from("<HI", record, offset + 2)
    if own_number != number:
        raise HeaderInvalid("The table of sections points to a place where another section stands.")
    if own_length < SECTION_HEAD or offset + own_length > len(record):
        raise HeaderInvalid("A section states a length that ends outside the record.")
    if own_length != length:
        corrections.add("a section states another length than the table of sections: its own was used")
    end = offset + own_length
    return Section(record[offset : offset + SECTION_HEAD], record[offset + SECTION_HEAD : end])

"""AliveCor ATC: the recording as the Kardia app stores it. One or six leads, 16-bit samples, a checksum for each block.

A file is a magic number, a version, and blocks: 4 bytes of name, a length, the data, and the sum of all these bytes.
The layout is that of the maker's own reader, github.com/alivecor/ATCpy. A block of an unknown name is skipped.
"""

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

from ecg_core.errors import (
    ChecksumMismatch,
    HeaderInvalid,
    NoEcgLeads,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.readers.channels import check_size, leads_of, mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.kardia.filters import BASELINE, ENHANCED
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.recording import Recording

MAGIC = b"ALIVE\0\0\0"
VERSIONS = range(2, 5)
# A recording has less than ten blocks.
MAX_BLOCKS = 1_000
_START, _HEAD, _SUM = 12, 8, 4
_LEADS = {b"ecg ": "I", b"ecg2": "II", b"ecg3": "III", b"ecg4": "aVR", b"ecg5": "aVL", b"ecg6": "aVF"}
# Bits of the flags. The others are the mains frequency, mains and notch filters, and two that are not used.
_BASELINE_FILTER, _ENHANCED_FILTER = 0x10, 0x40
_ECG_SAMPLES = 1


@dataclass(frozen=True)
class _Format:
    """fs_hz: 0 if the file states none. resolution_nv: nanovolts per count."""

    fs_hz: int
    resolution_nv: int
    flags: int


def sniff(data: bytes) -> bool:
    return data.startswith(MAGIC)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in an ATC file. The block with the average beat is not read: it is no recording.

    Raises HeaderInvalid, SignalTruncated, ChecksumMismatch, UnsupportedFormat, NoEcgLeads,
    UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, FileTooLarge.
    """
    data = bundle[name]
    blocks = _blocks(data)
    stated = _format(blocks)
    there = [block for block in blocks if block in _LEADS]
    if not there:
        raise NoEcgLeads("The Kardia recording has no block with samples of a lead.", "Export the recording again.")
    corrections = Corrections()
    leads = leads_of([_LEADS[block] for block in there], options, corrections)
    rate = choose_rate(stated.fs_hz or None, options.fs_hz, corrections)
    if stated.resolution_nv == 0:
        raise UnitsUnknown("The Kardia recording states a resolution of 0.", "Export the recording again.")
    scale = stated.resolution_nv * mv_per_number("nV", options, corrections)
    lengths = {len(blocks[block]) for block in there}
    if len(lengths) > 1 or any(length % 2 for length in lengths):
        raise SignalTruncated("The leads of the Kardia recording have different numbers of samples.")
    samples = lengths.pop() // 2
    check_size(len(leads.names), samples)
    bundle.budget.spend_samples(len(leads.names) * samples)
    signal = np.empty((len(leads.names), samples), np.float32)
    for row, (position, sign) in enumerate(zip(leads.positions, leads.signs, strict=True)):
        signal[row] = np.frombuffer(blocks[there[position]], "<i2") * (sign * scale)
    if stated.flags & _ENHANCED_FILTER:
        corrections.add(ENHANCED)
    if stated.flags & _BASELINE_FILTER:
        corrections.add(BASELINE)
    digest = hashlib.sha256(data).hexdigest()
    return Recording(signal, rate, leads.names, "kardia_atc", digest, tuple(corrections))


def _blocks(data: bytes) -> dict[bytes, memoryview]:
    """The blocks with the format and the leads, by name, their checksums verified."""
    if len(data) < _START:
        raise SignalTruncated("The Kardia recording ends within its first bytes.")
    if int.from_bytes(data[8:_START], "little") not in VERSIONS:
        raise UnsupportedFormat(
            "This is a Kardia recording (ATC) of a version that is not read.",
            f"Versions {VERSIONS[0]} to {VERSIONS[-1]} are read.",
        )
    view = memoryview(data)
    found: dict[bytes, memoryview] = {}
    position = _START
    for _ in range(MAX_BLOCKS):
        if position == len(data):
            return found
        block = data[position : position + 4]
        end = position + _HEAD + int.from_bytes(data[position + 4 : position + _HEAD], "little")
        if end + _SUM > len(data):
            if not data[position:].strip(b"\0"):
                return found
            raise SignalTruncated("The Kardia recording ends within a block.")
        if block in _LEADS or block == b"fmt ":
            stated = int.from_bytes(data[end : end + _SUM], "little")
            if int(np.frombuffer(view[position:end], np.uint8).sum(dtype=np.uint64)) & 0xFFFFFFFF != stated:
                raise ChecksumMismatch("A block of the Kardia recording does not have the checksum that it states.")
            if block in found:
                raise HeaderInvalid("A block of the Kardia recording occurs twice.", "Export the recording again.")
            found[block] = view[position + _HEAD : end]
        position = end + _SUM
    raise HeaderInvalid(f"The Kardia recording has more than {MAX_BLOCKS:,} blocks.")


def _format(blocks: dict[bytes, memoryview]) -> _Format:
    stated = blocks.get(b"fmt ", memoryview(b""))
    if len(stated) < 6:
        raise HeaderInvalid("The Kardia recording has no block that describes its samples.")
    kind, fs_hz, resolution_nv, flags = struct.unpack_from("<BHHB", stated)
    if kind != _ECG_SAMPLES:
        raise UnsupportedFormat(
            "This is a Kardia recording (ATC) whose samples are of a kind that is not read.",
            "Send a recording that the Kardia app made as an ECG.",
        )
    return _Format(fs_hz, resolution_nv, flags)

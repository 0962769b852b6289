"""XLI, the compression of Philips XML: LZW with codes of 10 bits over second differences, one chunk for each channel.

A chunk is the number of its bytes (32 bits, little endian), two unused bytes, a first difference (16 bits), and the
LZW codes. Decompressed, it holds the high bytes of 16-bit words and then their low bytes. The first two words are the
first two samples. Every other word is a second difference, changed in sign and moved by 64.

Found out by sierra-ecg-tools (https://github.com/sixlettervariables/sierra-ecg-tools).
"""

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, SignalInvalid, SignalTruncated
from ecg_core.readers.xml.stated import check_channels

# Samples of all channels together. A resting ECG of 16 channels and 11 s has 88,000.
MAX_SAMPLES = 2_000_000

_HEADER_BYTES = 8
_END = 1_023
# The dictionary stops growing here: code 1,023 marks the end.
_FULL = 1_023
_OFFSET = 64
_BLOCK_CODES = 65_536
_BYTES = tuple(bytes((value,)) for value in range(256))
# A sample has 16 bits, a difference of two leads has 17.
_MAX_VALUE = 65_535

_ENDS_EARLY = "The compressed samples end early."
_WRONG = "The compressed samples cannot be decoded."


def chunks(data: bytes) -> list[bytes]:
    """The chunks of all channels with their headers, without zero bytes behind the last one.

    Raises SignalTruncated, SignalInvalid, FileTooLarge.
    """
    found: list[bytes] = []
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "little", signed=True)
        stop = place + _HEADER_BYTES + size
        if not size and not data[place:].strip(b"\0"):
            break
        if place + _HEADER_BYTES > len(data) or stop > len(data):
            raise SignalTruncated(_ENDS_EARLY)
        if size <= 0:
            raise SignalInvalid(_WRONG)
        found.append(data[place:stop])
        check_channels(len(found))
        place = stop
    return found


def decode(chunks: list[bytes], samples: int) -> NDArray[np.int32]:
    """[chunks, samples] counts. samples: of each chunk; one more or less is accepted, equal for all chunks.

    Raises SignalTruncated, SignalInvalid, FileTooLarge.
    """
    if samples * len(chunks) > MAX_SAMPLES:
        raise FileTooLarge(f"More than {MAX_SAMPLES:,} compressed samples are not read.")
    rows = [_channel(chunk, samples) for chunk in chunks]
    if len({len(row) for row in rows}) != 1:
        raise SignalInvalid("The leads have different lengths.")
    return np.stack(rows)


def _channel(chunk: bytes, samples: int) -> NDArray[np.int32]:
    unpacked = _lzw(chunk[_HEADER_BYTES:], 2 * (samples + 1))
    count = len(unpacked) // 2
    if count < max(2, samples - 1):
        raise SignalTruncated("A lead has fewer samples than the file states.")
    if len(unpacked) % 2:
        raise SignalInvalid(_WRONG)
    octets = np.frombuffer(unpacked, np.uint8).astype(np.uint16)
    words = (octets[:count] << 8 | octets[count:]).view(np.int16).astype(np.int64)
    differences = np.empty(count - 1, np.int64)
    differences[0] = words[1] - words[0]
    differences[1:2] = -int.from_bytes(chunk[6:8], "little", signed=True)
    differences[2:] = _OFFSET - words[2:-1]
    values = np.concatenate((words[:1], words[0] + np.cumsum(np.cumsum(differences))))
    if int(np.abs(values).max()) > _MAX_VALUE:
        raise SignalInvalid(_WRONG)
    return values.astype(np.int32)


def _codes(data: bytes) -> NDArray[np.uint16]:
    """The codes of 10 bits up to the end mark."""
    octets = np.frombuffer(data + bytes(-len(data) % 5), np.uint8).astype(np.uint16).reshape(-1, 5)
    codes = np.empty((len(octets), 4), np.uint16)
    for place in range(4):
        codes[:, place] = (octets[:, place] << 2 * place + 2 | octets[:, place + 1] >> 6 - 2 * place) & 1_023
    plain = codes.reshape(-1)[: len(data) * 8 // 10]
    ends = np.flatnonzero(plain == _END)
    return plain[: ends[0]] if len(ends) else plain


def _lzw(data: bytes, limit: int) -> bytes:
    """The decompressed bytes. Raises SignalInvalid if the codes are wrong or there are more bytes than the limit."""
    codes = _codes(data)
    table = list(_BYTES)
    parts: list[bytes] = []
    previous = b""
    for code in codes[: _FULL - len(table) + 1].tolist():
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise SignalInvalid(_WRONG)
        if previous:
            table.append(previous + entry[:1])
        parts.append(entry)
        previous = entry
    # From here on the dictionary is full.
    rest = codes[len(parts) :]
    lengths = np.array([len(entry) for entry in table], np.int64)
    if sum(map(len, parts)) + int(lengths[rest].sum()) > limit:
        raise SignalInvalid("A lead has more samples than the file states.")
    for start in range(0, len(rest), _BLOCK_CODES):
        parts.extend(map(table.__getitem__, rest[start : start + _BLOCK_CODES].tolist()))
    return b"".join(parts)


def rebuild_limb_leads(counts: NDArray[np.int32]) -> None:
    """Turns the residuals of III, aVR, aVL and aVF into leads, in place. counts: [I, II, III, aVR, ..., samples]."""
    one, two = counts[0], counts[1]
    counts[2] = three = two - one - counts[2]
    counts[3] = -counts[3] - (one + two) // 2
    counts[4] = (one - three) // 2 - counts[4]
    counts[5] = (two + three) // 2 - counts[5]

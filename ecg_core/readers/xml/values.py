"""Samples as XML and JSON files write them: lists of numbers, base64."""

import base64
import binascii
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalInvalid
from ecg_core.recording import MAX_VALUES

# Larger than the numbers of any converter or unit. So a number times a scale stays finite as float32.
MAX_NUMBER = 1e12

_NUMBERS, _DIGITS = b"0123456789+-.eE ", b"0123456789- "
_BLANKS = bytes.maketrans(b"\t\r\n", b"   ")
_BAD = "A list of samples holds something that is no number."
# Text is split into items block by block: a list of all items takes 20 times the memory of the text.
_BLOCK_BYTES = 65_536


def numbers(text: str, separator: str = " ") -> NDArray[np.float64]:
    """The numbers of a list. White space always separates; so does the separator. Raises SignalInvalid, FileTooLarge.

    An empty place ("1,,3") would move all later samples: it is refused. "nan" is no number here: each format says
    itself how it writes a missing sample.
    """
    try:
        plain = text.encode("ascii").translate(_BLANKS)
    except UnicodeEncodeError:
        raise SignalInvalid(_BAD) from None
    if separator != " ":
        mark = separator.encode()
        packed = plain.replace(b" ", b"")
        if packed.startswith(mark) or 2 * mark in packed:
            raise SignalInvalid("A list of samples has an empty place.")
        plain = plain.replace(mark, b" ")
    if plain.translate(None, _NUMBERS):
        raise SignalInvalid(_BAD)
    found = _whole_numbers(plain.strip()) if _are_whole(plain) else _decimals(plain)
    if len(found) > MAX_VALUES:
        raise FileTooLarge(f"The record holds more than {MAX_VALUES:,} samples.")
    if found.size and max(found.max(), -found.min()) > MAX_NUMBER:
        raise SignalInvalid("A list of samples holds a number that no electrocardiograph writes.")
    return found


def _are_whole(plain: bytes) -> bool:
    """Whether each minus begins a number, and there is no other sign."""
    signs = plain.count(b"-")
    if signs != plain.count(b" -") + plain.startswith(b"-") or b"- " in plain or plain.endswith(b"-"):
        return False
    return not plain.translate(None, _DIGITS)


def _whole_numbers(plain: bytes) -> NDArray[np.float64]:
    """Ten times as fast as the general way. A number too large for 64 bits becomes the largest of them."""
    return np.fromstring(plain, np.int64, sep=" ").astype(np.float64) if plain else np.empty(0)


def _decimals(plain: bytes) -> NDArray[np.float64]:
    try:
        blocks = [np.fromiter(map(float, items), np.float64, len(items)) for items in _items(plain)]
    except ValueError:
        raise SignalInvalid(_BAD) from None
    return np.concatenate(blocks) if blocks else np.empty(0)


def _items(plain: bytes) -> Iterator[list[bytes]]:
    start = 0
    while start < len(plain):
        stop = plain.find(b" ", start + _BLOCK_BYTES)
        stop = len(plain) if stop < 0 else stop
        if stop - start > 2 * _BLOCK_BYTES:
            raise SignalInvalid(_BAD)
        yield plain[start:stop].split()
        start = stop


def base64_bytes(text: str) -> bytes:
    """The bytes of base64 text with line breaks. Raises SignalInvalid."""
    try:
        return base64.b64decode(text.encode("ascii").translate(None, b" \t\r\n"), validate=True)
    except (binascii.Error, ValueError):
        raise SignalInvalid("The samples are no valid base64.") from None


def whole_number(text: str) -> int | None:
    """A number of up to 15 digits, such as a count. None if the text is empty. Raises HeaderInvalid for other text."""
    if not text:
        return None
    if len(text) > 15 or not (text.isascii() and text.isdecimal()):
        raise HeaderInvalid("A count in the file is no whole number.")
    return int(text)

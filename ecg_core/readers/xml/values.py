"""Samples as XML and JSON files write them: lists of numbers, base64."""

import base64
import binascii

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, SignalInvalid
from ecg_core.recording import MAX_VALUES

_NUMBERS = b"0123456789+-.eE \t\r\n"
_BAD = "A list of samples holds something that is no number."


def numbers(text: str, separator: str = " ") -> NDArray[np.float64]:
    """The numbers of a list. White space always separates; so does the separator. Raises SignalInvalid, FileTooLarge.

    "nan" and empty items are no numbers here: each format says itself how it writes a missing sample.
    """
    try:
        plain = text.replace(separator, " ").encode("ascii")
    except UnicodeEncodeError:
        raise SignalInvalid(_BAD) from None
    if plain.translate(None, _NUMBERS):
        raise SignalInvalid(_BAD)
    items = plain.split()
    if len(items) > MAX_VALUES:
        raise FileTooLarge(f"The record holds more than {MAX_VALUES:,} samples.")
    try:
        return np.fromiter(map(float, items), np.float64, len(items))
    except ValueError:
        raise SignalInvalid(_BAD) from None


def base64_bytes(text: str) -> bytes:
    """The bytes of base64 text with line breaks. Raises SignalInvalid."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SignalInvalid("The samples are no valid base64.") from None

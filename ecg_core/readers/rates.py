"""Sampling rates: parses them, checks their range, and compares two of them."""

import re
from collections.abc import Sequence

from ecg_core.errors import HeaderInvalid, SamplingRateOutOfRange, SamplingRateUnknown
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.text import number_of
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ

# Stated rates are nominal: a watch that states 512 Hz samples at 512.5. A difference above 1 % is a contradiction.
RATE_TOLERANCE = 0.01


def rate_of(text: str, kilo: str = "") -> float:
    """A sampling rate in Hz. The comma of "512,508" or "1,000" is read so that the rate is possible."""
    factor = 1e3 if kilo else 1.0
    rate = number_of(text) * factor
    plain = number_of(re.sub(r"[.,](?=\d{3}(?!\d))", "", text)) * factor
    return rate if MIN_FS_HZ <= rate <= MAX_FS_HZ or not MIN_FS_HZ <= plain <= MAX_FS_HZ else plain


def choose_rate(stated: float | None, option: float | None, corrections: Corrections) -> float:
    """The sampling rate in Hz. Raises SamplingRateUnknown or SamplingRateOutOfRange."""
    rate = option if stated is None else stated
    if rate is None:
        raise SamplingRateUnknown("The file states no sampling rate, and has no time column that gives one.")
    if not MIN_FS_HZ <= rate <= MAX_FS_HZ:
        raise SamplingRateOutOfRange(f"The sampling rate is {rate:.6g} Hz.")
    if stated is None:
        corrections.add(f"sampling rate as given with the file: {rate:.6g} Hz")
    elif option is not None and not rates_agree(stated, option):
        corrections.add("sampling rate given with the file not used: the file states another")
    return float(rate)


def agreed(stated: Sequence[float]) -> float | None:
    """The value if all stated values (rates or scales) agree. None if there is none, or if two of them differ."""
    return stated[0] if stated and all(rates_agree(stated[0], other) for other in stated) else None


def refuse_contradiction(words: float, option: float | None, what: str, unit: str) -> None:
    """Raises HeaderInvalid if the words above a table and the option differ."""
    if option is not None and not rates_agree(words, option):
        raise HeaderInvalid(
            f"{what} given with the file is {option:.6g} {unit}, the words above the table say {words:.6g} {unit}.",
            "Correct the one that is wrong, or remove it.",
        )


def rates_agree(one: float, other: float) -> bool:
    return abs(one - other) <= RATE_TOLERANCE * min(one, other)

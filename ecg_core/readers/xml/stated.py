"""What an XML file states about its samples: numbers, counts, rates and scales."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalTruncated
from ecg_core.readers.channels import mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.xml.values import numbers

# Recorders of resting ECGs have up to 18 leads.
MAX_CHANNELS = 64
_LONGEST_NUMBER = 32


def positive(text: str, what: str) -> float:
    """A number above zero with a decimal point. what: names it at the start of the message. Raises HeaderInvalid."""
    try:
        value = float(text[:_LONGEST_NUMBER])
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise HeaderInvalid(f"{what} is no number above zero.")
    return value


def whole(text: str, what: str) -> int:
    """A whole number above zero. Raises HeaderInvalid."""
    value = positive(text, what)
    if value != int(value):
        raise HeaderInvalid(f"{what} is no whole number.")
    return int(value)


def rate(text: str) -> float | None:
    """A sampling rate in Hz. None if the file states none. Raises HeaderInvalid."""
    return positive(text, "The sampling rate") if text else None


def mv_per_count(resolution: str, unit: str, options: Options, corrections: Corrections) -> float:
    """mV per count. resolution: number of units per count. Both are texts of the file, empty if it states none.

    Raises UnitsUnknown, HeaderInvalid.
    """
    if not resolution or (not unit and options.gain is not None):
        return mv_per_number(None, options, corrections)
    return positive(resolution, "The resolution") * mv_per_number(unit, options, corrections)


def check_channels(count: int) -> None:
    """Raises FileTooLarge."""
    if count > MAX_CHANNELS:
        raise FileTooLarge(f"The file has more than {MAX_CHANNELS} channels.")


def common_count(counts: Iterable[str], what: str) -> int:
    """The number of samples that all channels state. Raises HeaderInvalid if two of them differ, or one states none."""
    different = set(counts)
    if len(different) != 1:
        raise HeaderInvalid("The leads have different lengths.")
    return whole(different.pop(), what)


def check_count(found: int, stated: int) -> None:
    """Compares the samples of a lead with their stated number. Raises SignalTruncated, HeaderInvalid."""
    if found < stated:
        raise SignalTruncated("A lead has fewer samples than the file states.")
    if found > stated:
        raise HeaderInvalid("A lead has more samples than the file states.")


def listed(text: str, samples: int) -> NDArray[np.float64]:
    """As many samples from a list with commas. Raises SignalTruncated, HeaderInvalid, SignalInvalid, FileTooLarge."""
    # A list that is much too long is refused unparsed. A comma may stand behind the last sample.
    check_count(max(text.count(","), samples), samples)
    counts = numbers(text, ",")
    check_count(len(counts), samples)
    return counts

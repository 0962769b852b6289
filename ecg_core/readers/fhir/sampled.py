"""SampledData: samples as a text of numbers, with origin, factor and interval. R4 and R5 name the interval differently.

A value is origin + factor * number, in the unit of origin. "E", "U" and "L" stand for a sample that is an error, above
or below the limits. https://hl7.org/fhir/R4/datatypes.html#SampledData, https://hl7.org/fhir/R5/datatypes.html#SampledData
"""

import json
import re

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SignalInvalid, SignalTruncated, UnitsUnknown, UnsupportedFormat
from ecg_core.readers.budget import Budget
from ecg_core.readers.channels import mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.json_document import Element, child, number, text
from ecg_core.readers.options import Options
from ecg_core.readers.rates import rates_agree
from ecg_core.readers.units import unit_of

# More than any recorder has channels.
MAX_DIMENSIONS = 512
# The text is parsed in pieces of this size, so that its numbers are never all in memory as Python objects.
PIECE_BYTES = 500_000
# A double has 17 digits, a sign, a point and an exponent. Some writers print the digits of a decimal fraction in full.
MAX_NUMBER_BYTES = 64
# UCUM codes of time, in seconds.
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}
_MARKS = frozenset((b"E", b"U", b"L"))
_BLANKS = bytes.maketrans(b"\t\r\n", b"   ")
_ALLOWED = b"0123456789+-.eEUL \t\r\n"
# UCUM's unity, and annotations such as {counts}: numbers without a unit.
_NO_UNIT = re.compile(r"1|\{[^{}]*\}")
# A larger number is no ECG, and is beyond float32.
_MAX_MV = 1e6


def dimensions(sampled: Element) -> int:
    """The number of channels that the data interleaves."""
    found = number(sampled, "dimensions")
    if found is None:
        return 1
    if not 1 <= found <= MAX_DIMENSIONS or found != int(found):
        raise HeaderInvalid("The number of dimensions of a FHIR SampledData is out of range.")
    return int(found)


def rate_hz(sampled: Element) -> float | None:
    """The sampling rate. None if no interval in time is stated. Raises HeaderInvalid, UnsupportedFormat."""
    if text(sampled, "offsets"):
        raise UnsupportedFormat(
            "The FHIR SampledData states a time for each sample (offsets).",
            "Export it with a fixed interval between the samples.",
        )
    period_ms, interval = number(sampled, "period"), number(sampled, "interval")
    for stated in (period_ms, interval):
        if stated is not None and stated <= 0:
            raise HeaderInvalid("The interval between samples of a FHIR SampledData is not above 0.")
    rates = [] if period_ms is None else [1000 / period_ms]
    seconds = _SECONDS.get(text(sampled, "intervalUnit"))
    if interval is not None and seconds is not None:
        rates.append(1 / (interval * seconds))
    if len(rates) == 2 and not rates_agree(*rates):
        raise HeaderInvalid("A FHIR SampledData states two different intervals between samples.")
    return rates[0] if rates else None


def _unit(sampled: Element) -> str | None:
    """The unit as the file writes it: its code, else its words. None if it states none. Raises UnitsUnknown."""
    origin = child(sampled, "origin")
    code, words = text(origin, "code"), text(origin, "unit")
    known = {unit_of(code), unit_of(words)} - {None}
    if len(known) > 1 or (known and _NO_UNIT.fullmatch(code)):
        raise UnitsUnknown(
            "The code and the words of a unit in the FHIR resource differ.", "Correct the one that is wrong."
        )
    stated = code or words
    return None if _NO_UNIT.fullmatch(stated) else stated or None


def decoded(sampled: Element, options: Options, budget: Budget, corrections: Corrections) -> NDArray[np.float32]:
    """[dimensions, samples] mV, NaN for a sample that is marked as missing.

    Raises UnitsUnknown, HeaderInvalid, SignalInvalid, SignalTruncated, UnsupportedFormat, FileTooLarge.
    """
    factor, origin = number(sampled, "factor"), number(child(sampled, "origin"), "value")
    unit = _unit(sampled)
    if factor == 0:
        raise HeaderInvalid("The factor of a FHIR SampledData is 0.")
    if unit is None and options.gain is not None and factor not in (None, 1):
        raise UnitsUnknown(
            "The FHIR SampledData scales its numbers and states no unit, so a gain does not tell what they mean.",
            "Give the unit of the scaled values: units= in Python, --units on the command line, ?units= over HTTP.",
        )
    scale = mv_per_number(unit, options, corrections)
    count = dimensions(sampled)
    values = _numbers(sampled, budget)
    if len(values) % count:
        raise SignalTruncated("The samples of a FHIR SampledData are no multiple of its dimensions.")
    with np.errstate(over="ignore", invalid="ignore"):
        values *= (1.0 if factor is None else factor) * scale
        values += (origin or 0.0) * scale
    if np.nanmax(values, initial=0.0) > _MAX_MV or np.nanmin(values, initial=0.0) < -_MAX_MV:
        raise SignalInvalid("A sample of the FHIR resource is out of range.")
    return values.reshape(-1, count).T.astype(np.float32)


def _numbers(sampled: Element, budget: Budget) -> NDArray[np.float64]:
    """The numbers as written, NaN for E, U and L."""
    data = sampled.get("data")
    if not isinstance(data, str) or not data.strip():
        raise UnsupportedFormat(
            "A FHIR SampledData holds no samples: they are elsewhere, such as at an address, or were left out.",
            "Send the Observation with its data. No address is followed here.",
        )
    coded = bool(sampled.get("codeMap"))
    try:
        plain = data.encode("ascii")
    except UnicodeEncodeError:
        raise _bad(coded) from None
    if plain.translate(None, _ALLOWED):
        raise _bad(coded)
    marks = any(mark in plain for mark in _MARKS)
    plain = plain.translate(_BLANKS) + b" "
    pieces, start = [], 0
    while start < len(plain):
        stop = plain.find(b" ", min(start + PIECE_BYTES, len(plain) - 1))
        items = plain[start:stop].split()
        budget.spend_samples(len(items))
        if max(map(len, items), default=0) > MAX_NUMBER_BYTES:
            raise _bad(coded)
        if marks:
            items = [b"NaN" if item in _MARKS else item for item in items]
        try:
            pieces.append(_parsed(items))
        except ValueError:
            raise _bad(coded) from None
        start = stop + 1
    return np.concatenate(pieces)


def _parsed(items: list[bytes]) -> NDArray[np.float64]:
    """The numbers. JSON's parser takes a third of the time, but no "+1", "01" or ".5". Raises ValueError."""
    try:
        return np.array(json.loads(b"[%s]" % b",".join(items)), np.float64)
    except json.JSONDecodeError:
        return np.fromiter(map(float, items), np.float64, len(items))


def _bad(coded: bool) -> SignalInvalid | UnsupportedFormat:
    if coded:
        return UnsupportedFormat(
            "The FHIR SampledData holds codes of its own (codeMap) between its numbers.",
            "Export it with numbers, and with E, U or L for missing samples.",
        )
    return SignalInvalid("A sample of the FHIR resource is no number.")

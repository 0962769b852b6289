"""The channels of a group: lead, calibration, skew (DICOM PS3.3 C.10.9.1.4)."""

import re
from dataclasses import dataclass

from ecg_core.errors import HeaderInvalid, UnitsUnknown
from ecg_core.leads import canonical_lead
from ecg_core.readers.channels import NO_VOLTAGE_HINT, mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.dicom import tags
from ecg_core.readers.dicom.elements import Item
from ecg_core.readers.lead_codes import lead_of_code, lead_of_mdc
from ecg_core.readers.options import GAIN_HINT, MAX_GAIN, MIN_GAIN, Options
from ecg_core.readers.units import unit_of

# Amplifiers for electrodes have a range below one volt.
MAX_BASELINE_MV = 10_000.0
# The channels of one recorder are sampled within one period of each other. A second is no skew any more.
MAX_SKEW_S = 1.0

_SCP = re.compile(r"5\.6\.3-9-(\d{1,3})")
_MDC = re.compile(r"(?:(\d):)?(\d{1,6})")
# A word that some writers add to a lead: "Lead I (Einthoven)".
_INVENTOR = re.compile(r"\s*\((?:einthoven|goldberger|wilson)\)\s*$", re.IGNORECASE)
_USELESS = frozenset({"DISCONNECTED", "INVALID", "TEST DATA"})


@dataclass(frozen=True)
class Calibration:
    """mV of a sample = count x scale_mv + offset_mv."""

    scale_mv: float
    offset_mv: float


def lead_name(channel: Item) -> str:
    """The lead of a channel, such as "V1" or "-aVR", or another name. Empty for a channel without.

    The code counts, then its meaning, then the label. Raises HeaderInvalid if code and meaning name different leads.
    """
    # The difference of two electrodes or leads is none of the twelve leads by name.
    if channel.sequences.get(tags.DIFFERENTIAL):
        return ""
    source = channel.first(tags.SOURCE) or Item(channel.encoding)
    coded = _lead_of_code(source.text(tags.CODE_VALUE), source.text(tags.CODE_SCHEME).upper())
    meaning = _INVENTOR.sub("", source.text(tags.CODE_MEANING))
    if coded is None:
        names = (source.text(tags.CODE_VALUE), meaning, channel.text(tags.CHANNEL_LABEL))
        return next(filter(_lead, names), meaning or names[2])
    # "Lead aVR" may stand beside the code of -aVR, which says more.
    if (lead := _lead(coded)) and (said := _lead(meaning)) and said not in (lead, lead.removeprefix("-")):
        raise HeaderInvalid("The code of a channel and its name mean different leads.")
    return coded


def _lead_of_code(value: str, scheme: str) -> str | None:
    """The lead of a code of SCP-ECG or MDC, empty if it is no lead. None if the code is of another scheme."""
    if match := _SCP.fullmatch(value):
        return lead_of_code(int(match[1]))
    if scheme == "MDC" and (match := _MDC.fullmatch(value)):
        number = int(match[1] or 0) * 65_536 + int(match[2])
        # A number without its partition says nothing. The meaning beside it may.
        return lead_of_mdc(number) if number >= 65_536 else None
    return None


def _lead(name: str) -> str | None:
    """The canonical name, with a minus for a lead that is stored upside down."""
    plain = canonical_lead(name.removeprefix("-").strip())
    return f"-{plain}" if plain and name.startswith("-") else plain


def is_useless(channel: Item) -> bool:
    """Whether the file says that a channel holds no signal of the person."""
    return not _USELESS.isdisjoint(_statuses(channel))


def is_questionable(channel: Item) -> bool:
    return "QUESTIONABLE" in _statuses(channel)


def _statuses(channel: Item) -> list[str]:
    return [status.strip().upper() for status in channel.text(tags.STATUS).split("\\")]


def calibration_of(channel: Item, options: Options, corrections: Corrections) -> Calibration:
    """Sensitivity x correction factor, and the baseline, which is in the unit. Raises UnitsUnknown, HeaderInvalid."""
    sensitivity, unit = channel.number(tags.SENSITIVITY), _unit(channel)
    if unit and unit_of(unit) is None:
        raise UnitsUnknown("A lead is measured in a unit that is no voltage.", NO_VOLTAGE_HINT)
    if "UNCALIBRATED" in _statuses(channel) and options.gain is None:
        raise UnitsUnknown("The file marks a lead as uncalibrated.", GAIN_HINT)
    if sensitivity is None or "UNCALIBRATED" in _statuses(channel):
        # Without a sensitivity the samples are counts, whatever the unit.
        return Calibration(mv_per_number(None, options, corrections), 0.0)
    if not unit and options.units is None:
        raise UnitsUnknown("The file states the sensitivity of a lead without its unit.", _UNIT_HINT)
    if not unit and options.gain is not None:
        raise UnitsUnknown("The file states the sensitivity of a lead, so its gain cannot be given.", _UNIT_HINT)
    mv = mv_per_number(unit, options, corrections)
    factor, baseline = channel.number(tags.FACTOR), channel.number(tags.BASELINE)
    if factor is None or baseline is None:
        corrections.add("correction factor or baseline of channels not stated: taken as 1 and 0")
    scale = sensitivity * (1.0 if factor is None else factor) * mv
    offset = (baseline or 0.0) * mv
    if not 1 / MAX_GAIN <= abs(scale) <= 1 / MIN_GAIN:
        raise UnitsUnknown("The sensitivity of a lead is not that of an electrocardiograph.")
    if abs(offset) > MAX_BASELINE_MV:
        raise HeaderInvalid("The baseline of a lead is not that of an electrocardiograph.")
    return Calibration(scale, offset)


_UNIT_HINT = "Give the unit with units= in Python, --units on the command line, ?units= over HTTP: uV, mV or V."


def _unit(channel: Item) -> str:
    """The unit as the file writes it: its code, or the meaning if the code is no unit of voltage."""
    code = channel.first(tags.UNIT)
    if code is None:
        return ""
    value, meaning = code.text(tags.CODE_VALUE), code.text(tags.CODE_MEANING)
    return next((text for text in (value, meaning) if unit_of(text)), value or meaning)


def skew_of(channel: Item, fs_hz: float) -> int:
    """How many samples later than its group a channel begins, rounded. Raises HeaderInvalid."""
    samples, seconds = channel.number(tags.SAMPLE_SKEW), channel.number(tags.TIME_SKEW)
    if samples and seconds and abs(samples - seconds * fs_hz) > 1:
        raise HeaderInvalid("The two skews of a channel contradict each other.")
    skew_s = (samples or 0.0) / fs_hz or (seconds or 0.0)
    skew_s += channel.number(tags.CHANNEL_OFFSET) or 0.0
    if abs(skew_s) > MAX_SKEW_S:
        raise HeaderInvalid("The skew of a channel is longer than a second.")
    return round(skew_s * fs_hz)


def bits_stored(channel: Item, allocated: int) -> int:
    """The bits of a sample that carry its value. Raises HeaderInvalid."""
    bits = channel.integer(tags.BITS_STORED) or allocated
    if bits > allocated:
        raise HeaderInvalid("A channel stores more bits than its samples have.")
    return bits

"""Rate and unit given with a file fill in what it leaves open.

Where the table itself states them (its columns' names, its times, an export's fields), the file counts and a correction
says so. Words above a table may mean something else: if they and what was given contradict each other, neither counts.
"""

from collections.abc import Sequence

from ecg_core.errors import HeaderInvalid, SamplingRateOutOfRange, SamplingRateUnknown, UnitsUnknown
from ecg_core.readers.statements import unit_of
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ

# Stated rates are nominal: a watch's 512 Hz are 512.5. Beyond 1 % two rates contradict each other.
RATE_TOLERANCE = 0.01


def choose_rate(stated: float | None, option: float | None, corrections: list[str]) -> float:
    """The sampling rate in Hz. Raises SamplingRateUnknown or SamplingRateOutOfRange."""
    rate = option if stated is None else stated
    if rate is None:
        raise SamplingRateUnknown("The file states no sampling rate, and has no time column that gives one.")
    if not MIN_FS_HZ <= rate <= MAX_FS_HZ:
        raise SamplingRateOutOfRange(f"The sampling rate is {rate:.6g} Hz.")
    if stated is None:
        corrections.append(f"sampling rate as given with the file: {rate:.6g} Hz")
    elif option is not None and not rates_agree(stated, option):
        corrections.append("sampling rate given with the file not used: the file states another")
    return float(rate)


def agreed(stated: Sequence[float]) -> float | None:
    """The one rate or scale that is stated; None if there is none, or if two of them differ."""
    return stated[0] if stated and all(rates_agree(stated[0], other) for other in stated) else None


def refuse_contradiction(words: float, option: float | None, what: str, unit: str) -> None:
    """Raises HeaderInvalid if words above a table and the option are different numbers."""
    if option is not None and not rates_agree(words, option):
        raise HeaderInvalid(
            f"{what} given with the file is {option:.6g} {unit}, the words above the table say {words:.6g} {unit}.",
            "Correct the one that is wrong, or remove it.",
        )


def rates_agree(one: float, other: float) -> bool:
    return abs(one - other) <= RATE_TOLERANCE * min(one, other)


def unit_option(option: str | None) -> str | None:
    """The unit given with a file. Raises UnitsUnknown for anything but nV, uV, mV and V."""
    unit = unit_of(option) if option is not None else None
    if option is not None and unit is None:
        raise UnitsUnknown("The unit given with the file is not known.")
    return unit


def choose_units(stated: list[str | None], option: str | None, corrections: list[str]) -> list[str]:
    """The unit of each lead. Raises UnitsUnknown if one has none."""
    given = unit_option(option)
    if given and any(unit and unit != given for unit in stated):
        corrections.append("unit given with the file not used: the file states another")
    elif given and not all(stated):
        corrections.append(f"unit as given with the file: {given}")
    units = [unit or given for unit in stated]
    known = [unit for unit in units if unit]
    if len(known) < len(units):
        raise UnitsUnknown(f"The file states no unit for {'some of ' if known else ''}its leads.")
    corrections.extend(f"converted from {unit} to mV" for unit in sorted(set(known) - {"mV"}))
    return known

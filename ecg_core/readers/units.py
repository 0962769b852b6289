"""Units of voltage as people and devices write them, and their factor to mV."""

import re
from collections.abc import Sequence

from ecg_core.errors import UnitsUnknown
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.text import fold

MV_PER_UNIT = {"nV": 1e-6, "uV": 1e-3, "mV": 1.0, "V": 1e3}
# Part of other patterns: a unit in folded text.
UNIT = r"(?:nano|micro|mikro|milli|mili)?volt(?:ios|s|i)?|mcv|(?:a?μ|[unm])?v|мк?в"


def unit_of(text: str) -> str | None:
    """The unit "uV", "mV", "V" or "nV" for a text, with or without brackets. None for any other text."""
    if text in MV_PER_UNIT:
        return text
    word = fold(text).strip(" ()[]{}\"'.")
    if not re.fullmatch(UNIT, word):
        return None
    prefix = {"n": "n", "u": "u", "μ": "u", "a": "u", "v": ""}.get(word[0])
    if prefix is None:
        prefix = "u" if word.startswith(("mcv", "mic", "mik", "мк")) else "m"
    return f"{prefix}V"


def choose_units(stated: Sequence[str | None], given: str | None, corrections: Corrections) -> list[str]:
    """The unit of each lead. given: the option, for leads that state none. Raises UnitsUnknown if one has none."""
    if given and any(unit and unit != given for unit in stated):
        corrections.add("unit given with the file not used: the file states another")
    elif given and not all(stated):
        corrections.add(f"unit as given with the file: {given}")
    units = [unit or given for unit in stated]
    known = [unit for unit in units if unit]
    if len(known) < len(units):
        raise UnitsUnknown(f"The file states no unit for {'some of ' if known else ''}its leads.")
    for unit in sorted(set(known) - {"mV"}):
        corrections.add(f"converted from {unit} to mV")
    return known

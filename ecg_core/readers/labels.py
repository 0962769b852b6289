"""The label of a channel in a table or an export: lead name and unit."""

import re
from collections.abc import Sequence

from ecg_core.leads import MAX_NAME_LENGTH, canonical_lead
from ecg_core.readers.text import any_of, without_accents
from ecg_core.readers.units import unit_of

LEAD_WORDS = any_of(
    *("leads", "lead", "Ableitungen", "Ableitung", "Dérivations", "Dérivation", "Derivaciones", "Derivación"),
    *("Derivazioni", "Derivazione", "Derivações", "Derivação", "Afleidingen", "Afleiding", "リード", "誘導", "导联"),
)
# "-I" is an inverted lead, so that minus is not a separator. A hyphen between words is one.
_LEAD_WORD = re.compile(rf"^(?:{LEAD_WORDS})(?:[\s_:.]+|-)(?=[^\s-])", re.IGNORECASE)
# Placeholders in the position of a unit: raw counts, or a unit that lost its micro sign. The unit must come from
# elsewhere.
_NO_UNIT = re.compile(r"[?\ufffd]v|a\.?u|adu|adc|digits?|lsb|raw|counts?|n/?a")
_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]*+)[)\]]\W*+$")
_SEPARATORS = " \t._/:,;([{-"
_ROMAN = re.compile(r"(?:^|[^A-Za-z0-9-]|(?<=\w)-)(I{1,3}|aV[RLF]|V[1-6])$")


# Bipolar limb leads, named by their electrodes. The positive electrode is first.
_ELECTRODES = re.compile(r"(?<![a-z])(la-ra|l[lf]-ra|l[lf]-la)(?![a-z-])", re.IGNORECASE)


def electrode_pair(name: str) -> str | None:
    """The limb lead between the two electrodes of a name. "ECG_LA-RA_24BIT_CAL" -> "I"."""
    found = _ELECTRODES.findall(name) if len(name) <= MAX_NAME_LENGTH and "-" in name else []
    pairs = {"la-ra": "I", "ll-ra": "II", "ll-la": "III"}
    return pairs[found[0].lower().replace("lf", "ll")] if len(found) == 1 else None


def lead_in_any_language(name: str) -> str | None:
    """The lead at the end of a name ("Afleiding I"). Use it only for a value that can be nothing but a lead."""
    match = _ROMAN.search(name.strip())
    return canonical_lead(name) or (canonical_lead(match[1]) if match else None)


def split_unit(name: str) -> tuple[str, str | None]:
    """ "II [uV]" -> ("II", "uV"). The unit is None if there is none, or if it is no voltage ("II [digits]")."""
    if len(name) > MAX_NAME_LENGTH:
        return name, None
    name = _LEAD_WORD.sub("lead ", without_accents(name).strip())
    if canonical_lead(name):
        return name, None
    splits = []
    if match := _IN_BRACKETS.search(name):
        splits.append((name[: match.start()].rstrip(" \t_/"), match[1].strip(" \t.")))
    whole = name.rstrip(" \t._)]}")
    if (position := max(whole.rfind(separator) for separator in _SEPARATORS)) >= 0:
        splits.append((whole[:position].rstrip(_SEPARATORS), whole[position + 1 :]))
    for plain, word in splits:
        unit = unit_of(re.sub(r"^in\s+", "", word))
        if unit or _NO_UNIT.fullmatch(word.casefold()):
            return re.sub(r"[\s._/:,;(\[{-]+in$", "", plain), unit
    return name, None


def units_of(names: Sequence[str]) -> tuple[list[str], list[str | None]]:
    pairs = [split_unit(name) for name in names]
    return [name for name, _ in pairs], [unit for _, unit in pairs]

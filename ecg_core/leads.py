"""The leads: canonical names, other names, how limb leads follow from each other, sets of leads.

Einthoven: III = II - I. Goldberger: aVR = -(I + II)/2, aVL = (I - III)/2, aVF = (II + III)/2.
"""

import re
from collections.abc import Collection, Sequence

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
LIMB_LEADS = LEADS[:6]
CHEST_LEADS = LEADS[6:]

# Every limb lead as a combination of I and II.
LIMB_FROM_I_II: dict[str, tuple[float, float]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}

# The sets whose performance is measured, after limb leads are derived: any two limb leads give all six.
LEAD_SETS: dict[str, tuple[str, ...]] = {
    "12": LEADS,
    "limb+V2": (*LIMB_LEADS, "V2"),
    "limb": LIMB_LEADS,
    "II": ("II",),
    "V5": ("V5",),
    "I": ("I",),
}

# MLI to MLIII are the monitoring positions of MIT-BIH. DI to DIII are Spanish, French and Portuguese names.
_ALIASES = {
    **{lead.lower(): lead for lead in LEADS},
    **{f"{prefix}{roman}": roman.upper() for prefix in ("d", "ml", "l") for roman in ("i", "ii", "iii")},
    **{f"{prefix}{digit}": "I" * digit for prefix in ("d", "l") for digit in (1, 2, 3)},
}
_CANONICAL = frozenset(LEADS)
_PLAIN = frozenset(lead.lower() for lead in LEADS)
_NUMBERED = {"1": "I", "2": "II", "3": "III"}
# A prefix, then a separator. A minus after a blank is not a separator: "ECG -aVR" is an inverted lead. It is not read.
_LEAD_WORD = r"leads?|ableitung|abl|d[eé]rivation|derivaci[oó]n|derivazione|deriva[cç][aã]o|afleiding"
_CODE = re.compile(r"\s*mdc_ecg_(?:lead|elec_potl)_", re.IGNORECASE)
_PREFIX = re.compile(rf"(ecg|ekg|({_LEAD_WORD}))(?:[\s_:.]+|-(?=\S))?")
_TWO_NUMERALS = re.compile(r"i[\s_.]+i")
# C1 to C6 are chest electrodes in Europe. C3 and C4 alone are scalp electrodes of a sleep study: require all six.
_CHEST_ELECTRODES = {f"c{digit}": f"V{digit}" for digit in range(1, 7)}

# No lead has a longer name. Removing prefixes takes quadratic time.
MAX_NAME_LENGTH = 64


def _key(name: str) -> tuple[str, bool]:
    """(the name without prefixes and separators, whether it began with the word "lead" in any language).

    Codes of IEEE 11073 have no other spellings: MDC_ECG_LEAD_dI is a lead computed from others, and not lead I.
    """
    if len(name) > MAX_NAME_LENGTH:
        return "", False
    if code := _CODE.match(name):
        lead = name[code.end() :].strip().lower()
        return (lead if lead in _PLAIN else ""), False
    key = name.strip(" \t\r\n\"'()[]").lower()
    prefixed = False
    while match := _PREFIX.match(key):
        key = key[match.end() :]
        prefixed = match[2] is not None
    if _TWO_NUMERALS.search(key):
        return "", False
    return re.sub(r"[\s_.]", "", key), prefixed


def canonical_lead(name: str) -> str | None:
    """The canonical name of a lead: "MDC_ECG_LEAD_AVR" -> "aVR". None if the name is none of the twelve leads."""
    key, prefixed = _key(name)
    return _ALIASES.get(key) or (_NUMBERED.get(key) if prefixed else None)


def canonical_leads(names: Sequence[str]) -> list[str | None]:
    """The canonical name of each channel of a recording, in order. None for a channel that is no lead."""
    if _CANONICAL.issuperset(names):
        return list(names)
    keys = [_key(name)[0] for name in names]
    electrodes = _CHEST_ELECTRODES if set(_CHEST_ELECTRODES) <= set(keys) else {}
    return [canonical_lead(name) or electrodes.get(key) for name, key in zip(names, keys, strict=True)]


def lead_set_of(present: Collection[str]) -> tuple[str, bool] | None:
    """(name of the largest measured set within the leads, whether it is all of them). None if there is no such set.

    present: the leads after derivation.
    """
    given = set(present)
    for name, leads in LEAD_SETS.items():
        if given.issuperset(leads):
            return name, len(leads) == len(given)
    return None

"""Which lead a component of an Observation is: from its codes (MDC, LOINC, SCP-ECG) and from its words."""

import re
from collections.abc import Iterator
from itertools import islice

from ecg_core.errors import HeaderInvalid
from ecg_core.leads import LEADS, canonical_lead
from ecg_core.readers.json_document import Element, children, text
from ecg_core.readers.lead_codes import lead_of_code, lead_of_mdc

# A component has one coding for each code system.
MAX_CODINGS = 32
# Of the German base profiles: the value set EkgLeads.
_LOINC = {
    "LP7383-5": "aVF",
    "LP7384-3": "aVL",
    "LP7385-0": "aVR",
    "LP7386-8": "I",
    "LP7387-6": "II",
    "LP7388-4": "III",
    **{f"LP{7388 + chest}-{digit}": f"V{chest}" for chest, digit in enumerate((2, 0, 8, 6, 4, 2), 1)},
}
# Of DICOM: SCP-ECG's lead number, and the numbers of MDC without their partition.
_SCP = re.compile(r"5\.6\.3-9-(\d{1,3})")
_MDC_PARTITION = re.compile(r"2:(\d{1,5})")
_MDC_NUMBER = re.compile(r"13[12]\d{3}")
# Partition 2 of MDC begins here.
_PARTITION_2 = 131_072
_LONG_WORDS = re.compile(r"electrocardiogra(?:m|phic|phy)|elektrokardiogramm|12[ -]lead", re.IGNORECASE)
_AVERAGE = re.compile(
    r"\b(?:median|averaged?|mean|representative|template|synthesi[sz]ed|calibration|cal)\b", re.IGNORECASE
)
OTHER = "other"


def lead_name(element: Element) -> str:
    """The name of the lead of an Observation or a component, such as "V1", "V7" or "-aVR". Empty if it names none.

    OTHER if its words say that its samples are no recorded ECG. Raises HeaderInvalid if two of its codes or words
    name different leads.
    """
    concepts = list(_concept(element))
    if any(_AVERAGE.search(words.replace("_", " ")) for _, words in concepts):
        return OTHER
    named = {name for code, words in concepts for name in (_of_code(code), _of_words(words)) if name}
    if len(named) > 1:
        raise HeaderInvalid("The codes and the words of a FHIR component name different leads.")
    return named.pop() if named else ""


def _concept(element: Element) -> Iterator[tuple[str, str]]:
    """(code, words) of each coding, then ("", text)."""
    code = element.get("code")
    if not isinstance(code, dict):
        return
    for coding in islice(children(code, "coding"), MAX_CODINGS):
        yield text(coding, "code"), text(coding, "display")
    yield "", text(code, "text")


def _of_code(code: str) -> str:
    if match := _SCP.fullmatch(code):
        return lead_of_code(int(match[1])) or OTHER
    if match := _MDC_PARTITION.fullmatch(code):
        return _of_mdc(_PARTITION_2 + int(match[1]))
    if _MDC_NUMBER.fullmatch(code):
        return _of_mdc(int(code))
    return _LOINC.get(code, "") or _of_words(code)


def _of_mdc(number: int) -> str:
    """Empty for MDC_ECG_ELEC_POTL and MDC_ECG_LEAD_CONFIG: they name no lead."""
    return lead_of_mdc(number) or (OTHER if (number - _PARTITION_2) % 256 else "")


def _of_words(words: str) -> str:
    plain = _LONG_WORDS.sub(" ", words).strip()
    sign = "-" if plain.startswith("-") else ""
    lead = canonical_lead(plain.removeprefix("-")) if plain else None
    return f"{sign}{lead}" if lead else ""


def is_lead(name: str) -> bool:
    return name.removeprefix("-") in LEADS

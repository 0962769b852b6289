"""Which Observations of a FHIR resource are the ECG: alone, in a Bundle, or contained in another one."""

import re
from collections.abc import Iterator, Sequence

from ecg_core.errors import FileTooLarge, HeaderInvalid, SeveralRecords, UnsupportedFormat
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.fhir.leads import is_lead, lead_name
from ecg_core.readers.json_document import Element, child, children, text

# SampledData in one file. An ECG has 12, a monitor some more.
MAX_SERIES = 512
# Codes of an ECG as a whole: LOINC (EKG study, 12 lead EKG panel, EKG), MDC_ECG_ELEC_POTL, SNOMED CT, HealthKit.
_ECG_CODES = frozenset(
    ("11524-6", "34534-8", "LP6244-0", "131328", "106073009", "29303009", "46825001", "HKElectrocardiogram")
)
_ECG_WORDS = re.compile(r"\b[eo]?[ek][ck]g\b|electro-?cardio|elektrokardio", re.IGNORECASE)
_NOT_VALID = frozenset(("entered-in-error", "cancelled"))
_EFFECTIVE = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "effectiveTiming")
_ONE_HINT = (
    "Send one Observation, with the leads as its components. Observations of one lead each are read together "
    "if they state the same subject and the same effective time."
)


def ecg_observations(document: object, corrections: Corrections) -> list[Element]:
    """The Observations of the one ECG: one, or one for each lead.

    Raises UnsupportedFormat for another resource, SeveralRecords, HeaderInvalid.
    """
    found = [observation for observation in _observations(document) if _series(observation)]
    valid = [observation for observation in found if text(observation, "status") not in _NOT_VALID]
    if found and not valid:
        raise HeaderInvalid(
            "The FHIR Observation is marked as entered in error or cancelled.", "Send the Observation that replaces it."
        )
    if not found:
        raise UnsupportedFormat(
            "The FHIR resource has no Observation with SampledData.",
            "Send the Observation with the samples of the ECG.",
        )
    if sum(len(_series(observation)) for observation in valid) > MAX_SERIES:
        raise FileTooLarge(f"The FHIR resource has more than {MAX_SERIES} series of samples.")
    if len(valid) < len(found):
        corrections.add(f"Observations entered in error or cancelled left out: {len(found) - len(valid)}")
    ecgs = [observation for observation in valid if _names_leads(observation)]
    ecgs = ecgs or [observation for observation in valid if _is_ecg(observation)] or valid
    if len(ecgs) < len(valid):
        corrections.add(f"Observations of other signals left out: {len(valid) - len(ecgs)}")
    if len(ecgs) > 1 and not _are_one(ecgs):
        raise SeveralRecords("The FHIR resource holds several ECGs.", _ONE_HINT)
    return ecgs


def _observations(document: object) -> Iterator[Element]:
    if not isinstance(document, dict):
        raise UnsupportedFormat(
            "The JSON file holds FHIR resources in a list.", "Send one Observation, or one Bundle with it."
        )
    kind = document.get("resourceType")
    if kind not in ("Observation", "Bundle"):
        named = (
            kind if kind in ("DiagnosticReport", "DocumentReference", "Patient", "Media", "Parameters") else "resource"
        )
        raise UnsupportedFormat(
            f"This is a FHIR {named}, not an Observation or a Bundle.",
            "Send the Observation with the samples of the ECG.",
        )
    waiting: list[Element] = [document]
    while waiting:
        node = waiting.pop()
        if node.get("resourceType") == "Bundle":
            waiting.extend(reversed([child(entry, "resource") for entry in children(node, "entry")]))
        elif node.get("resourceType") == "Observation":
            yield node
            waiting.extend(reversed(list(children(node, "contained"))))


def _series(observation: Element) -> list[Element]:
    """The Observation and its components, as far as they have SampledData."""
    elements = (observation, *children(observation, "component"))
    return [element for element in elements if child(element, "valueSampledData")]


def _names_leads(observation: Element) -> bool:
    return any(is_lead(lead_name(element)) for element in _series(observation))


def _is_ecg(observation: Element) -> bool:
    code = child(observation, "code")
    codings = list(children(code, "coding"))
    words = [text(code, "text"), *(text(coding, "display") for coding in codings)]
    return any(text(coding, "code") in _ECG_CODES for coding in codings) or any(map(_ECG_WORDS.search, words))


def _are_one(observations: Sequence[Element]) -> bool:
    """Whether each Observation is a lead of the same ECG: different leads, the same subject, the same stated time."""
    names = [lead_name(element) for observation in observations for element in _series(observation)]
    first = observations[0]
    times = [{key: other.get(key) for key in _EFFECTIVE if other.get(key)} for other in observations]
    return (
        all(names)
        and len(set(names)) == len(names)
        and all(other.get("subject") == first.get("subject") for other in observations)
        and bool(times[0])
        and all(time == times[0] for time in times)
    )

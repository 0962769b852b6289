"""Reads the ECG of a FHIR Observation, or of the one ECG in a Bundle.

The leads are components of one Observation, or each is an Observation of its own with the same subject and time.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import DuplicateLeads, HeaderInvalid
from ecg_core.readers.channels import check_size, leads_of, without_missing
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.fhir.leads import is_lead, lead_name
from ecg_core.readers.fhir.observations import ecg_observations
from ecg_core.readers.fhir.sampled import decoded, dimensions, rate_hz
from ecg_core.readers.json_document import Element, child, children, number, parse, plain, text
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate, rates_agree
from ecg_core.readers.records import Bundle
from ecg_core.recording import Recording

_HERTZ = frozenset(("Hz", "hertz", "Hertz", "/s", "1/s"))
_SAMPLING = re.compile(r"sampl", re.IGNORECASE)
# MDC_ATTR_SAMP_RATE.
_SAMPLING_CODES = frozenset(("68220",))


@dataclass(frozen=True)
class Channel:
    """name: as leads_of takes it. sampled: the SampledData. row: its row if that has several dimensions."""

    name: str
    sampled: Element
    row: int = 0


def sniff(data: bytes) -> bool:
    found = plain(data)
    return b'"resourceType"' in found and b'SampledData"' in found


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a FHIR resource.

    Raises HeaderInvalid, SeveralRecords, SignalInvalid, SignalTruncated, UnsupportedFormat, NoEcgLeads, DuplicateLeads,
    UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, FileTooLarge.
    """
    corrections = Corrections()
    observations = ecg_observations(parse(bundle[name]), corrections)
    channels = [channel for observation in observations for channel in _channels(observation)]
    names = [channel.name for channel in channels]
    _refuse_pieces(names)
    leads = leads_of(names, options, corrections)
    chosen = [channels[position] for position in leads.positions]
    rate = choose_rate(_rate(chosen, observations), options.fs_hz, corrections)
    series: dict[int, NDArray[np.float32]] = {}
    rows: list[NDArray[np.float32]] = []
    for channel, sign in zip(chosen, leads.signs, strict=True):
        if id(channel.sampled) not in series:
            series[id(channel.sampled)] = decoded(channel.sampled, options, bundle.budget, corrections)
        values = series[id(channel.sampled)][channel.row]
        check_size(len(chosen), len(values))
        if rows and len(values) != len(rows[0]):
            raise HeaderInvalid("The leads of the FHIR resource have different numbers of samples.")
        rows.append(values * np.float32(sign))
    signal = np.stack(rows)
    leads.verify(signal, corrections)
    without_missing(signal, np.isnan(signal), corrections)
    digest = hashlib.sha256(bundle[name]).hexdigest()
    return Recording(signal, rate, leads.names, "fhir", digest, tuple(corrections))


def _channels(observation: Element) -> list[Channel]:
    """The channels of an Observation. A SampledData of several dimensions does not say which of them is which lead."""
    found = []
    for element in (observation, *children(observation, "component")):
        if sampled := child(element, "valueSampledData"):
            count = dimensions(sampled)
            name = lead_name(element) if count == 1 else ""
            found += [Channel(name, sampled, row) for row in range(count)]
    return found


def _refuse_pieces(names: Sequence[str]) -> None:
    """Raises DuplicateLeads for a lead in several components: FHIR does not say in which order they follow."""
    if len(set(names)) == 1 and len(names) > 1 and is_lead(names[0]):
        raise DuplicateLeads(
            "The FHIR Observation holds one lead in several pieces, and does not say how they follow each other.",
            "Write the lead as one SampledData.",
        )


def _rate(channels: Sequence[Channel], observations: Sequence[Element]) -> float | None:
    """The sampling rate in Hz, None if none is stated. Raises HeaderInvalid if two statements contradict each other."""
    rates = [rate_hz(channel.sampled) for channel in channels]
    if len(set(rates)) > 1:
        raise HeaderInvalid("The leads of the FHIR resource have different sampling rates.")
    stated = rates[0]
    for observation in observations:
        for component in children(observation, "component"):
            beside = _stated_beside(component)
            if beside is not None and stated is not None and not rates_agree(stated, beside):
                raise HeaderInvalid("The FHIR resource states two different sampling rates.")
            stated = stated or beside
    return stated


def _stated_beside(component: Element) -> float | None:
    """The rate in a component of its own, as Apple's HealthKit exports have it."""
    quantity, code = child(component, "valueQuantity"), child(component, "code")
    if not quantity or not _HERTZ & {text(quantity, "code"), text(quantity, "unit")}:
        return None
    codings = list(children(code, "coding"))
    words = [text(code, "text"), *(text(coding, key) for coding in codings for key in ("code", "display"))]
    if any(map(_SAMPLING.search, words)) or _SAMPLING_CODES & set(words):
        found = number(quantity, "value")
        return found if found and found > 0 else None
    return None

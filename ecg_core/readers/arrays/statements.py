"""What the values beside an array say about it: sampling rate, unit, gain, names of the leads.

The innermost struct that says something counts. A name counts only if it can mean nothing else: "gain" alone may be
counts per mV, mV per count, or the gain of an amplifier.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ecg_core.errors import HeaderInvalid
from ecg_core.leads import canonical_leads
from ecg_core.readers.arrays.values import Candidate, Struct, Texts, Value
from ecg_core.readers.labels import units_of
from ecg_core.readers.options import MAX_LEADS_GIVEN
from ecg_core.readers.text import fold

_RATES = {
    *("fs", "fshz", "fsecg", "ecgfs", "sf", "sr", "sfreq", "srate", "samplerate", "samplingrate", "samplefrequency"),
    *("samplingfrequency", "samplefreq", "samplingfreq", "sampfreq", "samprate", "sampleratehz", "samplingratehz"),
    *("samplingfrequencyhz", "currsamplerate"),
}
_UNITS = {
    *("unit", "units", "ecgunit", "ecgunits", "signalunit", "signalunits", "sigunit", "sigunits", "dataunit"),
    *("dataunits", "physicalunit", "physicalunits", "amplitudeunit", "amplitudeunits", "voltageunit", "voltageunits"),
}
_LEADS = {
    *("lead", "leads", "leadname", "leadnames", "leadorder", "leadlabels", "signame", "signames", "signalname"),
    *("signalnames", "label", "labels", "channel", "channels", "chname", "chnames", "channelname", "channelnames"),
    *("channellabels", "names", "columns"),
}
# Counts per mV, as the name says.
_PER_MV = {"countspermv", "adupermv", "digitspermv", "lsbpermv", "bitspermv", "gainpermv"}
# Any of these beside whole numbers says that they are no voltages, but not how to convert them.
_GAINS = {
    *("gain", "gains", "adcgain", "adcgains", "ampgain", "amplifiergain", "sensitivity", "lsb", "resolution", "scale"),
    *("scalefactor", "scaling", "uvperlsb", "uvperbit", "mvperlsb", "mvperbit", "adcres", "adcresolution"),
}
# Structs that describe the array beside them.
_DESCRIPTIONS = {"info", "meta", "metadata", "header", "hdr", "param", "params", "attrs", "attributes", "recording"}


@dataclass(frozen=True)
class Statements:
    """What the file says. Each is None or empty if it says nothing.

    units: one for all channels, or one for each. per_mv: counts per mV. gains: different gains, of unknown meaning.
    names: the lead or signal of each channel.
    """

    fs_hz: float | None
    units: Texts
    per_mv: float | None
    gains: frozenset[float]
    names: Texts


def statements_about(candidate: Candidate) -> Statements:
    """Raises HeaderInvalid if the file contradicts itself."""
    return Statements(
        fs_hz=_number(candidate, _RATES, "sampling rates"),
        units=_texts(candidate, _UNITS, "units"),
        per_mv=_number(candidate, _PER_MV, "gains"),
        gains=frozenset().union(*(_gains(value) for scope in candidate.scopes for value in _named(scope, _GAINS))),
        names=candidate.names or _lead_names(candidate),
    )


def _key(name: str) -> str:
    return re.sub(r"[\W_]", "", fold(name))


def _named(scope: Struct, names: set[str]) -> Iterator[Value]:
    """The values of these names in a struct, and in structs beside them that describe it."""
    for name, value in scope.items():
        if _key(name) in names:
            yield value
        if isinstance(value, dict) and _key(name) in _DESCRIPTIONS:
            yield from (inner for key, inner in value.items() if _key(key) in names)


def _number(candidate: Candidate, names: set[str], what: str) -> float | None:
    for scope in candidate.scopes:
        found = {number for value in _named(scope, names) if (number := _scalar(value)) is not None}
        if len(found) > 1:
            raise HeaderInvalid(f"The file states several {what} that differ.")
        if found:
            return found.pop()
    return None


def _scalar(value: Value) -> float | None:
    return float(value.reshape(-1)[0]) if isinstance(value, np.ndarray) and value.size == 1 else None


def _gains(value: Value) -> set[float]:
    """The different numbers of a value. The number 1 alone is no gain."""
    found = set(value.reshape(-1)[:MAX_LEADS_GIVEN].tolist()) if isinstance(value, np.ndarray) else set()
    return found - {1} if len(found) == 1 else found


def _texts(candidate: Candidate, names: set[str], what: str) -> Texts:
    for scope in candidate.scopes:
        found = {value for value in _named(scope, names) if isinstance(value, tuple) and any(value)}
        if len(found) > 1:
            raise HeaderInvalid(f"The file states several {what} that differ.")
        if found:
            return found.pop()
    return ()


def _lead_names(candidate: Candidate) -> Texts:
    """The names of the channels, if leads are among them. "labels" may be diagnoses as well."""
    for scope in candidate.scopes:
        texts = (value for value in _named(scope, _LEADS) if isinstance(value, tuple))
        found = {names for value in texts if any(canonical_leads(units_of(names := _split(value))[0]))}
        if len(found) > 1:
            raise HeaderInvalid("The file names its leads twice, and differently.")
        if found:
            return found.pop()
    return ()


def _split(texts: Texts) -> Texts:
    """("I, II, III",) -> ("I", "II", "III")."""
    if len(texts) != 1:
        return texts
    return tuple(part.strip() for part in re.split(r"[,;]", texts[0]))

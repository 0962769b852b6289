"""Channels with numbers. A number is not a lead name: "lead_1" may be the first channel, or the second after lead_0.

Lead 1, 2 and 3 are read as I, II and III only if other channels have real lead names, no other number occurs, and the
samples obey Einthoven's law. D1, D2 and D3 are the Spanish, French and Portuguese names of I, II and III.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import NoEcgLeads
from ecg_core.leads import LEADS, MAX_NAME_LENGTH, canonical_leads
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import LEADS_HINT, Options, named
from ecg_core.readers.text import any_of, fold

_LEAD_WORDS = any_of(
    *("leads", "lead", "ableitung", "abl", "dérivation", "derivación", "derivazione", "derivação", "afleiding"),
)
_NUMBERED = re.compile(rf"(?:(?:ecg|ekg)?[\s_.:-]*+(?:{_LEAD_WORDS}|l)|(d))[\s_.:-]*+(\d++)")
_ELECTRODE = re.compile(r"c[\s_.:-]*+0*(\d{1,4})")
# Share of the lead's standard deviation. Rounding and noise stay far below it; the channel of another lead is far
# above.
_MAX_RESIDUAL = 0.2
_MIN_COMPARED, _MAX_COMPARED = 100, 50_000
# Each lead as a weighted sum of I, II and III. Einthoven's law alone cannot tell I from III; Goldberger's equations
# can.
_LAWS = {"III": (-1, 1, 0), "aVR": (-0.5, -0.5, 0), "aVL": (0.5, 0, -0.5), "aVF": (0, 0.5, 0.5)}

REFUSED = "Channels of the file are numbered, and a number does not tell which lead a channel is."


@dataclass(frozen=True)
class Naming:
    """leads: of each channel, None if it has none. numbered: whether lead 1, 2, 3 were read as I, II, III."""

    leads: tuple[str | None, ...]
    numbered: bool


def naming(names: Sequence[str], options: Options, corrections: Corrections) -> Naming:
    """The leads of channels, from names and option. Raises NoEcgLeads if the channels have numbers instead of names."""
    found = canonical_leads(names)
    if options.names is None and found == list(names):
        # All of them are plain names of leads. Most records need no more than this.
        return Naming(tuple(found), False)
    numbers = {place: match for place, name in enumerate(names) if name not in LEADS and (match := _number(name))}
    if electrodes := _numbered_electrodes(names, found):
        if options.names is None:
            raise NoEcgLeads(REFUSED, LEADS_HINT)
        found = [None if place in electrodes else lead for place, lead in enumerate(found)]
    # D4 and above are only numbers. If one exists, D1 to D3 are numbers too.
    if all(match[1] and match[2] in "123" for match in numbers.values()):
        numbers = {}
    if not numbers:
        return Naming(tuple(named(found, options, corrections)), False)
    real = [None if place in numbers else lead for place, lead in enumerate(found)]
    if options.names is not None:
        return Naming(tuple(named(real, options, corrections)), False)
    if sorted(match[2] for match in numbers.values()) != ["1", "2", "3"] or not any(real):
        raise NoEcgLeads(REFUSED, LEADS_HINT)
    return Naming(tuple(found), True)


def _numbered_electrodes(names: Sequence[str], found: Sequence[str | None]) -> set[int]:
    """Indices of C1, C2, ... that are numbers and not chest electrodes: C0 or C7 exists, or there is no limb lead."""
    matches = {place: match for place, name in enumerate(names) if (match := _ELECTRODE.fullmatch(fold(name[:64])))}
    if not any(found[place] for place in matches):
        return set()
    limb = any(lead and lead[0] != "V" for lead in found)
    six = sorted(int(match[1]) for match in matches.values()) == [1, 2, 3, 4, 5, 6]
    return set() if limb and six else set(matches)


def _number(name: str) -> re.Match[str] | None:
    return _NUMBERED.fullmatch(fold(name).strip(" ()[]\"'")) if len(name) <= MAX_NAME_LENGTH else None


def verify(signal: NDArray[np.float32], leads: Sequence[str], corrections: Corrections) -> None:
    """Raises NoEcgLeads unless signal [leads, samples] obeys Einthoven's law and Goldberger's equations."""
    signal = signal[:, :: -(-signal.shape[1] // _MAX_COMPARED) or 1]
    rows = {lead: signal[row].astype(np.float64) for row, lead in enumerate(leads)}
    for lead, factors in _LAWS.items():
        if lead in rows:
            expected = sum(factor * rows[limb] for factor, limb in zip(factors, ("I", "II", "III"), strict=True))
            known = np.isfinite(rows[lead]) & np.isfinite(expected)
            residual = np.std((rows[lead] - expected)[known]) if known.sum() >= _MIN_COMPARED else np.inf
            if not 0 <= residual <= _MAX_RESIDUAL * np.std(rows[lead][known]):
                raise NoEcgLeads(REFUSED, LEADS_HINT)
    corrections.add("leads 1, 2, 3 taken as I, II, III: Einthoven's law holds")

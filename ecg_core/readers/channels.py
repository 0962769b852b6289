"""Which channels of a file are leads, and which sign and scale they have. Every format but the tables uses this."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import DuplicateLeads, FileTooLarge, NoEcgLeads, UnitsUnknown
from ecg_core.leads import canonical_lead
from ecg_core.readers import numbering
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.units import MV_PER_UNIT, choose_units, unit_of
from ecg_core.recording import MAX_VALUES

# The default hint names units= and gain=, which do not replace a unit that the file states.
NO_VOLTAGE_HINT = "Correct the unit in the file: units= and gain= fill in only what a file does not state."


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads among the channels of a file. Each tuple has one entry for each lead, in the order of the file.

    names: canonical. positions: index of the channel. signs: -1 for a lead that is stored upside down.
    numbered: whether lead 1, 2, 3 were taken as I, II, III. verify() then compares the samples with Einthoven's law.
    """

    names: tuple[str, ...]
    positions: tuple[int, ...]
    signs: tuple[int, ...]
    numbered: bool = False

    def verify(self, signal: NDArray[np.float32], corrections: Corrections) -> None:
        """Call it with the signal [leads, samples] in mV. Raises NoEcgLeads."""
        if self.numbered:
            numbering.verify(signal, self.names, corrections)


def leads_of(names: Sequence[str], options: Options, corrections: Corrections) -> Leads:
    """The leads among channels. names: as the file writes them, or those of its lead codes; "" for a channel without.

    A name with a minus before it is a lead stored upside down ("-aVR"). Raises NoEcgLeads, DuplicateLeads.
    """
    plain, signs = zip(*map(_sign, names), strict=True) if names else ((), ())
    naming = numbering.naming(plain, options, corrections)
    upright = {lead for lead, sign in zip(naming.leads, signs, strict=True) if lead and sign > 0}
    found = [
        (lead, position, sign)
        for position, (lead, sign) in enumerate(zip(naming.leads, signs, strict=True))
        if lead and (sign > 0 or lead not in upright)
    ]
    if not found:
        raise NoEcgLeads("No channel of the file is named as an ECG lead.")
    leads, positions, signs = zip(*found, strict=True)
    if len(set(leads)) < len(leads):
        raise DuplicateLeads("Two channels of the file are the same lead.")
    for lead, sign in zip(leads, signs, strict=True):
        if sign < 0:
            corrections.add(f"{lead} stored upside down, turned")
    if others := len(names) - len(leads):
        corrections.add(f"channels that are none of the twelve leads left out: {others}")
    return Leads(leads, positions, signs, naming.numbered)


def _sign(name: str) -> tuple[str, int]:
    """("aVR", -1) for "-aVR"."""
    plain = name.strip()
    return (plain[1:], -1) if plain[:1] == "-" and canonical_lead(plain[1:]) else (name, 1)


def mv_per_number(unit: str | None, options: Options, corrections: Corrections) -> float:
    """mV per number of one channel. unit: as the file writes it; None or "" if it states none.

    Raises UnitsUnknown if the file's unit is no voltage, or if neither the file nor an option states one.
    """
    stated = unit_of(unit) if unit else None
    if unit and stated is None:
        raise UnitsUnknown("A lead is measured in a unit that is no voltage.", NO_VOLTAGE_HINT)
    if stated is None and options.gain is not None:
        options.refuse_both()
        corrections.add(f"gain as given with the file: {options.gain:g} per mV")
        return 1 / options.gain
    if options.gain is not None:
        corrections.add("gain given with the file not used: the file states a unit")
    return MV_PER_UNIT[choose_units([stated], options.unit, corrections)[0]]


def check_size(leads: int, samples: int) -> None:
    """Raises FileTooLarge. Call it before memory for the samples is allocated."""
    if leads * samples > MAX_VALUES:
        raise FileTooLarge(f"The record holds more than {MAX_VALUES:,} samples.")


def without_missing(signal: NDArray[np.float32], missing: NDArray[np.bool_], corrections: Corrections) -> None:
    """Sets the samples that the file marks as missing to NaN, in place. Both arrays have the same shape."""
    if count := int(np.count_nonzero(missing)):
        signal[missing] = np.nan
        corrections.count("samples that the file marks as missing read as gaps", count)

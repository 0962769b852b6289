"""What a caller states about a file. It is used only where the file states nothing.

Words above a table are less certain than the rest of a file. If they contradict an option, the file is refused.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ecg_core.errors import DuplicateLeads, NoEcgLeads, SamplingRateOutOfRange, UnitsUnknown
from ecg_core.leads import canonical_leads
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.units import unit_of
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ

# In a list of leads: this channel is not a lead.
NO_LEAD = "-"
# Counts per mV. With steps of 1 mV or more no P wave is visible. No 32-bit converter resolves a picovolt.
MIN_GAIN, MAX_GAIN = 1.0, 1e9
# More than any recorder has channels. A longer list is refused before it is parsed.
MAX_LEADS_GIVEN = 512

_LEADS_OPTION = "with leads= in Python, --leads on the command line, ?leads= over HTTP"
LEADS_HINT = (
    f"Name the channels in their order {_LEADS_OPTION}, such as I,II,V1; write - for a channel that is no lead."
)
_GAIN_OPTION = "with gain= in Python, --gain on the command line, ?gain= over HTTP"
GAIN_HINT = f"Give the gain, the counts per millivolt of the converter, {_GAIN_OPTION}."
_BOTH_HINT = "Give units= for values in a unit of voltage, or gain= for raw converter values, not both."


@dataclass(frozen=True)
class Options:
    """fs_hz: samples per second. units: nV, uV, mV or V. gain: counts per mV of raw converter values.

    leads: the names of the channels in order, as a sequence or a text with commas; "-" for a channel that is not a
    lead. None means not stated.
    """

    fs_hz: float | None = None
    units: str | None = None
    leads: Sequence[str] | str | None = None
    gain: float | None = None

    def __post_init__(self) -> None:
        """Raises SamplingRateOutOfRange, UnitsUnknown, NoEcgLeads, DuplicateLeads."""
        if self.fs_hz is not None and not (math.isfinite(self.fs_hz) and MIN_FS_HZ <= self.fs_hz <= MAX_FS_HZ):
            raise SamplingRateOutOfRange("The sampling rate that was given is not that of an electrocardiogram.")
        if self.gain is not None and not (math.isfinite(self.gain) and MIN_GAIN <= self.gain <= MAX_GAIN):
            raise UnitsUnknown(
                "The gain that was given is not that of an electrocardiograph.",
                f"Give the counts per millivolt: a number from {MIN_GAIN:g} to {MAX_GAIN:g}.",
            )
        _ = self.names

    @cached_property
    def unit(self) -> str | None:
        """The unit in its canonical spelling. Raises UnitsUnknown for anything but nV, uV, mV and V."""
        unit = unit_of(self.units) if self.units is not None else None
        if self.units is not None and unit is None:
            raise UnitsUnknown("The unit given with the file is not known.")
        return unit

    @cached_property
    def names(self) -> tuple[str | None, ...] | None:
        """Canonical lead names; None for a channel that is not a lead. The whole value is None if no leads were given.

        Raises NoEcgLeads, DuplicateLeads.
        """
        if self.leads is None:
            return None
        given = self.leads.split(",") if isinstance(self.leads, str) else list(self.leads)
        given = [name.strip() for name in given[: MAX_LEADS_GIVEN + 1]]
        if len(given) > MAX_LEADS_GIVEN:
            raise NoEcgLeads(f"More than {MAX_LEADS_GIVEN} leads were given.", LEADS_HINT)
        found = canonical_leads(given)
        for position, (name, lead) in enumerate(zip(given, found, strict=True), 1):
            if lead is None and name != NO_LEAD:
                raise NoEcgLeads(f"Name {position} of the leads given with the file is no lead.", LEADS_HINT)
        leads = [lead for lead in found if lead]
        if not leads:
            raise NoEcgLeads("The leads given with the file name no lead.", LEADS_HINT)
        if len(set(leads)) < len(leads):
            raise DuplicateLeads("The leads given with the file name a lead twice.", LEADS_HINT)
        return tuple(found)

    def refuse_both(self) -> None:
        """Raises UnitsUnknown if both unit and gain were given. Called when the file states neither."""
        if self.units is not None and self.gain is not None:
            raise UnitsUnknown("Both a unit and a gain were given for values without a unit.", _BOTH_HINT)


def named(stated: Sequence[str | None], options: Options, corrections: Corrections) -> list[str | None]:
    """The lead of each channel. stated: the file's lead of each channel, None if it states none.

    The option names only channels without a stated lead. Raises NoEcgLeads if the file states no lead at all and the
    option has another number of names.
    """
    given = options.names
    if given is None:
        return list(stated)
    file_names = any(stated)
    if len(given) != len(stated):
        if file_names:
            corrections.add("leads given with the file not used: the file names its own")
            return list(stated)
        there = f"{len(stated)} channel{'s' * (len(stated) != 1)}"
        raise NoEcgLeads(f"The file has {there}, the leads given with it are {len(given)}.", LEADS_HINT)
    if any(own and own != lead for own, lead in zip(stated, given, strict=True)):
        corrections.add("leads given with the file not used where the file names its own")
    filled = [own or lead for own, lead in zip(stated, given, strict=True)]
    if filled != list(stated):
        corrections.add("leads as given with the file")
    return filled

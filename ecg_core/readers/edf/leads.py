"""Which channels of an EDF file are leads, and what their numbers mean."""

import re
from collections import Counter
from dataclasses import dataclass, replace

from ecg_core.errors import HeaderInvalid, NoEcgLeads, UnitsUnknown
from ecg_core.leads import canonical_leads
from ecg_core.readers import channels
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.edf.header import Channel, Header, number
from ecg_core.readers.options import LEADS_HINT, NO_LEAD, Options

# Far above any biopotential. Beyond it a header is damaged.
MAX_MV = 1e6
# Electrocardiographs resolve 5 uV, the first Holter recorders (8 bits) 20 uV. Coarser steps hint at a wrong scale:
# a converter that stated 1 V for the range of 16 bits wrote an ECG six times too large.
MAX_STEP_MV = 0.025

_ECG = re.compile(r"(?<![a-z])e[ck]g", re.IGNORECASE)
# Places of the 10-20 system that no ECG has. If one is there, C3 and C4 are on the scalp too.
_SCALP = re.compile(r"eeg\b.*|(?:fp[12z]|f[3478z]|[cpo]z|o[12]|p[34]|t[3-6])(?:-.*)?", re.IGNORECASE)
_INVERTED = re.compile(r"^e[ck]g\s+-(?=\S)", re.IGNORECASE)
_CENTRAL = re.compile(r"c\s*[1-6]", re.IGNORECASE)
_HINT = f"{LEADS_HINT} Either all channels, or only those labelled as ECG."


@dataclass(frozen=True, slots=True)
class Lead:
    """mV = gain * sample + shift. missing: the sample value that stands for a missing one, None if there is none.

    offset: of its samples in a record, in bytes.
    """

    name: str
    offset: int
    gain: float
    shift: float
    missing: int | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The leads that are read. All have the same number of samples in a record. samples: that number."""

    leads: tuple[Lead, ...]
    samples: int
    chosen: channels.Leads


def select(header: Header, options: Options, corrections: Corrections) -> Selection:
    """Raises NoEcgLeads, DuplicateLeads, UnitsUnknown, HeaderInvalid."""
    signals = [channel for channel in header.channels if not channel.is_annotations]
    if not signals:
        raise NoEcgLeads("The file holds annotations only, no signal.", "Send the file with the signals.")
    labels = _labels(signals)
    found = channels.leads_of(labels, _for_all(labels, options), corrections)
    found = _with_range(found, signals, corrections)
    found = _of_one_rate(found, signals, corrections)
    bits = 8 * header.width
    leads = [
        _lead(name, sign, signals[position], bits, options, corrections)
        for name, sign, position in zip(found.names, found.signs, found.positions, strict=True)
    ]
    return Selection(tuple(leads), signals[found.positions[0]].samples, found)


def _labels(signals: list[Channel]) -> list[str]:
    """The labels, without those that look like a chest electrode and are a place on the scalp. "ECG -aVR" -> "-aVR"."""
    labels = [_INVERTED.sub("-", channel.label) for channel in signals]
    scalp = any(_SCALP.fullmatch(label) for label in labels)
    return ["" if scalp and _CENTRAL.fullmatch(label) else label for label in labels]


def _for_all(labels: list[str], options: Options) -> Options:
    """The options with a name for each channel, if the option named only the channels labelled as ECG.

    Raises NoEcgLeads if neither labels nor option tell a lead.
    """
    if any(canonical_leads([label.removeprefix("-") for label in labels])):
        return options
    ecg = [position for position, label in enumerate(labels) if _ECG.search(label)]
    if options.names is None:
        if not ecg:
            raise NoEcgLeads("No channel of the file is labelled as an ECG.")
        raise NoEcgLeads(f"Channels labelled as ECG: {len(ecg)}. No label says which lead it is.", _HINT)
    if len(options.names) != len(ecg) or len(ecg) == len(labels):
        return options
    names = dict(zip(ecg, options.names, strict=True))
    return replace(options, leads=[names.get(position) or NO_LEAD for position in range(len(labels))])


def _with_range(found: channels.Leads, signals: list[Channel], corrections: Corrections) -> channels.Leads:
    """Without leads whose physical or digital minimum and maximum are equal. Raises HeaderInvalid if none is left."""
    kept = [index for index, position in enumerate(found.positions) if _has_range(signals[position])]
    if not kept:
        raise HeaderInvalid("The header states no range of values for any lead.")
    if empty := len(found.names) - len(kept):
        corrections.add(f"leads without samples or without a range of values left out: {empty}")
    return _only(found, kept)


def _has_range(channel: Channel) -> bool:
    values = [number(field, Corrections()) for field in channel.limits]
    if channel.samples == 0:
        return False
    if None in values:
        raise HeaderInvalid("A limit of the values of a lead is no number.")
    return values[0] != values[1] and values[2] != values[3]


def _of_one_rate(found: channels.Leads, signals: list[Channel], corrections: Corrections) -> channels.Leads:
    """The leads of the rate that most leads have; of two such rates the higher one. Nothing is resampled."""
    rates = [signals[position].samples for position in found.positions]
    usual, _ = max(Counter(rates).items(), key=lambda rate: (rate[1], rate[0]))
    kept = [index for index, rate in enumerate(rates) if rate == usual]
    if other := len(rates) - len(kept):
        corrections.add(f"leads with another sampling rate than most left out: {other}")
    return _only(found, kept)


def _only(found: channels.Leads, kept: list[int]) -> channels.Leads:
    return replace(
        found,
        names=tuple(found.names[index] for index in kept),
        positions=tuple(found.positions[index] for index in kept),
        signs=tuple(found.signs[index] for index in kept),
    )


def _lead(name: str, sign: int, channel: Channel, bits: int, options: Options, corrections: Corrections) -> Lead:
    low, high, first, last = (float(number(field, corrections) or 0) for field in channel.limits)
    extreme = 2 ** (bits - 1)
    if max(abs(first), abs(last)) > extreme:
        raise HeaderInvalid(f"The digital range of a lead does not fit {bits} bits.")
    # Physical limits may run downwards: that is the standard's way to write a negative gain. Digital ones may not.
    if first > last and low < high:
        raise HeaderInvalid("The digital minimum of a lead is above its maximum, so its polarity is not known.")
    if first < last and low > high:
        corrections.add("negative gain by the header's physical range applied")
    if not channel.unit and options.gain is not None and (low, high) != (first, last):
        raise UnitsUnknown(
            "The header scales the values of a lead and states no unit: a gain for raw values does not settle it.",
            "Give the unit of the scaled values with units= in Python, --units on the command line, ?units= over HTTP.",
        )
    mv = sign * channels.mv_per_number(channel.unit, options, corrections)
    if max(abs(low), abs(high)) * abs(mv) > MAX_MV:
        raise HeaderInvalid("The physical range of a lead is not that of an ECG.")
    gain = (high - low) / (last - first)
    if (step := abs(gain * mv)) > MAX_STEP_MV:
        corrections.add(f"scale of the header used, though its steps of {1000 * step:.0f} uV are unusual for an ECG")
    # The lowest code outside the stated range is no measured value.
    missing = -extreme if min(first, last) > -extreme else None
    return Lead(name, channel.offset, gain * mv, (low - first * gain) * mv, missing)

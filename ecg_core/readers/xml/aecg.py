"""HL7 aECG: the annotated ECG of HL7 version 3, which the FDA takes from clinical trials. Many carts export it.

A series of rhythm has sequence sets. A set has one sequence of time and one for each lead. A lead has an origin and a
scale, each with its own unit. Guide: "HL7 aECG Implementation Guide", 21 March 2005.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import (
    DuplicateLeads,
    HeaderInvalid,
    SeveralRecords,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.leads import LEADS
from ecg_core.readers.channels import Leads, check_size, leads_of, mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.lead_codes import lead_of_mdc
from ecg_core.readers.options import GAIN_HINT, Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.text import number_of
from ecg_core.readers.xml.aecg_time import Time, is_time, places_of, rate_of, time_of
from ecg_core.readers.xml.document import Element, parse, root_of
from ecg_core.readers.xml.values import numbers
from ecg_core.recording import Recording

ROOT = "AnnotatedECG"
# More than any recorder has leads, and more than ten minutes have pages.
MAX_CHANNELS, MAX_SETS = 512, 256
# A scale outside these bounds is no electrocardiograph's, in any unit of voltage.
MIN_SCALE, MAX_SCALE = 1e-9, 1e6
# Leads of one set share its time. A lead that lacks more than this share of it was not sampled with the others.
MAX_LACK = 0.02
# IEEE 11073 (MDC). NOM is an older name of the same codes. "dI" is a lead computed from EASI electrodes, not lead I.
_LEAD_CODE = re.compile(r"(?:MDC|NOM|MINDRAY)_ECG_(?:LEAD|ELEC_POTL)_(.*)", re.IGNORECASE | re.DOTALL)
_LEADS = {lead.upper(): lead for lead in LEADS} | {"AVRNEG": "-aVR"}
_EXPORT_HINT = "Export the ECG again, with its rhythm."


@dataclass(frozen=True)
class _Set:
    """A sequence set. names: of the leads, as in the file. values: their origin, scale and digits."""

    time: Time
    names: tuple[str, ...]
    values: tuple[Element, ...]


def sniff(data: bytes) -> bool:
    return root_of(data)[0] == ROOT


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The rhythm of an aECG file, never its representative beats.

    Raises HeaderInvalid, UnsupportedFormat, SeveralRecords, SignalTruncated, SignalInvalid, UnitsUnknown,
    SamplingRateUnknown, SamplingRateOutOfRange, NoEcgLeads, DuplicateLeads, FileTooLarge.
    """
    data = bundle[name]
    corrections = Corrections()
    sets = _sets(_rhythm(parse(data), corrections), corrections)
    fs_hz = choose_rate(rate_of([one.time for one in sets]), options.fs_hz, corrections)
    names = list(sets[0].names) if len(sets) == 1 else _names(sets, corrections)
    leads = leads_of(names, options, corrections)
    pieces, times = [], []
    for one in sets:
        # In several sets a lead is found by its name. In one set it has its place, so the option can name it.
        there = dict(zip(one.names if len(sets) > 1 else range(len(names)), one.values, strict=True))
        keys = [names[position] for position in leads.positions] if len(sets) > 1 else leads.positions
        values = {row: there[key] for row, key in enumerate(keys) if key in there}
        if values:
            pieces.append(_pieces(values, leads, options, corrections))
            times.append(one.time)
    lengths = [max(map(len, rows.values())) for rows in pieces]
    places = places_of(times, lengths, fs_hz)
    samples = max(place + length for place, length in zip(places, lengths, strict=True))
    check_size(len(leads.names), samples)
    bundle.budget.spend_samples(len(leads.names) * samples)
    if len(places) > 1:
        corrections.add(f"sequence sets put on one time axis by their times: {len(places)}")
    signal = _laid(pieces, places, len(leads.names), samples)
    leads.verify(signal, corrections)
    digest = hashlib.sha256(data).hexdigest()
    return Recording(signal, fs_hz, leads.names, "hl7_aecg", digest, tuple(corrections))


def _rhythm(root: Element, corrections: Corrections) -> Element:
    """The series of rhythm. Raises UnsupportedFormat, SeveralRecords."""
    series = list(root.all("component/series"))
    codes = [code.get("code").upper() if (code := one.only("code")) else "" for one in series]
    # A series without a code is a rhythm: beats are derived series, and stand elsewhere. "ECG_RHYTHM_WAVEFORMS" exists.
    rhythms = [one for one, code in zip(series, codes, strict=True) if not code or "RHYTHM" in code]
    filled = [one for one in rhythms if one.find("component/sequenceSet/component/sequence")]
    if len(filled) > 1:
        raise SeveralRecords("The aECG file holds more than one series of rhythm.", "Send one series in each file.")
    if filled:
        if not codes[series.index(filled[0])]:
            corrections.add("series without a code taken as the rhythm")
        return filled[0]
    if rhythms:
        raise UnsupportedFormat("The rhythm of the aECG file is empty.", _EXPORT_HINT)
    if series or any(root.below("derivedSeries")):
        raise UnsupportedFormat("The aECG file has no rhythm, only other series such as a median beat.", _EXPORT_HINT)
    raise UnsupportedFormat("The aECG file has no series of samples, so it holds no ECG.", _EXPORT_HINT)


def _sets(series: Element, corrections: Corrections) -> list[_Set]:
    """The sequence sets that have samples. Raises HeaderInvalid, UnsupportedFormat, DuplicateLeads."""
    found: list[_Set] = []
    empty = 0
    for one in series.all("component/sequenceSet"):
        sequences = list(one.all("component/sequence"))
        if len(sequences) > MAX_CHANNELS or len(found) >= MAX_SETS:
            raise HeaderInvalid("The rhythm of the aECG file has more sequences than any ECG.")
        kinds = [is_time(sequence) for sequence in sequences]
        times = [sequence for sequence, time in zip(sequences, kinds, strict=True) if time]
        leads = [sequence for sequence, time in zip(sequences, kinds, strict=True) if not time]
        filled = [(_name_of(lead), value) for lead in leads if (value := lead.only("value")) and value.value("digits")]
        empty += len(leads) - len(filled)
        if filled:
            names, values = zip(*filled, strict=True)
            found.append(_Set(time_of(times), names, values))
    if empty:
        corrections.add(f"leads without samples left out: {empty}")
    if not found:
        raise UnsupportedFormat("The rhythm of the aECG file is empty.", _EXPORT_HINT)
    return found


def _name_of(sequence: Element) -> str:
    """The name of a lead from its code: "I", "-aVR", or as the file writes it. Empty for a code of another lead."""
    code = found.get("code") if (found := sequence.only("code")) else ""
    if match := _LEAD_CODE.fullmatch(code):
        return _LEADS.get(match[1].upper(), "")
    return lead_of_mdc(int(code)) if len(code) < 10 and code.isascii() and code.isdecimal() else code


def _names(sets: Sequence[_Set], corrections: Corrections) -> list[str]:
    """The names of the leads of all sets, in the order of the file. Raises DuplicateLeads."""
    for one in sets:
        named = [name for name in one.names if name]
        if len(set(named)) < len(named):
            raise DuplicateLeads("A sequence set of the aECG file holds the same lead twice.")
    # A channel without the name of a lead cannot be found again in another set.
    if others := sum(one.names.count("") for one in sets):
        corrections.add(f"sequences of no known lead left out: {others}")
    return list(dict.fromkeys(name for one in sets for name in one.names if name))


def _pieces(
    values: Mapping[int, Element], leads: Leads, options: Options, corrections: Corrections
) -> dict[int, NDArray[np.float32]]:
    """The samples in mV of the leads of a set, by the number of the lead. Raises SignalTruncated."""
    rows = {}
    for row, value in values.items():
        step, origin = _scale(value, options, corrections)
        rows[row] = (leads.signs[row] * (numbers(value.data("digits")) * step + origin)).astype(np.float32)
    longest = max(map(len, rows.values()))
    lacking = [longest - len(samples) for samples in rows.values() if len(samples) < longest]
    if lacking and max(lacking) > MAX_LACK * longest:
        raise SignalTruncated("The leads of a sequence set of the aECG file have different numbers of samples.")
    if lacking:
        corrections.add(f"shorter leads filled with gaps at their end: {sum(lacking)} samples")
    return rows


def _scale(value: Element, options: Options, corrections: Corrections) -> tuple[float, float]:
    """(mV per digit, mV of digit 0). Raises UnitsUnknown, HeaderInvalid."""
    scale, origin = value.only("scale"), value.only("origin")
    step, unit = (scale.get("value"), scale.get("unit")) if scale else ("", "")
    if not step and unit and options.gain is None:
        raise UnitsUnknown("The aECG file states no scale of a lead.", GAIN_HINT)
    size = number_of(step) if step else 1.0
    if not MIN_SCALE <= size <= MAX_SCALE:
        raise UnitsUnknown("The scale of a lead of the aECG file is that of no electrocardiograph.", GAIN_HINT)
    raw = options.gain is not None and not (step and unit)
    per_digit = mv_per_number(None if raw else unit, options, corrections) * (1.0 if raw else size)
    zero = number_of(origin.get("value")) if origin and origin.get("value") else 0.0
    if not abs(zero) <= MAX_SCALE:
        raise HeaderInvalid("The origin of a lead of the aECG file is no number.")
    if zero == 0 or not origin:
        return per_digit, 0.0
    unit = origin.get("unit") or unit
    if not unit and options.unit is None:
        raise UnitsUnknown("The aECG file states no unit for the origin of a lead.")
    return per_digit, zero * mv_per_number(unit, options, corrections)


def _laid(
    pieces: Sequence[dict[int, NDArray[np.float32]]], places: Sequence[int], leads: int, samples: int
) -> NDArray[np.float32]:
    """[leads, samples] mV, NaN where no set has a sample. Raises SeveralRecords if two sets contradict each other."""
    signal = np.full((leads, samples), np.nan, np.float32)
    for rows, place in zip(pieces, places, strict=True):
        for row, values in rows.items():
            there = signal[row, place : place + len(values)]
            known = ~np.isnan(there)
            if not np.array_equal(there[known], values[known]):
                raise SeveralRecords("The aECG file has two different recordings of one lead at the same time.")
            there[:] = values
    return signal

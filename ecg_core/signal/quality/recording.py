"""Checks a whole recording: spikes, gaps, flat leads, amplitude, clipping."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import Notice
from ecg_core.errors import (
    AmplitudeImplausible,
    FlatSignal,
    NoEcgLeads,
    SamplingRateOutOfRange,
    SignalClipped,
    SignalMissing,
    TooShort,
)
from ecg_core.leads import CHEST_LEADS, LIMB_LEADS
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ, Recording
from ecg_core.signal.median import median
from ecg_core.signal.preparation import MIN_DURATION_S, Signal
from ecg_core.signal.quality.chest_leads import out_of_scale
from ecg_core.signal.quality.limb_leads import contradictions

# Amplitudes are measured in pieces of this length. Two seconds hold at least one beat down to 30 per minute.
PIECE_S = 2.0
# No lead on a living person stays within 10 uV; a disconnected input does.
FLAT_MV = 0.01
# If more than this share of a lead is flat, the lead counts as missing.
MAX_FLAT_SHARE = 0.5
PARTLY_FLAT_SHARE = 0.1
# A disconnected input has few different values. A flat lead with more values than this is an ECG in a wrong unit.
MAX_DEAD_VALUES = 16
# Median over the leads. In PTB-XL it is typically 1.1 mV, and above 4 mV in two records of 19,601.
MAX_AMPLITUDE_MV, UNUSUAL_AMPLITUDE_MV = 10.0, 4.0
MIN_AMPLITUDE_MV = 0.05
# Amplitude of the largest lead: with all chest leads, with six leads, with fewer. In folds 1-8 of PTB-XL one record in
# a thousand is below 0.89 mV, 0.38 mV (the limb leads) and 0.20 mV (lead I).
SMALL_WITH_CHEST_MV, SMALL_OF_SIX_MV, SMALL_MV = 0.8, 0.35, 0.2
# Share of the samples that repeat the lead's highest or lowest value. An unclipped signal reaches it once a beat at
# most.
CLIPPED_WARNING_SHARE, CLIPPED_REFUSED_SHARE = 0.02, 0.2
CLIPPED_MIN_MV = 0.2
MAX_GAP_SHARE = 0.5
# Distance from the lead's median. Some exports write 9999 or 1e6 for a missing sample. Up to MAX_SPIKE_SHARE of such
# values are read as missing. More of them may come from an amplifier without a high-pass filter, whose range is far
# below one volt.
MAX_DEVIATION_MV, MAX_SPIKE_SHARE, MAX_RANGE_MV = 50.0, 0.01, 1000.0
# A duration that is displayed as 5.00 s counts as 5 s.
ROUNDING_S = 0.005

Marks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Amplitudes:
    """Each array is [leads]. typical: median peak-to-peak amplitude of the pieces, mV. flat_share: of the pieces.

    high, low: the extremes of the whole lead in mV.
    """

    typical: Signal
    flat_share: NDArray[np.float64]
    high: Signal
    low: Signal


def usable(recording: Recording) -> tuple[Recording, tuple[Notice, ...]]:
    """The recording without leads that have no signal, and its warnings.

    Raises SamplingRateOutOfRange, TooShort, NoEcgLeads, SignalMissing, FlatSignal, AmplitudeImplausible or
    SignalClipped.
    """
    if not MIN_FS_HZ <= recording.fs_hz <= MAX_FS_HZ:
        raise SamplingRateOutOfRange(f"The sampling rate of {recording.fs_hz:.7g} Hz is outside 50 to 4000 Hz.")
    if recording.duration_s < MIN_DURATION_S - ROUNDING_S:
        raise TooShort(f"The recording lasts {recording.duration_s:.2f} s; at least 5 s are needed.")
    if not recording.leads:
        raise NoEcgLeads("The recording has no lead.")
    recording = _without_spikes(recording)
    notices: list[Notice] = []
    gap_share = _gap_share(recording.signal)
    if gap_share.any():
        if (gap_share > MAX_GAP_SHARE).all():
            raise SignalMissing("More than half of every lead is missing.")
        notices.append(Notice("signal_gaps", f"{100 * gap_share.mean():.2g} % of the signal is missing."))
    amplitudes = _amplitudes(recording.signal, recording.fs_hz)
    complete = gap_share <= MAX_GAP_SHARE
    flat = (amplitudes.flat_share > MAX_FLAT_SHARE) & complete
    carried = ~flat & complete
    if not carried.any():
        raise _flat(recording.signal, amplitudes)
    if flat.any():
        notices.append(Notice("flat_leads", f"{_names(recording, flat)} flat, taken as missing."))
    partly = carried & (amplitudes.flat_share > PARTLY_FLAT_SHARE)
    if partly.any():
        notices.append(Notice("flat_parts", f"{_names(recording, partly)} flat for part of the time."))
    leads = _marked(recording, carried)
    notices += _unusual_amplitude(amplitudes.typical[carried], leads)
    notices += out_of_scale(dict(zip(leads, amplitudes.typical[carried].tolist(), strict=True)))
    notices += _clipped(recording, amplitudes, carried)
    kept = recording if carried.all() else recording.only(leads)
    return kept, (*notices, *contradictions(kept))


def _without_spikes(recording: Recording) -> Recording:
    """The recording with NaN in place of a few impossible values. Raises AmplitudeImplausible if there are many."""
    signal = recording.signal
    with np.errstate(over="ignore", invalid="ignore"):
        # The comparison is negated so that a lead with infinite values counts as wide. _gap_share refuses it later.
        wide = ~(np.fmax.reduce(signal, axis=1) - np.fmin.reduce(signal, axis=1) <= MAX_DEVIATION_MV)
    spikes = 0
    for row in np.flatnonzero(wide).tolist():
        known = signal[row][np.isfinite(signal[row])]
        if known.size < signal.shape[1] * MAX_GAP_SHARE or np.isinf(signal[row]).any():
            continue
        with np.errstate(over="ignore"):
            deviation = np.abs(signal[row] - median(known))
        beyond = deviation > MAX_DEVIATION_MV
        if beyond.mean() <= MAX_SPIKE_SHARE:
            signal = signal.copy() if signal is recording.signal else signal
            signal[row, beyond] = np.nan
            spikes += int(beyond.sum())
        elif np.nanmax(deviation) > MAX_RANGE_MV:
            raise AmplitudeImplausible("The signal reaches more than a volt, which no electrocardiograph records.")
    if not spikes:
        return recording
    said = f"values beyond {MAX_DEVIATION_MV:.0f} mV read as missing: {spikes}"
    return replace(recording, signal=signal, corrections=(*recording.corrections, said))


def _gap_share(signal: Signal) -> NDArray[np.float64]:
    """[leads]: the share of samples that are missing (NaN). Raises AmplitudeImplausible for infinite values."""
    share = np.zeros(len(signal))
    # A sum is finite only if all its terms are. It needs no memory, unlike isnan(signal).
    with np.errstate(invalid="ignore", over="ignore"):
        totals = signal.sum(axis=1).tolist()
    for row, total in enumerate(totals):
        if not math.isfinite(total):
            if np.isinf(signal[row]).any():
                raise AmplitudeImplausible("The signal holds values that are no numbers of millivolts.")
            share[row] = np.isnan(signal[row]).mean()
    return share


def _amplitudes(signal: Signal, fs_hz: float) -> Amplitudes:
    """Measured in pieces of PIECE_S; the last piece is longer, so that the pieces cover the whole signal."""
    length = round(PIECE_S * fs_hz)
    starts = np.arange(0, max(signal.shape[1] - length, 0) + 1, length)
    high, low = np.fmax.reduceat(signal, starts, axis=1), np.fmin.reduceat(signal, starts, axis=1)
    heights = high - low
    known = ~np.isnan(heights)
    ordered = np.sort(heights, axis=1)
    middle = np.maximum(known.sum(axis=1) - 1, 0) // 2
    typical = np.nan_to_num(ordered[np.arange(len(ordered)), middle])
    flat = ((heights < FLAT_MV) & known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return Amplitudes(typical, flat, np.fmax.reduce(high, axis=1), np.fmin.reduce(low, axis=1))


def _flat(signal: Signal, amplitudes: Amplitudes) -> FlatSignal | AmplitudeImplausible:
    """The refusal of a recording in which every lead is flat: dead, or an ECG in a wrong unit."""
    # The first seconds are enough to decide.
    heads = [row[:5000] for row in signal]
    if any(len(np.unique(head[np.isfinite(head)])) > MAX_DEAD_VALUES for head in heads):
        highest = amplitudes.typical.max()
        return AmplitudeImplausible(f"The signal's amplitude of {highest:.2g} mV is too small for an ECG.")
    return FlatSignal("Every lead is flat: there is no heartbeat in this recording.")


def _unusual_amplitude(amplitudes: Signal, leads: Collection[str]) -> list[Notice]:
    """amplitudes: [leads] mV, of the leads that carry a signal. Raises AmplitudeImplausible."""
    notices = []
    largest, typical = float(amplitudes.max()), float(median(amplitudes)[0])
    if typical > MAX_AMPLITUDE_MV:
        raise AmplitudeImplausible(f"The signal's amplitude of {typical:.3g} mV is not possible at the body surface.")
    if largest < MIN_AMPLITUDE_MV:
        raise AmplitudeImplausible(f"The signal's amplitude of {largest:.3g} mV is too small for an ECG.")
    if typical > UNUSUAL_AMPLITUDE_MV:
        notices.append(Notice("amplitude_unusual", f"The amplitude of {typical:.2g} mV is unusual: check the unit."))
        # In a single chest lead such an amplitude occurs.
        if not set(leads) <= set(CHEST_LEADS):
            notices.append(Notice("unit_doubtful", "The unit of the signal is doubtful: no diagnosis is given."))
    if largest < _small_mv(leads):
        message = f"No lead reaches more than {largest:.2g} mV, which is unusually low: check the unit."
        notices.append(Notice("amplitude_unusual", message))
    return notices


def _small_mv(leads: Collection[str]) -> float:
    if set(CHEST_LEADS) <= set(leads):
        return SMALL_WITH_CHEST_MV
    return SMALL_OF_SIX_MV if len(leads) >= len(LIMB_LEADS) else SMALL_MV


def _clipped(recording: Recording, amplitudes: Amplitudes, carried: Marks) -> list[Notice]:
    """Raises SignalClipped if most leads are saturated."""
    share = _clipped_share(recording.signal, amplitudes, carried)
    if median(share[carried])[0] > CLIPPED_REFUSED_SHARE:
        raise SignalClipped("The signal is saturated: its peaks are cut off in most leads.")
    clipped = share > CLIPPED_WARNING_SHARE
    return [Notice("clipped", f"{_names(recording, clipped)} cut off at the peaks.")] if clipped.any() else []


def _clipped_share(signal: Signal, amplitudes: Amplitudes, carried: Marks) -> NDArray[np.float64]:
    """[leads]: the share of samples that repeat the lead's highest or lowest value."""
    high, low = amplitudes.high, amplitudes.low
    share = np.zeros(len(signal))
    for row in np.flatnonzero(carried & (high - low >= CLIPPED_MIN_MV)):
        lead = signal[row]
        extreme = (lead == high[row]) | (lead == low[row])
        if np.count_nonzero(extreme) > CLIPPED_WARNING_SHARE * len(lead):
            share[row] = np.count_nonzero(extreme[1:] & (lead[1:] == lead[:-1])) / len(lead)
    return share


def _marked(recording: Recording, marks: Marks) -> list[str]:
    return [lead for lead, marked in zip(recording.leads, marks, strict=True) if marked]


def _names(recording: Recording, marks: Marks) -> str:
    leads = _marked(recording, marks)
    return f"{', '.join(leads)} {'is' if len(leads) == 1 else 'are'}"

"""Is this recording fit to be read? Refusals are EcgErrors, warnings are Notices; both carry stable codes."""

import math
from collections.abc import Collection
from dataclasses import replace

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
    SignalNoisy,
    TooShort,
)
from ecg_core.leads import CHEST_LEADS, LEADS, LIMB_FROM_I_II, LIMB_LEADS
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ, Recording
from ecg_core.signal.median import median
from ecg_core.signal.preparation import MIN_DURATION_S, ModelInput
from ecg_core.signal.resampling import MODEL_FS_HZ

# Amplitudes are judged piecewise: two seconds hold a beat down to 30 per minute.
PIECE_S = 2.0
# No lead on a living person stays within 10 uV; a disconnected input does.
FLAT_MV = 0.01
# More of a recording flat than this, and the lead is taken as absent.
MAX_FLAT_SHARE = 0.5
PARTLY_FLAT_SHARE = 0.1
# A flat lead that still takes more values than this is no dead input but an ECG in a wrong unit.
MAX_DEAD_VALUES = 16
# Of the median lead. In 3,000 records of PTB-XL it is 1.1 mV, and nowhere above 3.4 mV.
MAX_AMPLITUDE_MV, UNUSUAL_AMPLITUDE_MV = 10.0, 4.0
MIN_AMPLITUDE_MV = 0.05
# Of the largest lead, where all chest leads are there, six leads, or fewer: in folds 1-8 of PTB-XL one record in a
# thousand is smaller than 0.89, 0.38 (the limb leads) and 0.20 mV (lead I).
SMALL_WITH_CHEST_MV, SMALL_OF_SIX_MV, SMALL_MV = 0.8, 0.35, 0.2
# A sample exactly at the lead's own extreme happens once a beat at most; a saturated converter stays there.
CLIPPED_WARNING_SHARE, CLIPPED_REFUSED_SHARE = 0.02, 0.2
CLIPPED_MIN_MV = 0.2
MAX_GAP_SHARE = 0.5
# From the lead's median. Exports write 9999 or 1e6 where a sample is missing; up to this share is taken for that. More
# may be an amplifier without a high-pass filter, whose input ends well below a volt.
MAX_DEVIATION_MV, MAX_SPIKE_SHARE, MAX_RANGE_MV = 50.0, 0.01, 1000.0
# |II - I - III| is at most 0.015 mV on sound files; these allow for coarse converters.
EINTHOVEN_MV, EINTHOVEN_SHARE = 0.05, 0.15
# Samples that are compared for it, spread over a long recording.
MAX_COMPARED = 50_000
# Share of the power between 0.5 and 50 Hz that lies above 20 Hz: .32 at the 99.9th percentile of PTB-XL, .6 for
# white noise.
NOISE_BAND_HZ, NOISE_WARNING_SHARE, NOISE_REFUSED_SHARE = 20.0, 0.32, 0.5
# Kurtosis of the slopes, median over leads: 7.1 at the 0.1th percentile of PTB-XL, 4.0 for lead I alone; 3 for noise of
# any colour and random walks, 1.5 for a sine.
PEAKEDNESS_WARNING, PEAKEDNESS_REFUSED = 5.0, 3.6
# Power below 0.5 Hz over the power above it: 2.1 at the 99.9th percentile of PTB-XL.
WANDER_HZ, WANDER_WARNING_RATIO = 0.5, 2.0
# Neighbouring leads of one heart are alike, and never to this.
COPY_CORRELATION = 0.99995


def usable(recording: Recording) -> tuple[Recording, tuple[Notice, ...]]:
    """The recording without leads that carry nothing, and what to say about it.

    Raises SamplingRateOutOfRange, TooShort, SignalMissing, FlatSignal, AmplitudeImplausible or SignalClipped.
    """
    if not MIN_FS_HZ <= recording.fs_hz <= MAX_FS_HZ:
        raise SamplingRateOutOfRange(f"The sampling rate of {recording.fs_hz:.7g} Hz is outside 50 to 4000 Hz.")
    if recording.duration_s < MIN_DURATION_S - 0.005:
        raise TooShort(f"The recording lasts {recording.duration_s:.2f} s; at least 5 s are needed.")
    if not recording.leads:
        raise NoEcgLeads("The recording has no lead.")
    recording = _without_spikes(recording)
    signal = recording.signal
    notices: list[Notice] = []
    gap_share = np.zeros(len(signal))
    # A sum is finite only if all its terms are, and takes no memory.
    with np.errstate(invalid="ignore", over="ignore"):
        totals = signal.sum(axis=1).tolist()
    for row, total in enumerate(totals):
        if not math.isfinite(total):
            if np.isinf(signal[row]).any():
                raise AmplitudeImplausible("The signal holds values that are no numbers of millivolts.")
            gap_share[row] = np.isnan(signal[row]).mean()
    if gap_share.any():
        if (gap_share > MAX_GAP_SHARE).all():
            raise SignalMissing("More than half of every lead is missing.")
        notices.append(Notice("signal_gaps", f"{100 * gap_share.mean():.2g} % of the signal is missing."))
    amplitude, flat_share, high, low = _amplitudes(signal, recording.fs_hz)
    flat = (flat_share > MAX_FLAT_SHARE) & (gap_share <= MAX_GAP_SHARE)
    carried = ~flat & (gap_share <= MAX_GAP_SHARE)
    if not carried.any():
        if any(_varied(row) for row in signal):
            raise AmplitudeImplausible(f"The signal's amplitude of {amplitude.max():.2g} mV is too small for an ECG.")
        raise FlatSignal("Every lead is flat: there is no heartbeat in this recording.")
    if flat.any():
        notices.append(Notice("flat_leads", f"{_names(recording, flat)} flat, taken as missing."))
    partly = carried & (flat_share > PARTLY_FLAT_SHARE)
    if partly.any():
        notices.append(Notice("flat_parts", f"{_names(recording, partly)} flat for part of the time."))
    largest = float(amplitude[carried].max())
    typical = float(median(amplitude[carried])[0])
    if typical > MAX_AMPLITUDE_MV:
        raise AmplitudeImplausible(f"The signal's amplitude of {typical:.3g} mV is not possible at the body surface.")
    if largest < MIN_AMPLITUDE_MV:
        raise AmplitudeImplausible(f"The signal's amplitude of {largest:.3g} mV is too small for an ECG.")
    if typical > UNUSUAL_AMPLITUDE_MV:
        notices.append(Notice("amplitude_unusual", f"The amplitude of {typical:.2g} mV is unusual: check the unit."))
    if largest < _small_mv(_chosen(recording, carried)):
        message = f"No lead reaches more than {largest:.2g} mV, which is unusually low: check the unit."
        notices.append(Notice("amplitude_unusual", message))
    clipped = _clipped_share(signal, high, low, carried)
    if median(clipped[carried])[0] > CLIPPED_REFUSED_SHARE:
        raise SignalClipped("The signal is saturated: its peaks are cut off in most leads.")
    if (clipped > CLIPPED_WARNING_SHARE).any():
        notices.append(Notice("clipped", f"{_names(recording, clipped > CLIPPED_WARNING_SHARE)} cut off at the peaks."))
    kept = recording if carried.all() else recording.only(_chosen(recording, carried))
    return kept, (*notices, *_contradictions(kept))


def _without_spikes(recording: Recording) -> Recording:
    """The recording with NaN for the few values that no body makes. Raises AmplitudeImplausible if they are many."""
    signal = recording.signal
    with np.errstate(over="ignore", invalid="ignore"):
        # Infinity is refused later, by its own words.
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


def _chosen(recording: Recording, chosen: NDArray[np.bool_]) -> list[str]:
    return [lead for lead, marked in zip(recording.leads, chosen, strict=True) if marked]


def _names(recording: Recording, chosen: NDArray[np.bool_]) -> str:
    leads = _chosen(recording, chosen)
    return f"{', '.join(leads)} {'is' if len(leads) == 1 else 'are'}"


def _amplitudes(
    signal: NDArray[np.float32], fs_hz: float
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
    """Per lead: the median peak-to-peak amplitude of its pieces in mV, the share of them that is flat, highest, lowest.

    The pieces cover all of the signal.
    """
    length = round(PIECE_S * fs_hz)
    starts = np.arange(0, max(signal.shape[1] - length, 0) + 1, length)
    high, low = np.fmax.reduceat(signal, starts, axis=1), np.fmin.reduceat(signal, starts, axis=1)
    heights = high - low
    known = ~np.isnan(heights)
    ordered = np.sort(heights, axis=1)
    middle = np.maximum(known.sum(axis=1) - 1, 0) // 2
    typical = np.nan_to_num(ordered[np.arange(len(ordered)), middle])
    flat = ((heights < FLAT_MV) & known).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return typical, flat, np.fmax.reduce(high, axis=1), np.fmin.reduce(low, axis=1)


def _small_mv(leads: Collection[str]) -> float:
    if set(CHEST_LEADS) <= set(leads):
        return SMALL_WITH_CHEST_MV
    return SMALL_OF_SIX_MV if len(leads) >= len(LIMB_LEADS) else SMALL_MV


def _varied(row: NDArray[np.float32]) -> bool:
    """Whether a row takes many different values in its first seconds."""
    head = row[:5000]
    return len(np.unique(head[np.isfinite(head)])) > MAX_DEAD_VALUES


def _clipped_share(
    signal: NDArray[np.float32], high: NDArray[np.float32], low: NDArray[np.float32], carried: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Per lead: the share of samples that stay at the lead's highest or lowest value."""
    share = np.zeros(len(signal))
    for row in np.flatnonzero(carried & (high - low >= CLIPPED_MIN_MV)):
        lead = signal[row]
        extreme = (lead == high[row]) | (lead == low[row])
        if np.count_nonzero(extreme) > CLIPPED_WARNING_SHARE * len(lead):
            share[row] = np.count_nonzero(extreme[1:] & (lead[1:] == lead[:-1])) / len(lead)
    return share


def _contradictions(recording: Recording) -> list[Notice]:
    """Limb leads that are not what I and II make them, offsets aside."""
    rows = {lead: row for row, lead in enumerate(recording.leads)}
    others = [lead for lead in LIMB_LEADS[2:] if lead in rows]
    if not others or not {"I", "II"} <= set(rows):
        return []
    step = math.ceil(recording.signal.shape[1] / MAX_COMPARED)
    limb = recording.signal[:, ::step][[rows[lead] for lead in ("I", "II", *others)]]
    complete = np.isfinite(limb.sum(axis=0))
    if not complete.all():
        limb = limb[:, complete]
    if not limb.size:
        return []
    from_i_ii = np.array([LIMB_FROM_I_II[lead] for lead in others], np.float32)
    deviations = (limb[2:] - from_i_ii @ limb[:2]).std(axis=1)
    allowed = max(EINTHOVEN_MV, EINTHOVEN_SHARE * float(limb[1].std()))
    wrong = [lead for lead, deviation in zip(others, deviations.tolist(), strict=True) if deviation > allowed]
    if not wrong:
        return []
    message = f"{wrong[0]} does not follow from I and II: limb leads are mislabelled or were recorded apart."
    return [Notice("einthoven_violated", message)]


def judge(prepared: ModelInput) -> tuple[Notice, ...]:
    """What the windows show: noise, wander, copied leads, missing leads. Raises SignalNoisy."""
    notices: list[Notice] = []
    rows = prepared.signal[prepared.lead_mask > 0]
    peakedness = float(median(_slope_kurtosis(rows))[0])
    noise, wander = _spectral_shares(rows)
    if peakedness < PEAKEDNESS_REFUSED or noise > NOISE_REFUSED_SHARE:
        raise SignalNoisy("No heartbeat stands out of the signal: it is noise, or no ECG.")
    if peakedness < PEAKEDNESS_WARNING or noise > NOISE_WARNING_SHARE:
        notices.append(Notice("noisy", "Muscle or electrode noise: the probabilities are less reliable."))
    if wander > WANDER_WARNING_RATIO:
        notices.append(Notice("baseline_wander", "The baseline wanders: the probabilities are less reliable."))
    notices += _copied(prepared)
    present = prepared.leads
    if len(present) < len(LEADS):
        absent = [lead for lead in LEADS if lead not in present]
        notices.append(Notice("leads_missing", f"Read without {', '.join(absent)}."))
    return tuple(notices)


def _slope_kurtosis(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """[rows]: how far the steepest slopes, those of the QRS complexes, stand out of all others."""
    slopes = np.diff(rows, axis=1)
    squares = (slopes - slopes.mean(axis=1, keepdims=True)) ** 2
    kurtosis: NDArray[np.float32] = (squares**2).mean(axis=1) / (squares.mean(axis=1) ** 2 + 1e-12)
    return kurtosis


def _spectral_shares(rows: NDArray[np.float32]) -> tuple[float, float]:
    """Medians over rows: power share above NOISE_BAND_HZ, and power below WANDER_HZ over that above."""
    spectrum = np.fft.rfft(rows, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    per_hz = rows.shape[1] / MODEL_FS_HZ
    slow, fast = round(WANDER_HZ * per_hz), round(NOISE_BAND_HZ * per_hz)
    above = power[:, slow:].sum(axis=1) + 1e-12
    noise = power[:, fast:].sum(axis=1) / above
    wander = power[:, :slow].sum(axis=1) / above
    return float(median(noise)[0]), float(median(wander)[0])


def _copied(prepared: ModelInput) -> list[Notice]:
    """Leads that are one and the same signal."""
    leads = prepared.leads
    if len(leads) < 2:
        return []
    rows = prepared.signal[:, [LEADS.index(lead) for lead in leads]].transpose(1, 0, 2).reshape(len(leads), -1)
    centred = rows - rows.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T
    deviation = np.sqrt(covariance.diagonal())
    same = np.argwhere(np.triu(covariance, 1) > COPY_CORRELATION * np.outer(deviation, deviation))
    if not len(same):
        return []
    one, other = (leads[place] for place in same[0])
    return [Notice("leads_identical", f"{one} and {other} are the same signal: a channel was copied or mislabelled.")]

"""Checks the windows of a recording: noise, baseline wander, no normal beats, copied leads, missing leads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import Notice
from ecg_core.errors import RhythmUnreadable, SignalNoisy
from ecg_core.leads import LEADS
from ecg_core.signal.median import median
from ecg_core.signal.preparation import WINDOW_SAMPLES, ModelInput
from ecg_core.signal.quality.rhythm import (
    BURSTS,
    FAST_WAVES,
    NO_QRS,
    REFUSED,
    REGULAR,
    WITHOUT_REST,
    fast_windows,
    peakedness,
    without_qrs,
)
from ecg_core.signal.quality.sampling_rate import contradiction, spectral_edge_hz
from ecg_core.signal.resampling import MODEL_FS_HZ

# Share of the power between 0.5 and 50 Hz that lies above 20 Hz. 99.9 % of PTB-XL are below 0.32; white noise has 0.6.
NOISE_BAND_HZ, NOISE_WARNING_SHARE, NOISE_REFUSED_SHARE = 20.0, 0.32, 0.5
# Kurtosis of the slopes, median over leads. 99.9 % of PTB-XL are above 7.1, for lead I alone above 4.0. Noise of any
# colour and random walks have 3, a sine has 1.5.
PEAKEDNESS_WARNING, PEAKEDNESS_REFUSED = 5.0, 3.6
# Power below 0.5 Hz divided by the power above it. 99.9 % of PTB-XL are below 2.1.
WANDER_HZ, WANDER_WARNING_RATIO = 0.5, 2.0
# Neighbouring leads of one heart correlate strongly, but never this strongly.
COPY_CORRELATION = 0.99995
# Added to a divisor, because it is 0 for a flat lead.
TINY = 1e-12
NO_HEARTBEAT = "No heartbeat stands out of the signal: it is noise, or no ECG."
FAST_AND_WIDE = (
    "Fast and wide waves: this may be ventricular tachycardia, flutter or fibrillation. "
    "Have it looked at at once. The probabilities are not made for it"
)


def judge(prepared: ModelInput) -> tuple[Notice, ...]:
    """The warnings about the windows. Raises SignalNoisy or RhythmUnreadable."""
    notices: list[Notice] = []
    rows = prepared.signal[prepared.lead_mask > 0]
    peaked = peakedness(prepared)
    typical = float(median(peaked)[0])
    power = power_of(rows)
    noise, wander = spectral_shares(power)
    if noise > NOISE_REFUSED_SHARE:
        raise SignalNoisy(NO_HEARTBEAT)
    if typical < PEAKEDNESS_REFUSED:
        raise unreadable(prepared) or SignalNoisy(NO_HEARTBEAT)
    fast = fast_windows(prepared, peaked, WITHOUT_REST, REGULAR)
    edge_hz = spectral_edge_hz(power)
    if without_qrs(prepared, edge_hz=edge_hz):
        raise RhythmUnreadable(FAST_WAVES if fast else NO_QRS)
    if fast:
        where = f" (in {fast} of {len(prepared.signal)} windows)" if len(prepared.signal) > 1 else ""
        notices.append(Notice("ventricular_rhythm_suspected", f"{FAST_AND_WIDE}{where}."))
    # Fast wide waves have a low peakedness too, but they are not noise.
    if noise > NOISE_WARNING_SHARE or (typical < PEAKEDNESS_WARNING and not fast):
        notices.append(Notice("noisy", "Muscle or electrode noise: the probabilities are less reliable."))
    if wander > WANDER_WARNING_RATIO:
        notices.append(Notice("baseline_wander", "The baseline wanders: the probabilities are less reliable."))
    notices += contradiction(prepared, edge_hz)
    notices += _copied(prepared)
    present = prepared.leads
    if len(present) < len(LEADS):
        absent = [lead for lead in LEADS if lead not in present]
        notices.append(Notice("leads_missing", f"Read without {', '.join(absent)}."))
    return tuple(notices)


def unreadable(prepared: ModelInput) -> RhythmUnreadable | None:
    """The refusal of a signal that does not look like an ECG, if it may be a heart rhythm without normal beats."""
    if fast_windows(prepared, peakedness(prepared), REFUSED, BURSTS):
        return RhythmUnreadable(FAST_WAVES)
    return RhythmUnreadable(NO_QRS) if without_qrs(prepared, small=True) else None


def power_of(rows: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
    """[rows, 1000] at 100 Hz -> [rows, 501], in steps of 0.1 Hz."""
    spectrum = np.fft.rfft(rows, axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2)


def spectral_shares(power: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """(noise, wander): power above NOISE_BAND_HZ and power below WANDER_HZ, each divided by the power above WANDER_HZ.

    Both are medians over the rows. power: [rows, 501].
    """
    per_hz = WINDOW_SAMPLES / MODEL_FS_HZ
    slow, fast = round(WANDER_HZ * per_hz), round(NOISE_BAND_HZ * per_hz)
    above = power[:, slow:].sum(axis=1) + TINY
    noise = power[:, fast:].sum(axis=1) / above
    wander = power[:, :slow].sum(axis=1) / above
    return float(median(noise)[0]), float(median(wander)[0])


def _copied(prepared: ModelInput) -> list[Notice]:
    """A notice about the first two leads that are copies of each other, if there are any."""
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

"""The same heart under other conditions: another sampling rate, noise, a shorter recording, fewer leads."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEAD_SETS, LEADS, LIMB_FROM_I_II
from ecg_core.metrics import Floats
from ecg_core.recording import Recording
from ecg_core.training.data.ptbxl import INDEPENDENT_LEADS

# 50 Hz: the lowest that is accepted. Then Holters, hospitals, watches (512.508).
RATES_HZ = (50.0, 125.0, 250.0, 500.0, 512.508, 1000.0)
SNR_DB = (20, 10, 5, 0)
LENGTHS_S = (8.0, 6.0, 5.0)
# The first and last values are held this long for resampling, so that there is no step at the edges that rings into the
# signal. At each of RATES_HZ this is a whole number of samples, within .02. Otherwise the signal would shift in time.
HELD_S = 2.0
# The band of each kind of noise. Electrode motion overlaps P and T, wander is below them, muscle above most of the QRS
# (Moody et al., the MIT-BIH Noise Stress Test Database, Computers in Cardiology 1984; 11: 381).
BANDS_HZ: dict[str, tuple[float, float]] = {
    "baseline wander": (0.05, 0.5),
    "electrode motion": (1.0, 10.0),
    "muscle": (20.0, 150.0),
}

Change = Callable[[Recording, np.random.Generator], Recording]


@dataclass(frozen=True)
class Condition:
    family: str
    name: str
    change: Change


def rng_of(recording: Recording, salt: str) -> np.random.Generator:
    """Seeded by the record and the purpose, so that the noise is the same on every machine and in any order."""
    return np.random.default_rng([int(recording.sha256[:12] or "0", 16), *salt.encode()])


def at_rate(recording: Recording, fs_hz: float) -> Recording:
    """The recording as a device with another sampling rate would have stored it."""
    import soxr

    held = round(HELD_S * recording.fs_hz)
    padded = np.pad(recording.signal, ((0, 0), (held, held)), mode="edge")
    out = soxr.resample(np.ascontiguousarray(padded.T), recording.fs_hz, fs_hz, quality="VHQ").T
    start, samples = round(HELD_S * fs_hz), round(recording.duration_s * fs_hz)
    signal = np.ascontiguousarray(out[:, start : start + samples], dtype=np.float32)
    return replace(recording, signal=signal, fs_hz=fs_hz)


def coloured(shape: tuple[int, int], exponent: float, rng: np.random.Generator) -> Floats:
    """Noise of unit variance, [leads, samples]. Power falls with frequency ** exponent: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    index = np.maximum(np.arange(spectrum.shape[1]), 1)
    spectrum[:, 0] = 0
    return _unit(np.fft.irfft(spectrum * index ** (-exponent / 2), shape[1]))


def band(shape: tuple[int, int], fs_hz: float, band_hz: tuple[float, float], rng: np.random.Generator) -> Floats:
    """White noise of unit variance between two frequencies, at most half the sampling rate. [leads, samples]"""
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    frequency = np.fft.rfftfreq(shape[1], 1 / fs_hz)
    return _unit(np.fft.irfft(spectrum * ((frequency >= band_hz[0]) & (frequency <= band_hz[1])), shape[1]))


def _unit(x: Floats) -> Floats:
    return np.asarray(x / (x.std(axis=1, keepdims=True) + 1e-12))


def with_noise(recording: Recording, noise: Floats, snr_db: float) -> Recording:
    """Adds noise [8, samples] of unit variance to the independent leads, at the given ratio to each lead's variance."""
    rows = [recording.leads.index(lead) for lead in INDEPENDENT_LEADS]
    clean = recording.signal[rows].astype(np.float64)
    noisy = clean + noise * clean.std(axis=1, keepdims=True) * 10 ** (-snr_db / 20)
    return replace(recording, signal=twelve(noisy), leads=LEADS)


def twelve(independent: Floats) -> NDArray[np.float32]:
    """[8, samples] of the independent leads -> [12, samples], by Einthoven's and Goldberger's relations."""
    rows = dict(zip(INDEPENDENT_LEADS, independent, strict=True))
    for lead, (of_i, of_ii) in LIMB_FROM_I_II.items():
        rows[lead] = of_i * independent[0] + of_ii * independent[1]
    return np.stack([rows[lead] for lead in LEADS]).astype(np.float32)


def shortened(recording: Recording, duration_s: float) -> Recording:
    return replace(recording, signal=recording.signal[:, : round(duration_s * recording.fs_hz)])


def _noisy(kind: str, snr_db: float) -> Change:
    def change(recording: Recording, rng: np.random.Generator) -> Recording:
        shape = (len(INDEPENDENT_LEADS), recording.signal.shape[1])
        return with_noise(recording, band(shape, recording.fs_hz, BANDS_HZ[kind], rng), snr_db)

    return change


def _only(leads: tuple[str, ...]) -> Change:
    return lambda recording, _: recording.only(leads)


def _at(fs_hz: float) -> Change:
    return lambda recording, _: at_rate(recording, fs_hz)


def _short(duration_s: float) -> Change:
    return lambda recording, _: shortened(recording, duration_s)


CONDITIONS = (
    *(Condition("leads", name, _only(leads)) for name, leads in LEAD_SETS.items() if leads != LEADS),
    *(Condition("sampling rate", f"{rate:.6g} Hz", _at(rate)) for rate in RATES_HZ),
    *(Condition(kind, f"SNR {snr} dB", _noisy(kind, snr)) for kind in BANDS_HZ for snr in SNR_DB),
    *(Condition("length", f"{length:g} s", _short(length)) for length in LENGTHS_S),
)

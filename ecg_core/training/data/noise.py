"""Noise as electrodes, muscles and converters make it, of unit variance: [leads, samples]."""

import numpy as np

from ecg_core.training.metrics import Floats

# The band of each kind. Movement of an electrode lies on P and T, wander below them, muscle above most of the QRS
# (Moody et al., the MIT-BIH Noise Stress Test Database, Computers in Cardiology 1984; 11: 381).
BANDS_HZ: dict[str, tuple[float, float]] = {
    "baseline wander": (0.05, 0.5),
    "electrode motion": (1.0, 10.0),
    "muscle": (20.0, 150.0),
}


def coloured(shape: tuple[int, int], exponent: float, rng: np.random.Generator) -> Floats:
    """Power falls with frequency to the exponent: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    index = np.maximum(np.arange(spectrum.shape[1]), 1)
    spectrum[:, 0] = 0
    return _unit(np.fft.irfft(spectrum * index ** (-exponent / 2), shape[1]))


def band(shape: tuple[int, int], fs_hz: float, band_hz: tuple[float, float], rng: np.random.Generator) -> Floats:
    """White noise between two frequencies, or up to half the sampling rate."""
    spectrum = np.fft.rfft(rng.standard_normal(shape))
    frequency = np.fft.rfftfreq(shape[1], 1 / fs_hz)
    return _unit(np.fft.irfft(spectrum * ((frequency >= band_hz[0]) & (frequency <= band_hz[1])), shape[1]))


def _unit(x: Floats) -> Floats:
    return np.asarray(x / (x.std(axis=1, keepdims=True) + 1e-12))

"""Any sampling rate -> 100 Hz, without aliasing. Beyond its ends the signal is taken to stay at its last value.

If the rate is a whole number of hertz, each second of signal is multiplied by the same matrix. That takes 0.3 ms for
ten seconds of twelve leads; soxr takes 1.3 ms, a tenth of the time of a classification. soxr handles all other rates
(512.508 Hz of a watch).
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MODEL_FS_HZ = 100.0
OUTPUTS = 100
# Half length and shape of the Kaiser window: 80 dB of damping above 50 Hz, less than 1 % of loss below 41 Hz.
HALF_S, KAISER_BETA = 0.3, 8.0
CUTOFF = 0.455
# For soxr the ends are extended by one of these numbers of samples at 100 Hz.
HELD_SAMPLES = range(20, 41)

Signal = NDArray[np.float32]


def resampled(signal: Signal, fs_hz: float) -> Signal:
    """[leads, samples] at fs_hz -> [leads, about samples / fs_hz * 100] at 100 Hz. The signal must hold no NaN."""
    if fs_hz == MODEL_FS_HZ:
        return signal
    # float32 has 7 digits. An offset of 30 mV would leave too few of them for the ECG.
    offset = signal.mean(axis=1, keepdims=True)
    centred = signal - offset
    out = _by_matrix(centred, int(fs_hz)) if fs_hz == int(fs_hz) else _by_soxr(centred, fs_hz)
    return np.asarray(out + offset, np.float32)


def _by_matrix(signal: Signal, fs_hz: int) -> Signal:
    leads, samples = signal.shape
    weights = _weights(fs_hz)
    half = (len(weights) - fs_hz) // 2
    seconds = math.ceil(samples / fs_hz)
    held = np.empty((leads, seconds * fs_hz + 2 * half), np.float32)
    held[:, :half] = signal[:, :1]
    held[:, half : half + samples] = signal
    held[:, half + samples :] = signal[:, -1:]
    # Overlapping blocks of one buffer. numpy's sliding_window_view gives the same, 40 us slower.
    row, sample = held.strides
    blocks: Signal = np.ndarray((leads, seconds, len(weights)), np.float32, held, 0, (row, fs_hz * sample, sample))
    out: Signal = (blocks.reshape(leads * seconds, -1) @ weights).reshape(leads, -1)
    return out[:, : round(samples * OUTPUTS / fs_hz)]


@lru_cache(maxsize=16)
def _weights(fs_hz: int) -> Signal:
    """[one second of samples plus half a filter on both sides, 100]: a low-pass filter of sum 1 for each output."""
    half = math.ceil(HALF_S * fs_hz)
    time = (np.arange(fs_hz + 2 * half) - half)[:, None] / fs_hz - np.arange(OUTPUTS) / OUTPUTS
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0, 1 - (time / HALF_S) ** 2))) * (np.abs(time) < HALF_S)
    weights = np.sinc(2 * CUTOFF * min(fs_hz, OUTPUTS) * time) * window
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def _by_soxr(signal: Signal, fs_hz: float) -> Signal:
    import soxr

    ratio = fs_hz / MODEL_FS_HZ
    # Choose the length that is closest to a whole number of samples at the recording's rate.
    skipped = min(HELD_SAMPLES, key=lambda count: abs(count * ratio - round(count * ratio)))
    held = round(skipped * ratio)
    padded = np.pad(signal, ((0, 0), (held, held)), mode="edge")
    out = soxr.resample(np.ascontiguousarray(padded.T), fs_hz, MODEL_FS_HZ, quality="HQ")
    return np.ascontiguousarray(out[skipped : skipped + round(signal.shape[1] / ratio)].T, dtype=np.float32)

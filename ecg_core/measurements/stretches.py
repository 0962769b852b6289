"""Recording -> stretches of ECG at about 500 Hz, without baseline wander and mains hum.

One Fourier transform of each lead does everything: it removes the wander, the hum and what lies above the band of an
electrocardiograph, changes the rate, and gives a second, slow signal in which only QRS complexes are large.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import Excerpt, Recording

# Electrocardiographs measure at 500 Hz (AHA 2007, doi 10.1016/j.jacc.2007.01.024).
WORKING_HZ = 500.0
# The slow signal has a quarter of the samples.
SLOWER = 4
# At the ends the signal is led from its last value back to its first, so that the transform sees no step.
JOIN_S = 1.0
# Each pair is a soft edge: nothing is left below (above) the one, everything above (below) the other. A rate of 40 per
# minute begins at 0.67 Hz. Of QRS, 150 Hz shows all that is measured here.
HIGH_PASS_HZ, LOW_PASS_HZ = (0.25, 0.6), (100.0, 150.0)
# If the rate of the file is too low for that, the edge begins at this share of half the rate: steeper, it would ring.
GENTLE = 0.6
# Here the energy of QRS is large and that of P, T and muscle small.
QRS_FROM_HZ, QRS_TO_HZ = (3.0, 7.0), (18.0, 30.0)
# A mains line is removed if its power is this many times that of its neighbours.
MAINS_HZ, MAINS_HALF_HZ, MAINS_NEAR_HZ, MAINS_RATIO = (50.0, 60.0), 0.35, 3.0, 20.0
# A lead that is missing for longer than this share of a stretch is not used there.
MAX_MISSING_SHARE = 0.3
MIN_STRETCH_S = 2.0

Signal = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stretch:
    """ECG without a pause. signal: [leads, samples] mV at fs_hz. slow: [leads, samples / SLOWER], the band of QRS.

    missing: [leads, samples], or None if nothing is missing. signal is then a straight line.
    raw: [leads, samples at raw_fs_hz], as recorded.
    """

    signal: Signal
    slow: Signal
    fs_hz: float
    missing: Bools | None
    raw: Signal
    raw_fs_hz: float


def stretches(recording: Recording) -> list[Stretch]:
    """The whole recording, or the pieces of an excerpt."""
    made = (_stretch(piece, recording.fs_hz) for piece in _pieces(recording))
    return [stretch for stretch in made if stretch is not None]


def pieces_of(recording: Recording) -> Recording:
    """A long recording as an excerpt: only the pieces around its windows, as if it were read so. Others as they are."""
    samples = recording.signal.shape[1]
    pieces = Excerpt.of(samples, recording.fs_hz, recording.between)
    if recording.excerpt is not None or len(pieces.starts) * pieces.length >= samples:
        return recording
    parts = [recording.signal[:, start : start + pieces.length] for start in pieces.starts]
    return replace(recording, signal=np.concatenate(parts, axis=1), excerpt=pieces)


def _pieces(recording: Recording) -> Iterator[Signal]:
    """[leads, samples] each."""
    signal, excerpt = recording.signal, recording.excerpt
    length = excerpt.length if excerpt else max(signal.shape[1], 1)
    for first in range(0, signal.shape[1], length):
        yield signal[:, first : first + length]


def _stretch(piece: Signal, fs_hz: float) -> Stretch | None:
    leads, samples = piece.shape
    if samples < MIN_STRETCH_S * fs_hz:
        return None
    raw, gaps = piece, np.isnan(piece)
    missing: Bools | None = None
    if gaps.any():
        piece, missing = _bridged(piece, gaps), gaps
    size = _good_size((samples / fs_hz + JOIN_S) * WORKING_HZ)
    padded = round(size * fs_hz / WORKING_HZ)
    working_hz = size * fs_hz / padded
    joined = np.empty((leads, padded), np.float32)
    joined[:, :samples] = piece - piece.mean(axis=1, keepdims=True)
    back = np.linspace(0, 1, padded - samples + 2, dtype=np.float32)[1:-1]
    joined[:, samples:] = joined[:, samples - 1 : samples] * (1 - back) + joined[:, :1] * back
    spectrum = np.fft.rfft(joined, axis=1).astype(np.complex64, copy=False)
    pass_band, qrs_band = _bands(padded, size, fs_hz)
    kept = min(spectrum.shape[1], len(pass_band))
    spectrum = spectrum[:, :kept] * pass_band[:kept]
    _without_mains(spectrum, padded / fs_hz)
    few = min(kept, len(qrs_band))
    scale = np.float32(size / padded)
    signal = np.fft.irfft(spectrum, size, axis=1).astype(np.float32, copy=False) * scale
    slow = np.fft.irfft(spectrum[:, :few] * qrs_band[:few], size // SLOWER, axis=1).astype(np.float32, copy=False)
    slow *= scale / SLOWER
    length = int(samples * working_hz / fs_hz)
    if missing is not None:
        nearest = np.minimum((np.arange(length) * (fs_hz / working_hz)).astype(int), samples - 1)
        missing = missing[:, nearest]
        missing[missing.mean(axis=1) > MAX_MISSING_SHARE] = True
    return Stretch(signal[:, :length], slow[:, : length // SLOWER], working_hz, missing, raw, fs_hz)


def _bridged(piece: Signal, gaps: Bools) -> Signal:
    """The piece with straight lines over its gaps. A lead that is missing altogether becomes zero."""
    piece = piece.copy()
    for lead, gap in zip(piece, gaps, strict=True):
        if gap.all():
            lead[:] = 0
        elif gap.any():
            known = np.flatnonzero(~gap)
            lead[gap] = np.interp(np.flatnonzero(gap), known, lead[known])
    return piece


@lru_cache(maxsize=64)
def _good_size(least: float) -> int:
    """The next size that is a multiple of SLOWER * 2 and of small primes only: its transform is fast."""
    size = int(np.ceil(least / (2 * SLOWER))) * 2 * SLOWER
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 2 * SLOWER


@lru_cache(maxsize=16)
def _bands(padded: int, size: int, fs_hz: float) -> tuple[Signal, Signal]:
    """What each frequency is multiplied by: for the signal, and beyond that for the slow signal."""
    hz = np.arange(size // 2 + 1) * (fs_hz / padded)
    nyquist_hz = fs_hz / 2
    low_pass = LOW_PASS_HZ if nyquist_hz > LOW_PASS_HZ[1] else (GENTLE * min(nyquist_hz, LOW_PASS_HZ[1]), nyquist_hz)
    band = _rise(hz, *HIGH_PASS_HZ) * (1 - _rise(hz, *low_pass))
    slow = hz[: size // SLOWER // 2]
    return band.astype(np.float32), (_rise(slow, *QRS_FROM_HZ) * (1 - _rise(slow, *QRS_TO_HZ))).astype(np.float32)


def _rise(hz: NDArray[np.floating[Any]], start: float, end: float) -> NDArray[np.floating[Any]]:
    return np.asarray(np.sin(np.pi / 2 * np.clip((hz - start) / (end - start), 0, 1)) ** 2)


def _without_mains(spectrum: NDArray[np.complex64], duration_s: float) -> None:
    """Takes the hum out of a spectrum, in place, in the leads that have it. Its bins are 1 / duration_s apart."""
    for mains_hz in MAINS_HZ:
        half = max(1, round(MAINS_HALF_HZ * duration_s))
        centre, near = round(mains_hz * duration_s), round(MAINS_NEAR_HZ * duration_s)
        if centre + near >= spectrum.shape[1] or near <= half:
            continue
        around = spectrum[:, centre - near : centre + near + 1]
        power = around.real**2 + around.imag**2
        line = slice(near - half, near + half + 1)
        hum = power[:, line].max(axis=1)
        power[:, line] = 0
        noisy = hum > MAINS_RATIO * power.sum(axis=1) / (2 * (near - half))
        around[noisy, line] = 0

"""The cardiac dipole as a sum of pulses: the waves of each beat, with the amplitudes of one person."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.synthesis.waves import Wave

# Fridericia: QT shortens with the cube root of RR.
QT_EXPONENT = 1 / 3
# Beyond five standard deviations a Gaussian is below 4e-6 of its peak.
REACH = 5.0
# The size and direction of the dipole differ between persons by these shares at most, so a normal ECG stays normal.
PERSON_SCALE, PERSON_WAVE = 0.12, 0.08

Floats = NDArray[np.float64]


def of_one_person(waves: tuple[Wave, ...], random: np.random.Generator) -> list[Wave]:
    """The waves with the amplitudes of one random person."""
    scale = 1 + PERSON_SCALE * float(random.uniform(-1, 1))
    sizes = scale * (1 + PERSON_WAVE * random.uniform(-1, 1, (len(waves), 3)))
    return [
        replace(wave, x=wave.x * float(x), y=wave.y * float(y), z=wave.z * float(z))
        for wave, (x, y, z) in zip(waves, sizes, strict=True)
    ]


def dipole(
    waves: Sequence[Wave],
    beats_s: Floats,
    intervals_s: Floats,
    sizes: Floats,
    samples: int,
    fs_hz: float,
) -> Floats:
    """[3, samples] mV along Frank's axes. sizes: [beats], the amplitude of each beat relative to its waves."""
    made = np.zeros((3, samples))
    for wave in waves:
        axes = np.array([[wave.x], [wave.y], [wave.z]])
        for beat_s, interval_s, size in zip(beats_s, intervals_s, sizes, strict=True):
            shrink = interval_s**QT_EXPONENT if wave.follows_rate else 1.0
            peak_s = beat_s + wave.at_s * shrink
            start = max(0, int(np.ceil((peak_s - REACH * wave.rise_s * shrink) * fs_hz)))
            end = min(samples, int(np.floor((peak_s + REACH * wave.fall_s * shrink) * fs_hz)) + 1)
            if start < end:
                after_s = np.arange(start, end) / fs_hz - peak_s
                width_s = np.where(after_s < 0, wave.rise_s, wave.fall_s) * shrink
                made[:, start:end] += size * axes * np.exp(-0.5 * (after_s / width_s) ** 2)
    return made

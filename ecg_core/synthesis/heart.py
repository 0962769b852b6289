"""Synthetic ECGs for demonstrations, tests and load: a cardiac dipole, seen by twelve leads.

The waves of each beat (see waves.py) move the dipole. Dower's matrix turns it into leads (Dower et al. 1980, doi
10.1002/clc.1980.3.2.87). Heart rate variability, breathing, baseline wander and noise are added.
"""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS, LIMB_FROM_I_II
from ecg_core.recording import MAX_FS_HZ, MAX_VALUES, MIN_FS_HZ, Recording
from ecg_core.synthesis.arrhythmias import ARRHYTHMIAS, Span
from ecg_core.synthesis.dipole import dipole, of_one_person
from ecg_core.synthesis.waves import WAVES
from ecg_core.synthesis.writers import UNITS_PER_MV, samples_bytes

# Columns x (to the left), y (to the feet), z (to the back). The other limb leads follow from I and II.
DOWER: dict[str, tuple[float, float, float]] = {
    "I": (0.632, -0.235, 0.059),
    "II": (0.235, 1.066, -0.132),
    "V1": (-0.515, 0.157, -0.917),
    "V2": (0.044, 0.164, -1.387),
    "V3": (0.882, 0.098, -1.277),
    "V4": (1.213, 0.127, -0.601),
    "V5": (1.125, 0.127, -0.086),
    "V6": (0.831, 0.076, 0.230),
}

# At a higher rate, the P wave would overlap the T wave before it. At a lower rate, the ventricles would beat on their
# own.
MIN_HEART_RATE_BPM, USUAL_HEART_RATE_BPM, MAX_HEART_RATE_BPM = 40.0, 70.0, 150.0
MAX_NOISE_MV, MAX_WANDER_MV = 1.0, 5.0
# A resting adult breathes 15 times per minute. Breathing changes the rate, the amplitude of QRS and the baseline.
BREATHING_HZ = 0.25
# The slow wave of blood pressure control (Mayer wave) is the second part of heart rate variability.
MAYER_HZ = 0.1
# Shares of the RR interval. Together they give an SDNN of about 25 ms, common in short resting recordings of adults.
RR_BREATHING, RR_MAYER, RR_RANDOM = 0.025, 0.015, 0.008
# The amplitude follows breathing by a few percent, and no two beats are exactly alike.
BEAT_BREATHING, BEAT_RANDOM = 0.03, 0.01


# Every rhythm that synthesize() makes: those of waves.py with normal beats, then those of arrhythmias.py.
ALL_RHYTHMS = (*WAVES, *ARRHYTHMIAS)


def synthesize(
    rhythm: str = "normal",
    *,
    heart_rate_bpm: float | None = None,
    duration_s: float = 10.0,
    fs_hz: float = 500.0,
    noise_mv: float = 0.01,
    wander_mv: float = 0.05,
    seed: int = 0,
) -> Recording:
    """A twelve-lead recording, in whole microvolts. rhythm: one of ALL_RHYTHMS.

    heart_rate_bpm: None for the usual rate of the rhythm. For fibrillation: waves per minute.
    noise_mv: standard deviation of the noise. wander_mv: amplitude of the baseline wander.
    The same arguments give the same samples. Raises ValueError for arguments out of range.
    """
    if rhythm not in ALL_RHYTHMS:
        raise ValueError(f"rhythm must be one of {', '.join(ALL_RHYTHMS)}")
    lowest, usual, highest = rates_bpm(rhythm)
    rate_bpm = usual if heart_rate_bpm is None else heart_rate_bpm
    _within("heart_rate_bpm", rate_bpm, lowest, highest)
    _within("fs_hz", fs_hz, MIN_FS_HZ, MAX_FS_HZ)
    _within("duration_s", duration_s, 1.0, MAX_VALUES / len(LEADS) / fs_hz)
    _within("noise_mv", noise_mv, 0.0, MAX_NOISE_MV)
    _within("wander_mv", wander_mv, 0.0, MAX_WANDER_MV)
    random = np.random.Generator(np.random.PCG64(seed))
    samples = round(duration_s * fs_hz)
    phase = float(random.uniform(0, 2 * np.pi))
    if rhythm in ARRHYTHMIAS:
        heart = ARRHYTHMIAS[rhythm].make(Span(rate_bpm, duration_s, samples, fs_hz), random)
    else:
        beats_s, intervals_s = _beats(rate_bpm, duration_s, phase, random)
        sizes = 1 + BEAT_BREATHING * np.sin(2 * np.pi * BREATHING_HZ * beats_s + phase)
        sizes += BEAT_RANDOM * random.standard_normal(len(beats_s))
        heart = dipole(of_one_person(WAVES[rhythm], random), beats_s, intervals_s, sizes, samples, fs_hz)
    electrodes = np.array(list(DOWER.values())) @ heart
    electrodes += _wander(wander_mv, samples, fs_hz, phase, random)
    electrodes += noise_mv * random.standard_normal(electrodes.shape)
    signal = _twelve(electrodes)
    recording = Recording(signal, float(fs_hz), LEADS, "synthetic", "")
    return replace(recording, sha256=hashlib.sha256(samples_bytes(recording)).hexdigest())


def rates_bpm(rhythm: str) -> tuple[float, float, float]:
    """Lowest, usual and highest rate of a rhythm of ALL_RHYTHMS."""
    if rhythm in ARRHYTHMIAS:
        return ARRHYTHMIAS[rhythm].rates_bpm
    return MIN_HEART_RATE_BPM, USUAL_HEART_RATE_BPM, MAX_HEART_RATE_BPM


def normal_heart(beats_s: NDArray[np.float64], interval_s: float, samples: int, fs_hz: float) -> NDArray[np.float32]:
    """[12, samples] mV: the normal rhythm with R waves at these times, of an average person, without noise.

    interval_s: the RR interval from which the time of ST and T follows.
    """
    every = np.ones(len(beats_s))
    heart = dipole(WAVES["normal"], beats_s, interval_s * every, every, samples, fs_hz)
    return _twelve(np.array(list(DOWER.values())) @ heart)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low:.7g} and {high:.7g}")


def _beats(
    heart_rate_bpm: float, duration_s: float, phase: float, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(times of the R waves, the RR interval after each), in seconds, from before the start to after the end."""
    mean_s = 60 / heart_rate_bpm
    mayer = float(random.uniform(0, 2 * np.pi))
    time_s = -mean_s * (1 + float(random.uniform(0, 1)))
    times, intervals = [], []
    while time_s < duration_s + 1:
        variation = RR_BREATHING * np.sin(2 * np.pi * BREATHING_HZ * time_s + phase)
        variation += RR_MAYER * np.sin(2 * np.pi * MAYER_HZ * time_s + mayer)
        interval = mean_s * float(1 + variation + RR_RANDOM * random.standard_normal())
        times.append(time_s)
        intervals.append(interval)
        time_s += interval
    return np.array(times), np.array(intervals)


def _wander(
    wander_mv: float, samples: int, fs_hz: float, phase: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """[electrodes, samples] mV: breathing, in phase in all leads, and a slower drift of each electrode."""
    time_s = np.arange(samples) / fs_hz
    strengths = random.uniform(0.3, 0.6, (len(DOWER), 1))
    drift_hz = random.uniform(0.03, 0.12, (len(DOWER), 1))
    offsets = random.uniform(0, 2 * np.pi, (len(DOWER), 1))
    breath = np.sin(2 * np.pi * BREATHING_HZ * time_s + phase)
    drift = np.sin(2 * np.pi * drift_hz * time_s + offsets)
    return wander_mv * (strengths * breath + (1 - strengths) * drift)


def _twelve(electrodes: NDArray[np.float64]) -> NDArray[np.float32]:
    """[12, samples] mV from the rows of DOWER. III, aVR, aVL and aVF are computed from I and II after rounding."""
    units = dict(zip(DOWER, np.round(electrodes * UNITS_PER_MV), strict=True))
    for lead, (of_i, of_ii) in LIMB_FROM_I_II.items():
        units[lead] = np.round(of_i * units["I"] + of_ii * units["II"])
    return (np.stack([units[lead] for lead in LEADS]) / UNITS_PER_MV).astype(np.float32)

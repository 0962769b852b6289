"""Rhythms without normal beats, and two rhythms whose rate the atria or a pacemaker set.

The shapes of the waves are our own. They were chosen to look like textbook ECGs:
- Ventricular tachycardia: QRS of 140 to 200 ms, T against it, atria at a rate of their own (Brugada et al. 1991,
  doi 10.1161/01.cir.83.5.1649). Above 220 per minute QRS and T merge into one wave: ventricular flutter.
- Torsade de pointes: the axis of wide beats turns around the baseline (Dessertenne 1966, Arch Mal Coeur 59:263).
- Ventricular fibrillation: wavelets of 3 to 9 Hz whose rate, size and direction drift (Amann et al. 2005,
  doi 10.1186/1475-925X-4-60). Fine is below 0.2 mV (Weaver et al. 1985, doi 10.7326/0003-4819-102-1-53).
- Atrial flutter: a sawtooth of the atria, negative in II, III and aVF; every second wave reaches the ventricles.
- Paced: a spike, then QRS from the apex of the right ventricle, as in left bundle branch block with a superior axis.
- Ventricular standstill: P waves, no QRS.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ecg_core.synthesis.dipole import Floats, dipole, of_one_person
from ecg_core.synthesis.waves import NARROW_QRS, P_WAVES, Wave

# Origins of ventricular beats. The vector is the direction of activation: x to the left, y to the feet, z to the back.
FOCI = (
    (0.30, 0.90, 0.50),  # outflow of the right ventricle
    (0.60, -0.50, 0.70),  # apex of the right ventricle
    (-0.40, -0.70, -0.60),  # apex of the left ventricle
    (0.50, -0.80, -0.40),  # inferior wall of the left ventricle
    (-0.80, 0.40, -0.50),  # lateral wall of the left ventricle
)
# Standard deviation of the direction between persons, in each axis. Sizes in mV.
FOCUS_SPREAD, FOCUS_MIN_MV, FOCUS_MAX_MV = 0.25, 0.8, 1.6
# Random variation of the RR interval, as shares of it.
VT_RANDOM, TORSADE_RANDOM, PACED_RANDOM = 0.008, 0.06, 0.001
# Beats between two narrow parts of torsade, and the size of the smaller axis relative to the larger.
TWIST_BEATS, TWIST_SMALL = (8.0, 18.0), 0.5
# Rate of atria that are independent of the ventricles.
ATRIAL_BPM = (60.0, 100.0)
# Wavelets of fibrillation, and the amplitude of each in mV. Within a second, lead II has a range of about 1.1 mV
# (coarse) and 0.2 mV (fine).
WAVELETS, COARSE_MV, FINE_MV = 4, (0.10, 0.22), (0.020, 0.040)
# Standard deviations over time of a wavelet's rate (as a share), of the logarithm of its size, and of its direction.
RATE_DRIFT, SIZE_DRIFT, TURN_DRIFT = 0.12, 0.5, 0.7
# A slow change is a sum of this many sines below this frequency. So it is the same at every sampling rate.
DRIFT_SINES, DRIFT_HZ = 6, 0.9
# The sawtooth: relative amplitudes of its harmonics, and mV along each axis.
SAW, SAW_MV = (1.0, 0.45, 0.22, 0.1), (0.02, 0.13, -0.07)
# P waves of a strained atrium are larger.
STANDSTILL_P = (1.0, 1.7)

# One ventricular beat: shares of its size along its main direction (x), and along a perpendicular direction (y).
VENTRICULAR = (
    Wave(-0.050, 0.016, 0.018, 0.25, 0.35, 0.0),
    Wave(0.000, 0.030, 0.034, 1.00, 0.10, 0.0),
    Wave(0.062, 0.024, 0.026, 0.35, -0.25, 0.0),
    Wave(0.270, 0.070, 0.055, -0.45, 0.05, 0.0, True),
)
PACED_WAVES = (
    Wave(-0.062, 0.001, 0.001, 0.50, 0.90, -0.40),
    Wave(-0.020, 0.016, 0.022, 0.30, -0.25, 0.45),
    Wave(0.020, 0.026, 0.030, 0.55, -0.75, 1.10),
    Wave(0.075, 0.020, 0.022, 0.40, -0.30, 0.50),
    Wave(0.285, 0.065, 0.048, -0.30, 0.38, -0.50, True),
)
FLUTTER_WAVES = (*NARROW_QRS, Wave(0.270, 0.055, 0.036, 0.150, 0.090, -0.120, True))


@dataclass(frozen=True)
class Span:
    """Arguments of every rhythm. rate_bpm: of the ventricles; for fibrillation, waves per minute."""

    rate_bpm: float
    duration_s: float
    samples: int
    fs_hz: float

    @property
    def time_s(self) -> Floats:
        return np.arange(self.samples) / self.fs_hz


@dataclass(frozen=True)
class Arrhythmia:
    """rates_bpm: lowest, usual, highest. make: the dipole [3, samples] mV along Frank's axes."""

    rates_bpm: tuple[float, float, float]
    make: Callable[[Span, np.random.Generator], Floats]


def _ventricular_tachycardia(span: Span, random: np.random.Generator) -> Floats:
    beats_s, intervals_s = _beats(span, span.rate_bpm, VT_RANDOM, random)
    along, across = _directions(random)
    size = float(random.uniform(FOCUS_MIN_MV, FOCUS_MAX_MV))
    sizes = size * (1 + 0.03 * random.standard_normal(len(beats_s)))
    heart = dipole(_turned(along, across), beats_s, intervals_s, sizes, span.samples, span.fs_hz)
    return heart + _atria(span, random)


def _torsade(span: Span, random: np.random.Generator) -> Floats:
    beats_s, intervals_s = _beats(span, span.rate_bpm, TORSADE_RANDOM, random)
    one, other = _directions(random)
    size = float(random.uniform(FOCUS_MIN_MV, FOCUS_MAX_MV))
    turn = float(random.uniform(0, 2 * np.pi)) + np.cumsum(2 * np.pi / random.uniform(*TWIST_BEATS, len(beats_s))) / 2
    heart = np.zeros((3, span.samples))
    for beat_s, interval_s, angle in zip(beats_s, intervals_s, turn, strict=True):
        along = np.cos(angle) * one + TWIST_SMALL * np.sin(angle) * other
        across = np.cross(along, np.cross(one, other))
        waves = _turned(along, across)
        heart += dipole(waves, np.array([beat_s]), np.array([interval_s]), np.array([size]), span.samples, span.fs_hz)
    return heart


def _fibrillation(size_mv: tuple[float, float]) -> Callable[[Span, np.random.Generator], Floats]:
    def make(span: Span, random: np.random.Generator) -> Floats:
        heart = np.zeros((3, span.samples))
        for _ in range(WAVELETS):
            rate_hz = span.rate_bpm / 60 * (1 + 0.1 * float(random.uniform(-1, 1)))
            # The integral of a sum of sines is known exactly. It keeps the phase smooth.
            phase = 2 * np.pi * rate_hz * (span.time_s + RATE_DRIFT * _drift(span, random, integral=True))
            phase += float(random.uniform(0, 2 * np.pi))
            wave = np.sin(phase) + 0.25 * np.sin(2 * phase + float(random.uniform(0, 2 * np.pi)))
            size = float(random.uniform(*size_mv)) * np.exp(SIZE_DRIFT * _drift(span, random))
            direction = random.standard_normal((3, 1))
            direction = direction / np.linalg.norm(direction)
            turning = direction + TURN_DRIFT * np.stack([_drift(span, random) for _ in range(3)])
            heart += size * wave * turning
        return heart

    return make


def _atrial_flutter(span: Span, random: np.random.Generator) -> Floats:
    beats_s, intervals_s = _beats(span, span.rate_bpm, 0.0, random)
    waves = of_one_person(FLUTTER_WAVES, random)
    heart = dipole(waves, beats_s, intervals_s, np.ones(len(beats_s)), span.samples, span.fs_hz)
    turn = 2 * np.pi * 2 * (span.time_s - beats_s[0]) * span.rate_bpm / 60 + float(random.uniform(0, 2 * np.pi))
    saw = np.sum([part * np.sin(number * turn) for number, part in enumerate(SAW, start=1)], axis=0)
    return np.asarray(heart + np.array(SAW_MV)[:, None] * float(random.uniform(0.8, 1.3)) * saw)


def _paced(span: Span, random: np.random.Generator) -> Floats:
    beats_s, intervals_s = _beats(span, span.rate_bpm, PACED_RANDOM, random)
    # The filter of a recorder widens the spike of 1 ms to the distance of two samples.
    narrowest_s = 0.5 / span.fs_hz
    waves = [
        replace(wave, rise_s=max(wave.rise_s, narrowest_s), fall_s=max(wave.fall_s, narrowest_s))
        for wave in of_one_person(PACED_WAVES, random)
    ]
    heart = dipole(waves, beats_s, intervals_s, np.ones(len(beats_s)), span.samples, span.fs_hz)
    return heart + _atria(span, random)


def _standstill(span: Span, random: np.random.Generator) -> Floats:
    beats_s, intervals_s = _beats(span, span.rate_bpm, 0.01, random)
    sizes = float(random.uniform(*STANDSTILL_P)) * np.ones(len(beats_s))
    return dipole(of_one_person(P_WAVES, random), beats_s, intervals_s, sizes, span.samples, span.fs_hz)


ARRHYTHMIAS: dict[str, Arrhythmia] = {
    "ventricular_tachycardia": Arrhythmia((120.0, 180.0, 300.0), _ventricular_tachycardia),
    "torsade_de_pointes": Arrhythmia((160.0, 220.0, 300.0), _torsade),
    "ventricular_fibrillation": Arrhythmia((180.0, 300.0, 480.0), _fibrillation(COARSE_MV)),
    "fine_ventricular_fibrillation": Arrhythmia((180.0, 330.0, 480.0), _fibrillation(FINE_MV)),
    "atrial_flutter": Arrhythmia((120.0, 150.0, 175.0), _atrial_flutter),
    "paced": Arrhythmia((40.0, 70.0, 120.0), _paced),
    "ventricular_standstill": Arrhythmia((40.0, 80.0, 150.0), _standstill),
}


def _beats(span: Span, rate_bpm: float, variation: float, random: np.random.Generator) -> tuple[Floats, Floats]:
    """(times, the interval after each) in seconds, from before the start to after the end."""
    mean_s = 60 / rate_bpm
    count = int(np.ceil((span.duration_s + 3) / mean_s / (1 - 3 * variation))) + 2
    intervals_s = mean_s * (1 + variation * np.clip(random.standard_normal(count), -3, 3))
    first_s = -1 - mean_s * float(random.uniform(0, 1))
    return first_s + np.concatenate(([0.0], np.cumsum(intervals_s[:-1]))), intervals_s


def _atria(span: Span, random: np.random.Generator) -> Floats:
    """P waves at a rate that is independent of the ventricles."""
    beats_s, intervals_s = _beats(span, float(random.uniform(*ATRIAL_BPM)), 0.02, random)
    return dipole(of_one_person(P_WAVES, random), beats_s, intervals_s, np.ones(len(beats_s)), span.samples, span.fs_hz)


def _directions(random: np.random.Generator) -> tuple[Floats, Floats]:
    """Two perpendicular axes, [3] each. The first is one of FOCI, varied for one person."""
    along = np.array(FOCI[int(random.integers(len(FOCI)))]) + FOCUS_SPREAD * random.standard_normal(3)
    along /= np.linalg.norm(along)
    across = np.cross(along, random.standard_normal(3))
    return along, across / np.linalg.norm(across)


def _turned(along: Floats, across: Floats) -> list[Wave]:
    """VENTRICULAR in these directions."""
    made = []
    for wave in VENTRICULAR:
        x, y, z = (wave.x * along + wave.y * across).tolist()
        made.append(replace(wave, x=x, y=y, z=z))
    return made


def _drift(span: Span, random: np.random.Generator, *, integral: bool = False) -> Floats:
    """[samples], a slow change of variance 1, or its integral over time in seconds."""
    hz = random.uniform(0.05, DRIFT_HZ, (DRIFT_SINES, 1))
    phase = random.uniform(0, 2 * np.pi, (DRIFT_SINES, 1))
    angle = 2 * np.pi * hz * span.time_s + phase
    terms = -np.cos(angle) / (2 * np.pi * hz) if integral else np.sin(angle)
    return np.asarray(terms.sum(axis=0) * np.sqrt(2 / DRIFT_SINES))

"""Wrong input made from sound twelve-lead records: no ECG at all, a spoiled ECG, exchanged electrodes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ecg_core.leads import LEADS
from ecg_core.metrics import Floats
from ecg_core.recording import Recording
from ecg_core.training.data.conditions import BANDS_HZ, band, coloured, twelve, with_noise
from ecg_core.training.data.electrodes import REVERSALS, exchanged
from ecg_core.training.data.ptbxl import INDEPENDENT_LEADS

# About the height of a QRS complex, so that foreign signals cannot be recognised by their size.
HEIGHT_MV = 0.5
# The sampling rate of foreign signals. It can hold mains hum, muscle noise and speech.
FOREIGN_FS_HZ = 500.0
# The noise of each electrode, beside a source that reaches all of them.
OWN_NOISE = 0.02
# The converter saturates at this part of the lead's peak.
CLIPPED_AT = 0.25
BURIED_SNR_DB = -10.0
PIECE_S = 0.25
# Gaps are filled with the lowest 16-bit value at 1 uV.
SENTINEL_MV, GAP_S, GAPS = -32.768, 0.25, 3
# The rate of a child's heart, as a multiple of an adult's.
COMPRESSION = 1.6

Change = Callable[[Recording, np.random.Generator], Recording]


@dataclass(frozen=True)
class Corruption:
    """kind: foreign (no ECG in it), spoiled (an ECG that is wrong or ruined) or placed (electrodes exchanged)."""

    kind: str
    name: str
    change: Change
    pair: tuple[str, str] | None = None


def _foreign(make: Callable[[tuple[int, int], float, np.random.Generator], Floats]) -> Change:
    """Replaces the ECG by make(shape, fs_hz, rng): [8, samples] of about unit size, on the independent leads."""

    def change(recording: Recording, rng: np.random.Generator) -> Recording:
        shape = (len(INDEPENDENT_LEADS), round(recording.duration_s * FOREIGN_FS_HZ))
        signal = twelve(HEIGHT_MV * make(shape, FOREIGN_FS_HZ, rng))
        return replace(recording, signal=signal, fs_hz=FOREIGN_FS_HZ, leads=LEADS)

    return change


def _spoiled(make: Callable[[Floats, float, np.random.Generator], Floats]) -> Change:
    """Replaces the signal [leads, samples] mV by make(signal, fs_hz, rng)."""

    def change(recording: Recording, rng: np.random.Generator) -> Recording:
        made = make(recording.signal.astype(np.float64), recording.fs_hz, rng)
        return replace(recording, signal=made.astype(np.float32))

    return change


def _time(shape: tuple[int, int], fs_hz: float) -> Floats:
    return np.arange(shape[1]) / fs_hz


def _gains(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """[leads, 1]: size and sign with which one source reaches each lead."""
    gains: Floats = rng.uniform(0.3, 1.5, (shape[0], 1)) * rng.choice([-1, 1], (shape[0], 1))
    return gains


def _hum(frequency_hz: float) -> Change:
    def make(shape: tuple[int, int], fs_hz: float, rng: np.random.Generator) -> Floats:
        phase = frequency_hz * _time(shape, fs_hz) + rng.uniform()
        return _gains(shape, rng) * np.sin(2 * np.pi * phase) + OWN_NOISE * rng.standard_normal(shape)

    return _foreign(make)


def _periodic(form: Callable[[Floats], Floats]) -> Change:
    """A wave with the rate of a heart. form: its shape, of the phase in [0, 1)."""

    def make(shape: tuple[int, int], fs_hz: float, rng: np.random.Generator) -> Floats:
        phase = (rng.uniform(0.8, 2.5) * _time(shape, fs_hz) + rng.uniform()) % 1
        return _gains(shape, rng) * form(phase) + OWN_NOISE * rng.standard_normal(shape)

    return _foreign(make)


def _random_walk(shape: tuple[int, int], fs_hz: float, rng: np.random.Generator) -> Floats:
    walk = np.cumsum(rng.standard_normal(shape), axis=1)
    return np.asarray(walk / walk.std(axis=1, keepdims=True))


def _speech(shape: tuple[int, int], fs_hz: float, rng: np.random.Generator) -> Floats:
    """Noise in the band of a voice and in two bands below it, with 2 to 6 syllables a second and pauses."""
    voiced = sum(band((1, shape[1]), fs_hz, limits, rng) for limits in ((8, 14), (25, 45), (90, 200)))
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(2, 6) * _time(shape, fs_hz) + rng.uniform(0, 6.28)), 0, None)
    pauses = band((1, shape[1]), fs_hz, (0.1, 0.6), rng) > -0.5
    return np.asarray(_gains(shape, rng) * voiced * syllables * pauses + OWN_NOISE * rng.standard_normal(shape))


def _eeg(shape: tuple[int, int], fs_hz: float, rng: np.random.Generator) -> Floats:
    """Pink noise with bursts of alpha waves, partly common to all leads, as large as an ECG."""
    alpha = band(shape, fs_hz, (8, 12), rng) * np.abs(band(shape, fs_hz, (0.1, 0.8), rng))
    common = coloured((1, shape[1]), 1.0, rng)
    return np.asarray((coloured(shape, 1.0, rng) + alpha + common) / 2)


def _clipped(signal: Floats, fs_hz: float, rng: np.random.Generator) -> Floats:
    centred = signal - np.median(signal, axis=1, keepdims=True)
    limit = CLIPPED_AT * np.abs(centred).max(axis=1, keepdims=True)
    return np.clip(centred, -limit, limit)


def _shuffled(signal: Floats, fs_hz: float, rng: np.random.Generator) -> Floats:
    length = round(PIECE_S * fs_hz)
    pieces = [signal[:, start : start + length] for start in range(0, signal.shape[1], length)]
    return np.concatenate([pieces[index] for index in rng.permutation(len(pieces))], axis=1)


def _sentinels(signal: Floats, fs_hz: float, rng: np.random.Generator) -> Floats:
    out, length = signal.copy(), round(GAP_S * fs_hz)
    for start in rng.integers(0, signal.shape[1] - length, GAPS):
        out[:, start : start + length] = SENTINEL_MV
    return out


def _one_lead(signal: Floats, fs_hz: float, rng: np.random.Generator) -> Floats:
    return np.repeat(signal[[rng.integers(len(signal))]], len(signal), axis=0)


def _buried(recording: Recording, rng: np.random.Generator) -> Recording:
    shape = (len(INDEPENDENT_LEADS), recording.signal.shape[1])
    return with_noise(recording, band(shape, recording.fs_hz, BANDS_HZ["muscle"], rng), BURIED_SNR_DB)


def _rate_stated(factor: float) -> Change:
    return lambda recording, _: replace(recording, fs_hz=recording.fs_hz * factor)


def _scaled(factor: float) -> Change:
    return _spoiled(lambda signal, fs_hz, rng: signal * factor)


def _exchange(one: str, other: str) -> Change:
    return lambda recording, _: exchanged(recording, one, other)


FOREIGN: dict[str, Change] = {
    "white noise": _foreign(lambda shape, fs_hz, rng: coloured(shape, 0, rng)),
    "pink noise": _foreign(lambda shape, fs_hz, rng: coloured(shape, 1, rng)),
    "brown noise": _foreign(lambda shape, fs_hz, rng: coloured(shape, 2, rng)),
    "random walk": _foreign(_random_walk),
    "flat": _foreign(lambda shape, fs_hz, rng: np.zeros(shape)),
    "hum of 50 Hz": _hum(50.0),
    "hum of 60 Hz": _hum(60.0),
    "sine": _periodic(lambda phase: np.sin(2 * np.pi * phase)),
    "sawtooth": _periodic(lambda phase: 2 * phase - 1),
    "square": _periodic(lambda phase: np.sign(phase - 0.5)),
    "speech": _foreign(_speech),
    "EEG": _foreign(_eeg),
}
SPOILED: dict[str, Change] = {
    "ECG buried in muscle noise": _buried,
    "saturated": _spoiled(_clipped),
    "pieces shuffled": _spoiled(_shuffled),
    "backwards": _spoiled(lambda signal, fs_hz, rng: signal[:, ::-1]),
    "upside down": _scaled(-1.0),
    "one lead in all twelve": _spoiled(_one_lead),
    "gaps filled with one value": _spoiled(_sentinels),
    "unit 1000 times too large": _scaled(1000.0),
    "unit 1000 times too small": _scaled(0.001),
    "unit 5 times too large": _scaled(5.0),
    "unit 5 times too small": _scaled(0.2),
    "rate stated twice too high": _rate_stated(2.0),
    "rate stated half": _rate_stated(0.5),
    "beats as fast as a child's": _rate_stated(COMPRESSION),
}
CORRUPTIONS = (
    *(Corruption("foreign", name, change) for name, change in FOREIGN.items()),
    *(Corruption("spoiled", name, change) for name, change in SPOILED.items()),
    *(Corruption("placed", f"{one} and {other}", _exchange(one, other), (one, other)) for one, other in REVERSALS),
)

"""A recording as EDF+ (continuous): https://www.edfplus.info/specs/edfplus.html. It names no person and no date."""

import numpy as np

from ecg_core.recording import Recording

LOWEST, HIGHEST = -32768, 32767
# A record of data should not be larger than this, the specification says.
MAX_RECORD_BYTES = 61_440
# The annotations signal of a record: its onset in seconds, in 32 bytes.
ONSET_SAMPLES = 16
# Relative. The rate is the samples of a record divided by its duration, which is a number of eight characters.
RATE_ERROR = 1e-7
# Number fields have eight characters.
FIELD = 8


def edf_bytes(recording: Recording) -> bytes:
    """An EDF+C file with a signal for each lead, in mV. Each lead has its own scale over 16 bits.

    Raises ValueError if samples are missing: EDF cannot say so.
    """
    signal = recording.signal.astype(np.float64)
    if not np.isfinite(signal).all():
        raise ValueError("EDF cannot hold missing samples")
    leads, samples = signal.shape
    length = _record_samples(samples, leads, recording.fs_hz)
    records = samples // length
    low, high = zip(*(_limits(row) for row in signal), strict=True)
    scale = (np.array(high) - np.array(low)) / (HIGHEST - LOWEST)
    digital = np.round((signal - np.array(low)[:, None]) / scale[:, None]) + LOWEST
    digital = np.clip(digital, LOWEST, HIGHEST).astype("<i2")
    onsets = [f"+{record * length / recording.fs_hz:.10g}".encode() + b"\x14\x14" for record in range(records)]
    onset = np.frombuffer(b"".join(text.ljust(2 * ONSET_SAMPLES, b"\0") for text in onsets), "<i2")
    blocks = digital.reshape(leads, records, length).transpose(1, 0, 2).reshape(records, -1)
    data = np.concatenate([blocks, onset.reshape(records, -1)], axis=1)
    signals = leads + 1
    header = [
        *(_text("0", FIELD), _text("X X X X", 80), _text("Startdate X X X X", 80)),
        *(_text("01.01.85", FIELD), _text("00.00.00", FIELD), _text(256 * (signals + 1), FIELD)),
        *(_text("EDF+C", 44), _text(records, FIELD), _number(length / recording.fs_hz), _text(signals, 4)),
        *(_text(f"ECG {lead}", 16) for lead in recording.leads),
        *(_text("EDF Annotations", 16), *(_text("", 80) for _ in range(signals))),
        *(*(_text("mV", FIELD) for _ in range(leads)), _text("", FIELD)),
        *(*map(_number, low), _number(-1), *map(_number, high), _number(1)),
        *(_text(LOWEST, FIELD) for _ in range(signals)),
        *(_text(HIGHEST, FIELD) for _ in range(signals)),
        *(_text("", 80) for _ in range(signals)),
        *(*(_text(length, FIELD) for _ in range(leads)), _text(ONSET_SAMPLES, FIELD)),
        *(_text("", 32) for _ in range(signals)),
    ]
    return b"".join(header) + data.tobytes()


def _record_samples(samples: int, leads: int, fs_hz: float) -> int:
    """Samples of a lead in one record of data: a second if that fits, else the most that fill whole records."""
    most = max(MAX_RECORD_BYTES // (2 * leads), 1)
    second = round(fs_hz)
    if second == fs_hz and samples % second == 0 and second <= most:
        return second
    fitting = [length for length in range(1, min(most, samples) + 1) if samples % length == 0]
    exact = [length for length in fitting if abs(float(_shortest(length / fs_hz)) * fs_hz / length - 1) < RATE_ERROR]
    # A record of one sample would cost as many bytes for its onset. One record of everything may be large, but is read.
    return next((length for length in reversed(exact) if length * leads > ONSET_SAMPLES), samples)


def _limits(row: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """The physical limits of a lead in mV, as the header's eight characters state them."""
    low, high = float(row.min()), float(row.max())
    margin = max((high - low) * 1e-3, 1e-3)
    return float(_shortest(low - margin)), float(_shortest(high + margin))


def _shortest(value: float) -> str:
    """The number in at most eight characters."""
    return next(text for digits in range(9, 0, -1) if len(text := f"{value:.{digits}g}") <= FIELD)


def _number(value: float) -> bytes:
    return _text(_shortest(value), FIELD)


def _text(value: object, length: int) -> bytes:
    return str(value).encode("ascii").ljust(length)

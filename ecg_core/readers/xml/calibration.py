"""The calibration pulse and the zeros that electrocardiographs of Philips store behind the ECG."""

import numpy as np
from numpy.typing import NDArray

from ecg_core.readers.corrections import Corrections

# The pulses of all files seen have 1 mV and 0.2 s. They are the same on all leads. No ECG is that: III is II - I.
MIN_PULSE_MV, MIN_PULSE_S = 0.1, 0.05
# With fewer leads, a clipped lead could look like a pulse.
MIN_LEADS = 3
# An ECG is zero on all leads for a few samples at most.
MIN_ZEROS_S = 0.1


def in_mv(counts: NDArray[np.int32], fs_hz: float, mv: float, corrections: Corrections) -> NDArray[np.float32]:
    """[channels, samples] mV without the pulse, and without the zeros beside it and at the end.

    A pulse is the same rectangle on all channels that are not empty. It is cut off at the ends, and is a gap (NaN)
    between them. If there is nothing else, all of it is a gap. mv: mV per count.
    """
    signal = np.multiply(counts, mv, dtype=np.float64).astype(np.float32)
    filled = counts[counts.any(axis=1)]
    if not len(filled):
        return signal
    same = (filled == filled[:1]).all(axis=0)
    zero = same & (filled[0] == 0)
    pulse = _pulses(np.where(same, filled[0], 0), fs_hz, mv) if len(filled) >= MIN_LEADS else np.zeros_like(zero)
    runs = np.flatnonzero(np.diff(pulse | zero, prepend=False, append=False))
    if not len(runs):
        return signal
    with_pulse = np.add.reduceat(np.append(pulse, False), runs, dtype=np.int64)[::2] > 0
    starts, stops = runs[::2], runs[1::2]
    start, stop = 0, len(zero)
    if with_pulse.any():
        size = f"{np.abs(filled[0, pulse]).max() * mv:.3g} mV"
        cut = int((stops - starts)[with_pulse].sum())
        corrections.add(f"calibration pulse of {size} on all leads left out, with the zeros beside it: {cut} samples")
        for first, after in zip(starts[with_pulse], stops[with_pulse], strict=True):
            signal[:, first:after] = np.nan
        start = stops[0] if with_pulse[0] and starts[0] == 0 else 0
        stop = starts[-1] if with_pulse[-1] and stops[-1] == stop else stop
    elif stops[-1] == stop and stop - starts[-1] >= MIN_ZEROS_S * fs_hz:
        corrections.add(f"zeros on all leads at the end left out: {stop - starts[-1]} samples")
        stop = starts[-1]
    return signal[:, start:stop] if start < stop else signal


def _pulses(values: NDArray[np.int32], fs_hz: float, mv: float) -> NDArray[np.bool_]:
    """Which samples are part of a rectangle. values: of all channels where they are the same, else 0."""
    high = np.where(np.abs(values) * mv >= MIN_PULSE_MV, values, 0)
    edges = np.flatnonzero(np.diff(high, prepend=high[0] + 1, append=high[-1] + 1))
    lengths = np.diff(edges)
    wide = (lengths >= MIN_PULSE_S * fs_hz) & (high[edges[:-1]] != 0)
    return np.repeat(wide, lengths)

"""Detects a wrong sampling rate: all waves are too slow, or too fast, and so is the heart rate."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import Notice
from ecg_core.signal.median import median
from ecg_core.signal.preparation import WINDOW_SAMPLES, ModelInput
from ecg_core.signal.resampling import MODEL_FS_HZ

# EDGE_SHARE of the power in BAND_HZ lies below the edge. The median of PTB-XL is 20 Hz; 99.5 % have 7 to 28 Hz.
BAND_HZ, EDGE_SHARE = (0.7, 45.0), 0.9
TINY = 1e-12
# Both edge and heart rate must exceed the limits. In folds 1-8 of PTB-XL 0.2 % of the records do, with one lead 0.6 %.
# If half the true rate is stated, 91 % do; if twice the true rate is stated, 85 % (lead I: 90 % and 78 %). The heart
# rate is needed because wide QRS complexes also have a low edge.
SLOW_EDGE_HZ, SLOW_BPM = 13.0, 50.0
FAST_EDGE_HZ, FAST_BPM = 28.0, 100.0


def contradiction(prepared: ModelInput, edge_hz: float) -> list[Notice]:
    """A notice if the rate is probably wrong. edge_hz: the result of spectral_edge_hz()."""
    if SLOW_EDGE_HZ <= edge_hz <= FAST_EDGE_HZ:
        return []
    rate_bpm = _heart_rate_bpm(prepared)
    if edge_hz < SLOW_EDGE_HZ and 0 < rate_bpm < SLOW_BPM:
        said = "too low, or the heart beats slowly with wide QRS complexes"
    elif edge_hz > FAST_EDGE_HZ and rate_bpm > FAST_BPM:
        said = "too high, or this is the ECG of a child, for whom nothing was measured"
    else:
        return []
    message = (
        f"At the stated sampling rate the heart beats {rate_bpm:.0f} times a minute: the rate may be stated {said}."
    )
    return [Notice("sampling_rate_suspected", message)]


def spectral_edge_hz(power: NDArray[np.floating[Any]]) -> float:
    """power: [present leads of all windows, 501], the spectrum of each lead in steps of 0.1 Hz."""
    per_hz = WINDOW_SAMPLES / MODEL_FS_HZ
    first, last = (round(hz * per_hz) for hz in BAND_HZ)
    band = power[:, first : last + 1]
    # Divide by each lead's power, so that each lead counts the same.
    below = np.cumsum((1 / (band.sum(axis=1) + TINY)) @ band)
    return float(first + np.searchsorted(below, EDGE_SHARE * below[-1])) / per_hz


def _heart_rate_bpm(prepared: ModelInput) -> float:
    """From the median RR interval of all windows, 0 without one."""
    # Imported here: few records need it.
    from ecg_core.signal.beats import find_beats

    intervals = [
        np.diff(find_beats(window[:, : round((end_s - start_s) * MODEL_FS_HZ)], mask))
        for window, mask, (start_s, end_s) in zip(prepared.signal, prepared.lead_mask, prepared.spans_s, strict=True)
    ]
    together = np.concatenate(intervals)
    return 60 * MODEL_FS_HZ / float(median(together.astype(np.float64))[0]) if len(together) else 0.0

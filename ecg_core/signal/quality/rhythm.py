"""Rhythms without normal beats: fast and wide waves of the ventricles, or no QRS complex at all.

Such a recording may be the most urgent one, so it must not be refused as noise. Each window has three measures, each
over all of its leads:
- peakedness: kurtosis of the slopes. A few steep QRS complexes make it high. Waves without pauses make it low.
- share: power in WAVES_HZ compared with the bands below and above it. A QRS of normal width has power above 10 Hz.
- repeat: the highest autocorrelation at the distances of 136 to 500 waves per minute.
Kuo and Dillman 1978 and Barro et al. 1989 use the same properties (compared by Amann et al. 2005, doi
10.1186/1475-925X-4-60).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import CHEST_LEADS, LIMB_LEADS
from ecg_core.signal.median import median
from ecg_core.signal.preparation import WINDOW_SAMPLES, ModelInput, Signal
from ecg_core.signal.resampling import MODEL_FS_HZ

BELOW_HZ, WAVES_HZ, ABOVE_HZ = (0.7, 1.7), (2.0, 9.0), (10.0, 45.0)
# Band of the autocorrelation: above baseline wander, and with little noise.
REPEAT_HZ = (0.7, 25.0)
LAGS_S = (0.12, 0.44)
TINY = 1e-12

FAST_WAVES = (
    "No normal beats stand out. This may be ventricular tachycardia, flutter or fibrillation, or no ECG: "
    "have it looked at at once if it is a person's."
)
NO_QRS = (
    "No QRS complex stands out: the waves are small and round. This may be ventricular standstill (P waves alone) or "
    "fine ventricular fibrillation, electrodes that came off, or a wrong unit: have it looked at at once if it is a "
    "person's."
)


@dataclass(frozen=True)
class Limits:
    """A window shows fast and wide waves if its peakedness is lower and its share and repeat are higher."""

    peakedness: float
    share: float
    repeat: float


# Limits for a warning. 12 of the 17,418 records of folds 1-8 of PTB-XL are within one of the two: 0.07 %; with lead I
# alone 0.09 %, II 0.1 %, V5 0.05 %. All 12 are fast hearts with wide QRS complexes. Of tachycardias made of real beats
# with left bundle branch block, 150 to 250 per minute, 99 % get a warning or a refusal.
WITHOUT_REST = Limits(7.0, 0.75, 0.3)
REGULAR = Limits(12.0, 0.75, 0.85)
# For a recording that is refused anyway: these limits choose the reason. A sine of 2 Hz or more is within them;
# electrode motion without an ECG is not.
REFUSED = Limits(10.0, 0.55, 0.22)
# The same, for bursts of fibrillation. A square wave of the same rate has a share of 0.92 at most.
BURSTS = Limits(18.0, 0.93, 0.3)

# The steepest change within STEP_S in any lead, in mV: with all chest leads, with six leads, with fewer. The lowest
# values in folds 1-8 of PTB-XL are 0.53, 0.26 and 0.09 mV. Of its 17,418 records, 0 and 0 are below the first two
# limits; 3 (lead I), 4 (II) and 1 (V5) are below the third. In these 8 hardly any QRS complex is visible.
STEP_S = 0.02
STEP_WITH_CHEST_MV, STEP_OF_SIX_MV, STEP_MV = 0.3, 0.2, 0.13
# With fewer leads, the limit is higher if all waves are round (see sampling_rate.py for the edge): P waves of a
# strained atrium are as high as the smallest QRS complexes. 2 (lead I), 5 (II) and 2 (V5) records are below both
# limits.
ROUND_STEP_MV, ROUND_EDGE_HZ = 0.16, 9.0
# Waves are small if their range is below this multiple of the step. A slow drift has a larger range.
SMALL_RANGE = 3.0


@dataclass(frozen=True)
class Waves:
    """The measures of a window; see the top of the module."""

    peakedness: float
    share: float
    repeat: float

    def within(self, limits: Limits) -> bool:
        low = self.peakedness < limits.peakedness
        return low and self.share > limits.share and self.repeat > limits.repeat


def peakedness(prepared: ModelInput) -> Signal:
    """[present leads of all windows]: high if a few slopes, those of QRS complexes, are far steeper than the others."""
    rows = _rows(prepared)
    return _slope_kurtosis(rows[0]) if len(rows) == 1 else np.concatenate([_slope_kurtosis(each) for each in rows])


def fast_windows(prepared: ModelInput, peaked: Signal, *limits: Limits) -> int:
    """The number of windows within one of the limits. peaked: the result of peakedness()."""
    return sum(any(waves.within(each) for each in limits) for waves in _windows(prepared, peaked, limits))


def without_qrs(prepared: ModelInput, *, edge_hz: float = np.inf, small: bool = False) -> bool:
    """Whether no change in any lead is as steep as a QRS complex. small: all waves must also be small."""
    present = set(prepared.leads)
    few = ROUND_STEP_MV if edge_hz < ROUND_EDGE_HZ else STEP_MV
    limit = STEP_OF_SIX_MV if set(LIMB_LEADS) <= present else few
    limit = STEP_WITH_CHEST_MV if set(CHEST_LEADS) <= present else limit
    step = round(STEP_S * MODEL_FS_HZ)
    for rows in _rows(prepared):
        if np.abs(rows[:, step:] - rows[:, :-step]).max() >= limit:
            return False
        if small and np.ptp(rows, axis=1).max() >= SMALL_RANGE * limit:
            return False
    return True


def _rows(prepared: ModelInput) -> list[Signal]:
    """[present leads, samples] of each window, without padding: the step at its edge would look like a QRS complex."""
    made = []
    for window, mask, (start_s, end_s) in zip(prepared.signal, prepared.lead_mask, prepared.spans_s, strict=True):
        made.append(window[mask > 0, : round((end_s - start_s) * MODEL_FS_HZ)])
    return made


def _slope_kurtosis(rows: Signal) -> Signal:
    slopes = np.diff(rows, axis=1)
    squares = (slopes - slopes.mean(axis=1, keepdims=True)) ** 2
    kurtosis: Signal = (squares**2).mean(axis=1) / (squares.mean(axis=1) ** 2 + TINY)
    return kurtosis


def _windows(prepared: ModelInput, peaked: Signal, limits: tuple[Limits, ...]) -> Iterator[Waves]:
    """The windows whose peakedness is low enough for one of the limits. The spectrum is computed only for them."""
    highest = max(each.peakedness for each in limits)
    first = 0
    for number, count in enumerate(prepared.lead_mask.sum(axis=1).astype(int).tolist()):
        typical = float(median(peaked[first : first + count])[0])
        first += count
        if typical < highest:
            yield Waves(typical, *_spectral(_rows(prepared)[number]))


def _spectral(rows: Signal) -> tuple[float, float]:
    """(share, repeat) of the mean spectrum. Each lead counts the same."""
    spectrum = np.fft.rfft(rows, WINDOW_SAMPLES, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    power /= power[:, _bins(BELOW_HZ).start :].sum(axis=1, keepdims=True) + TINY
    mean = power.mean(axis=0)
    below, waves, above = (float(mean[_bins(band)].sum()) for band in (BELOW_HZ, WAVES_HZ, ABOVE_HZ))
    inside = mean[_bins(REPEAT_HZ)]
    repeat = _cosines() @ inside / (inside.sum() + TINY)
    return waves / (below + waves + above + TINY), float(repeat.max())


@cache
def _cosines() -> NDArray[np.float64]:
    """[lags, bins]: turns the power in REPEAT_HZ into the autocorrelation at LAGS_S."""
    inside = _bins(REPEAT_HZ)
    first, last = (round(lag * MODEL_FS_HZ) for lag in LAGS_S)
    turns = np.outer(np.arange(first, last + 1), np.arange(inside.start, inside.stop)) / WINDOW_SAMPLES
    return np.asarray(np.cos(2 * np.pi * turns))


def _bins(band_hz: tuple[float, float]) -> slice:
    per_hz = WINDOW_SAMPLES / MODEL_FS_HZ
    return slice(round(band_hz[0] * per_hz), round(band_hz[1] * per_hz) + 1)

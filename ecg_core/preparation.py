"""Recording -> ModelInput: gaps closed, limb leads derived, 100 Hz, windows of 10 s, lead masks."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS, LIMB_FROM_I_II, LIMB_LEADS
from ecg_core.recording import Recording

MODEL_FS_HZ = 100.0
WINDOW_S = 10.0
WINDOW_SAMPLES = 1000
# Five seconds hold four beats at 50 per minute; below that the network was not trained.
MIN_DURATION_S = 5.0
# Two minutes spread over a recording: more windows move the mean by less than a window's own spread and cost 4 ms each.
MAX_WINDOWS = 12
# A gap up to this length is bridged by a line: shorter than an RR interval, so no beat is invented.
MAX_BRIDGED_GAP_S = 0.2
# A lead that lacks more than this share of a window is left out of it.
MAX_MISSING_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class ModelInput:
    """signal: [windows, 12, 1000] mV at 100 Hz, zero where absent. lead_mask: [windows, 12], 1 present, 0 absent."""

    signal: NDArray[np.float32]
    lead_mask: NDArray[np.float32]
    corrections: tuple[str, ...]

    @property
    def leads(self) -> tuple[str, ...]:
        """Leads that are present in any window."""
        present = self.lead_mask.max(axis=0).tolist()
        return tuple(lead for lead, there in zip(LEADS, present, strict=True) if there)


def prepare(recording: Recording) -> ModelInput:
    """The windows that the network reads. The recording's leads are taken to be fit (see quality.usable)."""
    signal, missing, corrections = _without_gaps(recording)
    signal, missing = _at_model_rate(signal, missing, recording.fs_hz)
    if recording.fs_hz != MODEL_FS_HZ:
        corrections.append(f"resampled from {recording.fs_hz:.7g} to 100 Hz")
    samples = signal.shape[1]
    starts = _window_starts(samples)
    if samples < WINDOW_SAMPLES:
        corrections.append(f"padded from {samples / MODEL_FS_HZ:.1f} to 10 s")
    elif samples > WINDOW_SAMPLES:
        corrections.append(f"read in {len(starts)} windows of 10 s" if len(starts) > 1 else "cropped to the first 10 s")
    windows = np.zeros((len(starts), len(LEADS), WINDOW_SAMPLES), np.float32)
    masks = np.zeros((len(starts), len(LEADS)), np.float32)
    rows = [LEADS.index(lead) for lead in recording.leads]
    for index, start in enumerate(starts):
        piece = signal[:, start : start + WINDOW_SAMPLES]
        windows[index, rows, : piece.shape[1]] = piece - np.median(piece, axis=1, keepdims=True)
        masks[index, rows] = 1
        if missing is not None:
            absent = missing[:, start : start + WINDOW_SAMPLES].mean(axis=1) > MAX_MISSING_SHARE
            gone = np.array(rows)[absent]
            windows[index, gone] = 0
            masks[index, gone] = 0
    kept = masks.any(axis=1)
    windows, masks = windows[kept], masks[kept]
    derived = _derive_limb_leads(windows, masks)
    if derived:
        corrections.append(f"{', '.join(derived)} derived from the other limb leads")
    return ModelInput(windows, masks, (*recording.corrections, *corrections))


def _without_gaps(recording: Recording) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None, list[str]]:
    """Signal without NaN, where a long gap was, what to say. Short gaps are bridged, long ones zero after centring."""
    signal = recording.signal
    gaps = np.isnan(signal)
    if not gaps.any():
        return signal, None, []
    signal = signal.copy()
    longest = round(MAX_BRIDGED_GAP_S * recording.fs_hz)
    bridged = 0
    for row, gap in zip(signal, gaps, strict=True):
        if not gap.any():
            continue
        if gap.all():
            row[:] = 0
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], gap.view(np.int8), [0]))))
        centre = np.float32(np.median(row[~gap]))
        known = np.flatnonzero(~gap)
        row[gap] = np.interp(np.flatnonzero(gap), known, row[known])
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if end - start <= longest:
                gap[start:end] = False
                bridged += 1
            else:
                row[start:end] = centre
    said = [f"{bridged} short gaps bridged"] if bridged else []
    if gaps.any():
        said.append("gaps in the signal set to the baseline")
    return signal, gaps if gaps.any() else None, said


def _at_model_rate(
    signal: NDArray[np.float32], missing: NDArray[np.bool_] | None, fs_hz: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    if fs_hz == MODEL_FS_HZ:
        return signal, missing
    import soxr

    resampled = np.ascontiguousarray(soxr.resample(signal.T, fs_hz, MODEL_FS_HZ, quality="HQ").T, dtype=np.float32)
    if missing is not None:
        nearest = np.minimum(np.arange(resampled.shape[1]) * (fs_hz / MODEL_FS_HZ), signal.shape[1] - 1).astype(int)
        missing = missing[:, nearest]
    return resampled, missing


def _window_starts(samples: int) -> list[int]:
    """Evenly spaced starts; two windows overlap rather than leave more than half a second unread."""
    count = min(MAX_WINDOWS, max(1, math.ceil((samples - 50) / WINDOW_SAMPLES)))
    if count == 1:
        return [0]
    return [round(start) for start in np.linspace(0, samples - WINDOW_SAMPLES, count)]


def _derive_limb_leads(windows: NDArray[np.float32], masks: NDArray[np.float32]) -> list[str]:
    """Fills in place the limb leads that follow from two others; gives the names of those filled in any window."""
    limb = len(LIMB_LEADS)
    derived: set[str] = set()
    for window, mask in zip(windows, masks, strict=True):
        present = [row for row in range(limb) if mask[row]]
        if len(present) < 2 or len(present) == limb:
            continue
        coefficients = np.array([LIMB_FROM_I_II[LIMB_LEADS[row]] for row in present])
        i_ii = np.linalg.lstsq(coefficients, window[present], rcond=None)[0]
        for row in set(range(limb)) - set(present):
            window[row] = np.array(LIMB_FROM_I_II[LIMB_LEADS[row]]) @ i_ii
            mask[row] = 1
            derived.add(LIMB_LEADS[row])
    return [lead for lead in LIMB_LEADS if lead in derived]

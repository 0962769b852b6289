"""Recording -> ModelInput: windows of 10 s at 100 Hz, gaps closed, limb leads derived, lead masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SignalMissing
from ecg_core.leads import LEADS, LIMB_FROM_I_II, LIMB_LEADS
from ecg_core.recording import MAX_UNREAD_S, WINDOW_S, Recording, window_starts
from ecg_core.signal.median import median
from ecg_core.signal.resampling import MODEL_FS_HZ, resampled

WINDOW_SAMPLES = 1000
# Five seconds hold four beats at 50 per minute. The network was not trained on less.
MIN_DURATION_S = 5.0
# A window that is shorter than 10 s by less than this does not count as padded: files round their rates.
ROUNDING_S = 0.05
# The resampling filter reads this far beyond the edges of a window, if there is signal.
MARGIN_S = 0.5
# A gap up to this length is filled with a straight line. Shorter than an RR interval, it hides one beat at most.
MAX_BRIDGED_GAP_S = 0.2
# If more than this share of a lead is missing in a window, the lead counts as absent there.
MAX_MISSING_SHARE = 0.3

Signal = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ModelInput:
    """signal: [windows, 12, 1000] mV at 100 Hz, zero where absent. lead_mask: [windows, 12], 1 present, 0 absent.

    whole: whether the windows cover the whole recording. spans_s: start and end of each window in the recording.
    """

    signal: Signal
    lead_mask: Signal
    corrections: tuple[str, ...]
    whole: bool = True
    spans_s: tuple[tuple[float, float], ...] = ()

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """The leads that are present in every window."""
        return leads_of(self.lead_mask.min(axis=0))


def leads_of(mask: Signal) -> tuple[str, ...]:
    """The names of the leads that are present in a mask [12]."""
    return tuple(lead for lead, there in zip(LEADS, mask.tolist(), strict=True) if there)


def prepare(recording: Recording) -> ModelInput:
    """The windows that the network reads. Call quality.usable first: it removes leads without a signal.

    Raises SignalMissing if in each window every lead is mostly missing.
    """
    rows = [LEADS.index(lead) for lead in recording.leads]
    starts = window_starts(recording.duration_s)
    signal = np.zeros((len(starts), len(LEADS), WINDOW_SAMPLES), np.float32)
    mask = np.zeros((len(starts), len(LEADS)), np.float32)
    bridged, holes = 0, False
    for index, start_s in enumerate(starts):
        piece, missing, closed = _window(recording, start_s)
        bridged += closed
        signal[index, rows, : piece.shape[1]] = piece
        mask[index, rows] = 1
        if missing is not None:
            holes = True
            gone = np.array(rows)[missing.mean(axis=1) > MAX_MISSING_SHARE]
            signal[index, gone] = 0
            mask[index, gone] = 0
    kept = mask.any(axis=1)
    if not kept.any():
        raise SignalMissing("No lead is there for ten seconds in one piece.")
    signal, mask = signal[kept], mask[kept]
    derived = _derive_limb_leads(signal, mask)
    whole = recording.duration_s <= len(signal) * WINDOW_S + MAX_UNREAD_S
    corrections = _corrections(recording, mask, whole, bridged, holes, derived)
    spans_s = tuple(
        (starts[index], min(starts[index] + WINDOW_S, recording.duration_s)) for index in np.flatnonzero(kept).tolist()
    )
    return ModelInput(signal, mask, (*recording.corrections, *corrections), whole, spans_s)


def _window(recording: Recording, start_s: float) -> tuple[Signal, NDArray[np.bool_] | None, int]:
    """(signal [leads, up to 1000] minus its median, mask of missing samples or None, number of gaps bridged)."""
    fs_hz = recording.fs_hz
    first = round(start_s * fs_hz)
    begin = max(0, first - round(MARGIN_S * fs_hz))
    end = round((start_s + WINDOW_S + MARGIN_S) * fs_hz)
    piece, missing, bridged = _without_gaps(recording.between(begin, end), fs_hz)
    offset = round((first - begin) * MODEL_FS_HZ / fs_hz)
    piece = resampled(piece, fs_hz)[:, offset : offset + WINDOW_SAMPLES]
    if missing is None:
        return piece - median(piece), None, bridged
    nearest = (np.arange(piece.shape[1]) + offset) * (fs_hz / MODEL_FS_HZ)
    missing = missing[:, np.minimum(nearest.astype(int), missing.shape[1] - 1)]
    piece = piece.copy()
    for lead, hole in zip(piece, missing, strict=True):
        lead -= median(lead[~hole])[0] if not hole.all() else 0
        lead[hole] = 0
    return piece, missing, bridged


def _without_gaps(piece: Signal, fs_hz: float) -> tuple[Signal, NDArray[np.bool_] | None, int]:
    """(the piece without NaN, mask of the gaps too long to be bridged or None, number of gaps bridged)."""
    gaps = np.isnan(piece)
    if not gaps.any():
        return piece, None, 0
    piece = piece.copy()
    longest = round(MAX_BRIDGED_GAP_S * fs_hz)
    bridged = 0
    for lead, gap in zip(piece, gaps, strict=True):
        if gap.all():
            lead[:] = 0
        elif gap.any():
            known = np.flatnonzero(~gap)
            lead[gap] = np.interp(np.flatnonzero(gap), known, lead[known])
            edges = np.flatnonzero(np.diff(np.concatenate(([0], gap.view(np.int8), [0]))))
            for start, end in zip(edges[::2], edges[1::2], strict=True):
                if end - start <= longest:
                    gap[start:end] = False
                    bridged += 1
    return piece, gaps if gaps.any() else None, bridged


def limb_weights(present: Sequence[str]) -> NDArray[np.float64]:
    """[6, present]: the matrix that computes the six limb leads from two or more of them, by least squares."""
    i_and_ii = np.linalg.pinv(np.array([LIMB_FROM_I_II[lead] for lead in present]))
    return np.asarray(np.array(list(LIMB_FROM_I_II.values())) @ i_and_ii)


def _derive_limb_leads(signal: Signal, mask: Signal) -> list[str]:
    """Computes, in place, the limb leads that follow from two others. Returns the names of these leads."""
    limb = len(LIMB_LEADS)
    derived: set[str] = set()
    for window, there in zip(signal, mask, strict=True):
        present = [row for row in range(limb) if there[row]]
        if len(present) < 2 or len(present) == limb:
            continue
        limb_leads = limb_weights([LIMB_LEADS[row] for row in present]) @ window[present]
        for row in set(range(limb)) - set(present):
            window[row] = limb_leads[row]
            there[row] = 1
            derived.add(LIMB_LEADS[row])
    return [lead for lead in LIMB_LEADS if lead in derived]


def _corrections(
    recording: Recording, mask: Signal, whole: bool, bridged: int, holes: bool, derived: list[str]
) -> list[str]:
    """What was changed in the recording, in words."""
    windows, said = len(mask), []
    if bridged:
        said.append(f"short gaps bridged: {bridged}")
    if holes:
        said.append("longer gaps set to the baseline")
    if recording.fs_hz != MODEL_FS_HZ:
        said.append(f"resampled from {recording.fs_hz:.7g} to 100 Hz")
    if recording.duration_s < WINDOW_S - ROUNDING_S:
        said.append(f"padded from {recording.duration_s:.4g} to 10 s")
    elif windows > 1:
        said.append(f"read in {windows} windows of 10 s" + ("" if whole else ", evenly spaced"))
    elif recording.duration_s > WINDOW_S + ROUNDING_S:
        said.append("cropped to 10 s")
    if derived:
        said.append(f"{', '.join(derived)} derived from the other limb leads")
    for lead, count in zip(LEADS, mask.sum(axis=0).tolist(), strict=True):
        if 0 < count < windows:
            said.append(f"{lead} read in {count:.0f} of the windows only")
    return said

"""The records of a hospital through the road of the product, with the model's own calibration."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np

from ecg_core.classification import SUPERCLASSES, Classification
from ecg_core.errors import EcgError
from ecg_core.leads import CHEST_LEADS, LEADS, LIMB_LEADS, lead_set_of
from ecg_core.metrics import Floats
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.model.classifier import Classifier, Seen
from ecg_core.readers import read
from ecg_core.readers.paths import Input
from ecg_core.recording import LargeFiles, Recording
from ecg_core.signal.quality.sampling_rate import spectral_edge_hz
from ecg_core.signal.quality.windows import power_of, spectral_shares

T = TypeVar("T")
R = TypeVar("R")
# Half of what lies beyond them is the R wave of a beat, and none of it a single spike.
LOWEST, HIGHEST = 0.5, 99.5


@dataclass(frozen=True, eq=False)
class Observed:
    """One record. refusal: the code, or None; then the rest is there.

    lead_set: None if nothing was measured for its leads. log_odds: [windows, 5], calibrated by the model card.
    answered: whether it has a diagnosis. warnings: codes. quantities: what is compared with PTB-XL, NaN if unknown.
    signal: a digest of what the network read. Copies of a recording have the same, whatever their files are called.
    """

    refusal: str | None
    lead_set: str | None = None
    log_odds: Floats = field(default_factory=lambda: np.zeros((0, len(SUPERCLASSES))))
    answered: bool = False
    warnings: frozenset[str] = frozenset()
    quantities: dict[str, float] = field(default_factory=dict)
    signal: bytes = b""


def own_classifier() -> Classifier:
    """The model with its own calibration, whatever EKG_CALIBRATION says."""
    return Classifier(artifacts_folder())


def observed(classifier: Classifier, source: LargeFiles | Recording, **options: Any) -> Observed:
    """options: of ecg_core.read()."""
    try:
        recording = source if isinstance(source, Recording) else read(source, **options)
        seen = classifier.see(recording)
        return _observed(classifier, seen, classifier.answer(recording, seen))
    except EcgError as error:
        return Observed(error.code)


def observed_input(classifier: Classifier, item: Input, **options: Any) -> Observed:
    try:
        return observed(classifier, item.files(), **options)
    except EcgError as error:
        return Observed(error.code)


def _observed(classifier: Classifier, seen: Seen, result: Classification) -> Observed:
    known = lead_set_of(seen.prepared.leads)
    windows = zip(seen.sets, seen.outputs.logits, strict=True)
    return Observed(
        refusal=None,
        lead_set=known[0] if known else None,
        log_odds=np.array([classifier.calibrations[name].log_odds(row) for name, row in windows]),
        answered=result.conclusive,
        warnings=frozenset(notice.code for notice in result.quality),
        quantities=_quantities(seen, result),
        signal=blake2b(seen.prepared.signal.tobytes(), digest_size=16).digest(),
    )


def _quantities(seen: Seen, result: Classification) -> dict[str, float]:
    """What describes a recording, by name. Units are in the names."""
    signal, there = seen.prepared.signal, seen.prepared.lead_mask > 0
    power = power_of(signal[there])
    noise, wander = spectral_shares(power)
    heights = np.where(there, np.diff(np.percentile(signal, [LOWEST, HIGHEST], axis=2), axis=0)[0], np.nan)
    measured = result.measurements
    return {
        "amplitude of limb leads (mV)": _median(heights, LIMB_LEADS),
        "amplitude of chest leads (mV)": _median(heights, CHEST_LEADS),
        "power above 20 Hz (share)": noise,
        "baseline wander (ratio)": wander,
        "90 % of the power is below (Hz)": spectral_edge_hz(power),
        "heart rate (/min)": np.nan if measured.heart_rate_bpm is None else float(measured.heart_rate_bpm),
        "QRS (ms)": np.nan if measured.qrs_ms is None else float(measured.qrs_ms),
    }


def _median(heights: Floats, leads: Sequence[str]) -> float:
    """Over windows and leads that are there. NaN if none is. heights: [windows, 12]."""
    some = heights[:, [LEADS.index(lead) for lead in leads]]
    return float(np.nanmedian(some)) if np.isfinite(some).any() else np.nan


def each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """work(item) of each, in order, on all cores. A terminal shows a progress bar."""
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    given = list(items)
    # numpy gets one thread. With several threads of its own beside this pool it takes four times as long.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(tqdm(pool.map(work, given), total=len(given), unit=" records", disable=None))

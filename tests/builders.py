"""Recordings and results for tests: beats as bumps, different in every lead."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import (
    DIAGNOSES,
    SUPERCLASSES,
    Classification,
    Explanation,
    Notice,
    Performance,
)
from ecg_core.identity import ModelIdentity
from ecg_core.leads import LEADS, LIMB_FROM_I_II
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.recording import Recording
from ecg_core.statements import Statement

HEIGHTS_MV = {"I": 0.7, "II": 1.1, "V1": -0.8, "V2": -0.5, "V3": 0.4, "V4": 1.2, "V5": 1.1, "V6": 0.9}


def beats(duration_s: float, fs_hz: float, rate_bpm: float = 70.0) -> NDArray[np.float64]:
    """[samples], one: a P wave, a narrow QRS complex and a T wave at a steady rate."""
    time = np.arange(round(duration_s * fs_hz)) / fs_hz
    phase = (time + 0.3) % (60 / rate_bpm)
    waves = ((0.10, 0.16, 0.025), (1.0, 0.32, 0.012), (-0.15, 0.355, 0.010), (0.25, 0.60, 0.05))
    return np.sum([height * np.exp(-0.5 * ((phase - at) / width) ** 2) for height, at, width in waves], axis=0)


def make_recording(
    leads: Sequence[str] = LEADS,
    fs_hz: float = 500.0,
    duration_s: float = 10.0,
    noise_mv: float = 0.01,
    seed: int = 0,
    scale: float = 1.0,
) -> Recording:
    """A plausible recording whose limb leads obey Einthoven and Goldberger."""
    shape = beats(duration_s, fs_hz)
    rng = np.random.default_rng(seed)
    independent = {
        lead: height * shape + noise_mv * rng.standard_normal(len(shape)) for lead, height in HEIGHTS_MV.items()
    }
    rows = []
    for lead in leads:
        if lead in LIMB_FROM_I_II:
            from_i, from_ii = LIMB_FROM_I_II[lead]
            rows.append(from_i * independent["I"] + from_ii * independent["II"])
        else:
            rows.append(independent[lead])
    signal = (scale * np.array(rows)).astype(np.float32)
    return Recording(signal, fs_hz, tuple(leads), "test", "0" * 64)


def make_statement(code: str, probability: float, threshold: float = 0.5) -> Statement:
    """A statement of PTB-XL."""
    (one,) = (one for one in STATEMENTS if one.code == code)
    return Statement(code, one.name, one.name_de, one.kind, probability, threshold, one.snomed)


def make_classification(
    probabilities: Mapping[str, float] | None = None,
    quality: tuple[Notice, ...] = (),
    published: Sequence[Statement] = (),
) -> Classification:
    """A result with thresholds of .5; probabilities not given are .01."""
    given = {**dict.fromkeys(SUPERCLASSES, 0.01), **(probabilities or {})}
    recording = make_recording(("I",))
    return Classification(
        recording=recording,
        leads=("I",),
        windows=1,
        corrections=(),
        probabilities=given,
        thresholds=dict.fromkeys(SUPERCLASSES, 0.5),
        model=ModelIdentity("test", "0", "f" * 64),
        expected_performance=Performance("I", {"NORM": 0.9, "CD": 0.8, "STTC": 0.8}, "nothing"),
        quality=quality,
        published=tuple(published),
    )


def make_explanation(
    evidence: Mapping[str, Sequence[float]],
    spans_s: Sequence[Sequence[tuple[float, float]]],
    about: str = "CD",
    window_s: tuple[float, float] = (0.0, 10.0),
) -> Explanation:
    """evidence: for the class, of each lead. spans_s: of P, QRS, ST-T and rest, as many as are given."""
    rows = {lead: tuple(row) for lead, row in evidence.items()}
    nothing = {lead: (0.0,) * len(spans_s) for lead in evidence}
    return Explanation(
        about=about,
        reference="normal",
        window_s=window_s,
        beats_s=(),
        segments=("P", "QRS", "ST-T", "rest")[: len(spans_s)],
        spans_s=tuple(tuple(spans) for spans in spans_s),
        evidence={label: rows if label == about else nothing for label in DIAGNOSES},
        beats=dict.fromkeys(DIAGNOSES, ()),
    )

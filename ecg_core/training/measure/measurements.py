"""`ekg measure-check`: the measurements against the labels of PTB-XL, and against the synthetic heart.

A label such as "first degree AV block" was given by a cardiologist, often after the measurement of the device. The AUC
says how well the measured number alone separates the records with the label from those without it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecg_core import metrics
from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.measurements import Measurements, measure
from ecg_core.metrics import Bools, Floats
from ecg_core.readers import read
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.waves import WAVES
from ecg_core.training.data.ptbxl import VALIDATION_FOLD, PtbXl, read_ptbxl, record_files

FIELDS = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "axis_deg")
# Fewer labels give no useful interval.
MIN_POSITIVES = 5
# Left anterior fascicular block turns the axis to the left and up, left posterior to the right and down. Each score is
# the angle from the middle between them, so that it does not jump at 180 degrees.
NORMAL_AXIS_DEG = 30.0


@dataclass(frozen=True)
class Check:
    """label: a statement of PTB-XL. value: the number whose high values speak for the label."""

    label: str
    of: str
    value: Callable[[Measurements], float | None]


def _number(name: str, sign: float = 1.0) -> Callable[[Measurements], float | None]:
    def value(measured: Measurements) -> float | None:
        found = getattr(measured, name)
        return None if found is None else sign * found

    return value


def _turn(sign: float) -> Callable[[Measurements], float | None]:
    def value(measured: Measurements) -> float | None:
        if measured.axis_deg is None:
            return None
        return sign * ((measured.axis_deg - NORMAL_AXIS_DEG + 180) % 360 - 180)

    return value


def _irregular(measured: Measurements) -> float | None:
    return None if measured.rhythm is None else float(measured.rhythm == "irregular")


def _no_p(measured: Measurements) -> float | None:
    return None if measured.qrs_ms is None else float(measured.pr_ms is None)


CHECKS = (
    Check("SBRAD", "heart rate, low", _number("heart_rate_bpm", -1)),
    Check("STACH", "heart rate", _number("heart_rate_bpm")),
    Check("1AVB", "PR", _number("pr_ms")),
    Check("CLBBB", "QRS", _number("qrs_ms")),
    Check("CRBBB", "QRS", _number("qrs_ms")),
    Check("IVCD", "QRS", _number("qrs_ms")),
    Check("LNGQT", "QTc", _number("qtc_ms")),
    Check("LAFB", "axis, to the left", _turn(-1)),
    Check("LPFB", "axis, to the right", _turn(1)),
    Check("AFIB", "irregular", _irregular),
    Check("AFIB", "no PR", _no_p),
)


def against_labels(ptbxl: Path, folds: tuple[int, ...] = (VALIDATION_FOLD,), every: int = 1) -> dict[str, Any]:
    """AUC with intervals by patient, and how often each number is missing. every: only each n-th record."""
    labels = read_ptbxl(ptbxl, folds)
    labels = labels.select(np.arange(len(labels)) % every == 0)
    measured = [measure(read(record_files(path))) for path in labels.paths]
    return {
        "n": len(labels),
        "labels": [_auc(check, labels, measured) for check in CHECKS],
        "missing": {
            name: metrics.wilson(sum(getattr(one, name) is None for one in measured), len(measured)) for name in FIELDS
        },
        "normal": _normal(labels, measured),
    }


def _auc(check: Check, labels: PtbXl, measured: list[Measurements]) -> dict[str, Any]:
    """Over the records that have the number."""
    values = [check.value(one) for one in measured]
    known = np.array([value is not None for value in values])
    with_label = _with(labels, check.label)
    truth = with_label[known]
    score = np.array([value for value in values if value is not None], np.float64)
    weights = np.concatenate([np.ones((1, len(score))), metrics.bootstrap_weights(labels.patient_ids[known])])
    return {
        "label": check.label,
        "of": check.of,
        "positives": int(truth.sum()),
        "unmeasured": int(with_label[~known].sum()),
        "auc": metrics.estimate(metrics.auc_of_draws(truth, score, weights)) if truth.sum() >= MIN_POSITIVES else None,
        "median": _median(score[truth]),
        "median_of_others": _median(score[~truth]),
    }


def _with(labels: PtbXl, label: str) -> Bools:
    """[records]. False everywhere if the data set does not know the label."""
    names = labels.statement_names
    return labels.statements[:, names.index(label)] if label in names else np.zeros(len(labels), np.bool_)


def _normal(labels: PtbXl, measured: list[Measurements]) -> dict[str, Any]:
    """2.5th, 50th and 97.5th percentile of each number in normal ECGs."""
    normal = np.flatnonzero(_with(labels, "NORM")).tolist()
    found: dict[str, Any] = {}
    for name in FIELDS:
        values = [getattr(measured[row], name) for row in normal]
        known = [value for value in values if value is not None]
        found[name] = np.percentile(known, [2.5, 50, 97.5]).round(1).tolist() if known else None
    return found


def _median(values: Floats) -> float | None:
    return float(np.median(values)) if len(values) else None


@dataclass(frozen=True)
class Truth:
    """What a rhythm of waves.py shows, in ms after the R wave. P and QRS begin and end at VISIBLE of their pulses."""

    pr_ms: float
    qrs_ms: float
    qt_ms: float


# A Gaussian pulse has 4 % of its height left after 2.5 standard deviations.
VISIBLE = 2.5
P_BEFORE_S = -0.1


def truth_of(rhythm: str, rate_bpm: float) -> Truth:
    shrink = (60 / rate_bpm) ** (1 / 3)
    waves = WAVES[rhythm]
    p = min(wave.at_s - VISIBLE * wave.rise_s for wave in waves if wave.at_s < P_BEFORE_S)
    qrs = [wave for wave in waves if wave.at_s >= P_BEFORE_S and not wave.follows_rate]
    onset = min(wave.at_s - VISIBLE * wave.rise_s for wave in qrs)
    end = max(wave.at_s + VISIBLE * wave.fall_s for wave in qrs)
    t_end = max((wave.at_s + VISIBLE * wave.fall_s) * shrink for wave in waves if wave.follows_rate)
    return Truth(1000 * (onset - p), 1000 * (end - onset), 1000 * (t_end - onset))


# One thing is changed at a time: {what: the arguments of synthesize(), and the leads}.
USUAL: dict[str, Any] = {"rhythm": "normal", "fs_hz": 500.0, "noise_mv": 0.02, "heart_rate_bpm": 70.0, "leads": LEADS}
CHANGES: dict[str, tuple[Any, ...]] = {
    "fs_hz": (50.0, 100.0, 128.0, 250.0, 360.0, 512.508, 1000.0, 4000.0),
    "noise_mv": (0.0, 0.05, 0.1, 0.2),
    "heart_rate_bpm": (40.0, 55.0, 90.0, 110.0, 130.0, 150.0),
    "rhythm": ("lbbb", "rbbb", "st_depression", "t_inversion"),
    "leads": tuple(LEAD_SETS[name] for name in ("limb", "II", "V5", "I")),
}
SEEDS = 20


def against_synthesis(seeds: int = SEEDS) -> list[dict[str, Any]]:
    """Error of each interval (mean and standard deviation, ms) and how often it is missing, for each condition."""
    return [_errors(condition, seeds) for condition in _conditions()]


def _conditions() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "usual", USUAL
    for name, values in CHANGES.items():
        for value in values:
            said = ", ".join(value) if isinstance(value, tuple) else str(value)
            yield f"{name} {said}", {**USUAL, name: value}


def _errors(condition: tuple[str, dict[str, Any]], seeds: int) -> dict[str, Any]:
    said, settings = condition
    given = {name: value for name, value in settings.items() if name != "leads"}
    truth = truth_of(given["rhythm"], given["heart_rate_bpm"])
    made = [measure(synthesize(**given, seed=seed).only(settings["leads"])) for seed in range(seeds)]
    row: dict[str, Any] = {"condition": said}
    for name, true in (
        ("heart_rate_bpm", given["heart_rate_bpm"]),
        ("pr_ms", truth.pr_ms),
        ("qrs_ms", truth.qrs_ms),
        ("qt_ms", truth.qt_ms),
    ):
        errors = np.array([getattr(one, name) - true for one in made if getattr(one, name) is not None])
        mean, spread = (float(errors.mean()), float(errors.std())) if len(errors) else (None, None)
        row[name] = {"mean": mean, "sd": spread, "missing": seeds - len(errors)}
    return row


def lines(labels: dict[str, Any] | None, synthesis: list[dict[str, Any]]) -> Iterator[str]:
    """The figures as tables of text."""
    if labels:
        yield f"PTB-XL, {labels['n']} records: AUC of the number alone, 95 % interval by patient"
        for row in labels["labels"]:
            auc = row["auc"]
            said = "-" if auc is None else f"{auc['value']:.3f} ({auc['ci95'][0]:.3f} to {auc['ci95'][1]:.3f})"
            medians = f"median {row['median']} with, {row['median_of_others']} without"
            counts = f"n {row['positives']} (+{row['unmeasured']} null)"
            yield f"{row['label']:6} {row['of']:18} {said:24} {counts}; {medians}"
        for name, share in labels["missing"].items():
            yield f"{name:15} null in {100 * share['value']:.1f} %; normal ECGs: {labels['normal'][name]}"
    yield "Synthetic heart: error, mean ± standard deviation (missing)"
    for row in synthesis:
        said = "; ".join(f"{name} {_error(row[name])}" for name in ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms"))
        yield f"{row['condition']:32} {said}"


def _error(row: dict[str, Any]) -> str:
    return "-" if row["mean"] is None else f"{row['mean']:+.1f} ± {row['sd']:.1f} ({row['missing']})"

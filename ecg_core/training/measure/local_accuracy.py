"""`ekg local-accuracy`: how many labelled records a local calibration needs, on a simulated hospital and on real ones.

The simulated hospital is fold 9 with another device and another population. A number of its records is drawn to fit,
others are drawn to measure; both again and again.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.metrics import Bools, Floats
from ecg_core.model.classifier import Classifier
from ecg_core.population.fitting import Rule, fit, sigmoid
from ecg_core.population.measure import Cases
from ecg_core.population.prevalence import maximised, shift
from ecg_core.population.records import Observed, observed, observed_input
from ecg_core.readers import read
from ecg_core.readers.paths import find_inputs
from ecg_core.recording import Files, Recording
from ecg_core.training.data.conditions import BANDS_HZ, band, rng_of, with_noise
from ecg_core.training.data.ptbxl import INDEPENDENT_LEADS, VALIDATION_FOLD, read_ptbxl
from ecg_core.training.evaluate import DIAGNOSIS_COLUMNS
from ecg_core.training.measure.outcomes import each
from ecg_core.training.measure.transfer import codes_of, truth_of

COUNTS = (25, 50, 100, 200, 400, 800)
# Records that each fit is measured on. Always as many, because the ECE depends on their number.
MEASURED = 500
DRAWS = 200
# Another device: the filter of a monitor, a tenth less gain, and some noise of muscles.
BAND_HZ, GAIN, SNR_DB = (0.5, 40.0), 0.9, 15.0
# Another population: of the records that are NORM and nothing else, one in three.
NORMAL_KEPT = 1 / 3
# Of the few real records.
FEW_COUNTS = (5, 10, 15)
OWN, UNHELD, LOCAL, ESTIMATE = "own", "fit without shrinkage", "local", "estimate without labels"
# Probabilities that are right: their ECE is not 0, by chance.
PERFECT = "by chance"
CALIBRATIONS = (OWN, UNHELD, LOCAL, ESTIMATE, PERFECT)


class Hospital(NamedTuple):
    """truth: [n, 3], of DIAGNOSES. log_odds: [n, 3], calibrated by the model card. patients: [n]."""

    truth: Bools
    log_odds: Floats
    patients: NDArray[np.int64]


def local_accuracy(classifier: Classifier, ptbxl: Path, samples: Path | None) -> dict[str, Any]:
    """Figures of a hospital like PTB-XL, of another one, and of the records in the folder samples."""
    data = read_ptbxl(ptbxl, {VALIDATION_FOLD}).scored()
    truth = data.superclasses[:, DIAGNOSIS_COLUMNS]
    normal = truth[:, 0] & (data.superclasses.sum(axis=1) == 1)
    rng = np.random.default_rng(metrics.SEED)
    fewer = ~normal | (rng.random(len(data)) < NORMAL_KEPT)
    same = each(data, partial(_seen, classifier, changed=False), "as recorded")
    other = each(data, partial(_seen, classifier, changed=True), "another device")
    frequency = dict(zip(DIAGNOSES, truth.mean(axis=0).tolist(), strict=True))
    report: dict[str, Any] = {
        "as PTB-XL": curve(_hospital(same, truth, data.patient_ids, np.ones(len(data), np.bool_)), frequency),
        "another population": curve(_hospital(same, truth, data.patient_ids, fewer), frequency),
        "another population and device": curve(_hospital(other, truth, data.patient_ids, fewer), frequency),
        "model_sha256": classifier.identity.sha256,
    }
    return {**report, "samples": real(classifier, samples)} if samples else report


def _seen(classifier: Classifier, files: Files, *, changed: bool) -> Observed:
    recording = read(files)
    return observed(classifier, through_monitor(recording) if changed else recording)


def through_monitor(recording: Recording) -> Recording:
    """The same heart, recorded by another device."""
    spectrum = np.fft.rfft(recording.signal)
    frequency = np.fft.rfftfreq(recording.signal.shape[1], 1 / recording.fs_hz)
    passed = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    signal = GAIN * np.fft.irfft(spectrum * passed, recording.signal.shape[1])
    filtered = replace(recording, signal=signal.astype(np.float32))
    noise = band(
        (len(INDEPENDENT_LEADS), signal.shape[1]), recording.fs_hz, BANDS_HZ["muscle"], rng_of(recording, "monitor")
    )
    return with_noise(filtered, noise, SNR_DB)


def _hospital(records: Sequence[Observed], truth: Bools, patients: NDArray[np.int64], chosen: Bools) -> Hospital:
    """The chosen records that were read with twelve leads."""
    kept = [place for place in np.flatnonzero(chosen).tolist() if records[place].lead_set == "12"]
    log_odds = np.array([records[place].log_odds.mean(axis=0)[DIAGNOSIS_COLUMNS] for place in kept])
    return Hospital(truth[kept], log_odds, patients[kept])


def curve(
    hospital: Hospital, frequency: dict[str, float], counts: Sequence[int] = COUNTS, draws: int = DRAWS
) -> dict[str, Any]:
    """For each number of records: mean ECE and Brier score of NORM, CD and STTC, and how often it is better.

    frequency: of each class in PTB-XL.
    """
    rng = np.random.default_rng(metrics.SEED)
    report: dict[str, Any] = {
        "records": len(hospital.truth),
        "frequency": dict(zip(DIAGNOSES, hospital.truth.mean(axis=0).round(4).tolist(), strict=True)),
        "counts": {},
    }
    for count in counts:
        drawn = [_draw(hospital, count, frequency, rng) for _ in range(draws)]
        figures = {
            name: {measure: _spread(np.array([draw[name][measure] for draw in drawn])) for measure in ("ece", "brier")}
            for name in CALIBRATIONS
        }
        better = {
            name: round(float(np.mean([draw[name]["brier"] < draw[OWN]["brier"] for draw in drawn])), 3)
            for name in (UNHELD, LOCAL, ESTIMATE)
        }
        report["counts"][str(count)] = {**figures, "better_than_own": better}
    return report


def _draw(hospital: Hospital, count: int, frequency: dict[str, float], rng: np.random.Generator) -> Any:
    """{calibration: {"ece", "brier"}}, means of the three classes, on records of other patients."""
    unique, place = np.unique(hospital.patients, return_inverse=True)
    order = np.argsort(rng.permutation(len(unique))[place], kind="stable")
    fitted = order[:count]
    rest = order[count:][~np.isin(hospital.patients[order[count:]], hospital.patients[fitted])]
    measured = rng.permutation(rest)[:MEASURED]
    errors: dict[str, list[tuple[float, float]]] = {name: [] for name in CALIBRATIONS}
    for column, label in enumerate(DIAGNOSES):
        truth, log_odds = hospital.truth[fitted, column], hospital.log_odds[fitted, column]
        (now,) = maximised(sigmoid(log_odds), frequency[label], np.ones((1, count)))
        pairs = {
            **{name: _pair(name, truth, log_odds) for name in (OWN, UNHELD, LOCAL)},
            ESTIMATE: (1.0, shift(float(now), frequency[label])),
        }
        for name, (scale, bias) in pairs.items():
            probability = sigmoid(scale * hospital.log_odds[measured, column] + bias)
            errors[name].append(_errors(hospital.truth[measured, column], probability))
            if name == LOCAL:
                errors[PERFECT].append(_errors(rng.random(len(measured)) < probability, probability))
    means = {name: np.mean(values, axis=0) for name, values in errors.items()}
    return {name: {"ece": float(ece), "brier": float(brier)} for name, (ece, brier) in means.items()}


def _pair(name: str, truth: Bools, log_odds: Floats) -> tuple[float, float]:
    """(scale, bias)"""
    if name == OWN:
        return 1.0, 0.0
    return fit(truth, log_odds) if name == LOCAL else metrics.fit_logistic(truth, log_odds)


def _errors(truth: Bools, probability: Floats) -> tuple[float, float]:
    return metrics.expected_calibration_error(truth, probability), float(((probability - truth) ** 2).mean())


def _spread(values: Floats) -> dict[str, Any]:
    """The mean of the draws, and where 90 % of them are."""
    low, high = np.quantile(values, [0.05, 0.95])
    return {"mean": round(float(values.mean()), 4), "p5_p95": [round(float(low), 4), round(float(high), 4)]}


def real(classifier: Classifier, folder: Path) -> dict[str, Any]:
    """The same on few real records of other hospitals, whose headers have diagnoses as SNOMED codes."""
    truths, records = [], []
    for item in find_inputs([str(folder)]):
        codes = codes_of(item.paths[0].read_text(errors="replace")) if item.paths[0].suffix == ".hea" else set()
        one = observed_input(classifier, item) if codes else None
        if one and not one.refusal:
            truths.append(truth_of(codes))
            records.append(one)
    if not truths:
        raise ValueError("no record with a Dx comment in the folder of samples")
    truth, every = np.array(truths), np.arange(len(truths))
    log_odds = np.array([one.log_odds.mean(axis=0)[DIAGNOSIS_COLUMNS] for one in records])
    changes = np.zeros(len(every))
    classes: dict[str, Any] = {}
    for column, label in enumerate(DIAGNOSES):
        windows = [one.log_odds[:, SUPERCLASSES.index(label)] for one in records]
        cases = Cases.of(truth[:, column], every, windows)
        local, _ = cases.cross_fitted(Rule())
        own = cases.probability()
        change = (local - cases.truth) ** 2 - (own - cases.truth) ** 2
        changes += change / len(DIAGNOSES)
        classes[label] = {
            "positives": int(cases.truth.sum()),
            "own": round(float(((own - cases.truth) ** 2).mean()), 4),
            "change": _change(change),
        }
    return {
        "records": len(every),
        "cross_fitted": {"classes": classes, "mean_change": _change(changes)},
        "counts": {str(count): _few(truth, log_odds, count) for count in FEW_COUNTS},
    }


def _change(values: Floats) -> dict[str, Any] | None:
    weights = np.concatenate([np.ones((1, len(values))), metrics.bootstrap_weights(np.arange(len(values)))])
    return metrics.estimate(weights @ values / weights.sum(axis=1))


def _few(truth: Bools, log_odds: Floats, count: int) -> dict[str, Any]:
    """Brier score on the records that were not drawn, mean of the three classes."""
    rng = np.random.default_rng(metrics.SEED)
    found: dict[str, list[float]] = {OWN: [], UNHELD: [], LOCAL: []}
    for _ in range(DRAWS):
        order = rng.permutation(len(truth))
        fitted, rest = order[:count], order[count:]
        for name, values in found.items():
            scores = []
            for column in range(len(DIAGNOSES)):
                given = truth[fitted, column], log_odds[fitted, column]
                scale, bias = _pair(name, *given)
                scores.append(_errors(truth[rest, column], sigmoid(scale * log_odds[rest, column] + bias))[1])
            values.append(float(np.mean(scores)))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}

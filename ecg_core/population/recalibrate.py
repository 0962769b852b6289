"""`ekg recalibrate`: labelled ECGs of a hospital -> the content of a calibration file, with cross-fitted figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import SUPERCLASSES
from ecg_core.leads import LEAD_SETS
from ecg_core.model.classifier import Classifier
from ecg_core.model.local_calibration import sealed
from ecg_core.population.fitting import F1, Rule
from ecg_core.population.labels import Row
from ecg_core.population.measure import Cases, figures
from ecg_core.population.records import Observed
from ecg_core.population.refusals import PopulationRefused

# With fewer patients of either kind nothing is fitted: the values of the model stay.
MIN_PATIENTS = 5
# With fewer a fit may be worse than none: see the table in docs/accuracy.md.
FEW_PATIENTS = 20

Labelled = tuple[Row, Observed]


def recalibrated(
    classifier: Classifier, records: Sequence[Labelled], rules: Mapping[str, Rule], name: str
) -> dict[str, Any]:
    """The content of the file. rules: of each superclass, else the highest F1. name: of the calibration.

    Raises PopulationRefused if no class of any lead set has enough patients with it and without it.
    """
    kept, counts = _usable(records)
    patients = _patients([row for row, _ in kept])
    sets: dict[str, dict[str, Any]] = {}
    left: list[dict[str, Any]] = []
    warnings = _about_labels(kept)
    for lead_set in LEAD_SETS:
        for label in SUPERCLASSES:
            chosen = [
                place for place, (row, seen) in enumerate(kept) if seen.lead_set == lead_set and label in row.truth
            ]
            if not chosen:
                continue
            cases = _cases([kept[place] for place in chosen], label, patients[chosen])
            if min(cases.patients_with, cases.patients_without) < MIN_PATIENTS:
                left.append({"lead_set": lead_set, "class": label, **cases.counts})
                continue
            rule = rules.get(label, Rule())
            row = _row(classifier, lead_set, label, cases, rule)
            sets.setdefault(lead_set, {})[label] = row
            warnings += _doubts(f"{label}, leads {lead_set}", cases, rule, row["measured"])
    if not sets:
        raise PopulationRefused(
            "too_few_labels",
            f"No class has {MIN_PATIENTS} patients with it and {MIN_PATIENTS} without it among {len(kept)} records.",
            "Label more records. Without labels, `ekg drift` estimates how frequent the classes are.",
        )
    warnings += [
        f"{one['class']}, leads {one['lead_set']}: the model's own values stay. {one['patients_with']} patients with "
        f"it and {one['patients_without']} without it are too few: {MIN_PATIENTS} of each are needed."
        for one in left
    ]
    model = classifier.identity
    return sealed(
        {
            "name": name,
            "estimate": False,
            "model": {"name": model.name, "version": model.version, "sha256": model.sha256},
            "sets": sets,
            "not_fitted": left,
            "records": counts,
            "warnings": warnings,
        }
    )


def _usable(records: Sequence[Labelled]) -> tuple[list[Labelled], dict[str, Any]]:
    """The records that were classified, each signal once, and the counts of the others."""
    kept: dict[bytes, Labelled] = {}
    refused: Counter[str] = Counter()
    unknown_leads = twice = 0
    for row, seen in records:
        if seen.refusal:
            refused[seen.refusal] += 1
        elif seen.lead_set is None:
            unknown_leads += 1
        else:
            before, _ = kept.setdefault(seen.signal, (row, seen))
            twice += before is not row
            if before.truth != row.truth:
                message = f"Lines {before.line} and {row.line} of the labels differ about the same signal."
                raise PopulationRefused("labels_contradict", message, "Keep one file and one line of each recording.")
    return list(kept.values()), {
        "used": len(kept),
        "refused": dict(sorted(refused.items())),
        "leads_never_measured": unknown_leads,
        "same_signal": twice,
    }


def _patients(rows: Sequence[Row]) -> NDArray[np.int64]:
    """[records]: a number for each patient. A record without patient is one of its own."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(row.patient or row.line, len(known)) for row in rows], np.int64)


def _cases(records: Sequence[Labelled], label: str, patients: NDArray[np.int64]) -> Cases:
    column = SUPERCLASSES.index(label)
    truth = np.array([row.truth[label] for row, _ in records])
    return Cases.of(truth, patients, [seen.log_odds[:, column] for _, seen in records])


def _row(classifier: Classifier, lead_set: str, label: str, cases: Cases, rule: Rule) -> dict[str, Any]:
    """What the file says of one class and lead set. Scale and bias are those of the network's logit."""
    own = classifier.calibrations[lead_set]
    column = SUPERCLASSES.index(label)
    scale, bias = cases.fitted()
    return {
        "scale": round(scale * float(own.scale[column]), 6),
        "bias": round(scale * float(own.bias[column]) + bias, 6),
        "threshold": rule.threshold(cases.probability(scale, bias)),
        "rule": str(rule),
        "measured": figures(cases, rule, classifier.thresholds[lead_set][label]),
    }


def _about_labels(kept: Sequence[Labelled]) -> list[str]:
    said = []
    if not all(row.patient for row, _ in kept):
        said.append(
            "The labels do not name the patient of every record. If patients have several records, the intervals are "
            "too narrow: add a column `patient`."
        )
    both = sum(bool(row.truth.get("NORM")) and sum(row.truth.values()) > 1 for row, _ in kept)
    if both:
        said.append(f"{both} records are labelled NORM and have another class, too.")
    return said


def _doubts(where: str, cases: Cases, rule: Rule, measured: Mapping[str, Any]) -> list[str]:
    said = []
    if min(cases.patients_with, cases.patients_without) < FEW_PATIENTS:
        said.append(
            f"{where}: {cases.patients_with} patients with it and {cases.patients_without} without it are few. "
            f"With fewer than {FEW_PATIENTS} of each, the result may be worse than the model's own."
        )
    if measured["brier_change"]["ci95"][1] >= 0:
        said.append(f"{where}: these records do not show that the result is better than the model's own.")
    if rule.measure != F1 and measured["local"][rule.measure]["ci95"][1] < rule.least:
        said.append(f"{where}: the threshold did not reach {rule} on records that it was not chosen on.")
    return said

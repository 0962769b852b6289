"""The content of a calibration file from estimated frequencies: made without labels, and marked as an estimate."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecg_core.classification import SUPERCLASSES
from ecg_core.model.classifier import Classifier
from ecg_core.model.local_calibration import sealed
from ecg_core.population.fitting import Rule, sigmoid
from ecg_core.population.prevalence import MIN_ESTIMATED
from ecg_core.population.records import Observed
from ecg_core.population.refusals import PopulationRefused
from ecg_core.population.text import unlike

NOT_MEASURED = (
    "Nothing here was measured: there are no labels. The thresholds reach their rule only if the estimated frequencies "
    "are right, and if the ECGs of each class look as in PTB-XL."
)


def estimate(
    classifier: Classifier,
    records: Sequence[Observed],
    report: Mapping[str, Any],
    rules: Mapping[str, Rule],
    name: str,
) -> dict[str, Any]:
    """Only classes whose estimated frequency differs from PTB-XL's. report: of drift(). rules: of each superclass.

    Raises PopulationRefused if no frequency differs.
    """
    sets: dict[str, dict[str, Any]] = {}
    enough = {lead_set: there for lead_set, there in report["sets"].items() if there["prevalences"]}
    if not enough:
        message = f"No lead set has {MIN_ESTIMATED} records: too few to change probabilities by an estimate."
        raise PopulationRefused("too_few_records", message, "Give a folder with more ECGs.")
    for lead_set, there in enough.items():
        own = classifier.calibrations[lead_set]
        inside = [one for one in records if one.lead_set == lead_set]
        for column, label in enumerate(SUPERCLASSES):
            found = there["prevalences"][label]
            if not found["differs"]:
                continue
            shift, rule = found["log_odds_shift"], rules.get(label, Rule())
            adjusted = [sigmoid(one.log_odds[:, column] + shift).mean() for one in inside]
            sets.setdefault(lead_set, {})[label] = {
                "scale": round(float(own.scale[column]), 6),
                "bias": round(float(own.bias[column]) + shift, 6),
                "threshold": rule.threshold(np.array(adjusted)),
                "rule": str(rule),
                "estimated_frequency": found,
            }
    if not sets:
        message = "The estimated frequencies do not differ from those of PTB-XL: there is nothing to change."
        raise PopulationRefused("no_prior_shift", message, "Use the model without a local calibration.")
    model = classifier.identity
    signals = {lead_set: there["differing_signals"] for lead_set, there in enough.items()}
    doubts = [f"Leads {lead_set}: {unlike(names)}" for lead_set, names in signals.items() if names]
    return sealed(
        {
            "name": name,
            "estimate": True,
            "model": {"name": model.name, "version": model.version, "sha256": model.sha256},
            "sets": sets,
            "records": {"used": sum(there["n"] for there in enough.values()), "refused": report["refused"]},
            "warnings": [NOT_MEASURED, *doubts],
        }
    )

"""`ekg drift`: how far the ECGs of a hospital and the scores of the model are from PTB-XL. It needs no labels."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecg_core import metrics
from ecg_core.classification import SUPERCLASSES
from ecg_core.leads import LEAD_SETS
from ecg_core.metrics import Floats
from ecg_core.model.classifier import Classifier
from ecg_core.population.prevalence import MIN_ESTIMATED, estimated
from ecg_core.population.records import Observed
from ecg_core.population.reference import OF_ANSWERS, QUANTILES, SECTION, probabilities_of, quantities_of, shares_of
from ecg_core.population.refusals import PopulationRefused

# With fewer records of a lead set only a very large difference could be seen.
MIN_RECORDS = 10
# The chance of an alarm without drift, for all comparisons of a lead set together.
FALSE_ALARMS = 0.05
NO_EVIDENCE, DIFFERS = "no evidence of drift", "differs"


def drift(classifier: Classifier, records: Sequence[Observed]) -> dict[str, Any]:
    """The report. Raises PopulationRefused if no lead set has enough records, or the card has no reference."""
    reference = reference_of(classifier)
    refusals = Counter(one.refusal for one in records if one.refusal)
    read = [one for one in records if not one.refusal]
    by_set = {name: [one for one in read if one.lead_set == name] for name in LEAD_SETS}
    enough = {name: those for name, those in by_set.items() if len(those) >= MIN_RECORDS}
    if not enough:
        message = f"No lead set has {MIN_RECORDS} records that could be read: too few to see a difference."
        raise PopulationRefused("too_few_records", message, "Give a folder with more ECGs.")
    # The leads of a refused record are not known. Nearly always a folder has one lead set.
    of_quality = dict(refusals) if len(enough) == 1 else {}
    return {
        "records": len(records),
        "refused": dict(sorted(refusals.items())),
        "leads": {name: len(those) for name, those in by_set.items() if those},
        "leads_never_measured": sum(one.lead_set is None for one in read),
        "sets": {name: _compared(reference["sets"][name], those, of_quality) for name, those in enough.items()},
        "reference": reference["data"],
        "model_sha256": classifier.identity.sha256,
    }


def reference_of(classifier: Classifier) -> Mapping[str, Any]:
    """The section of the card. Raises PopulationRefused if it is missing or of another model."""
    section: Mapping[str, Any] = classifier.card.get(SECTION, {})
    if section.get("model_sha256") != classifier.identity.sha256:
        message = "The model card has no reference of this model to compare with."
        raise PopulationRefused("reference_missing", message, "Measure it: ekg drift-reference PTBXL --into artifacts")
    return section


def _compared(reference: Mapping[str, Any], records: Sequence[Observed], refusals: Mapping[str, int]) -> dict[str, Any]:
    quantities, shares = quantities_of(records), shares_of(records, refusals)
    known = {name: values for name, values in quantities.items() if name in reference["quantities"]}
    # A warning that neither has is not compared.
    named = list(dict.fromkeys([*reference["shares"], *shares]))
    level = FALSE_ALARMS / (len(known) + len(named))
    parts: dict[str, dict[str, dict[str, Any]]] = {
        "quantities": {name: _distance(reference["quantities"][name], values, level) for name, values in known.items()},
        "shares": {
            name: _difference(
                reference["shares"].get(name, [0, reference["n"]]), shares.get(name, (0, len(records))), level
            )
            for name in named
        },
        "prevalences": {
            label: estimated(probability, reference["prevalence"][label]).to_dict()
            for label, probability in zip(SUPERCLASSES, probabilities_of(records).T, strict=True)
            if len(records) >= MIN_ESTIMATED
        },
    }
    differing = [name for part in ("quantities", "shares") for name, one in parts[part].items() if one["differs"]]
    return {
        "n": len(records),
        **parts,
        "verdict": DIFFERS if differing else NO_EVIDENCE,
        "differing": differing,
        "differing_signals": [name for name in differing if not name.startswith(OF_ANSWERS)],
    }


def _distance(reference: Mapping[str, Any], values: Floats, level: float) -> dict[str, Any]:
    """The distance of Kolmogorov and Smirnov: the largest difference of the two distributions, from 0 to 1.

    by_chance: exceeded with probability `level` where both are the same. ci95: by Massart's inequality, a little wide.
    """
    n, m = len(values), reference["n"]
    found, counts = np.unique(values, return_counts=True)
    expected = np.interp(found, *_steps(reference["quantiles"]), left=0.0, right=1.0)
    # The middle of each step: of equal values, half count as below.
    there = (np.cumsum(counts) - counts / 2) / n
    distance = float(np.abs(there - expected).max())
    spread = (1 / n + 1 / m) ** 0.5
    by_chance, half = (spread * (np.log(2 / alpha) / 2) ** 0.5 for alpha in (level, 0.05))
    return {
        "n": n,
        "median": _round(np.median(values)),
        "reference_median": _round(np.interp(0.5, QUANTILES, reference["quantiles"])),
        "distance": _round(distance),
        "ci95": [_round(max(distance - half, 0)), _round(min(distance + half, 1))],
        "by_chance": _round(by_chance),
        "differs": bool(distance > by_chance),
    }


def _steps(quantiles: Sequence[float]) -> tuple[Floats, Floats]:
    """(values, shares below) without equal values: there the middle counts."""
    values, place = np.unique(np.array(quantiles), return_inverse=True)
    return values, np.bincount(place, QUANTILES) / np.bincount(place)


def _difference(reference: Sequence[int], here: Sequence[int], level: float) -> dict[str, Any]:
    """Of two shares, each (count, of so many). ci95: Newcombe's (1998, method 10). differs: by Fisher's exact test."""
    (count, n), (expected, m) = here, reference
    share, other = count / n, expected / m
    # The interval is about the difference that was found; for a rare event it is too narrow to be a test.
    (low, high), (other_low, other_high) = _wilson(count, n), _wilson(expected, m)
    least = share - other - ((share - low) ** 2 + (other_high - other) ** 2) ** 0.5
    most = share - other + ((high - share) ** 2 + (other - other_low) ** 2) ** 0.5
    return {
        "n": n,
        "share": _round(share),
        "reference_share": _round(other),
        "difference": _round(share - other),
        "ci95": [_round(least), _round(most)],
        "differs": bool(same_share(count, n, expected, m) < level),
    }


def _wilson(count: int, n: int) -> tuple[float, float]:
    low, high = (metrics.wilson(count, n) or {"ci95": [0.0, 1.0]})["ci95"]
    return low, high


def same_share(count: int, n: int, expected: int, m: int) -> float:
    """The probability of counts at least as unlikely as these if both shares are the same (Fisher's exact test)."""
    total = count + expected
    factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + m + 1)))))
    those = np.arange(max(0, total - m), min(total, n) + 1)
    parts = (those, n - those, total - those, m - total + those)
    logarithm = -np.sum([factorial[part] for part in parts], axis=0)
    chances = np.exp(logarithm - logarithm.max())
    chances /= chances.sum()
    return float(chances[chances <= chances[count - those[0]] * (1 + 1e-7)].sum())


def _round(value: float | np.floating[Any]) -> float:
    return round(float(value), 4)

"""Distributions of PTB-XL, stored in the model card, with which the ECGs of a hospital are compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecg_core.classification import SUPERCLASSES
from ecg_core.errors import QualityError
from ecg_core.metrics import Bools, Floats
from ecg_core.population.fitting import sigmoid
from ecg_core.population.records import Observed

# The key in model.json. `ekg drift-reference` writes it.
SECTION = "drift_reference"
# Between them the distribution counts as a straight line: that changes a distance by .01 at most.
QUANTILES = np.array([0, 1, 5, *range(10, 100, 10), 95, 99, 100]) / 100
DIGITS = 4
SHARES = ("refused for quality", "without a diagnosis", "without a heart rate")
SCORE = "score of "
# They differ wherever frequencies do. What else differs may come from the device.
OF_ANSWERS = (SCORE, SHARES[1])
RATE = "heart rate (/min)"
_OF_QUALITY = frozenset(kind.code for kind in QualityError.__subclasses__())


def quantities_of(records: Sequence[Observed]) -> dict[str, Floats]:
    """Of records that were classified: {quantity: its known values}."""
    named: dict[str, list[float]] = {}
    for one in records:
        scores = dict(zip((f"{SCORE}{label} (log-odds)" for label in SUPERCLASSES), mean_log_odds(one), strict=True))
        for name, value in {**one.quantities, **scores}.items():
            named.setdefault(name, []).append(value)
    arrays = {name: np.array(values) for name, values in named.items()}
    known = {name: values[np.isfinite(values)] for name, values in arrays.items()}
    return {name: values for name, values in known.items() if len(values)}


def mean_log_odds(record: Observed) -> list[float]:
    values: list[float] = record.log_odds.mean(axis=0).tolist()
    return values


def probabilities_of(records: Sequence[Observed]) -> Floats:
    """[n, 5], as in an answer with the model's own calibration."""
    return np.array([sigmoid(one.log_odds).mean(axis=0) for one in records])


def shares_of(records: Sequence[Observed], refusals: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """{what happened: (records, of so many)}. refusals: {code: records} of the same lead set, if it is known."""
    n = len(records)
    bad = sum(count for code, count in refusals.items() if code in _OF_QUALITY)
    warned = Counter(code for one in records for code in one.warnings)
    unanswered = sum(not one.answered for one in records)
    no_rate = sum(not np.isfinite(one.quantities[RATE]) for one in records)
    named = dict(zip(SHARES, ((bad, n + bad), (unanswered, n), (no_rate, n)), strict=True))
    return {**named, **{f"warning {code}": (count, n) for code, count in sorted(warned.items())}}


def summary(records: Sequence[Observed], refusals: Mapping[str, int], truth: Bools) -> dict[str, Any]:
    """What the card holds of one lead set. truth: [all, 5], of the records and of those that were refused."""
    quantities = {
        name: {"n": len(values), "quantiles": [_short(value) for value in np.quantile(values, QUANTILES)]}
        for name, values in quantities_of(records).items()
    }
    shares = {name: [count, n] for name, (count, n) in shares_of(records, refusals).items()}
    frequency = dict(zip(SUPERCLASSES, truth.mean(axis=0).round(DIGITS).tolist(), strict=True))
    return {"n": len(records), "quantities": quantities, "shares": shares, "prevalence": frequency}


def _short(value: float) -> float:
    """With three digits: the card is read at each start."""
    return float(f"{value:.3g}")

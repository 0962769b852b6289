"""The third output of the network, turned into statements: those that are published for the recording's leads."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import DECIMALS
from ecg_core.model.calibration import Calibration
from ecg_core.model.statement_table import STATEMENTS
from ecg_core.statements import Statement

CODES = tuple(definition.code for definition in STATEMENTS)


@dataclass(frozen=True, eq=False)
class StatementRule:
    """What one lead set publishes. calibration: of all 71, NaN for the others. thresholds: {column: threshold}."""

    calibration: Calibration
    thresholds: Mapping[int, float]

    @classmethod
    def of(cls, published: Mapping[str, Mapping[str, Any]]) -> "StatementRule":
        """published: {code: {"scale", "bias", "threshold"}}. Raises KeyError or ValueError if it is not so."""
        scale, bias = np.full((2, len(CODES)), np.nan)
        thresholds = {}
        for code, row in published.items():
            column = CODES.index(code)
            scale[column], bias[column] = row["scale"], row["bias"]
            thresholds[column] = float(row["threshold"])
        return cls(Calibration(scale, bias), thresholds)


def statements_of(
    rule: StatementRule, rules_of_windows: Sequence[StatementRule], logits: NDArray[np.floating[Any]]
) -> tuple[Statement, ...]:
    """What the rule of the recording's leads publishes: the mean over the windows. logits: [windows, 71].

    A window that lacks leads is calibrated for the leads that it has. It does not count for a statement that is not
    published for these.
    """
    windows = [of_window.calibration(row) for of_window, row in zip(rules_of_windows, logits, strict=True)]
    probabilities = (windows[0] if len(windows) == 1 else _mean(np.array(windows))).tolist()
    return tuple(
        Statement(one.code, one.name, one.name_de, one.kind, round(probability, DECIMALS), threshold, one.snomed)
        for column, threshold in rule.thresholds.items()
        for one, probability in ((STATEMENTS[column], probabilities[column]),)
        if math.isfinite(probability)
    )


def _mean(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """[windows, 71] -> [71]: the mean of the numbers; NaN where there is none."""
    known = np.isfinite(windows)
    count = known.sum(axis=0)
    return np.where(count, np.where(known, windows, 0).sum(axis=0) / np.maximum(count, 1), np.nan)

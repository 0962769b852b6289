"""What the measurements add to the network's logits of the statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.model.statement_table import STATEMENTS

# A feature counts at most as many standard deviations from its mean. One wrong measurement does not decide alone.
LIMIT = 5.0
# The key of the terms in the metadata of model.onnx: they belong to the network that they correct.
METADATA = "measured_terms"
# Of a model from before release 2.3.
NO_TERMS: Mapping[str, Any] = {"features": {}, "terms": {}}


@dataclass(frozen=True, eq=False)
class MeasuredTerms:
    """logit of a statement = network * logit of the network + weights * features + bias.

    names: of the features, see ecg_core.measurements.features. mean, deviation: [features], of the records that it was
    fitted on. network, bias: [71]. weights: [features, 71]. A statement without a term keeps the network's logit.
    """

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    network: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    @classmethod
    def of(cls, held: Mapping[str, Any]) -> "MeasuredTerms":
        """held: {"features": {name: [mean, deviation]}, "terms": {code: {"network", "bias", "weights"}}}.

        Raises KeyError or ValueError if it is not so.
        """
        features: Mapping[str, tuple[float, float]] = held["features"]
        codes = [statement.code for statement in STATEMENTS]
        network, bias = np.ones(len(codes)), np.zeros(len(codes))
        weights = np.zeros((len(features), len(codes)))
        for code, term in held["terms"].items():
            column = codes.index(code)
            network[column], bias[column] = term["network"], term["bias"]
            weights[:, column] = [weight for _, weight in zip(features, term["weights"], strict=True)]
        mean, deviation = np.array(list(features.values()), np.float64).reshape(-1, 2).T
        return cls(tuple(features), mean, deviation, network, weights, bias)

    def standardised(self, features: Mapping[str, float]) -> NDArray[np.float64]:
        """[features]; 0, the mean, for one that was not measured."""
        values = np.array([features.get(name, np.nan) for name in self.names])
        return np.nan_to_num(np.clip((values - self.mean) / self.deviation, -LIMIT, LIMIT))

    def __call__(self, logits: NDArray[np.floating[Any]], features: Mapping[str, float]) -> NDArray[np.float64]:
        """logits: [windows, 71] of the network. The same features count for all windows."""
        return np.asarray(self.network * logits + self.standardised(features) @ self.weights + self.bias)

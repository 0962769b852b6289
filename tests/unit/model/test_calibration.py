import numpy as np
import pytest

from ecg_core.classification import SUPERCLASSES
from ecg_core.model.calibration import Calibration


def test_a_calibration_scales_the_logits_in_the_order_of_the_superclasses() -> None:
    rows = {name: {"scale": 1.0 + place, "bias": -0.5} for place, name in enumerate(SUPERCLASSES)}
    calibration = Calibration.of(dict(reversed(rows.items())))
    log_odds = calibration.log_odds(np.ones(5))
    np.testing.assert_array_equal(log_odds, [0.5, 1.5, 2.5, 3.5, 4.5])
    np.testing.assert_allclose(calibration(np.ones(5)), 1 / (1 + np.exp(-log_odds)))


def test_extreme_logits_give_probabilities_of_zero_and_one() -> None:
    calibration = Calibration(np.ones(5), np.zeros(5))
    np.testing.assert_allclose(calibration(np.array([[-1e30] * 5, [1e30] * 5])), [[0] * 5, [1] * 5], atol=1e-12)


def test_a_missing_superclass_is_an_error() -> None:
    with pytest.raises(KeyError):
        Calibration.of({"NORM": {"scale": 1.0, "bias": 0.0}})

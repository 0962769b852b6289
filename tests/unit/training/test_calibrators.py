import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from ecg_core import metrics
from ecg_core.training.calibrators import CERTAIN, METHODS, beta, compared, isotonic, within_limits

RNG = np.random.default_rng(11)
SCORE = 2 * RNG.standard_normal(3000)
PATIENTS = np.arange(3000) // 2
GROUPS = metrics.patient_groups(PATIENTS)
NONE = np.zeros(3000, bool)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


@pytest.mark.parametrize("name", METHODS)
def test_each_method_gives_calibrated_rising_probabilities(name: str) -> None:
    truth = RNG.random(3000) < sigmoid(1.5 * SCORE - 0.5)
    probability = METHODS[name](truth, SCORE)(SCORE)
    assert metrics.expected_calibration_error(truth, probability) < 0.025
    assert ((probability > 0) & (probability < 1)).all()
    rising = METHODS[name](truth, SCORE)(np.linspace(-8, 8, 50))
    assert (np.diff(rising) >= -1e-12).all()


def test_beta_calibrates_scores_that_scale_and_bias_cannot() -> None:
    """Scores that are overconfident above 0 and calibrated below 0."""
    truth = RNG.random(3000) < sigmoid(np.where(SCORE > 0, 0.3, 1.5) * SCORE)
    report = compared([(truth, SCORE, NONE)], GROUPS, PATIENTS)
    assert report["beta"]["difference"]["ci95"][1] < 0
    assert report["beta"]["ece"] < report["scale and bias"]["ece"]
    curve = beta(truth, SCORE)
    assert metrics.logit(curve(np.array([4.0])))[0] < 2
    assert metrics.logit(curve(np.array([-4.0])))[0] < -4


def test_isotonic_agrees_with_scipy() -> None:
    truth, score = (RNG.random(200) < 0.4), np.sort(RNG.standard_normal(200))
    expected = isotonic_regression(truth.astype(float)).x
    blocks = [np.flatnonzero(expected == value) for value in np.unique(expected)]
    middles = np.array([score[block].mean() for block in blocks])
    got = isotonic(truth, score)(middles)
    np.testing.assert_allclose(got, np.clip(np.unique(expected), CERTAIN, 1 - CERTAIN), atol=1e-9)


def test_a_method_does_not_differ_from_itself_and_isotonic_is_worse_on_logistic_scores() -> None:
    truth = RNG.random(3000) < sigmoid(SCORE)
    report = compared([(truth, SCORE, NONE)], GROUPS, PATIENTS)
    assert report["scale and bias"]["difference"] == {"value": 0, "ci95": [0, 0]}
    assert report["isotonic"]["difference"]["value"] > 0
    assert report["scale and bias"]["within"] == 1


@pytest.mark.parametrize(
    ("ece", "perfect", "slope", "within"),
    [(0.02, 0.025, 1.0, True), (0.026, 0.025, 1.0, False), (0.031, 0.04, 1.0, False), (0.02, 0.025, 0.89, False)],
)
def test_calibration_is_judged_by_ece_by_chance_and_by_slope(
    ece: float, perfect: float, slope: float, within: bool
) -> None:
    assert within_limits(ece, perfect, slope) is within

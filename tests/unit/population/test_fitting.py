"""Scale, bias and thresholds on scores whose truth is known."""

import numpy as np
import pytest

from ecg_core import metrics
from ecg_core.population.fitting import Rule, fit, sigmoid
from ecg_core.population.prevalence import estimated, shift


def drawn(n: int, scale: float, bias: float, seed: int = 0) -> tuple[metrics.Bools, metrics.Floats]:
    """(truth, log-odds of a model) where the true log-odds are scale * log-odds + bias."""
    rng = np.random.default_rng(seed)
    log_odds = 3 * rng.standard_normal(n)
    return rng.random(n) < sigmoid(scale * log_odds + bias), log_odds


def test_many_records_give_the_true_scale_and_bias() -> None:
    scale, bias = fit(*drawn(20_000, 0.7, -1.0))
    assert scale == pytest.approx(0.7, abs=0.03)
    assert bias == pytest.approx(-1.0, abs=0.06)


def test_few_records_stay_near_the_model() -> None:
    truth, log_odds = drawn(12, 0.7, -1.0, seed=1)
    scale, bias = fit(truth, log_odds)
    assert 0.7 < scale < 1.3
    assert -1.4 < bias < 0
    assert fit(truth[:0], log_odds[:0]) == (1.0, 0.0)


@pytest.mark.parametrize("sign", [1, -1])
def test_scores_that_separate_or_contradict_the_classes_give_a_finite_positive_scale(sign: int) -> None:
    log_odds = np.linspace(-8, 8, 200)
    scale, bias = fit(sign * log_odds > 0, log_odds)
    assert 0 < scale < 3
    assert abs(bias) < 1


def test_with_few_records_the_error_is_far_below_that_of_a_fit_without_shrinkage() -> None:
    """Of the probabilities against the true ones, over hundred draws of 25 records."""
    grid = np.linspace(-6, 6, 50)
    true = sigmoid(0.8 * grid - 0.7)
    errors = {fit: 0.0, metrics.fit_logistic: 0.0}
    for seed in range(100):
        given = drawn(25, 0.8, -0.7, seed)
        for method in errors:
            scale, bias = method(*given)
            errors[method] += float(((sigmoid(scale * grid + bias) - true) ** 2).mean())
    assert errors[fit] < 0.6 * errors[metrics.fit_logistic]


@pytest.mark.parametrize(("text", "measure"), [("sensitivity=.95", "sensitivity"), ("specificity=0.9", "specificity")])
def test_a_rule_reaches_its_share_with_the_best_of_the_other(text: str, measure: str) -> None:
    truth, log_odds = drawn(50_000, 1.0, -1.0)
    probability = sigmoid(log_odds - 1.0)
    rule = Rule.parse(text)
    called = probability >= rule.threshold(probability)
    reached = called[truth].mean() if measure == "sensitivity" else (~called[~truth]).mean()
    assert reached == pytest.approx(rule.least, abs=0.01)
    assert str(Rule.parse(str(rule))) == str(rule)


def test_the_rule_f1_comes_near_the_best_threshold_of_the_labels() -> None:
    truth, log_odds = drawn(50_000, 1.0, -1.0)
    probability = sigmoid(log_odds - 1.0)
    best = metrics.best_f1_threshold(truth, probability)
    assert Rule().threshold(probability) == pytest.approx(best, abs=0.05)


@pytest.mark.parametrize(
    "text", ["", "F1", "sensitivity", "sensitivity=1", "sensitivity=0", "sensitivity=.0", "recall=.9"]
)
def test_other_rules_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        Rule.parse(text)


def test_a_threshold_is_always_between_0_and_1() -> None:
    for rule in map(Rule.parse, ("f1", "sensitivity=.99", "specificity=.99")):
        for probability in (np.zeros(5), np.ones(5), np.full(5, 0.5)):
            assert 0 < rule.threshold(probability) < 1


@pytest.mark.parametrize("frequency", [0.1, 0.3, 0.6])
def test_the_frequency_of_a_class_is_found_without_labels(frequency: float) -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(3000) < frequency
    # The log-odds of two normal distributions of distance 2, where the class has frequency .3.
    score = rng.standard_normal(3000) + 2 * truth
    found = estimated(sigmoid(2 * score - 2 + shift(0.3, 0.5)), 0.3)
    assert found.value == pytest.approx(frequency, abs=0.03)
    assert found.ci95[0] <= frequency <= found.ci95[1]
    assert found.differs == (frequency != 0.3)


def test_a_few_records_give_no_frequency_of_0() -> None:
    found = estimated(np.full(5, 1e-4), 0.25)
    assert 0.1 < found.value < 0.25

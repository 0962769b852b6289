import numpy as np
import pytest
from scipy.stats import binomtest, mannwhitneyu

from ecg_core import metrics

RNG = np.random.default_rng(5)
TRUTH = RNG.random(400) < 0.3
SCORE = np.round(RNG.standard_normal(400) + TRUTH, 1)


def test_auc_agrees_with_the_rank_statistic_of_scipy() -> None:
    u = mannwhitneyu(SCORE[TRUTH], SCORE[~TRUTH]).statistic
    assert metrics.auc(TRUTH, SCORE) == pytest.approx(u / (TRUTH.sum() * (~TRUTH).sum()))


def test_weighted_auc_is_the_auc_of_repeated_records() -> None:
    counts = RNG.integers(0, 4, len(TRUTH))
    repeated = metrics.auc(np.repeat(TRUTH, counts), np.repeat(SCORE, counts))
    assert metrics.auc(TRUTH, SCORE, counts.astype(float)) == pytest.approx(repeated)


def test_auc_without_positives_is_nan() -> None:
    assert np.isnan(metrics.auc(np.zeros(4, bool), np.arange(4.0)))


def test_calibration_error_is_the_gap_of_the_bins() -> None:
    truth = np.array([True, False, False, False, True, True])
    probability = np.array([0.5, 0.5, 0.5, 0.5, 0.99, 0.99])
    assert metrics.expected_calibration_error(truth, probability) == pytest.approx((4 * 0.25 + 2 * 0.01) / 6)


def test_a_calibrated_model_has_slope_one_and_an_overconfident_one_less() -> None:
    probability = RNG.random(20000)
    truth = RNG.random(20000) < probability
    assert metrics.calibration_slope(truth, probability) == pytest.approx(1, abs=0.05)
    overconfident = 1 / (1 + np.exp(-2 * metrics.logit(probability)))
    assert metrics.calibration_slope(truth, overconfident) == pytest.approx(0.5, abs=0.05)


def test_logistic_fit_recovers_scale_and_bias() -> None:
    score = RNG.standard_normal(50000)
    truth = RNG.random(50000) < 1 / (1 + np.exp(-(1.7 * score - 0.6)))
    scale, bias = metrics.fit_logistic(truth, score)
    assert (scale, bias) == (pytest.approx(1.7, abs=0.08), pytest.approx(-0.6, abs=0.05))


def test_the_threshold_has_the_highest_f1() -> None:
    probability = RNG.random(1000)
    truth = RNG.random(1000) < probability**2

    def f1(threshold: float) -> float:
        called = probability >= threshold
        return 2 * (called & truth).sum() / (called.sum() + truth.sum())

    chosen = metrics.best_f1_threshold(truth, probability)
    assert f1(chosen) == max(f1(threshold) for threshold in np.arange(5, 96) / 100)


def test_all_records_of_a_patient_are_in_one_group() -> None:
    patients = RNG.integers(0, 50, 300)
    groups = metrics.patient_groups(patients)
    assert all(len(set(groups[patients == patient])) == 1 for patient in set(patients))
    assert set(groups) == set(range(metrics.CROSS_FITS))


def test_bootstrap_draws_patients_not_records() -> None:
    patients = np.array([7, 7, 7, 8, 9])
    weights = metrics.bootstrap_weights(patients, draws=50)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 3, 4]].sum(axis=1) == 3).all()


def test_perfectly_calibrated_scores_have_an_ece_above_zero_by_chance() -> None:
    probability = RNG.random(2000)
    assert 0.01 < metrics.perfect_calibration_error(probability, draws=100) < 0.05


def test_auc_of_draws_agrees_with_auc_of_each_draw() -> None:
    weights = metrics.bootstrap_weights(np.arange(len(TRUTH)) // 2, draws=20)
    expected = [metrics.auc(TRUTH, SCORE, weight) for weight in weights]
    np.testing.assert_allclose(metrics.auc_of_draws(TRUTH, SCORE, weights), expected)
    assert np.isnan(metrics.auc_of_draws(np.zeros(4, bool), np.arange(4.0), np.ones((2, 4)))).all()


def test_calibration_error_of_draws_agrees_with_that_of_each_draw() -> None:
    weights, probability = RNG.integers(0, 3, (5, len(TRUTH))).astype(float), RNG.random(len(TRUTH))
    each = [metrics.expected_calibration_error(TRUTH, probability, weight) for weight in weights]
    assert metrics.ece_of_draws(TRUTH, probability, weights) == pytest.approx(each)


def test_an_estimate_of_nan_is_none() -> None:
    assert metrics.estimate(np.array([np.nan, 0.5])) is None
    assert metrics.estimate(np.array([0.5, 0.4, np.nan, 0.6])) == {"value": 0.5, "ci95": [0.405, 0.595]}


def test_wilson_agrees_with_scipy_and_is_not_empty_at_the_ends() -> None:
    for hits, n in ((0, 20), (7, 20), (20, 20)):
        expected = binomtest(hits, n).proportion_ci(method="wilson")
        assert metrics.wilson(hits, n) == {
            "value": hits / n,
            "ci95": pytest.approx([expected.low, expected.high], abs=1e-4),
        }
    assert metrics.wilson(0, 0) is None

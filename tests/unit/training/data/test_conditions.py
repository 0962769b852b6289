import numpy as np
import pytest

from ecg_core.leads import LEADS, LIMB_FROM_I_II
from ecg_core.signal.resampling import resampled
from ecg_core.synthesis.heart import synthesize
from ecg_core.training.data.conditions import (
    BANDS_HZ,
    CONDITIONS,
    RATES_HZ,
    Condition,
    at_rate,
    band,
    coloured,
    rng_of,
    with_noise,
)
from ecg_core.training.data.ptbxl import INDEPENDENT_LEADS

RECORDING = synthesize("normal", fs_hz=100)
ROWS = [LEADS.index(lead) for lead in INDEPENDENT_LEADS]


def name(condition: Condition) -> str:
    return f"{condition.family} {condition.name}"


@pytest.mark.parametrize("condition", CONDITIONS, ids=name)
def test_every_condition_gives_a_valid_recording_and_leaves_the_original_unchanged(condition: Condition) -> None:
    before = RECORDING.signal.copy()
    made = condition.change(RECORDING, rng_of(RECORDING, "test"))
    assert made.signal.dtype == np.float32
    assert made.signal.shape[0] == len(made.leads)
    assert np.isfinite(made.signal).all()
    assert 5 <= made.duration_s <= 10.001
    np.testing.assert_array_equal(RECORDING.signal, before)


def test_noise_depends_on_the_record_and_the_purpose_only() -> None:
    first, second = (rng_of(RECORDING, "muscle").standard_normal(3) for _ in range(2))
    assert (first == second).all()
    assert (rng_of(synthesize("normal", seed=1), "muscle").standard_normal(3) != first).all()
    assert (rng_of(RECORDING, "wander").standard_normal(3) != first).all()


@pytest.mark.parametrize("snr_db", [20, 0, -10])
def test_noise_is_as_strong_as_stated_and_obeys_einthoven(snr_db: float) -> None:
    noise = band((8, 1000), 100, BANDS_HZ["muscle"], np.random.default_rng(0))
    noisy = with_noise(RECORDING, noise, snr_db)
    added, clean = (noisy.signal - RECORDING.signal)[ROWS], RECORDING.signal[ROWS]
    measured = 10 * np.log10(clean.var(axis=1) / added.var(axis=1))
    np.testing.assert_allclose(measured, snr_db, atol=0.1)
    for row, (of_i, of_ii) in enumerate(LIMB_FROM_I_II.values()):
        expected = of_i * noisy.signal[0] + of_ii * noisy.signal[1]
        np.testing.assert_allclose(noisy.signal[row], expected, atol=2e-3)


@pytest.mark.parametrize("kind", BANDS_HZ)
def test_noise_is_in_its_band(kind: str) -> None:
    low, high = BANDS_HZ[kind]
    power = np.abs(np.fft.rfft(band((1, 5000), 500, (low, high), np.random.default_rng(0))[0])) ** 2
    frequency = np.fft.rfftfreq(5000, 1 / 500)
    inside = (frequency >= low) & (frequency <= high)
    assert power[inside].sum() / power.sum() > 0.999


@pytest.mark.parametrize(("exponent", "low"), [(0, 0.05), (1, 0.5), (2, 0.97)])
def test_coloured_noise_has_its_power_at_low_frequencies(exponent: float, low: float) -> None:
    power = np.abs(np.fft.rfft(coloured((50, 1000), exponent, np.random.default_rng(0)))) ** 2
    assert power[:, :50].sum() / power.sum() > low


@pytest.mark.parametrize("fs_hz", [rate for rate in RATES_HZ if rate > 100])
def test_resampling_to_another_rate_and_back_gives_the_same_signal(fs_hz: float) -> None:
    there = at_rate(RECORDING, fs_hz)
    assert there.fs_hz == fs_hz
    back = resampled(there.signal, fs_hz)
    assert back.shape == RECORDING.signal.shape
    # What lies above 41 Hz is lost, and the slightest shift in time would cost more.
    assert min(np.corrcoef(one, other)[0, 1] for one, other in zip(back, RECORDING.signal, strict=True)) > 0.99

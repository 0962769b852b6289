import numpy as np
import pytest

from ecg_core.leads import LEADS, LIMB_FROM_I_II
from ecg_core.synthesis.heart import synthesize
from ecg_core.training.data.conditions import rng_of
from ecg_core.training.data.corruptions import CORRUPTIONS, FOREIGN, GAP_S, GAPS, SENTINEL_MV, SPOILED, Corruption

RECORDING = synthesize("normal", fs_hz=100)


def made_by(name: str) -> np.ndarray:
    return {**FOREIGN, **SPOILED}[name](RECORDING, rng_of(RECORDING, name)).signal


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.name)
def test_every_corruption_changes_a_copy_and_is_reproducible(corruption: Corruption) -> None:
    before = RECORDING.signal.copy()
    first, second = (corruption.change(RECORDING, rng_of(RECORDING, corruption.name)) for _ in range(2))
    np.testing.assert_array_equal(first.signal, second.signal)
    np.testing.assert_array_equal(RECORDING.signal, before)
    assert first.signal.dtype == np.float32
    assert first.leads == LEADS
    assert np.isfinite(first.signal).all()
    same_signal = first.signal.shape == before.shape and np.array_equal(first.signal, before)
    assert not same_signal or first.fs_hz != RECORDING.fs_hz


def test_names_are_unique() -> None:
    assert len({corruption.name for corruption in CORRUPTIONS}) == len(CORRUPTIONS)


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_signals_obey_einthoven_and_do_not_depend_on_the_ecg(name: str) -> None:
    signal = made_by(name)
    for row, (of_i, of_ii) in enumerate(LIMB_FROM_I_II.values()):
        np.testing.assert_allclose(signal[row], of_i * signal[0] + of_ii * signal[1], atol=1e-5)
    other = FOREIGN[name](synthesize("lbbb", fs_hz=100), rng_of(RECORDING, name)).signal
    np.testing.assert_array_equal(signal, other)


def test_a_saturated_lead_stays_at_its_limits() -> None:
    for lead in made_by("saturated"):
        assert ((lead == lead.max()) | (lead == lead.min())).mean() > 0.02


def test_shuffled_pieces_are_the_same_samples_in_another_order() -> None:
    np.testing.assert_array_equal(np.sort(made_by("pieces shuffled"), axis=1), np.sort(RECORDING.signal, axis=1))


def test_gaps_hold_one_value_in_all_leads() -> None:
    gaps = made_by("gaps filled with one value") == np.float32(SENTINEL_MV)
    assert (gaps == gaps[0]).all()
    assert 0 < gaps[0].mean() <= GAPS * GAP_S / 10


def test_one_lead_is_in_all_twelve() -> None:
    signal = made_by("one lead in all twelve")
    assert (signal == signal[0]).all()
    assert any(np.array_equal(signal[0], lead) for lead in RECORDING.signal)


def test_a_childs_rate_is_the_same_beats_in_less_time() -> None:
    made = SPOILED["beats as fast as a child's"](RECORDING, rng_of(RECORDING, ""))
    assert made.duration_s == pytest.approx(RECORDING.duration_s / 1.6)

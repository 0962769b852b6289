import numpy as np
import pytest

from ecg_core.leads import CHEST_LEADS, LEADS, LIMB_FROM_I_II
from ecg_core.model.placement import KINDS
from ecg_core.synthesis.heart import synthesize
from ecg_core.training.data.electrodes import LEG_DIFFERENCE, REVERSALS, exchange_matrix, exchanged
from ecg_core.training.data.misplacement import reversal_matrices
from ecg_core.training.data.ptbxl import INDEPENDENT_LEADS

RECORDING = synthesize("normal", fs_hz=100)
ROW = {lead: row for row, lead in enumerate(LEADS)}


def test_exchanged_arms_invert_lead_i_and_exchange_the_leads_of_the_arms() -> None:
    there, here = exchanged(RECORDING, "RA", "LA").signal, RECORDING.signal
    np.testing.assert_allclose(there[ROW["I"]], -here[ROW["I"]], atol=2e-3)
    for one, other in (("II", "III"), ("aVR", "aVL"), ("aVF", "aVF"), *((lead, lead) for lead in CHEST_LEADS)):
        np.testing.assert_allclose(there[ROW[one]], here[ROW[other]], atol=2e-3)


def test_with_the_right_leg_at_the_right_arm_lead_ii_is_almost_flat_and_the_chest_leads_change() -> None:
    there = exchanged(RECORDING, "RA", "RL").signal
    assert 0 < np.ptp(there[ROW["II"]]) < 0.1 * np.ptp(RECORDING.signal[ROW["II"]])
    assert np.abs(there[ROW["V1"]] - RECORDING.signal[ROW["V1"]]).max() > 0.1


@pytest.mark.parametrize("pair", REVERSALS, ids="-".join)
def test_every_exchange_obeys_einthoven_and_leaves_something_changed(pair: tuple[str, str]) -> None:
    there = exchanged(RECORDING, *pair).signal
    for lead, (of_i, of_ii) in LIMB_FROM_I_II.items():
        np.testing.assert_allclose(there[ROW[lead]], of_i * there[0] + of_ii * there[1], atol=3e-3)
    assert np.abs(there - RECORDING.signal).max() > 0.1


@pytest.mark.parametrize("pair", [pair for pair in REVERSALS if "RL" not in pair], ids="-".join)
def test_exchanging_twice_changes_nothing(pair: tuple[str, str]) -> None:
    twice = exchanged(exchanged(RECORDING, *pair), *pair)
    np.testing.assert_allclose(twice.signal, RECORDING.signal, atol=3e-3)


@pytest.mark.parametrize("pair", REVERSALS, ids="-".join)
def test_the_exchanges_are_those_that_the_placement_network_learns(pair: tuple[str, str]) -> None:
    """electrodes.py calculates with potentials, misplacement.py with leads. Only the legs' difference differs."""
    taught = (
        reversal_matrices()[KINDS.index(" and ".join(pair))].numpy()
        @ RECORDING.signal[[ROW[lead] for lead in INDEPENDENT_LEADS]]
    )
    there = exchanged(RECORDING, *pair).signal[[ROW[lead] for lead in INDEPENDENT_LEADS]]
    allowed = 2 * LEG_DIFFERENCE * np.ptp(RECORDING.signal[0]) if "RL" in pair else 3e-3
    np.testing.assert_allclose(there, taught, atol=allowed)


def test_the_order_of_the_leads_does_not_matter() -> None:
    turned = RECORDING.__class__(RECORDING.signal[::-1], 100.0, LEADS[::-1], "test", "0")
    np.testing.assert_array_equal(exchanged(turned, "V1", "V2").signal, exchanged(RECORDING, "V1", "V2").signal)


def test_without_an_exchange_the_leads_stay_the_same() -> None:
    np.testing.assert_allclose(exchange_matrix("V1", "V1") @ RECORDING.signal, RECORDING.signal, atol=2e-3)

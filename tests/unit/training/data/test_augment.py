import pytest
import torch

from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.training.data import augment


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_augmented_limb_leads_still_obey_einthoven() -> None:
    x = torch.randn(64, 8, 1000, generator=generator())
    signal, mask = augment.augmented_batch(x, 500, augment.derivation_matrix(), augment.LEAD_SET_SHARES, generator())
    full = signal[mask.all(dim=1)]
    assert signal.shape == (64, 12, 500)
    assert len(full) > 10
    torch.testing.assert_close(full[:, 2], full[:, 1] - full[:, 0])
    torch.testing.assert_close(full[:, 3], -(full[:, 0] + full[:, 1]) / 2)


def test_absent_leads_are_zero_and_present_ones_are_not() -> None:
    x = torch.randn(64, 8, 1000, generator=generator())
    signal, mask = augment.augmented_batch(x, 500, augment.derivation_matrix(), augment.LEAD_SET_SHARES, generator())
    assert ((signal.abs().amax(dim=2) > 0) == (mask > 0)).all()


def test_lead_sets_come_as_often_as_stated() -> None:
    masks = augment.lead_masks(20000, augment.LEAD_SET_SHARES, generator())
    only_i = torch.zeros(12)
    only_i[0] = 1
    share = (masks == only_i).all(dim=1).float().mean().item()
    assert share == pytest.approx(augment.LEAD_SET_SHARES["I"], abs=0.02)
    everything = masks.all(dim=1).float().mean().item()
    assert everything == pytest.approx(1 - sum(augment.LEAD_SET_SHARES.values()), abs=0.02)


def test_a_mask_has_at_least_one_lead_and_none_one_or_all_limb_leads() -> None:
    masks = augment.lead_masks(20000, augment.LEAD_SET_SHARES, generator())
    assert masks.any(dim=1).all()
    limb = masks[:, : len(LIMB_LEADS)].sum(dim=1)
    assert set(limb.tolist()) == {0.0, 1.0, 6.0}


def test_the_same_seed_gives_the_same_batch() -> None:
    x = torch.randn(16, 8, 1000, generator=generator())
    matrix = augment.derivation_matrix()
    first, second = (
        augment.augmented_batch(x, 500, matrix, augment.LEAD_SET_SHARES, generator(3))[0] for _ in range(2)
    )
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.equal(first, augment.augmented_batch(x, 500, matrix, augment.LEAD_SET_SHARES, generator(4))[0])


def test_the_derivation_matrix_keeps_the_independent_leads() -> None:
    matrix = augment.derivation_matrix()
    x = torch.randn(8, 20)
    twelve = matrix @ x
    rows = [LEADS.index(lead) for lead in augment.INDEPENDENT_LEADS]
    torch.testing.assert_close(twelve[rows], x)


def test_mixup_changes_signal_and_target_in_the_same_proportion() -> None:
    x, y = torch.eye(50)[:, None, :], torch.eye(50)
    signal, target = augment.mixed(x, y, 0.5, generator())
    torch.testing.assert_close(signal[:, 0], target)
    torch.testing.assert_close(target.sum(dim=1), torch.ones(50))
    own = target.diagonal()
    assert own.min() >= 0.5
    assert 10 < (own < 1).sum() < 40
    untouched, _ = augment.mixed(x, y, 0.0, generator())
    assert torch.equal(untouched, x)

"""The filters of other devices."""

import math

import pytest
import torch

from ecg_core.training.data.devices import STEP_MV, filtered
from ecg_core.training.data.ptbxl import FS_HZ

TIME = torch.arange(1000) / FS_HZ


def wave(hz: float, records: int = 200) -> torch.Tensor:
    return torch.sin(2 * math.pi * hz * TIME).expand(records, 8, 1000).clone()


def heights(x: torch.Tensor) -> torch.Tensor:
    return x[:, 0].std(dim=1) * math.sqrt(2)


def test_a_share_of_nothing_changes_nothing() -> None:
    x = wave(5.0) + 0.3
    assert torch.allclose(filtered(x, 0.0, torch.Generator().manual_seed(1)), x, atol=1e-5)


def test_the_waves_of_an_ecg_pass() -> None:
    found = heights(filtered(wave(8.0), 1.0, torch.Generator().manual_seed(1)))
    assert 0.95 < found.min() <= found.max() < 1.02


def test_fast_waves_get_smaller() -> None:
    found = heights(filtered(wave(40.0), 1.0, torch.Generator().manual_seed(1)))
    assert found.min() < 0.3
    assert found.max() > 0.7


@pytest.mark.parametrize("offset", [-0.5, 2.0])
def test_the_high_pass_takes_the_offset_away(offset: float) -> None:
    found = filtered(wave(8.0) + offset, 1.0, torch.Generator().manual_seed(1))
    assert found.mean(dim=-1).abs().max() < 0.01


def test_slow_waves_get_smaller_and_are_shifted() -> None:
    found = filtered(wave(0.5), 1.0, torch.Generator().manual_seed(1))
    assert 0.5 < heights(found).min() < 0.7
    assert (found - wave(0.5)).abs().max() > 0.5


def test_values_lie_on_the_steps_of_the_converter() -> None:
    found = filtered(wave(8.0, 50), 1.0, torch.Generator().manual_seed(1))
    assert max(len(row.unique()) for row in found[:, 0]) <= 2 / STEP_MV[0] + 1
    assert len(found[0, 0].unique()) < 1000


def test_the_share_of_the_records_is_as_asked() -> None:
    x = wave(8.0, 2000) + 1.0
    changed = (filtered(x, 0.3, torch.Generator().manual_seed(1)).mean(dim=-1)[:, 0] < 0.5).float().mean()
    assert changed == pytest.approx(0.3, abs=0.05)

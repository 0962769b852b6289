"""Augmentation on the eight independent leads, then derivation, lead sets and masks as the product meets them."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ecg_core.leads import LEADS, LIMB_FROM_I_II, LIMB_LEADS
from ecg_core.training.ptbxl import FS_HZ, INDEPENDENT_LEADS

GAIN = 0.2
LEAD_GAIN = 0.1
WANDER_SHARE, WANDER_MV, WANDER_HZ = 0.3, 0.3, (0.05, 0.6)
NOISE_SHARE, NOISE_MV = 0.3, 0.04
CUTOUT_SHARE, CUTOUT_S = 0.7, (0.5, 1.0)
SHORT_SHARE, SHORT_S = 0.2, 5.0
SHIFT_S = 1.5
# Share of a batch that sees each lead set; the rest sees all twelve.
LEAD_SET_SHARES = {"I": 0.16, "II": 0.04, "V5": 0.04, "limb": 0.10, "limb+V2": 0.04, "random": 0.12}


def derivation_matrix() -> Tensor:
    """[12, 8]: the twelve leads from I, II and V1-V6."""
    matrix = torch.zeros(len(LEADS), len(INDEPENDENT_LEADS))
    for row, lead in enumerate(LEADS):
        if lead in LIMB_FROM_I_II:
            matrix[row, :2] = torch.tensor(LIMB_FROM_I_II[lead])
        else:
            matrix[row, INDEPENDENT_LEADS.index(lead)] = 1.0
    return matrix


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low


def chosen(count: int, share: float, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) < share


def distort(x: Tensor, generator: torch.Generator) -> Tensor:
    """[records, 8, samples] mV: gain, wander, electrode noise."""
    n, leads, samples = x.shape
    x = x * uniform((n, 1, 1), 1 - GAIN, 1 + GAIN, generator) * uniform((n, leads, 1), 1 - LEAD_GAIN, 1 + LEAD_GAIN, generator)
    time = torch.arange(samples) / FS_HZ
    frequency = uniform((n, 1, 1), *WANDER_HZ, generator)
    phase = uniform((n, leads, 1), 0, 2 * math.pi, generator)
    height = uniform((n, leads, 1), 0, WANDER_MV, generator) * chosen(n, WANDER_SHARE, generator)[:, None, None]
    x = x + height * torch.sin(2 * math.pi * frequency * time + phase)
    level = uniform((n, 1, 1), 0, NOISE_MV, generator) * chosen(n, NOISE_SHARE, generator)[:, None, None]
    return x + level * torch.randn(x.shape, generator=generator)


def visible_samples(n: int, samples: int, generator: torch.Generator) -> Tensor:
    """[records, samples] 1 where the recording is kept: short recordings and cutouts are zero, as padding is."""
    time = torch.arange(samples)
    length = torch.where(chosen(n, SHORT_SHARE, generator), uniform((n,), SHORT_S * FS_HZ, samples, generator), torch.tensor(float(samples)))
    start = torch.rand(n, generator=generator) * (samples - length)
    kept = (time >= start[:, None]) & (time < (start + length)[:, None])
    cut_length = uniform((n,), *CUTOUT_S, generator) * FS_HZ * chosen(n, CUTOUT_SHARE, generator)
    cut_start = torch.rand(n, generator=generator) * (samples - cut_length)
    cut = (time >= cut_start[:, None]) & (time < (cut_start + cut_length)[:, None])
    return (kept & ~cut).float()


def shifted(x: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """A window of `samples` at a random place; the full length is shifted by up to SHIFT_S with zeros moved in."""
    total = x.shape[-1]
    margin = round(SHIFT_S * FS_HZ) if samples == total else 0
    padded = torch.nn.functional.pad(x, (margin, margin))
    starts = torch.randint(0, padded.shape[-1] - samples + 1, (len(x),), generator=generator)
    index = starts[:, None] + torch.arange(samples)
    return padded.gather(2, index[:, None, :].expand(-1, x.shape[1], -1))


def lead_masks(n: int, generator: torch.Generator) -> Tensor:
    """[records, 12]: which leads are present, drawn from the sets that the product meets."""
    masks = torch.ones(n, len(LEADS))
    limb = torch.tensor([lead in LIMB_LEADS for lead in LEADS]).float()
    draw = torch.rand(n, generator=generator)
    low = 0.0
    for name, share in LEAD_SET_SHARES.items():
        rows = (draw >= low) & (draw < low + share)
        low += share
        count = int(rows.sum())
        if name == "random":
            masks[rows] = random_masks(count, limb, generator)
        else:
            one = torch.zeros(len(LEADS))
            for lead in LIMB_LEADS if name.startswith("limb") else (name,):
                one[LEADS.index(lead)] = 1
            if name == "limb+V2":
                one[LEADS.index("V2")] = 1
            masks[rows] = one
    return masks


def random_masks(count: int, limb: Tensor, generator: torch.Generator) -> Tensor:
    """All limb leads or a single one (two would give all six), with a random part of the chest leads; never none."""
    masks = torch.zeros(count, len(LEADS))
    single = torch.randint(0, len(LIMB_LEADS), (count,), generator=generator)
    all_limb = chosen(count, 0.6, generator)
    masks[torch.arange(count), single] = 1
    masks[all_limb] = limb
    share = torch.rand(count, 1, generator=generator)
    masks[:, len(LIMB_LEADS):] = (torch.rand(count, 6, generator=generator) < share).float()
    no_limb = chosen(count, 0.3, generator) & (masks[:, len(LIMB_LEADS):].sum(dim=1) > 0)
    masks[no_limb, : len(LIMB_LEADS)] = 0
    return masks


def augmented_batch(x: Tensor, samples: int, matrix: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """[records, 8, 1000] mV -> signal [records, 12, samples] mV, lead mask [records, 12]."""
    x = shifted(distort(x, generator), samples, generator)
    x = x * visible_samples(len(x), samples, generator)[:, None, :]
    masks = lead_masks(len(x), generator)
    return torch.matmul(matrix, x) * masks[:, :, None], masks


def batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    order = torch.randperm(count, generator=generator)
    yield from (order[start : start + size] for start in range(0, count - size + 1, size))

"""Augmentation of the eight independent leads, then the twelve leads, lead sets and masks as in the product."""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ecg_core.leads import LEADS, LIMB_FROM_I_II, LIMB_LEADS
from ecg_core.training.data.ptbxl import FS_HZ, INDEPENDENT_LEADS

WANDER_SHARE, WANDER_MV, WANDER_HZ = 0.3, 0.3, (0.05, 0.6)
NOISE_SHARE, NOISE_MV = 0.3, 0.04
CUTOUT_SHARE, CUTOUT_S = 0.7, (0.5, 1.0)
# Part of a crop may be zero, like the end of a recording of 5 to 10 s.
SHORT_SHARE, SHORT_PART = 0.2, 0.5
# The share of a batch with each lead set. The rest has all twelve leads.
LEAD_SET_SHARES = {"I": 0.16, "II": 0.04, "V5": 0.04, "limb": 0.10, "limb+V2": 0.04, "random": 0.12}
# For a network that only needs to read twelve leads. Works like dropout: it may not rely on one lead.
TWELVE_LEAD_SHARES = {"random": 0.25}
MIXED_WITH = (0.0, 0.5)


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
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low


def chosen(count: int, share: float, generator: torch.Generator) -> Tensor:
    return uniform((count,), 0, 1, generator) < share


def distort(x: Tensor, generator: torch.Generator, gain: float) -> Tensor:
    """[records, 8, samples] mV with baseline wander and electrode noise.

    Each record's height changes by up to the part `gain`, and each lead's by up to half of it.
    """
    n, leads, samples = x.shape
    x = x * uniform((n, 1, 1), 1 - gain, 1 + gain, generator)
    x = x * uniform((n, leads, 1), 1 - gain / 2, 1 + gain / 2, generator)
    time = torch.arange(samples, device=generator.device) / FS_HZ
    frequency = uniform((n, 1, 1), *WANDER_HZ, generator)
    phase = uniform((n, leads, 1), 0, 2 * math.pi, generator)
    height = uniform((n, leads, 1), 0, WANDER_MV, generator) * chosen(n, WANDER_SHARE, generator)[:, None, None]
    x = x + height * torch.sin(2 * math.pi * frequency * time + phase)
    level = uniform((n, 1, 1), 0, NOISE_MV, generator) * chosen(n, NOISE_SHARE, generator)[:, None, None]
    return x + level * torch.randn(x.shape, generator=generator, device=x.device)


def visible_samples(n: int, samples: int, generator: torch.Generator) -> Tensor:
    """[records, samples]: 1 where the signal is kept, 0 in cutouts and beyond the end of short recordings."""
    time = torch.arange(samples, device=generator.device)
    length = torch.where(
        chosen(n, SHORT_SHARE, generator),
        uniform((n,), SHORT_PART * samples, samples, generator),
        torch.tensor(float(samples), device=generator.device),
    )
    start = uniform((n,), 0, 1, generator) * (samples - length)
    kept = (time >= start[:, None]) & (time < (start + length)[:, None])
    cut_length = uniform((n,), *CUTOUT_S, generator) * FS_HZ * chosen(n, CUTOUT_SHARE, generator)
    cut_start = uniform((n,), 0, 1, generator) * (samples - cut_length)
    cut = (time >= cut_start[:, None]) & (time < (cut_start + cut_length)[:, None])
    return (kept & ~cut).float()


def cropped(x: Tensor, samples: int, generator: torch.Generator) -> Tensor:
    """A piece of each record with the given number of samples, at a random place."""
    starts = torch.randint(0, x.shape[-1] - samples + 1, (len(x),), generator=generator, device=x.device)
    index = starts[:, None] + torch.arange(samples, device=generator.device)
    return x.gather(2, index[:, None, :].expand(-1, x.shape[1], -1))


def mixed(x: Tensor, y: Tensor, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mixup: adds a smaller part of another record to a share of the records, and of its targets to their targets."""
    part = uniform((len(x),), *MIXED_WITH, generator) * chosen(len(x), share, generator)
    other = torch.randperm(len(x), generator=generator, device=generator.device)
    along = part[:, None, None]
    return x * (1 - along) + x[other] * along, y * (1 - part[:, None]) + y[other] * part[:, None]


def lead_masks(n: int, shares: Mapping[str, float], generator: torch.Generator) -> Tensor:
    """[records, 12]: 1 if the lead is present. shares: of the records, for each lead set."""
    device = generator.device
    masks = torch.ones(n, len(LEADS), device=device)
    limb = torch.tensor([float(lead in LIMB_LEADS) for lead in LEADS], device=device)
    draw = uniform((n,), 0, 1, generator)
    low = 0.0
    for name, share in shares.items():
        rows = (draw >= low) & (draw < low + share)
        low += share
        count = int(rows.sum())
        if name == "random":
            masks[rows] = random_masks(count, limb, generator)
        else:
            one = torch.zeros(len(LEADS), device=device)
            for lead in LIMB_LEADS if name.startswith("limb") else (name,):
                one[LEADS.index(lead)] = 1
            if name == "limb+V2":
                one[LEADS.index("V2")] = 1
            masks[rows] = one
    return masks


def random_masks(count: int, limb: Tensor, generator: torch.Generator) -> Tensor:
    """All limb leads or a single one (two would give all six), and a random part of the chest leads. Never no lead."""
    masks = torch.zeros(count, len(LEADS), device=generator.device)
    single = torch.randint(0, len(LIMB_LEADS), (count,), generator=generator, device=generator.device)
    all_limb = chosen(count, 0.6, generator)
    masks.scatter_(1, single[:, None], 1.0)
    masks[all_limb] = limb
    share = uniform((count, 1), 0, 1, generator)
    masks[:, len(LIMB_LEADS) :] = (uniform((count, 6), 0, 1, generator) < share).float()
    no_limb = chosen(count, 0.3, generator) & (masks[:, len(LIMB_LEADS) :].sum(dim=1) > 0)
    masks[no_limb, : len(LIMB_LEADS)] = 0
    return masks


def augmented_batch(
    x: Tensor,
    samples: int,
    matrix: Tensor,
    shares: Mapping[str, float],
    generator: torch.Generator,
    gain: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """[records, 8, 1000] mV -> signal [records, 12, samples] mV, lead mask [records, 12]."""
    x = distort(cropped(x, samples, generator), generator, gain)
    x = x * visible_samples(len(x), samples, generator)[:, None, :]
    masks = lead_masks(len(x), shares, generator)
    return torch.matmul(matrix, x) * masks[:, :, None], masks


def batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    order = torch.randperm(count, generator=generator)
    yield from (order[start : start + size] for start in range(0, count - size + 1, size))

"""The base of every network, and layers that several networks use.

Input: 12 leads at 100 Hz, and a mask of the leads that are present. Output: logits. Training uses short crops.
"""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

LEAD_COUNT = 12
# The input in units of a quarter of a millivolt has a variance near 1: an R wave is about 1 mV.
INPUT_UNIT_MV = 0.25


class EcgNetwork(nn.Module):
    """signal [records, 12, samples] mV and lead_mask [records, 12] (1 present, 0 absent) -> logits [records, outputs].

    Trained on crops of crop_samples. A longer signal is cut into overlapping windows of that length. The result is the
    mean of their logits, each weighted by the share of the window that is not zero in all leads.
    """

    crop_samples: ClassVar[int]
    learning_rate: ClassVar[float]

    def crop_logits(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        starts = window_starts(int(signal.shape[-1]), self.crop_samples)
        if len(starts) == 1:
            return self.crop_logits(signal, lead_mask)
        windows = [signal[..., start : start + self.crop_samples] for start in starts]
        logits = self.crop_logits(torch.cat(windows), lead_mask.repeat(len(windows), 1))
        shares = [(window.abs().amax(dim=1) > 0).float().mean(dim=1) for window in windows]
        return weighted_mean(logits.view(len(windows), -1, logits.shape[1]), torch.stack(shares))


class ConvolvedOnce(EcgNetwork):
    """Convolves a long signal once and pools it in windows: a third of the work of convolving each window."""

    stride: ClassVar[int]
    pool_steps: ClassVar[int]
    pool: nn.Module
    head: nn.Module

    def features(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        """[records, channels, samples / stride]."""
        raise NotImplementedError

    def pooled_logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(x))
        return logits

    def forward(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = self.features(signal, lead_mask)
        starts = window_starts(int(x.shape[-1]), self.pool_steps)
        if len(starts) == 1:
            return self.pooled_logits(x)
        visible = (signal.abs().amax(dim=1) > 0).float()
        shares = [visible[:, k * self.stride : (k + self.pool_steps) * self.stride].mean(dim=1) for k in starts]
        logits = [self.pooled_logits(x[..., k : k + self.pool_steps]) for k in starts]
        return weighted_mean(torch.stack(logits), torch.stack(shares))


def window_starts(samples: int, crop: int) -> list[int]:
    """The first sample of each window: evenly spaced, neighbours overlap by about half."""
    count = max(1, math.ceil(2 * samples / crop) - 1)
    return [round(index * (samples - crop) / max(count - 1, 1)) for index in range(count)]


def weighted_mean(logits: Tensor, weights: Tensor) -> Tensor:
    """logits [windows, records, outputs], weights [windows, records] -> [records, outputs]."""
    return (logits * weights[:, :, None]).sum(dim=0) / weights.sum(dim=0)[:, None].clamp(min=1e-6)


class LeadCondition(nn.Module):
    """Scales and shifts each channel, depending on the leads that are present (feature-wise modulation)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(LEAD_COUNT, 2 * channels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, lead_mask: Tensor) -> Tensor:
        scale, shift = self.linear(lead_mask).unsqueeze(-1).chunk(2, dim=1)
        conditioned: Tensor = x * (1 + scale) + shift
        return conditioned


class AttentionPool(nn.Module):
    """[records, channels, steps] -> [records, (2 + heads) * channels]: mean, maximum, and one weighted mean a head."""

    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.attention = nn.Conv1d(channels, heads, 1)
        self.outputs = channels * (2 + heads)

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.softmax(self.attention(x), dim=-1)
        attended = torch.matmul(weights, x.transpose(1, 2)).flatten(1)
        return torch.cat([x.mean(dim=-1), x.amax(dim=-1), attended], dim=1)


def head(inputs: int, hidden: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, outputs)
    )

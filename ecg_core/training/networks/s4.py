"""A teacher: diagonal state-space layers (S4D, Gu et al. 2022) that see the whole crop at once, in both directions.

The layout follows Mehari and Strodthoff (2023), who applied S4 to PTB-XL; two convolutions first quarter the rate.
"""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.training.networks.residual import Block
from ecg_core.training.networks.windowed import (
    INPUT_UNIT_MV,
    LEAD_COUNT,
    AttentionPool,
    EcgNetwork,
    LeadCondition,
    head,
)

STEM_WIDTH = 64
WIDTH = 128
KERNELS = (7, 5)
STATES = 16
LAYERS = 4
STEP = (1e-3, 1e-1)
STEM_KERNEL = 11
DROPOUT = 0.2
HIDDEN = 128


class StateSpace(nn.Module):
    """[records, channels, steps] -> the same: a long convolution a channel, its kernel a sum of decaying waves."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        low, high = (math.log(bound) for bound in STEP)
        self.log_step = nn.Parameter(torch.rand(2, channels, 1) * (high - low) + low)
        self.log_decay = nn.Parameter(torch.full((2, channels, STATES), math.log(0.5)))
        self.frequency = nn.Parameter((math.pi * torch.arange(STATES)).repeat(2, channels, 1))
        self.output = nn.Parameter(torch.randn(2, channels, STATES, 2) * math.sqrt(0.5))
        self.skip = nn.Parameter(torch.randn(channels, 1))

    def kernels(self, steps: int) -> Tensor:
        """[2, channels, steps]: forward and backward in time."""
        decay = torch.complex(-self.log_decay.exp(), self.frequency)
        decay_step = decay * self.log_step.exp()
        weight = torch.view_as_complex(self.output) * (decay_step.exp() - 1) / decay
        powers = (decay_step[..., None] * torch.arange(steps, device=decay.device)).exp()
        return 2 * torch.einsum("dcn,dcnt->dct", weight, powers).real

    def forward(self, x: Tensor) -> Tensor:
        steps = x.shape[-1]
        forward, backward = self.kernels(steps)
        kernel = nn.functional.pad(forward, (0, steps)) + nn.functional.pad(backward.flip(-1), (steps, 0))
        spectrum = torch.fft.rfft(x, n=2 * steps) * torch.fft.rfft(kernel, n=2 * steps)
        convolved: Tensor = torch.fft.irfft(spectrum, n=2 * steps)[..., :steps]
        return convolved + x * self.skip


class Layer(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)
        self.space = StateSpace(channels)
        self.mix = nn.Conv1d(channels, 2 * channels, 1)
        self.dropout = nn.Dropout1d(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        # Half precision has neither complex numbers nor the range of the kernel.
        with torch.autocast(x.device.type, enabled=False):
            y = nn.functional.gelu(self.space(self.norm(x.float())))
        mixed: Tensor = self.dropout(nn.functional.glu(self.mix(self.dropout(y)), dim=1))
        return x + mixed


class S4(EcgNetwork):
    crop_samples: ClassVar[int] = 500
    learning_rate: ClassVar[float] = 2e-3

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(LEAD_COUNT, STEM_WIDTH, STEM_KERNEL, 2, STEM_KERNEL // 2, bias=False)
        self.norm = nn.BatchNorm1d(STEM_WIDTH)
        self.condition = LeadCondition(STEM_WIDTH)
        self.block = Block(STEM_WIDTH, WIDTH, 2, KERNELS, 0.0)
        self.layers = nn.Sequential(*(Layer(WIDTH) for _ in range(LAYERS)))
        self.pool = AttentionPool(WIDTH)
        self.head = head(self.pool.outputs, HIDDEN, outputs, DROPOUT)

    def crop_logits(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.stem(signal / INPUT_UNIT_MV)))
        x = self.block(self.condition(x, lead_mask))
        logits: Tensor = self.head(self.pool(self.layers(x)))
        return logits

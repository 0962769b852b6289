"""Residual 1-D CNNs that are told which leads are there: `compact`, which is shipped, and `placement` beside it.

`wide` uses the same block. The old network `resnet`, shipped as version 1.0, had this layout too; see LEDGER.md.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.training.networks.windowed import (
    INPUT_UNIT_MV,
    LEAD_COUNT,
    AttentionPool,
    ConvolvedOnce,
    EcgNetwork,
    LeadCondition,
    head,
)

HIDDEN = 128


class Block(nn.Module):
    """[records, inputs, steps] -> [records, outputs, steps / stride]: two convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, kernels: tuple[int, int], dropout: float) -> None:
        super().__init__()
        first, second = kernels
        self.conv1 = nn.Conv1d(inputs, outputs, first, stride, first // 2, bias=False)
        self.norm1 = nn.BatchNorm1d(outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, second, 1, second // 2, bias=False)
        self.norm2 = nn.BatchNorm1d(outputs)
        self.dropout = nn.Dropout1d(dropout)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool1d(stride, stride, ceil_mode=True) if stride != 1 else nn.Identity(),
                nn.Conv1d(inputs, outputs, 1, bias=False),
                nn.BatchNorm1d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(self.dropout(y)))
        return torch.relu(y + self.shortcut(x))


class Residual(ConvolvedOnce):
    """A stem that halves the rate, then a block for each of widths; each block is told which leads are there."""

    stem_kernel: ClassVar[int] = 11
    learning_rate: ClassVar[float] = 3e-3
    dropout: ClassVar[float] = 0.2
    widths: ClassVar[tuple[int, ...]]
    strides: ClassVar[tuple[int, ...]]
    kernels: ClassVar[tuple[int, int]]
    block_dropout: ClassVar[float]

    def __init__(self, outputs: int) -> None:
        super().__init__()
        first, last = self.widths[0], self.widths[-1]
        inputs = (first, *self.widths[:-1])
        self.stem = nn.Conv1d(LEAD_COUNT, first, self.stem_kernel, 2, self.stem_kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(first)
        self.conditions = nn.ModuleList([LeadCondition(width) for width in inputs])
        layers = zip(inputs, self.widths, self.strides, strict=True)
        self.blocks = nn.ModuleList([Block(*layer, self.kernels, self.block_dropout) for layer in layers])
        self.pool = AttentionPool(last)
        self.head = head(self.pool.outputs, HIDDEN, outputs, self.dropout)

    def features(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.stem(signal / INPUT_UNIT_MV)))
        for condition, block in zip(self.conditions, self.blocks, strict=True):
            x = block(condition(x, lead_mask))
        return x


class Compact(Residual):
    """The network that is shipped. In 12 epochs it is as good as the deeper `resnet` was after 40 (see LEDGER.md)."""

    # With the placement network: 94 million multiplications a record.
    widths = (104, 104, 104)
    strides = (1, 2, 2)
    kernels = (5, 3)
    block_dropout = 0.0
    crop_samples = 250
    stride = 8
    # Five seconds. Windows as short as a crop would be four more, for the same AUC.
    pool_steps = 63


class Placement(Residual):
    """Are the electrodes where they should be, is this an ECG at all? Outputs: ecg_core.model.placement.KINDS."""

    widths = (12, 20, 32, 48, 64)
    strides = (1, 2, 2, 2, 2)
    kernels = (7, 5)
    block_dropout = 0.1
    crop_samples = 500
    stride = 32
    pool_steps = 16


class Wide(EcgNetwork):
    """A teacher: wide blocks at the full rate over short crops, after Wang et al. (2017) as benchmarked on PTB-XL by
    Strodthoff et al. (2021, resnet1d_wang)."""

    width: ClassVar[int] = 128
    stem_kernel: ClassVar[int] = 7
    crop_samples = 250
    learning_rate = 3e-3

    def __init__(self, outputs: int) -> None:
        super().__init__()
        width = self.width
        self.stem = nn.Conv1d(LEAD_COUNT, width, self.stem_kernel, 1, self.stem_kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.condition = LeadCondition(width)
        self.blocks = nn.Sequential(*(Block(width, width, stride, (5, 3), 0.0) for stride in (1, 2, 2)))
        self.head = head(2 * width, HIDDEN, outputs, 0.3)

    def crop_logits(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.stem(signal / INPUT_UNIT_MV)))
        x = self.blocks(self.condition(x, lead_mask))
        logits: Tensor = self.head(torch.cat([x.mean(dim=-1), x.amax(dim=-1)], dim=1))
        return logits

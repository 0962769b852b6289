"""A teacher: a deep residual 1-D CNN, told at every stage which leads are there. It was shipped as version 1.0."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.training.networks.windowed import (
    INPUT_UNIT_MV,
    LEAD_COUNT,
    AttentionPool,
    ConvolvedOnce,
    LeadCondition,
    head,
)

STEM_KERNEL = 11
KERNELS = (7, 5)
DROPOUT = 0.2
HIDDEN = 128


class Block(nn.Module):
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


class ResNet(ConvolvedOnce):
    crop_samples: ClassVar[int] = 500
    learning_rate: ClassVar[float] = 3e-3
    widths: ClassVar[tuple[int, ...]] = (32, 48, 64, 96, 128)
    blocks_per_stage: ClassVar[int] = 2
    stride: ClassVar[int] = 32
    pool_steps: ClassVar[int] = 16

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(LEAD_COUNT, self.widths[0], STEM_KERNEL, 2, STEM_KERNEL // 2, bias=False)
        self.stem_norm = nn.BatchNorm1d(self.widths[0])
        self.conditions = nn.ModuleList([LeadCondition(width) for width in (self.widths[0], *self.widths[:-1])])
        self.stages = nn.ModuleList()
        inputs = self.widths[0]
        for index, width in enumerate(self.widths):
            blocks = [Block(inputs, width, 2 if index else 1, KERNELS, DROPOUT / 2)]
            blocks += [Block(width, width, 1, KERNELS, DROPOUT / 2) for _ in range(self.blocks_per_stage - 1)]
            self.stages.append(nn.Sequential(*blocks))
            inputs = width
        self.pool = AttentionPool(inputs)
        self.head = head(self.pool.outputs, HIDDEN, outputs, DROPOUT)

    def features(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        """[records, channels, samples / stride]."""
        x = torch.relu(self.stem_norm(self.stem(signal / INPUT_UNIT_MV)))
        for condition, stage in zip(self.conditions, self.stages, strict=True):
            x = stage(condition(x, lead_mask))
        return x

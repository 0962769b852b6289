"""Few wide layers at a high rate, as in `wide`, that keep to 100 million multiplications a record."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.training.networks.resnet import Block
from ecg_core.training.networks.windowed import (
    INPUT_UNIT_MV,
    LEAD_COUNT,
    AttentionPool,
    ConvolvedOnce,
    LeadCondition,
    head,
)

KERNELS = (5, 3)
HIDDEN = 128
DROPOUT = 0.2


class Compact(ConvolvedOnce):
    crop_samples: ClassVar[int] = 500
    learning_rate: ClassVar[float] = 3e-3
    stride: ClassVar[int] = 8
    pool_steps: ClassVar[int] = 63
    width: ClassVar[int] = 112
    stem: ClassVar[tuple[int, int]] = (11, 2)

    def __init__(self, outputs: int) -> None:
        super().__init__()
        width, (kernel, stride) = self.width, self.stem
        self.first = nn.Conv1d(LEAD_COUNT, width, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.conditions = nn.ModuleList([LeadCondition(width) for _ in range(3)])
        self.blocks = nn.ModuleList([Block(width, width, step, KERNELS, 0.0) for step in (1, 2, 2)])
        self.pool = AttentionPool(width)
        self.head = head(self.pool.outputs, HIDDEN, outputs, DROPOUT)

    def features(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(signal / INPUT_UNIT_MV)))
        for condition, block in zip(self.conditions, self.blocks, strict=True):
            x = block(condition(x, lead_mask))
        return x

    def pooled_logits(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(x))
        return logits


class CompactFull(Compact):
    crop_samples: ClassVar[int] = 250
    stride: ClassVar[int] = 4
    width: ClassVar[int] = 80
    stem: ClassVar[tuple[int, int]] = (7, 1)

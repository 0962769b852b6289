"""The network that is shipped: few wide layers at a high rate, told at every stage which leads are there.

In twelve epochs it gets where the deeper and narrower `resnet` is after forty (see the ledger).
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.training.networks.residual import Block
from ecg_core.training.networks.windowed import (
    INPUT_UNIT_MV,
    LEAD_COUNT,
    AttentionPool,
    ConvolvedOnce,
    LeadCondition,
    head,
)

# With the placement beside it 94 million multiplications a record.
WIDTH = 104
STEM_KERNEL = 11
STRIDES = (1, 2, 2)
KERNELS = (5, 3)
HIDDEN = 128
DROPOUT = 0.2


class Compact(ConvolvedOnce):
    crop_samples: ClassVar[int] = 250
    learning_rate: ClassVar[float] = 3e-3
    stride: ClassVar[int] = 8
    # Five seconds: pooled over those of a crop, ten seconds would have four more windows and the same areas.
    pool_steps: ClassVar[int] = 63

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(LEAD_COUNT, WIDTH, STEM_KERNEL, 2, STEM_KERNEL // 2, bias=False)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.conditions = nn.ModuleList([LeadCondition(WIDTH) for _ in STRIDES])
        self.blocks = nn.ModuleList([Block(WIDTH, WIDTH, stride, KERNELS, 0.0) for stride in STRIDES])
        self.pool = AttentionPool(WIDTH)
        self.head = head(self.pool.outputs, HIDDEN, outputs, DROPOUT)

    def features(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.stem(signal / INPUT_UNIT_MV)))
        for condition, block in zip(self.conditions, self.blocks, strict=True):
            x = block(condition(x, lead_mask))
        return x

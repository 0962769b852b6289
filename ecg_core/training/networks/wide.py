"""A teacher: few wide layers at the full rate over short crops, after Wang et al. (2017) as benchmarked on PTB-XL by
Strodthoff et al. (2021, resnet1d_wang)."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.training.networks.residual import Block
from ecg_core.training.networks.windowed import INPUT_UNIT_MV, LEAD_COUNT, EcgNetwork, LeadCondition, head

WIDTH = 128
STEM_KERNEL = 7
STRIDES = (1, 2, 2)
KERNELS = (5, 3)
HIDDEN = 128
DROPOUT = 0.3


class Wide(EcgNetwork):
    crop_samples: ClassVar[int] = 250
    learning_rate: ClassVar[float] = 3e-3

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(LEAD_COUNT, WIDTH, STEM_KERNEL, 1, STEM_KERNEL // 2, bias=False)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.condition = LeadCondition(WIDTH)
        self.blocks = nn.Sequential(*(Block(WIDTH, WIDTH, stride, KERNELS, 0.0) for stride in STRIDES))
        self.head = head(2 * WIDTH, HIDDEN, outputs, DROPOUT)

    def crop_logits(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.stem(signal / INPUT_UNIT_MV)))
        x = self.blocks(self.condition(x, lead_mask))
        logits: Tensor = self.head(torch.cat([x.mean(dim=-1), x.amax(dim=-1)], dim=1))
        return logits

"""A teacher: limb and chest leads in branches of their own, then attention over the whole ten seconds."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.leads import LIMB_LEADS
from ecg_core.training.networks.residual import Block
from ecg_core.training.networks.windowed import (
    INPUT_UNIT_MV,
    LEAD_COUNT,
    AttentionPool,
    EcgNetwork,
    LeadCondition,
    head,
)

BRANCH_WIDTHS = (24, 32, 48, 64)
STEM_KERNEL = 15
KERNELS = (9, 5)
HEADS = 4
LAYERS = 2
DROPOUT = 0.2
HIDDEN = 128


class Branch(nn.Module):
    """[records, leads, samples] -> [records, BRANCH_WIDTHS[-1], samples / 16]."""

    def __init__(self, leads: int) -> None:
        super().__init__()
        width = BRANCH_WIDTHS[0]
        self.stem = nn.Conv1d(leads, width, STEM_KERNEL, 2, STEM_KERNEL // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.condition = LeadCondition(width)
        pairs = zip((width, *BRANCH_WIDTHS[:-1]), BRANCH_WIDTHS, strict=True)
        self.blocks = nn.Sequential(
            *(
                Block(inputs, outputs, 2 if index else 1, KERNELS, DROPOUT / 2)
                for index, (inputs, outputs) in enumerate(pairs)
            )
        )

    def forward(self, x: Tensor, lead_mask: Tensor) -> Tensor:
        branch: Tensor = self.blocks(self.condition(torch.relu(self.norm(self.stem(x))), lead_mask))
        return branch


class Attention(EcgNetwork):
    crop_samples: ClassVar[int] = 1000
    learning_rate: ClassVar[float] = 1.5e-3

    def __init__(self, outputs: int) -> None:
        super().__init__()
        limb, width = len(LIMB_LEADS), 2 * BRANCH_WIDTHS[-1]
        self.branches = nn.ModuleList([Branch(limb), Branch(LEAD_COUNT - limb)])
        self.place = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.layers = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(width, HEADS, 2 * width, DROPOUT, "gelu", batch_first=True, norm_first=True)
                for _ in range(LAYERS)
            ]
        )
        self.pool = AttentionPool(width)
        self.head = head(self.pool.outputs, HIDDEN, outputs, DROPOUT)

    def crop_logits(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        scaled, limb = signal / INPUT_UNIT_MV, len(LIMB_LEADS)
        parts = (scaled[:, :limb], scaled[:, limb:])
        x = torch.cat([branch(part, lead_mask) for branch, part in zip(self.branches, parts, strict=True)], dim=1)
        x = (x + self.place(x)).transpose(1, 2)
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = self.head(self.pool(x.transpose(1, 2)))
        return logits

"""The baseline: ECGNet, the network of the notebook that this project descends from."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ecg_core.training.networks.windowed import INPUT_UNIT_MV, LEAD_COUNT, EcgNetwork

STEM_KERNELS = (15, 17, 19, 21)
WIDTH = 16
KERNEL = 17
BLOCKS = 15
HALVE_EVERY, WIDEN_EVERY = 2, 4
DROPOUT = 0.1
LSTM_HIDDEN = 40


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv1d:
    return nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class PreActivationBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, halve: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(inputs),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            convolution(inputs, outputs, KERNEL),
            nn.BatchNorm1d(outputs),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            convolution(outputs, outputs, KERNEL),
        )
        self.widen = convolution(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.halve = nn.MaxPool1d(2) if halve else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.halve(self.layers(x)) + self.halve(self.widen(x))
        return y


class ECGNet(EcgNetwork):
    """It does not use the lead mask. An absent lead is zero."""

    crop_samples: ClassVar[int] = 1000
    learning_rate: ClassVar[float] = 1e-3

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.stems = nn.ModuleList([convolution(LEAD_COUNT, WIDTH, kernel) for kernel in STEM_KERNELS])
        self.norm = nn.BatchNorm1d(WIDTH)
        self.first = convolution(WIDTH, WIDTH, KERNEL, 2)
        width, blocks = WIDTH, []
        for number in range(1, BLOCKS + 1):
            wider = width + (WIDTH if number % WIDEN_EVERY == 0 else 0)
            blocks.append(PreActivationBlock(width, wider, number % HALVE_EVERY == 0))
            width = wider
        self.blocks = nn.Sequential(*blocks)
        self.lstm = nn.LSTM(LEAD_COUNT, LSTM_HIDDEN, batch_first=True)
        self.linear = nn.Linear(width + LSTM_HIDDEN, outputs)

    def crop_logits(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = signal / INPUT_UNIT_MV
        joined = torch.cat([stem(x) for stem in self.stems], dim=2)
        y = self.blocks(self.first(torch.relu(self.norm(joined)))).mean(dim=-1)
        # Explicit, because otherwise the export fixes the number of records to that of the trace.
        start = torch.zeros(1, x.shape[0], LSTM_HIDDEN, device=x.device)
        _, (hidden, _) = self.lstm(x.transpose(1, 2), (start, start))
        logits: Tensor = self.linear(torch.cat([y, hidden[-1]], dim=1))
        return logits

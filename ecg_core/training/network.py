"""The network: a residual 1-D CNN over 12 leads at 100 Hz, told which leads are there."""

import torch
from torch import Tensor, nn

LEAD_COUNT = 12
# The R wave of a normal ECG is about 1 mV: a quarter of it as unit puts the input near unit variance.
INPUT_UNIT_MV = 0.25
STEM_KERNEL = 11
KERNELS = (7, 5)
WIDTHS = (32, 48, 64, 96, 128)
BLOCKS_PER_STAGE = 2
DROPOUT = 0.2
HIDDEN = 128
ATTENTION_HEADS = 4
STRIDE = 32
CROP_SAMPLES = 500
POOL_STEPS = 16


class LeadCondition(nn.Module):
    """Scale and shift of the channels by which leads are present (feature-wise modulation)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(LEAD_COUNT, 2 * channels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, lead_mask: Tensor) -> Tensor:
        scale, shift = self.linear(lead_mask).unsqueeze(-1).chunk(2, dim=1)
        conditioned: Tensor = x * (1 + scale) + shift
        return conditioned


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        first, second = KERNELS
        self.conv1 = nn.Conv1d(inputs, outputs, first, stride, first // 2, bias=False)
        self.norm1 = nn.BatchNorm1d(outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, second, 1, second // 2, bias=False)
        self.norm2 = nn.BatchNorm1d(outputs)
        self.dropout = nn.Dropout1d(DROPOUT / 2)
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


class EcgNetwork(nn.Module):
    """signal [records, 12, samples] mV and lead_mask [records, 12] (1 present, 0 absent) -> logits [records, outputs].

    Trained on crops of CROP_SAMPLES. A longer signal is convolved once and pooled in overlapping windows of that
    length; their logits are averaged, each weighted by the share of it that holds any signal.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Conv1d(LEAD_COUNT, WIDTHS[0], STEM_KERNEL, 2, STEM_KERNEL // 2, bias=False)
        self.stem_norm = nn.BatchNorm1d(WIDTHS[0])
        self.conditions = nn.ModuleList([LeadCondition(width) for width in (WIDTHS[0], *WIDTHS[:-1])])
        self.stages = nn.ModuleList()
        inputs = WIDTHS[0]
        for index, width in enumerate(WIDTHS):
            first = Block(inputs, width, 2 if index else 1)
            self.stages.append(nn.Sequential(first, *(Block(width, width, 1) for _ in range(BLOCKS_PER_STAGE - 1))))
            inputs = width
        self.attention = nn.Conv1d(inputs, ATTENTION_HEADS, 1)
        self.head = nn.Sequential(
            nn.Linear(inputs * (2 + ATTENTION_HEADS), HIDDEN),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, outputs),
        )

    def features(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        """[records, channels, samples / STRIDE]."""
        x = torch.relu(self.stem_norm(self.stem(signal / INPUT_UNIT_MV)))
        for condition, stage in zip(self.conditions, self.stages, strict=True):
            x = stage(condition(x, lead_mask))
        return x

    def pooled_logits(self, x: Tensor) -> Tensor:
        weights = torch.softmax(self.attention(x), dim=-1)
        attended = torch.matmul(weights, x.transpose(1, 2)).flatten(1)
        logits: Tensor = self.head(torch.cat([x.mean(dim=-1), x.amax(dim=-1), attended], dim=1))
        return logits

    def forward(self, signal: Tensor, lead_mask: Tensor) -> Tensor:
        x = self.features(signal, lead_mask)
        starts = range(0, x.shape[-1] - POOL_STEPS + 1, POOL_STEPS // 2)
        if len(starts) == 1:
            return self.pooled_logits(x)
        visible = (signal.abs().amax(dim=1) > 0).float()
        shares = [visible[:, k * STRIDE : (k + POOL_STEPS) * STRIDE].mean(dim=1) for k in starts]
        weights = torch.stack(shares, dim=1)
        logits = torch.stack([self.pooled_logits(x[..., k : k + POOL_STEPS]) for k in starts], dim=1)
        return (logits * weights[:, :, None]).sum(dim=1) / weights.sum(dim=1, keepdim=True)

"""A small network beside the one that diagnoses: are the electrodes where they should be, is this an ECG at all?"""

from typing import ClassVar

from ecg_core.training.networks.residual import ResNet


class Placement(ResNet):
    """Its outputs are ecg_core.model.placement.KINDS."""

    widths: ClassVar[tuple[int, ...]] = (12, 20, 32, 48, 64)
    blocks_per_stage: ClassVar[int] = 1

"""A running mean."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def smoothed(signal: NDArray[np.floating[Any]], width: int) -> NDArray[np.float64]:
    """The mean over width samples (odd) around each sample, along the last axis. The ends repeat."""
    half = width // 2
    pad = [(0, 0)] * (signal.ndim - 1) + [(half + 1, half)]
    sums = np.cumsum(np.pad(signal, pad, mode="edge"), axis=-1, dtype=np.float64)
    return np.asarray((sums[..., 2 * half + 1 :] - sums[..., : -2 * half - 1]) / (2 * half + 1))

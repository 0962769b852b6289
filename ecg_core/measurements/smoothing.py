"""A running mean."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def smoothed(signal: NDArray[np.floating[Any]], width: int) -> NDArray[np.float64]:
    """The mean over width samples (odd) around each sample, along the last axis. The ends repeat."""
    half, samples = width // 2, signal.shape[-1]
    # numpy.pad does the same in twice the time of the sums.
    padded = np.empty((*signal.shape[:-1], samples + 2 * half + 1), signal.dtype)
    padded[..., : half + 1], padded[..., half + 1 + samples :] = signal[..., :1], signal[..., -1:]
    padded[..., half + 1 : half + 1 + samples] = signal
    sums = np.cumsum(padded, axis=-1, dtype=np.float64)
    return np.asarray((sums[..., 2 * half + 1 :] - sums[..., : -2 * half - 1]) / (2 * half + 1))

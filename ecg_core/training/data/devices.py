"""What other devices do to an ECG before it is stored: a high-pass, a low-pass, and the steps of the converter.

The edges of the filters are those that makers offer (Kligfield et al., Recommendations for the standardization and
interpretation of the electrocardiogram, part I, Circulation 2007; 115: 1306). At 100 Hz nothing above 50 Hz is left,
so a low-pass of 75 Hz or more cannot be seen.
"""

import torch
from torch import Tensor

from ecg_core.training.data.augment import chosen, uniform
from ecg_core.training.data.ptbxl import FS_HZ

HIGH_PASS_HZ = (0.05, 0.67)
LOW_PASS_HZ = (25.0, 60.0)
# A Butterworth filter of this order, run forwards and backwards.
LOW_PASS_ORDER = 2
STEP_MV = (0.001, 0.005)


def filtered(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """[records, leads, samples] mV, whole records. A share of the records passes each of the three, independently.

    The high-pass has one pole and runs forwards only, as in a device: it moves the ST segment.
    """
    n, device = len(x), generator.device
    hz = torch.fft.rfftfreq(x.shape[-1], 1 / FS_HZ, device=device)
    high = uniform((n, 1), *HIGH_PASS_HZ, generator) * chosen(n, share, generator)[:, None]
    low = uniform((n, 1), *LOW_PASS_HZ, generator)
    passed = 1j * hz / (1j * hz + high).where(hz + high > 0, torch.ones((), dtype=torch.complex64, device=device))
    gentle = 1 / (1 + (hz / low) ** (2 * LOW_PASS_ORDER))
    gain = passed * gentle.where(chosen(n, share, generator)[:, None], torch.ones((), device=device))
    # A high-pass takes the offset away. Elsewhere it stays.
    gain[:, 0] = (high[:, 0] == 0).to(gain.dtype)
    y = torch.fft.irfft(torch.fft.rfft(x) * gain[:, None], n=x.shape[-1])
    step = uniform((n, 1, 1), *STEP_MV, generator)
    return torch.where(chosen(n, share, generator)[:, None, None], torch.round(y / step) * step, y)

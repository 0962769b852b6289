"""What the placement network learns: exchanged electrodes, ECGs upside down or backwards, signals that are no ECG.

The matrices of the exchanges follow from the potentials of the electrodes. With LL as zero: RA = -II and LA = I - II.
Chest leads are measured against Wilson's terminal, the mean of the three. The potentials of the two legs are nearly
equal (Batchvarov et al., Europace 2007; 9: 1081). electrodes.py derives the same exchanges in another way.
"""

import math

import torch
from torch import Tensor

from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.model.placement import KINDS, LIMB_KINDS, SOUND
from ecg_core.training.data.augment import (
    LEAD_SET_SHARES,
    chosen,
    cropped,
    derivation_matrix,
    distort,
    lead_masks,
    uniform,
    visible_samples,
)
from ecg_core.training.data.ptbxl import FS_HZ, INDEPENDENT_LEADS

SOUND_SHARE = 0.4
UNLIKE_SHARE = 0.15
# The largest difference of the legs' potentials, as a part of the limb leads.
LEG_DIFFERENCE = 0.05
# Signals that are no ECG: height, slope of the spectrum (0 white, 2 brown), frequencies of the waves.
UNLIKE_MV = (0.1, 3.0)
SPECTRUM_SLOPE = (0.0, 2.5)
WAVE_HZ = (0.3, 45.0)
HARMONICS = 5
ENVELOPE_HZ = (0.5, 5.0)
PIECE_S = (0.08, 0.5)
SAW_HZ, PULSE_SHARE, NOISE_ON_SAWS = (0.4, 12.0), (0.03, 0.4), 0.02
BURIED_RATIO = (2.0, 5.0)

_I, _II = 0, 1


def reversal_matrices() -> Tensor:
    """[KINDS, 8, 8]: how each kind changes I, II, V1-V6. The identity for kinds without exchanged electrodes."""
    matrices = torch.eye(len(INDEPENDENT_LEADS)).repeat(len(KINDS), 1, 1)
    limb = {
        "RA and LA": ((-1, 0), (-1, 1)),
        "RA and LL": ((1, -1), (0, -1)),
        "LA and LL": ((0, 1), (1, 0)),
        "RA and RL": ((1, -1), (0, 0)),
        "LA and RL": ((0, 1), (0, 1)),
    }
    # The change of the chest leads by the changed Wilson's terminal, in parts of I and II.
    terminal = {"RA and RL": (0.0, -1 / 3), "LA and RL": (1 / 3, -1 / 3)}
    for index, kind in enumerate(KINDS):
        if kind in limb:
            matrices[index, :2, :2] = torch.tensor(limb[kind])
            matrices[index, 2:, :2] = torch.tensor(terminal.get(kind, (0.0, 0.0)))
        elif kind.startswith("V"):
            one, other = (INDEPENDENT_LEADS.index(lead) for lead in kind.split(" and "))
            matrices[index, [one, other]] = matrices[index, [other, one]]
    matrices[KINDS.index("inverted")] *= -1
    return matrices


def misplaced(x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """[records, 8, samples] mV -> (the same, with an error in most records; the kind of error [records])."""
    device = generator.device
    draw = uniform((len(x),), 0, 1, generator)
    wrong = torch.randint(1, len(KINDS) - 1, (len(x),), generator=generator, device=device)
    kinds = torch.where(draw < SOUND_SHARE, KINDS.index(SOUND), wrong)
    kinds = torch.where(draw > 1 - UNLIKE_SHARE, KINDS.index("unlike"), kinds)
    matrices = reversal_matrices().to(device)[kinds]
    # The legs differ a little, so a lead between them is small and not exactly zero.
    legs = (kinds == KINDS.index("RA and RL")) | (kinds == KINDS.index("LA and RL"))
    difference = uniform((len(x), 2, 2), -LEG_DIFFERENCE, LEG_DIFFERENCE, generator)
    matrices[:, :2, :2] += difference * legs[:, None, None]
    x = torch.matmul(matrices, x)
    backwards = kinds == KINDS.index("backwards")
    x[backwards] = x[backwards].flip(-1)
    unlike = kinds == KINDS.index("unlike")
    if unlike.any():
        x[unlike] = unlike_ecg(x[unlike], generator)
    return x, kinds


def unlike_ecg(x: Tensor, generator: torch.Generator) -> Tensor:
    """[records, 8, samples], for each record one of: noise, waves, saws, bursts, shuffled ECG, ECG buried in noise."""
    count, _, samples = x.shape
    noise = _shared(_coloured(x.shape, generator), generator)
    alike = (count, 1, samples)
    envelope = _waves(alike, ENVELOPE_HZ, 1, generator).clamp(min=0)
    shuffled = _shuffled(x, generator)
    height = x.std(dim=-1, keepdim=True).mean(dim=1, keepdim=True)
    ratio = uniform((count, 1, 1), *BURIED_RATIO, generator)
    forms = torch.stack(
        [
            noise,
            _shared(_waves(x.shape, WAVE_HZ, HARMONICS, generator), generator),
            _saws(alike, generator) * uniform((count, x.shape[1], 1), -1, 1, generator) + NOISE_ON_SAWS * noise,
            noise * envelope,
            shuffled,
            x + noise * height * ratio,
        ]
    )
    pick = torch.randint(0, len(forms), (count,), generator=generator, device=x.device)
    made = forms[pick, torch.arange(count, device=x.device)]
    high = uniform((count, 1, 1), *UNLIKE_MV, generator)
    scaled = made / (made.abs().amax(dim=(1, 2), keepdim=True) + 1e-6) * high
    # Shuffled and buried ECGs keep their size.
    return torch.where((pick < len(forms) - 2)[:, None, None], scaled, made)


def _coloured(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Noise of unit variance. Its power falls with frequency to a random exponent."""
    count, _, samples = shape
    spectrum = torch.fft.rfft(torch.randn(shape, generator=generator, device=generator.device))
    slope = uniform((count, 1, 1), *SPECTRUM_SLOPE, generator)
    frequency = torch.arange(spectrum.shape[-1], device=generator.device).clamp(min=1)
    noise = torch.fft.irfft(spectrum * frequency ** (-slope / 2), n=samples)
    unit: Tensor = noise / (noise.std(dim=-1, keepdim=True) + 1e-6)
    return unit


def _shared(x: Tensor, generator: torch.Generator) -> Tensor:
    """Mixes each lead with a signal that all leads share, in a random proportion."""
    own = uniform((len(x), 1, 1), 0, 1, generator)
    common = x[:, :1] * (2 * torch.rand((len(x), x.shape[1], 1), generator=generator, device=x.device) - 1)
    return own * x + (1 - own) * common


def _waves(shape: tuple[int, ...], band_hz: tuple[float, float], harmonics: int, generator: torch.Generator) -> Tensor:
    """Each record has one base frequency, and harmonics with random heights and phases."""
    count, leads, samples = shape
    low, high = (math.log(bound) for bound in band_hz)
    base = uniform((count, 1, 1), low, high, generator).exp()
    time = torch.arange(samples, device=generator.device) / FS_HZ
    total = torch.zeros(shape, device=generator.device)
    for order in range(1, harmonics + 1):
        height = uniform((count, leads, 1), 0, 1 / order, generator) if order > 1 else 1.0
        phase = uniform((count, leads, 1), 0, 2 * math.pi, generator)
        total = total + height * torch.sin(2 * math.pi * base * order * time + phase)
    return total


def _saws(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Each record is a sawtooth, triangle, square or pulse wave of a random rate."""
    count, _, samples = shape
    low, high = (math.log(bound) for bound in SAW_HZ)
    rate = uniform((count, 1, 1), low, high, generator).exp()
    start = uniform((count, 1, 1), 0, 1, generator)
    turn = (rate * torch.arange(samples, device=generator.device) / FS_HZ + start) % 1
    share = uniform((count, 1, 1), *PULSE_SHARE, generator)
    forms = torch.stack([2 * turn - 1, 4 * (turn - 0.5).abs() - 1, (turn < 0.5) * 2.0 - 1, (turn < share) * 1.0])
    pick = torch.randint(0, len(forms), (count,), generator=generator, device=generator.device)
    made: Tensor = forms[pick, torch.arange(count, device=generator.device)]
    return made - made.mean(dim=-1, keepdim=True)


def _shuffled(x: Tensor, generator: torch.Generator) -> Tensor:
    """Cuts the records into pieces of one length and shuffles them, in the same order for all leads."""
    samples = x.shape[-1]
    length = max(1, int(uniform((1,), *PIECE_S, generator).item() * FS_HZ))
    pieces = torch.randperm(math.ceil(samples / length), generator=generator, device=x.device)
    order = (pieces[:, None] * length + torch.arange(length, device=x.device)).flatten()
    return x[..., order[order < samples]]


def visible_kinds(kinds: Tensor, masks: Tensor) -> Tensor:
    """The kinds, and sound where the leads of masks [records, 12] cannot show the error."""
    limb = masks[:, : len(LIMB_LEADS)]
    out = kinds.clone()
    for index, kind in enumerate(KINDS):
        rows = kinds == index
        if kind in LIMB_KINDS:
            out[rows & ~limb.any(dim=1)] = 0
        elif kind.startswith("V"):
            for lead in kind.split(" and "):
                out[rows & (masks[:, LEADS.index(lead)] == 0)] = 0
    # Lead I alone: upside down looks the same as exchanged arms.
    only_i = (masks[:, LEADS.index("I")] > 0) & (masks.sum(dim=1) == 1)
    out[only_i & (kinds == KINDS.index("inverted"))] = KINDS.index("RA and LA")
    return out


def misplaced_batch(
    x: Tensor, samples: int, generator: torch.Generator, gain: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """[records, 8, 1000] mV -> signal [records, 12, samples] mV, lead mask [records, 12], kind [records]."""
    x, kinds = misplaced(cropped(x, samples, generator), generator)
    x = distort(x, generator, gain)
    x = x * visible_samples(len(x), samples, generator)[:, None, :]
    masks = lead_masks(len(x), LEAD_SET_SHARES, generator)
    full = chosen(len(x), 0.5, generator)
    masks[full] = 1
    signal = torch.matmul(derivation_matrix().to(x.device), x) * masks[:, :, None]
    return signal, masks, visible_kinds(kinds, masks)

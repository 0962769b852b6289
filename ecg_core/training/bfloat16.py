"""Decides whether a network is trained in bfloat16 or in float32.

bfloat16 is faster only if the hardware computes it. Without AVX-512 it is not faster. torch 2.13 cannot train every
layer in bfloat16 on every CPU: the LSTM fails on AVX2 (intel/torch-xpu-ops#4066), the backward pass of convolutions
fails on avx2_vnni_2 (pytorch/pytorch#148861). So the module checks the hardware, then tries one training step.
"""

import copy

import torch

from ecg_core.training.networks.windowed import LEAD_COUNT, EcgNetwork

BFLOAT16, FLOAT32 = "bfloat16", "float32"
# Names as in torch.cpu.get_capabilities(): two of x86, one of ARM.
CPU_FEATURES = ("avx512_bf16", "amx_bf16", "bf16")
# Records in the trial step. Batch normalisation needs at least two.
RECORDS = 2


def precision(network: EcgNetwork, device: torch.device, *, wanted: bool = True) -> str:
    """BFLOAT16 if it is wanted, the device computes it, and the network can be trained in it. Otherwise FLOAT32."""
    return BFLOAT16 if wanted and in_hardware(device) and trainable(network, device) else FLOAT32


def in_hardware(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    found = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return any(found.get(feature, False) for feature in CPU_FEATURES)


def trainable(network: EcgNetwork, device: torch.device) -> bool:
    """Tries one step on a copy. Leaves the network and the state of the random generators as they were."""
    trial = copy.deepcopy(network).train()
    signal = torch.zeros(RECORDS, LEAD_COUNT, network.crop_samples, device=device)
    mask = torch.ones(RECORDS, LEAD_COUNT, device=device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            with torch.autocast(device.type, torch.bfloat16):
                logits = trial(signal, mask)
            logits.float().sum().backward()
        except RuntimeError:
            return False
    return True

"""The same job as most people would write it: wfdb, scipy and torch. Run as a script: weights.pt, then record paths.

The weights are random: they cost what trained ones cost.
"""

import sys

import numpy as np
import scipy.signal
import torch
import wfdb

from ecg_core.training.networks import build
from ecg_core.training.networks.windowed import EcgNetwork

LABELS = ("NORM", "MI", "STTC", "CD", "HYP")


def load(path: str) -> list[EcgNetwork]:
    networks = []
    for state in torch.load(path, weights_only=True):
        network = build("compact", state["head.4.weight"].shape[0])
        network.load_state_dict(state)
        networks.append(network.eval())
    return networks


def classify(networks: list[EcgNetwork], path: str) -> dict[str, float]:
    record = wfdb.rdrecord(path)
    signal = scipy.signal.resample(record.p_signal, 1000) if record.fs != 100 else record.p_signal
    signal = signal - np.median(signal, axis=0)
    x = torch.tensor(signal.T[None], dtype=torch.float32)
    with torch.no_grad():
        logits = torch.stack([network(x, torch.ones(1, 12)) for network in networks]).mean(dim=0)
    return dict(zip(LABELS, torch.sigmoid(logits[0, :5]).tolist(), strict=True))


if __name__ == "__main__":
    loaded = load(sys.argv[1])
    for record_path in sys.argv[2:]:
        print(classify(loaded, record_path))

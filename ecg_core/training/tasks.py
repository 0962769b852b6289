"""What a network learns: its batches, its loss, and a line of text with its results on fold 9."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.leads import LEAD_SETS, LEADS
from ecg_core.metrics import auc
from ecg_core.model.placement import KINDS, SOUND
from ecg_core.training.data.augment import (
    LEAD_SET_SHARES,
    TWELVE_LEAD_SHARES,
    augmented_batch,
    derivation_matrix,
    mixed,
)
from ecg_core.training.data.dataset import Data
from ecg_core.training.data.devices import filtered
from ecg_core.training.data.misplacement import misplaced, misplaced_batch
from ecg_core.training.data.ptbxl import VALIDATION_FOLD
from ecg_core.training.networks import PLACEMENT
from ecg_core.training.networks.windowed import EcgNetwork
from ecg_core.training.settings import Settings

LINE_SEED = 9
COMMON_SHARE, RARITY_BOUNDS = 0.05, (0.25, 4.0)
# Larger batches do not fit in the processor's cache and take five times as long per record.
PREDICTED_AT_ONCE = 32


class Task(Protocol):
    outputs: int

    def batch(self, rows: Tensor, samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """signal [records, 12, samples] mV, lead mask [records, 12], targets for loss()."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor: ...

    def line(self, network: EcgNetwork) -> str: ...


class Diagnosis:
    """Learns superclasses, statements, sex and age from any lead set."""

    def __init__(self, data: Data, settings: Settings) -> None:
        self.data, self.settings = data, settings
        device = torch.device(settings.device)
        self.signals, self.targets = data.signals.to(device), _with_soft_targets(data, settings).to(device)
        self.matrix = derivation_matrix().to(device)
        self.shares = LEAD_SET_SHARES if settings.few_leads else TWELVE_LEAD_SHARES
        self.outputs = self.targets.shape[1]
        self.rarity = _rarity(data, settings.rarity).to(device)

    def batch(self, rows: Tensor, samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        x, y = self.signals[rows], self.targets[rows]
        if self.settings.mixup:
            x, y = mixed(x, y, self.settings.mixup, generator)
        if self.settings.devices:
            x = filtered(x, self.settings.devices, generator)
        return (*augmented_batch(x, samples, self.matrix, self.shares, generator, self.settings.gain), y)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        classes, settings = len(SUPERCLASSES), self.settings
        superclass = binary_cross_entropy_with_logits(logits[:, :classes], targets[:, :classes])
        statement = binary_cross_entropy_with_logits(logits[:, classes:-2], targets[:, classes:-2], self.rarity)
        known = targets[:, -2:].isfinite()
        demographic = binary_cross_entropy_with_logits(logits[:, -2:][known], targets[:, -2:][known])
        return superclass + settings.statement_weight * statement + settings.demographic_weight * demographic

    def line(self, network: EcgNetwork) -> str:
        return validation_line(network, self.data, ("12", "I") if self.settings.few_leads else ("12",))


class Placement:
    """Learns which electrodes are exchanged, or that this is no ECG. All records of PTB-XL are taken as correct."""

    outputs = len(KINDS)

    def __init__(self, data: Data, settings: Settings) -> None:
        self.data, self.gain, self.signals = data, settings.gain, data.signals.to(settings.device)

    def batch(self, rows: Tensor, samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        return misplaced_batch(self.signals[rows], samples, generator, self.gain)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(logits, targets)

    def line(self, network: EcgNetwork) -> str:
        """Sensitivity for each kind on fold 9, and the share of unchanged records that are called sound."""
        generator = torch.Generator().manual_seed(LINE_SEED)
        signals = self.data.signals[self.data.validation]
        wrong, kinds = misplaced(signals.clone(), generator)
        named = predict(network, wrong).argmax(axis=1)
        sound = predict(network, signals).argmax(axis=1) == KINDS.index(SOUND)
        true = kinds.numpy()
        shares = [f"{KINDS[k]} {(named == k)[true == k].mean():.2f}" for k in np.unique(true) if k]
        return f"sound records called so {sound.mean():.4f}; {', '.join(shares)}"


def task_of(data: Data, settings: Settings) -> Task:
    return Placement(data, settings) if settings.network == PLACEMENT else Diagnosis(data, settings)


def _with_soft_targets(data: Data, settings: Settings) -> Tensor:
    """The labels. Where teachers have answered: weight * their probabilities + (1 - weight) * the labels."""
    if not settings.soft_weight:
        return data.targets
    if data.soft is None:
        raise ValueError("a soft weight wants soft targets")
    targets = data.targets.clone()
    place = {ecg_id: row for row, ecg_id in enumerate(data.labels.ecg_ids.tolist())}
    rows = torch.tensor([place[ecg_id] for ecg_id in data.soft.ecg_ids.tolist()])
    taught = torch.from_numpy(data.soft.probabilities)
    weight = torch.full((taught.shape[1],), settings.soft_weight)
    if settings.statement_soft_weight >= 0:
        weight[len(SUPERCLASSES) :] = settings.statement_soft_weight
    part = targets[rows, : taught.shape[1]]
    targets[rows, : taught.shape[1]] = part + weight * (taught - part)
    return targets


def _rarity(data: Data, power: float) -> Tensor:
    """[statements]: the weight of each statement in the loss; 1 for one that a twentieth of the records has."""
    statements = data.labels.statements[data.labels.folds != VALIDATION_FOLD]
    share = torch.from_numpy(statements.mean(axis=0)).float().clamp(min=1 / len(statements))
    return (COMMON_SHARE / share).pow(power).clamp(*RARITY_BOUNDS)


def twelve_leads(signals: Tensor) -> Tensor:
    """[records, 8, samples] of the independent leads -> [records, 12, samples]."""
    return torch.matmul(derivation_matrix().to(signals.device), signals)


@torch.inference_mode()
def predict(network: EcgNetwork, signals: Tensor, leads: tuple[str, ...] = LEADS) -> NDArray[np.float32]:
    """Logits [records, outputs] of signals [records, 8, 1000] mV with only the given leads."""
    device = next(network.parameters()).device
    mask = torch.tensor([float(lead in leads) for lead in LEADS], device=device)
    parts = []
    for piece in torch.split(signals, PREDICTED_AT_ONCE):
        signal = twelve_leads(piece.to(device)) * mask[:, None]
        parts.append(network(signal, mask.expand(len(piece), -1)).float().cpu())
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def validation_line(network: EcgNetwork, data: Data, sets: tuple[str, ...]) -> str:
    """Macro AUC of the five superclasses and of the three diagnoses on fold 9, for the named lead sets."""
    rows, said = data.validation, []
    truth = data.labels.superclasses[rows]
    for name in sets:
        score = predict(network, data.signals[rows], LEAD_SETS[name]).astype(np.float64)
        areas = {label: auc(truth[:, k], score[:, k]) for k, label in enumerate(SUPERCLASSES)}
        three = np.mean([areas[label] for label in DIAGNOSES])
        said.append(f"{name}: five {np.mean(list(areas.values())):.4f} three {three:.4f}")
    return ", ".join(said)

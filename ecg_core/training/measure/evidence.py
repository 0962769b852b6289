"""`ekg evidence`: does the network look where a cardiologist would?

A bundle branch block shows in the QRS complex, an ST/T change after it. Measured on true positives: where the evidence
is, and how much the answer loses without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.classification import SUPERCLASSES
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.model.explanation import occluded
from ecg_core.model.occlusion import Cell, Floats, Occlusion
from ecg_core.readers import read
from ecg_core.recording import Files
from ecg_core.signal.preparation import prepare
from ecg_core.signal.segments import PARTS
from ecg_core.training.data.ptbxl import PtbXl, read_ptbxl
from ecg_core.training.measure.outcomes import each

FOLD = 9
MAX_RECORDS = 300
SEED = 9
# The segment in which textbooks look for it.
EXPECTED = {"CD": "QRS", "STTC": "ST-T"}
HIDDEN = (3, 6, 12)
# Random choices of cells. Their mean is compared with the cells of most evidence.
DRAWS = 5


@dataclass(frozen=True, eq=False)
class Looked:
    """One record. share, time: [4], the share of positive evidence and of time in each of PARTS. Each sums to 1.

    most, random: [len(HIDDEN), 2], the loss of log-odds and of probability without the cells of most evidence, and
    without random cells.
    """

    share: Floats
    time: Floats
    most: Floats
    random: Floats


def measure_evidence(
    classifier: Classifier, ptbxl: Path, fold: int = FOLD, max_records: int = MAX_RECORDS
) -> dict[str, Any]:
    data = read_ptbxl(ptbxl, {fold}).scored()
    return {
        "fold": fold,
        "max_records": max_records,
        "seed": SEED,
        "draws": DRAWS,
        "segments": list(PARTS),
        "classes": {label: _of_class(classifier, data, label, max_records) for label in EXPECTED},
        "model_sha256": classifier.identity.sha256,
    }


def _of_class(classifier: Classifier, data: PtbXl, label: str, max_records: int) -> dict[str, Any]:
    with_it = np.flatnonzero(data.superclasses[:, SUPERCLASSES.index(label)])
    rows = np.sort(np.random.default_rng(SEED).permutation(with_it)[:max_records])
    chosen = data.select(np.isin(np.arange(len(data)), rows))
    looked = each(chosen, lambda files: look(classifier, files, label), f"looking at {label}")
    found = np.array([record is not None for record in looked], np.bool_)
    records = [record for record in looked if record is not None]
    if not records:
        raise ValueError(f"No record of {label} is found with it.")
    return {
        "records": len(chosen),
        "n": len(records),
        "patients": len(np.unique(chosen.patient_ids[found])),
        "expected": EXPECTED[label],
        **_figures(records, PARTS.index(EXPECTED[label]), metrics.bootstrap_weights(chosen.patient_ids[found])),
    }


def look(classifier: Classifier, files: Files, label: str) -> Looked | None:
    """None if the record is refused, is not found to have the label, or has no beats."""
    try:
        recording = read(files)
        if label not in classifier.classify(recording).findings:
            return None
    except EcgError:
        return None
    occlusion = occluded(classifier.log_odds, prepare(recording), 0, label)
    if not occlusion.segments.beats:
        return None
    column = SUPERCLASSES.index(label)
    evidence = occlusion.of_cells()[:, column]
    samples = np.bincount(occlusion.segments.labels, minlength=len(PARTS)).astype(np.float64)
    positive = np.maximum(evidence, 0).reshape(-1, len(PARTS)).sum(axis=0)
    most, random = _deleted(occlusion, column, evidence, samples)
    return Looked(positive / max(positive.sum(), np.finfo(float).tiny), samples / samples.sum(), most, random)


def _deleted(occlusion: Occlusion, column: int, evidence: Floats, samples: Floats) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(SEED)
    cells = occlusion.cells
    order = np.argsort(-evidence, kind="stable")
    lasting = np.array([samples[segment] for _, segment in cells])
    sets: list[list[Cell]] = []
    for count in HIDDEN:
        most = order[:count]
        sets.append([cells[at] for at in most])
        for _ in range(DRAWS):
            drawn = rng.permutation(len(cells))
            enough = int(np.searchsorted(np.cumsum(lasting[drawn]), lasting[most].sum())) + 1
            sets.append([cells[at] for at in drawn[:enough]])
    log_odds = occlusion.read([occlusion.recorded, *(occlusion.without(chosen) for chosen in sets)])[:, column]
    both = np.stack([log_odds, 1 / (1 + np.exp(-log_odds))], axis=1)
    lost = (both[0] - both[1:]).reshape(len(HIDDEN), 1 + DRAWS, 2)
    return lost[:, 0], lost[:, 1:].mean(axis=1)


def _figures(records: Sequence[Looked], expected: int, weights: Floats) -> dict[str, Any]:
    """Means over the records. Each leaf is {"value", "ci95"}."""
    share, time = np.stack([record.share for record in records]), np.stack([record.time for record in records])
    most, random = np.stack([record.most for record in records]), np.stack([record.random for record in records])

    def leaf(values: NDArray[Any]) -> dict[str, Any]:
        low, high = metrics.interval(weights @ values / weights.sum(axis=1))
        return {"value": round(float(values.mean()), 4), "ci95": [round(low, 4), round(high, 4)]}

    density = share / np.maximum(time, 1e-9)
    return {
        "share_of_evidence": {name: leaf(share[:, at]) for at, name in enumerate(PARTS)},
        "share_of_time": {name: leaf(time[:, at]) for at, name in enumerate(PARTS)},
        "more_than_by_time": leaf(share[:, expected] - time[:, expected]),
        "most_evidence": leaf((share.argmax(axis=1) == expected).astype(np.float64)),
        "most_evidence_per_time": leaf((density.argmax(axis=1) == expected).astype(np.float64)),
        "deletion": {
            str(count): {
                unit: {
                    "most": leaf(most[:, at, column]),
                    "random": leaf(random[:, at, column]),
                    "difference": leaf(most[:, at, column] - random[:, at, column]),
                }
                for column, unit in enumerate(("log_odds", "probability"))
            }
            for at, count in enumerate(HIDDEN)
        },
    }

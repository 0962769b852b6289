"""The ledger in artifacts/training: the results of each run on fold 9, and its gain over a baseline.

ledger.json holds the figures. scores/NAME.npz holds the logits, so that any two runs can be compared later by paired
bootstrap over patients. LEDGER.md is written from ledger.json.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import metrics
from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.leads import LEAD_SETS
from ecg_core.metrics import Floats
from ecg_core.training.data.dataset import Data
from ecg_core.training.data.ptbxl import PtbXl
from ecg_core.training.fit import read_checkpoint
from ecg_core.training.tasks import predict

LEDGER_FILE, PAGE_FILE, SCORES, SOFT_TARGETS = "ledger.json", "LEDGER.md", "scores", "soft_targets"
# Every run is measured with these.
MEASURED_SETS = ("12", "limb", "I")
FIGURES = {"five": SUPERCLASSES, "three": DIAGNOSES}
# For the intervals. With 200 draws their ends are already within a tenth of their width.
DRAWS = 400

Scores = Mapping[str, NDArray[np.floating[Any]]]


def areas(truth: NDArray[np.bool_], score: Floats, weight: Floats | None = None) -> dict[str, float]:
    """{"five", "three"}: macro AUC of the superclasses and of the diagnoses. score: [n, 5]."""
    each = {label: metrics.auc(truth[:, k], score[:, k], weight) for k, label in enumerate(SUPERCLASSES)}
    return {name: float(np.mean([each[label] for label in labels])) for name, labels in FIGURES.items()}


def measured(labels: PtbXl, scores: Scores, baseline: Scores | None = None) -> dict[str, Any]:
    """For each lead set and figure {"value", "ci95"}; with a baseline also {"gain", "gain_ci95"}.

    labels: the scored records of fold 9.
    """
    weights = metrics.bootstrap_weights(labels.patient_ids, DRAWS)
    found: dict[str, Any] = {}
    for name, given in scores.items():
        score = np.asarray(given, np.float64)
        point = areas(labels.superclasses, score)
        draws = [areas(labels.superclasses, score, weight) for weight in weights]
        rows = {figure: _entry(value, [draw[figure] for draw in draws]) for figure, value in point.items()}
        if baseline is not None and name in baseline:
            beside = np.asarray(baseline[name], np.float64)
            base = areas(labels.superclasses, beside)
            base_draws = [areas(labels.superclasses, beside, weight) for weight in weights]
            for figure, row in rows.items():
                gains = [draw[figure] - other[figure] for draw, other in zip(draws, base_draws, strict=True)]
                gain = _entry(point[figure] - base[figure], gains)
                row |= {"gain": gain["value"], "gain_ci95": gain["ci95"]}
        found[name] = rows
    return found


def _entry(value: float, draws: Sequence[float]) -> dict[str, Any]:
    low, high = metrics.interval(np.array(draws))
    return {"value": round(value, 4), "ci95": [round(low, 4), round(high, 4)]}


class Ledger:
    """rows: by name, in the order in which they were first entered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / LEDGER_FILE
        self.rows: dict[str, dict[str, Any]] = json.loads(path.read_bytes()) if path.exists() else {}

    def scores(self, name: str) -> dict[str, NDArray[np.float16]]:
        """The logits of a run by lead set. Raises FileNotFoundError if there is none."""
        with np.load(self.folder / SCORES / f"{name}.npz") as held:
            return dict(held)

    def enter(
        self, name: str, said: str, labels: PtbXl, scores: Scores, run: Mapping[str, Any], against: str | None = None
    ) -> dict[str, Any]:
        """Adds or replaces a row. run: the settings and hashes to make it again. against: the name of its baseline."""
        kept = {lead_set: np.asarray(score, np.float16) for lead_set, score in scores.items()}
        place = self.folder / SCORES / f"{name}.npz"
        place.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(place, **kept)  # type: ignore[arg-type]
        baseline = self.scores(against) if against else None
        row = {"said": said, "against": against, "fold9": measured(labels, kept, baseline), **run}
        self.rows[name] = row
        (self.folder / LEDGER_FILE).write_text(json.dumps(self.rows, indent=1) + "\n", encoding="utf-8")
        (self.folder / PAGE_FILE).write_text(page(self.rows), encoding="utf-8")
        return row


def enter_run(name: str, said: str, checkpoint: Path, data: Data, folder: Path, against: str | None = None) -> None:
    """Measures one network with every lead set of MEASURED_SETS and enters its row."""
    network, run = read_checkpoint(checkpoint)
    signals = data.signals[data.validation]
    scores = {lead_set: predict(network, signals, LEAD_SETS[lead_set])[:, :5] for lead_set in MEASURED_SETS}
    Ledger(folder).enter(name, said, data.scored, scores, {**run, "data_sha256": data.sha256}, against)


HEAD = """# What each run gave on fold 9

Macro AUC on PTB-XL fold 9 (n = 2,146). Expect .003 to .004 less on unseen data. In brackets: 95 % intervals by
bootstrap over patients. A gain is paired: both runs on the same patients. Two seeds of one recipe differ by about .001,
so a smaller gain is no gain. Written by `ekg ablate`, `ekg teach` and `ekg train` from `ledger.json`, which also holds
the settings, code hash and data hash of each run. The networks `resnet`, `attention` and `s4` were dropped: commit
c94b558 of this repository is the last with their code.
"""


def page(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """LEDGER.md."""
    head = [
        "run",
        "",
        "12 leads: five",
        "three",
        "I: three",
        "two limb leads: three",
        "against",
        "gain, five",
        "gain, three",
    ]
    lines = [head, ["---"] * len(head)]
    for name, row in rows.items():
        fold9 = row["fold9"]
        full, against = fold9["12"], row["against"]
        gains = [_gain(full[figure]) if against else "" for figure in FIGURES]
        single = [f"{fold9[key]['three']['value']:.4f}" if key in fold9 else "" for key in ("I", "limb")]
        values = [
            f"{full[figure]['value']:.4f} [{full[figure]['ci95'][0]:.3f}, {full[figure]['ci95'][1]:.3f}]"
            for figure in FIGURES
        ]
        lines.append([name, row["said"], *values, *single, against or "", *gains])
    return HEAD + "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _gain(row: Mapping[str, Any]) -> str:
    low, high = row["gain_ci95"]
    return f"{row['gain']:+.4f} [{low:+.4f}, {high:+.4f}]"

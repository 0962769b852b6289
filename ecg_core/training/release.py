"""`ekg release`: the whole way from PTB-XL to the files of a release, in one command.

Each step continues where it stopped.

1. teach: two families of teachers, each member blind to two folds, write soft targets.
2. train: the student learns from labels and soft targets.
3. train again from the student's weights: rare statements count for more, with their labels, and the signals pass the
   filters of other devices.
4. export, and fit what the measurements add to the statements.
5. measure robustness, abstention and evidence, and the reference of `ekg drift`.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecg_core.model.artifacts import CARD_FILE, MODEL_FILE
from ecg_core.model.classifier import Classifier
from ecg_core.population.reference import SECTION
from ecg_core.training.calibrate import measure_statements
from ecg_core.training.ledger import SOFT_TARGETS
from ecg_core.training.measure.abstention import abstention
from ecg_core.training.measure.drift_reference import drift_reference
from ecg_core.training.measure.evidence import measure_evidence
from ecg_core.training.measure.robustness import robustness
from ecg_core.training.measured_terms import fit_terms
from ecg_core.training.networks import TEACHERS
from ecg_core.training.report.model_card import publish
from ecg_core.training.settings import Settings
from ecg_core.training.teach import teach
from ecg_core.training.train import train

STUDENT = Settings(epochs=160, soft_weight=0.7)
# What release 2.3 was trained with, from the weights of release 2.2.
AGAIN = replace(
    STUDENT, epochs=56, seed=21, gain=0.05, statement_soft_weight=0.3, rarity=0.5, devices=0.25, learning_rate=1.5e-3
)


def release(
    ptbxl: Path,
    out: Path,
    *,
    device: str = "cpu",
    threads: int = 1,
    teacher_epochs: int | None = None,
    student: Settings = STUDENT,
    again: Settings = AGAIN,
) -> Path:
    """Writes the release to out/release and returns that folder. The ledger of the runs is out/ledger.

    teacher_epochs: None for those of the teachers.
    """
    ledger, first, last = out / "ledger", out / "student", out / "release"
    if not all((ledger / SOFT_TARGETS / f"{network}.npz").is_file() for network in TEACHERS):
        teach(ptbxl, out / "teachers", ledger, device=device, epochs=teacher_epochs, batch=student.batch)
    soft = ledger / SOFT_TARGETS
    student = replace(student, device=device, threads=threads)
    again = replace(again, device=device, threads=threads, start=str(first / MODEL_FILE))
    for folder, settings in ((first, student), (last, again)):
        if not (folder / CARD_FILE).is_file():
            train(ptbxl, folder, settings, soft_targets=soft, ledger=ledger)
    model, card = measure_statements(last, ptbxl, fit_terms(ptbxl, soft))
    (last / MODEL_FILE).write_bytes(model)
    publish(last, card)
    for name, measured in MEASURES.items():
        publish(last, {**json.loads((last / CARD_FILE).read_bytes()), name: measured(Classifier(last), ptbxl)})
    return last


MEASURES: dict[str, Callable[[Classifier, Path], dict[str, Any]]] = {
    "robustness": robustness,
    "abstention": abstention,
    "evidence": measure_evidence,
    SECTION: drift_reference,
}

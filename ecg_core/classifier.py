"""The one road: files or a recording in, a Classification out."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core import quality
from ecg_core.classification import DIAGNOSES, SUPERCLASSES, Classification, ModelIdentity, Notice, Performance
from ecg_core.errors import ArtifactError
from ecg_core.leads import lead_set_of
from ecg_core.preparation import MAX_WINDOWS, WINDOW_SAMPLES, ModelInput, prepare
from ecg_core.readers import read
from ecg_core.recording import Files, Recording

MODEL_FILE, CARD_FILE = "model.onnx", "model.json"
ALL_LEADS = "12"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Per superclass: probability = sigmoid(scale * logit + bias). scale, bias: [5]."""

    scale: NDArray[np.float64]
    bias: NDArray[np.float64]

    def __call__(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """logits [..., 5] -> probabilities [..., 5]."""
        return 1 / (1 + np.exp(-np.clip(self.scale * logits + self.bias, -60, 60)))


def _calibration(rows: dict[str, dict[str, float]]) -> Calibration:
    return Calibration(
        np.array([rows[name]["scale"] for name in SUPERCLASSES]),
        np.array([rows[name]["bias"] for name in SUPERCLASSES]),
    )


class Classifier:
    """Reads model.onnx and model.json of a folder once, with the sha256 checked. Safe to share between threads."""

    def __init__(self, artifacts: Path | None = None) -> None:
        """Raises ArtifactError if the artifacts are missing, altered or do not fit each other."""
        folder = artifacts or artifacts_folder()
        try:
            model = (folder / MODEL_FILE).read_bytes()
            card: dict[str, Any] = json.loads((folder / CARD_FILE).read_bytes())
            self.card = card
            self.identity = ModelIdentity(card["name"], card["version"], card["sha256"])
            if tuple(card["superclasses"]) != SUPERCLASSES:
                raise ArtifactError("The model's outputs are not the five superclasses.")
            self.calibrations = {name: _calibration(rows) for name, rows in card["calibration"].items()}
            self.thresholds = {name: float(card["thresholds"][name]) for name in SUPERCLASSES}
        except OSError as error:
            raise ArtifactError("The model's files are missing.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError("The model card cannot be read.") from error
        if hashlib.sha256(model).hexdigest() != self.identity.sha256:
            raise ArtifactError("The model is not the one that its card describes: the sha256 differs.")
        self._session = _session(model)

    def logits(self, prepared: ModelInput) -> NDArray[np.float32]:
        """[windows, 5], uncalibrated."""
        inputs = {"signal": prepared.signal, "lead_mask": prepared.lead_mask}
        output: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return output

    def classify(
        self, source: Files | Recording, *, fs_hz: float | None = None, units: str | None = None
    ) -> Classification:
        """Classifies the files of one record, or a recording that was read before.

        fs_hz and units (nV, uV, mV, V) are used where the file states none. Raises EcgError.
        """
        recording = source if isinstance(source, Recording) else read(source, fs_hz=fs_hz, units=units)
        fit, notices = quality.usable(recording)
        prepared = prepare(fit)
        notices = (*notices, *quality.judge(prepared), *_said_of_length(recording, len(prepared.signal)))
        lead_set = lead_set_of(prepared.leads)
        calibration = self.calibrations[lead_set[0] if lead_set else ALL_LEADS]
        probabilities = calibration(self.logits(prepared)).mean(axis=0)
        performance = self._performance(lead_set)
        if performance is None:
            notices = (*notices, Notice("performance_unknown", "Nothing was measured for this set of leads."))
        return Classification(
            recording=recording,
            leads=prepared.leads,
            windows=len(prepared.signal),
            corrections=prepared.corrections,
            probabilities=dict(zip(SUPERCLASSES, probabilities.tolist(), strict=True)),
            thresholds=self.thresholds,
            model=self.identity,
            expected_performance=performance,
            quality=notices,
        )

    def _performance(self, lead_set: tuple[str, bool] | None) -> Performance | None:
        if lead_set is None or lead_set[0] not in self.card["performance"]:
            return None
        name, exact = lead_set
        auc = self.card["performance"][name]["auc"]
        return Performance(
            name, {label: auc[label] for label in DIAGNOSES}, self.card["measured_on"], at_least=not exact
        )


def _said_of_length(recording: Recording, windows: int) -> list[Notice]:
    if windows > 1:
        message = f"{recording.duration_s:.0f} s were read in {windows} windows of 10 s: brief events may be missed."
        if windows < MAX_WINDOWS:
            message = f"{recording.duration_s:.0f} s were read in {windows} windows of 10 s; the mean is given."
        return [Notice("long_recording", message)]
    if recording.duration_s * 100 < WINDOW_SAMPLES - 1:
        return [Notice("short_recording", f"{recording.duration_s:.1f} s, padded to 10 s: less reliable.")]
    return []


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread a request: a Lambda of this size has one core, and batches run side by side.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtifactError("The model cannot be loaded by ONNX Runtime.") from error


def artifacts_folder() -> Path:
    """EKG_ARTIFACTS, or the package's own, or the checkout's."""
    if configured := os.environ.get("EKG_ARTIFACTS"):
        return Path(configured)
    package = Path(__file__).resolve().parent
    packaged = package / "artifacts"
    return packaged if packaged.is_dir() else package.parent / "artifacts"


@cache
def default_classifier() -> Classifier:
    return Classifier()


def classify(source: Files | Recording, *, fs_hz: float | None = None, units: str | None = None) -> Classification:
    """Classifies one record with the shipped model: see Classifier.classify."""
    return default_classifier().classify(source, fs_hz=fs_hz, units=units)

"""The one road: files or a recording in, a Classification out."""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import DIAGNOSES, SUPERCLASSES, Classification, ModelIdentity, Notice, Performance
from ecg_core.errors import AmplitudeImplausible, ArtifactError
from ecg_core.leads import LEAD_SETS, lead_set_of
from ecg_core.model.placement import PlacementRule
from ecg_core.readers import read
from ecg_core.recording import Files, Recording
from ecg_core.signal import quality
from ecg_core.signal.preparation import ROUNDING_S, WINDOW_S, ModelInput, leads_of, prepare

MODEL_FILE, CARD_FILE = "model.onnx", "model.json"
OUTPUTS = ("logits", "placement")
# Whose calibration and thresholds serve leads of which nothing was measured; no diagnosis is given then.
WEAKEST_SET = "I"

_loading = Lock()

Outputs = NDArray[np.float32]


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


def _performance(card: dict[str, Any], lead_set: str) -> Performance:
    auc = card["performance"][lead_set]["auc"]
    return Performance(lead_set, {label: float(auc[label]) for label in DIAGNOSES}, str(card["measured_on"]))


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
            self.calibrations = {name: _calibration(card["calibration"][name]) for name in LEAD_SETS}
            self.thresholds = {
                name: {label: float(card["thresholds"][name][label]) for label in SUPERCLASSES} for name in LEAD_SETS
            }
            self.performance = {name: _performance(card, name) for name in LEAD_SETS}
            self.placement = {name: PlacementRule.of(card["placement"]["thresholds"][name]) for name in LEAD_SETS}
        except OSError as error:
            raise ArtifactError("The model's files are missing.") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError("The model card cannot be read.") from error
        if hashlib.sha256(model).hexdigest() != self.identity.sha256:
            raise ArtifactError("The model is not the one that its card describes: the sha256 differs.")
        self._session = session(model)

    def run(self, signal: NDArray[np.float32], lead_mask: NDArray[np.float32]) -> tuple[Outputs, Outputs]:
        """(logits [windows, 5] uncalibrated, probabilities of the placement's KINDS [windows, 15])."""
        logits, kinds = self._session.run(OUTPUTS, {"signal": signal, "lead_mask": lead_mask})
        return logits, kinds

    def log_odds(self, prepared: ModelInput) -> NDArray[np.float64]:
        """[windows, 5], calibrated for the leads that each window has."""
        logits, _ = self.run(prepared.signal, prepared.lead_mask)
        rows = zip(self._calibrations(prepared), logits, strict=True)
        return np.array([calibration.scale * row + calibration.bias for calibration, row in rows])

    def classify(
        self,
        source: Files | Recording,
        *,
        fs_hz: float | None = None,
        units: str | None = None,
        explain: bool = False,
    ) -> Classification:
        """Classifies the files of one record, or a recording that was read before.

        fs_hz and units (nV, uV, mV, V) are used where the file states none. explain: also where the network looks, by
        about 75 more of its passes. Raises EcgError.
        """
        recording = source if isinstance(source, Recording) else read(source, fs_hz=fs_hz, units=units)
        fit, notices = quality.usable(recording)
        prepared = prepare(fit)
        notices = (*notices, *quality.judge(prepared), *_said_of_length(recording, prepared))
        logits, kinds = self.run(prepared.signal, prepared.lead_mask)
        probabilities = self._probabilities(prepared, logits)
        known = lead_set_of(prepared.leads)
        result = Classification(
            recording=recording,
            leads=prepared.leads,
            windows=len(prepared.signal),
            corrections=prepared.corrections,
            probabilities=dict(zip(SUPERCLASSES, probabilities.tolist(), strict=True)),
            thresholds=self.thresholds[known[0] if known else WEAKEST_SET],
            model=self.identity,
            expected_performance=replace(self.performance[known[0]], at_least=not known[1]) if known else None,
            quality=(*notices, *self.placement[known[0] if known else WEAKEST_SET](kinds.mean(axis=0))),
        )
        if explain:
            from ecg_core.model.explanation import explained

            return replace(result, explanation=explained(self.log_odds, prepared, result.foremost))
        return result

    def _probabilities(self, prepared: ModelInput, logits: Outputs) -> NDArray[np.float64]:
        """[5]: each window calibrated for the leads that it has, and their mean."""
        if not np.isfinite(logits).all():
            raise AmplitudeImplausible("The signal's values are beyond what the network can read.")
        calibrated = [calibrate(row) for calibrate, row in zip(self._calibrations(prepared), logits, strict=True)]
        return np.asarray(np.mean(calibrated, axis=0))

    def _calibrations(self, prepared: ModelInput) -> list[Calibration]:
        sets = [lead_set_of(leads_of(mask)) for mask in prepared.lead_mask]
        return [self.calibrations[known[0] if known else WEAKEST_SET] for known in sets]


def _said_of_length(recording: Recording, prepared: ModelInput) -> list[Notice]:
    windows, duration_s = len(prepared.signal), recording.duration_s
    if duration_s < WINDOW_S - ROUNDING_S:
        return [Notice("short_recording", f"{duration_s:.4g} s, padded to 10 s: less reliable.")]
    if not prepared.whole:
        message = f"Of {duration_s:.0f} s {windows * WINDOW_S:.0f} s were read: brief events may be missed."
        return [Notice("long_recording", message)]
    if windows > 1:
        return [Notice("long_recording", f"{duration_s:.0f} s were read in {windows} windows; the mean is given.")]
    return []


def session(model: bytes, *, fused: bool = False) -> Any:
    """An ONNX Runtime session of one thread; fused: with all that the runtime can rewrite. Raises ArtifactError."""
    # Since 1.32 it keeps an id of the device and a record of its use in the home folder, for its maker.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread a request: a Lambda of this size has one core, and batches run side by side.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Next to nothing is left to fuse: it would cost a start more than it wins a run (ekg precision).
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if fused else level.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtifactError("The model cannot be loaded by ONNX Runtime.") from error


def artifacts_folder() -> Path:
    """EKG_ARTIFACTS, or the package's own, or the checkout's."""
    if configured := os.environ.get("EKG_ARTIFACTS"):
        return Path(configured)
    package = Path(__file__).resolve().parents[1]
    packaged = package / "artifacts"
    return packaged if packaged.is_dir() else package.parent / "artifacts"


@cache
def _default_classifier() -> Classifier:
    return Classifier()


def default_classifier() -> Classifier:
    """Of the artifacts_folder, loaded once. Raises ArtifactError."""
    with _loading:
        return _default_classifier()


def classify(source: Files | Recording, *, fs_hz: float | None = None, units: str | None = None) -> Classification:
    """Classifies one record with the shipped model: see Classifier.classify."""
    return default_classifier().classify(source, fs_hz=fs_hz, units=units)

"""The files of the model: where they are, whether they are intact, and the ONNX Runtime session that runs them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ecg_core.errors import ArtifactError

MODEL_FILE, CARD_FILE = "model.onnx", "model.json"
# The network's outputs by name: see Classifier.run.
OUTPUTS = ("logits", "placement", "statements")
UNREADABLE_CARD = "The model card cannot be read."

# The content of model.json.
Card = dict[str, Any]


def artifacts_folder() -> Path:
    """EKG_ARTIFACTS if it is set; otherwise artifacts/ of the installed package, or of the checkout."""
    if configured := os.environ.get("EKG_ARTIFACTS"):
        return Path(configured)
    package = Path(__file__).resolve().parents[1]
    packaged = package / "artifacts"
    return packaged if packaged.is_dir() else package.parent / "artifacts"


def read_artifacts(folder: Path) -> tuple[bytes, Card]:
    """The network and its card. Raises ArtifactError if a file is missing, or if the sha256 differs from the card's."""
    try:
        model = (folder / MODEL_FILE).read_bytes()
        card: Card = json.loads((folder / CARD_FILE).read_bytes())
        expected = card["sha256"]
    except OSError as error:
        raise ArtifactError("The model's files are missing.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(UNREADABLE_CARD) from error
    if hashlib.sha256(model).hexdigest() != expected:
        raise ArtifactError("The model is not the one that its card describes: the sha256 differs.")
    return model, card


def session(model: bytes, *, fused: bool = False) -> Any:
    """An ONNX Runtime session with one thread. fused: with all graph optimizations. Raises ArtifactError."""
    # From version 1.32 on, ONNX Runtime writes a device id and usage data for its maker into the home folder.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread for each request: a Lambda of this size has one core, and `ekg classify` runs records in parallel.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The exported graph is nearly optimal. Optimizing it costs more at the start than it saves in a run: ekg precision.
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if fused else level.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtifactError("The model cannot be loaded by ONNX Runtime.") from error

"""The calibration of one hospital: the file that EKG_CALIBRATION names, what it must hold, and what it changes.

`ekg recalibrate` and `ekg drift` write it. Its values take the place of the card's, for its lead sets and classes only.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ecg_core.classification import DIAGNOSES, SUPERCLASSES, Notice
from ecg_core.errors import ArtifactError, EcgError
from ecg_core.identity import CalibrationIdentity, ModelIdentity
from ecg_core.leads import LEAD_SETS

VARIABLE = "EKG_CALIBRATION"
FORMAT = "ekg-calibration/1"
SHA256 = "sha256"
# With six lead sets and all its figures a file has 60 kB.
MAX_FILE_BYTES = 1_000_000
MAX_NAME_LENGTH = 60
# The card has scales around 1 and biases around 0. Beyond these a file was not fitted to any ECGs.
MAX_SCALE, MAX_BIAS = 20.0, 20.0
HINT = (
    f"Write the file again with `ekg recalibrate` and this model, or start without {VARIABLE}. "
    "Thresholds are changed with its option --rule, not in the file."
)
NOT_LOCAL = "The local calibration has no values for these leads: those of the model were used."


class Local(NamedTuple):
    """probability = sigmoid(scale * logit + bias); from the threshold on it is a finding."""

    scale: float
    bias: float
    threshold: float


@dataclass(frozen=True)
class LocalCalibration:
    """identity: its classes are those of any lead set.

    sets: {lead set: {superclass: its values}}. What is absent keeps the card's values.
    """

    identity: CalibrationIdentity
    sets: Mapping[str, Mapping[str, Local]]

    def to_dict(self) -> dict[str, object]:
        sets = {name: {label: row._asdict() for label, row in rows.items()} for name, rows in self.sets.items()}
        return {**self.identity.to_dict(), "sets": sets}

    def used(self, model: ModelIdentity, sets: Sequence[str]) -> tuple[ModelIdentity, tuple[Notice, ...]]:
        """(the model, with the classes that have local values in every window; a notice if no diagnosis has any).

        sets: the lead set of each window.
        """
        given = [self.sets.get(name, {}) for name in sets]
        classes = tuple(label for label in SUPERCLASSES if all(label in rows for rows in given))
        notices = () if set(classes) & set(DIAGNOSES) else (Notice("calibration_not_local", NOT_LOCAL),)
        return replace(model, calibration=replace(self.identity, classes=classes)), notices


def local_calibration_file() -> Path | None:
    """The file of EKG_CALIBRATION. None if it is not set or empty."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def is_name(name: object) -> bool:
    """Whether a calibration may have this name. It is shown in answers and on the terminal."""
    return isinstance(name, str) and 0 < len(name) <= MAX_NAME_LENGTH and name.isprintable() and name == name.strip()


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a file with its sha256, which shows damage. It is also the identity of the calibration."""
    return {"format": FORMAT, SHA256: _digest({"format": FORMAT, **content}), **content}


def read_local_calibration(file: Path, model: ModelIdentity) -> LocalCalibration:
    """Raises ArtifactError if the file cannot be read, is damaged, or was made for another model."""
    # Imported here: most services have no such file.
    from ecg_core.readers.paths import read_bounded

    try:
        data = read_bounded(file, MAX_FILE_BYTES)
    except EcgError as error:
        raise ArtifactError(
            f"The calibration file cannot be read, or has more than 1 MB ({VARIABLE}).", HINT
        ) from error
    try:
        content = json.loads(data, parse_constant=_constant, object_pairs_hook=_object)
        if content["format"] != FORMAT:
            raise ArtifactError("The calibration file has another format than this release reads.", HINT)
        if content[SHA256] != _digest({key: value for key, value in content.items() if key != SHA256}):
            raise ArtifactError("The calibration file was changed after it was written: its sha256 differs.", HINT)
        if content["model"][SHA256] != model.sha256:
            raise ArtifactError(
                "The calibration file was made for another model: its values do not fit this one.", HINT
            )
        sets = _sets(content["sets"])
        classes = tuple(label for label in SUPERCLASSES if any(label in rows for rows in sets.values()))
        name, estimate = _name(content["name"]), _flag(content["estimate"])
        return LocalCalibration(CalibrationIdentity(name, content[SHA256], estimate, classes), sets)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ArtifactError("The calibration file is not valid.", HINT) from error


def _digest(content: Mapping[str, Any]) -> str:
    """Of the content, not of the bytes: line ends and spaces may change."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _sets(given: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, dict[str, Local]]:
    if not given or not set(given) <= set(LEAD_SETS):
        raise ValueError("lead sets")
    for rows in given.values():
        if not rows or not set(rows) <= set(SUPERCLASSES):
            raise ValueError("classes")
    return {name: {label: _local(row) for label, row in rows.items()} for name, rows in given.items()}


def _local(row: Mapping[str, object]) -> Local:
    scale, bias, threshold = (_number(row[field]) for field in Local._fields)
    if not (0 < scale <= MAX_SCALE and abs(bias) <= MAX_BIAS and 0 < threshold < 1):
        raise ValueError("out of range")
    return Local(scale, bias, threshold)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _name(value: object) -> str:
    if not is_name(value):
        raise ValueError("no name")
    return str(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _constant(_: str) -> NoReturn:
    raise ValueError("NaN or Infinity")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python's parser would take the last of two equal keys."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return found

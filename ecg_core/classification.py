"""The result and its one JSON form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ecg_core.recording import Recording

# The superclasses of PTB-XL, in the order of the network's outputs.
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
DIAGNOSES = ("NORM", "CD", "STTC")
OTHER_ABNORMALITIES = ("MI", "HYP")
NAMES = {
    "NORM": "normal ECG",
    "CD": "conduction disturbance",
    "STTC": "ST/T change",
    "MI": "myocardial infarction",
    "HYP": "hypertrophy",
}
# Runtimes differ in the last digits between CPU types; four decimals change no AUC by 1e-5.
DECIMALS = 4
DISCLAIMER = (
    "Research and demonstration use only. Not a medical device; not for diagnosis or treatment. "
    "Trained on PTB-XL 1.0.3 (CC-BY 4.0)."
)


@dataclass(frozen=True)
class Notice:
    """A warning about the recording or the answer. code: stable, for machines."""

    code: str
    message: str

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True)
class ModelIdentity:
    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Performance:
    """What was measured for a set of leads. auc: per diagnosis. at_least: measured on fewer leads than were given."""

    lead_set: str
    auc: Mapping[str, float]
    measured_on: str
    at_least: bool = False

    @property
    def areas(self) -> str:
        """The areas for a person: NORM 0.949, CD 0.938, STTC 0.940."""
        return ", ".join(f"{label} {area:.3f}" for label, area in self.auc.items())

    def to_dict(self) -> dict[str, object]:
        given: dict[str, object] = {"lead_set": self.lead_set, "auc": dict(self.auc), "measured_on": self.measured_on}
        return {**given, "at_least": True} if self.at_least else given


@dataclass(frozen=True, eq=False)
class Classification:
    """probabilities: calibrated, of all five superclasses, independent of each other. thresholds: of all five.

    leads: the leads that were read, derived ones included. corrections: of reading and preparation.
    Where nothing was measured for the leads (expected_performance is None) there is no diagnosis.
    """

    recording: Recording
    leads: tuple[str, ...]
    windows: int
    corrections: tuple[str, ...]
    probabilities: Mapping[str, float]
    thresholds: Mapping[str, float]
    model: ModelIdentity
    expected_performance: Performance | None = None
    quality: tuple[Notice, ...] = field(default=())

    def __post_init__(self) -> None:
        rounded = {name: round(float(self.probabilities[name]), DECIMALS) for name in SUPERCLASSES}
        object.__setattr__(self, "probabilities", rounded)

    def _above(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if self.probabilities[name] >= self.thresholds[name])

    @property
    def findings(self) -> tuple[str, ...]:
        """Diagnoses at or above their threshold, most probable first."""
        return tuple(sorted(self._above(DIAGNOSES), key=lambda name: -self.probabilities[name]))

    @property
    def conclusive(self) -> bool:
        return bool(self.findings) and not self._contradicted and self.expected_performance is not None

    @property
    def _contradicted(self) -> bool:
        return "NORM" in self.findings and (len(self.findings) > 1 or bool(self._above(OTHER_ABNORMALITIES)))

    @property
    def diagnosis(self) -> str | None:
        return self.findings[0] if self.conclusive else None

    @property
    def probability(self) -> float | None:
        return self.probabilities[self.diagnosis] if self.diagnosis else None

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """Of the recording's quality, then why there is no diagnosis."""
        return self.quality if self.conclusive else (*self.quality, self._reason())

    def _reason(self) -> Notice:
        if self.expected_performance is None:
            return Notice("performance_unknown", "Nothing was measured for these leads alone: no diagnosis is given.")
        if self._contradicted:
            message = "A normal ECG and an abnormality are both above their thresholds."
            return Notice("contradictory_findings", message)
        if others := self._above(OTHER_ABNORMALITIES):
            message = f"None of the three is above its threshold, but {' and '.join(others)} may be present."
            return Notice("other_abnormality", message)
        return Notice("no_finding", "None of the three is above its threshold.")

    def to_dict(self) -> dict[str, object]:
        return {
            "diagnosis": self.diagnosis,
            "probability": self.probability,
            "findings": list(self.findings),
            "probabilities": {name: self.probabilities[name] for name in DIAGNOSES},
            "thresholds": {name: self.thresholds[name] for name in DIAGNOSES},
            "conclusive": self.conclusive,
            "other_abnormality": {name: self.probabilities[name] for name in OTHER_ABNORMALITIES},
            "recording": {
                "format": self.recording.format,
                "leads": list(self.leads),
                "fs_hz": round(self.recording.fs_hz, 3),
                "duration_s": round(self.recording.duration_s, 3),
                "windows": self.windows,
                "sha256": self.recording.sha256,
                "corrections": list(self.corrections),
            },
            "warnings": [warning.to_dict() for warning in self.warnings],
            "expected_performance": self.expected_performance.to_dict() if self.expected_performance else None,
            "model": {"name": self.model.name, "version": self.model.version, "sha256": self.model.sha256},
            "disclaimer": DISCLAIMER,
        }

    def to_json(self) -> bytes:
        """The one serialisation: a line of UTF-8 without its line end. API, S3 drop and CLI send these bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False).encode()

"""The result, and its only JSON form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ecg_core.identity import ModelIdentity
from ecg_core.measured import Measurements, disagreeing
from ecg_core.recording import Recording
from ecg_core.statements import Statement, contradicting, in_order, selected

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
# The last digits differ between types of CPU. Rounding to four decimals changes no AUC by 1e-5.
DECIMALS = 4
DISCLAIMER = (
    "Research and demonstration use only. Not a medical device; not for diagnosis or treatment. "
    "Trained on PTB-XL 1.0.3 (CC-BY 4.0)."
)

METHODS = {
    "normal": "the mean of what the log-odds of the class lose where a normal heart's segment takes its place, and of "
    "what they gain where it takes the place of a normal heart's",
    "line": "what the log-odds of the class lose where a straight line takes its place",
}
METHOD = (
    "Evidence of a segment in a lead, in all beats at once: {}. Positive speaks for the class. "
    "It shows where the network looks, not why."
)


@dataclass(frozen=True)
class Notice:
    """A warning about the recording or the answer. code: stable, for programs."""

    code: str
    message: str

    def to_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True)
class Performance:
    """What was measured for a set of leads. auc: {diagnosis: AUC}. at_least: the recording has more leads."""

    lead_set: str
    auc: Mapping[str, float]
    measured_on: str
    at_least: bool = False

    @property
    def areas(self) -> str:
        """The AUC of each diagnosis as text: NORM 0.949, CD 0.938, STTC 0.940."""
        return ", ".join(f"{label} {area:.3f}" for label, area in self.auc.items())

    def to_dict(self) -> dict[str, object]:
        given: dict[str, object] = {"lead_set": self.lead_set, "auc": dict(self.auc), "measured_on": self.measured_on}
        return {**given, "at_least": True} if self.at_least else given


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where in one window the network looks. Evidence is in log-odds (natural logarithm) of calibrated probabilities.

    about: the class that is explained: the diagnosis, or the most probable class. The window is the first in which this
    class is about as probable as anywhere in the recording.
    reference: a key of METHODS: what replaced each segment.
    window_s, beats_s, spans_s: seconds of the recording. spans_s: for each segment, the start and end of its stretches.
    evidence: {diagnosis: {lead: a number for each segment}}. beats: {diagnosis: a number for each beat}, the loss of
    log-odds if the beat is replaced in all leads. A limb lead is replaced alone, although it follows from two others:
    the network reads six separate leads.
    """

    about: str
    reference: str
    window_s: tuple[float, float]
    beats_s: tuple[float, ...]
    segments: tuple[str, ...]
    spans_s: tuple[tuple[tuple[float, float], ...], ...]
    evidence: Mapping[str, Mapping[str, tuple[float, ...]]]
    beats: Mapping[str, tuple[float, ...]]

    @property
    def cells(self) -> tuple[tuple[float, str, str], ...]:
        """(evidence for the explained class, lead, segment), the strongest first."""
        of_leads = self.evidence[self.about].items()
        cells = [(row[at], lead, name) for lead, row in of_leads for at, name in enumerate(self.segments)]
        return tuple(sorted(cells, key=lambda cell: -cell[0]))

    def to_dict(self) -> dict[str, object]:
        return {
            "method": METHOD.format(METHODS[self.reference]),
            "about": self.about,
            "reference": self.reference,
            "window_s": list(self.window_s),
            "beats_s": list(self.beats_s),
            "segments": list(self.segments),
            "spans_s": {
                name: [list(span) for span in spans] for name, spans in zip(self.segments, self.spans_s, strict=True)
            },
            "evidence": {
                label: {lead: list(row) for lead, row in leads.items()} for label, leads in self.evidence.items()
            },
            "beats": {label: list(row) for label, row in self.beats.items()},
        }


# The warning that also says why there is no diagnosis: the heights of the waves decide it.
UNIT_DOUBTFUL = "unit_doubtful"


@dataclass(frozen=True, eq=False)
class Classification:
    """probabilities: calibrated, of all five superclasses. Several may be high at once. thresholds: of all five.

    leads: the leads that were read, with the derived ones. corrections: made in reading and in preparation.
    expected_performance: None if nothing was measured for these leads; then there is no diagnosis.
    published: every statement that is published for these leads. every_statement: whether all of them are shown.
    measurements: from the signal at its own rate.
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
    explanation: Explanation | None = None
    measurements: Measurements = field(default_factory=Measurements)
    published: tuple[Statement, ...] = ()
    every_statement: bool = False

    def __post_init__(self) -> None:
        rounded = {name: round(float(self.probabilities[name]), DECIMALS) for name in SUPERCLASSES}
        object.__setattr__(self, "probabilities", rounded)

    def _above(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if self.probabilities[name] >= self.thresholds[name])

    @property
    def findings(self) -> tuple[str, ...]:
        """The diagnoses at or above their thresholds, the most probable first."""
        return tuple(sorted(self._above(DIAGNOSES), key=lambda name: -self.probabilities[name]))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Findings first, the most probable first. Unless all are asked for: the findings, and the most probable
        statement of each of NORM, CD and STTC that is a finding without one.
        """
        return in_order(self.published) if self.every_statement else selected(self.published, self.findings)

    @property
    def conclusive(self) -> bool:
        decided = bool(self.findings) and not self._contradicted and self.expected_performance is not None
        return decided and not self._unit_doubtful

    @property
    def _unit_doubtful(self) -> bool:
        return UNIT_DOUBTFUL in [notice.code for notice in self.quality]

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
    def foremost(self) -> str:
        """The diagnosis. Without one, the most probable finding. Without a finding, the most probable of the three."""
        return max(self.findings or DIAGNOSES, key=lambda name: self.probabilities[name])

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """About the recording, then about the answer: statements that do not fit it, why there is no diagnosis."""
        given = (*self.quality, *self._contradictions(), *self._disagreements())
        return given if self.conclusive or self._unit_doubtful else (*given, self._reason())

    def _contradictions(self) -> tuple[Notice, ...]:
        found = contradicting(in_order(self.published), self.probabilities, self.thresholds)
        named = ", ".join(f"{statement.code} ({statement.kind})" for statement in found)
        message = f"These statements are above their thresholds, but their classes are not: {named}."
        return (Notice("statement_contradicts", message),) if found else ()

    def _disagreements(self) -> tuple[Notice, ...]:
        """Statements that the measurements speak against."""
        found = disagreeing([statement.code for statement in self.statements if statement.finding], self.measurements)
        message = f"The measurements speak against these statements: {'; '.join(found)}."
        return (Notice("measurement_disagrees", message),) if found else ()

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
            "statements": [statement.to_dict() for statement in self.statements],
            "measurements": self.measurements.to_dict(),
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
            **({"explanation": self.explanation.to_dict()} if self.explanation else {}),
            "model": self.model.to_dict(),
            "disclaimer": DISCLAIMER,
        }

    def to_json(self) -> bytes:
        """The only JSON form: one line of UTF-8 without a line end. API, S3 drop and CLI send these bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False).encode()

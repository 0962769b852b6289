"""The shapes of the answers, for the OpenAPI document only: what is sent comes from ecg_core."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

Span = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Diagnoses(_Shape):
    """One number for each of the three; calibrated probabilities are independent and do not add up to 1."""

    NORM: Probability
    CD: Probability
    STTC: Probability


class OtherAbnormality(_Shape):
    """Infarction and hypertrophy: looked for, but no diagnosis of this service."""

    MI: Probability
    HYP: Probability


class RecordingRead(_Shape):
    format: str
    leads: list[str] = Field(description="As they were read, derived ones included.")
    fs_hz: float
    duration_s: float
    windows: int = Field(description="Windows of 10 s whose mean is given.")
    sha256: Sha256
    corrections: list[str] = Field(description="What was converted, derived, resampled, cut or assumed.")


class Notice(_Shape):
    code: str
    message: str


class Performance(_Shape):
    """What was measured for this set of leads."""

    lead_set: str
    auc: Diagnoses
    measured_on: str
    at_least: Literal[True] | None = Field(None, description="Measured on fewer leads than were given.")


class EvidenceOfLeads(_Shape):
    """Of each lead, a number per segment."""

    NORM: dict[str, list[float]]
    CD: dict[str, list[float]]
    STTC: dict[str, list[float]]


class EvidenceOfBeats(_Shape):
    """A number per beat: what is lost where it is replaced in all leads."""

    NORM: list[float]
    CD: list[float]
    STTC: list[float]


class Explanation(_Shape):
    """Where in one window the network looks, in log-odds (natural logarithm); positive speaks for the class."""

    method: str = Field(description="What was done, in a sentence.")
    about: Literal["NORM", "CD", "STTC"] = Field(
        description="The diagnosis, or the most probable class. The window is the first with about the most of it."
    )
    reference: Literal["normal", "line"] = Field(
        description="What takes the place of a segment: that of a normal heart; or a straight line, where the question "
        "is why an ECG is normal, or where no beats were found."
    )
    window_s: Span = Field(description="Seconds of the recording.")
    beats_s: list[float] = Field(description="Seconds of the recording, in the middle of each QRS complex.")
    segments: list[str] = Field(description="P, QRS, ST-T and rest; pieces of 2 s where no beats were found.")
    spans_s: dict[str, list[Span]] = Field(description="Of each segment, its stretches in seconds of the recording.")
    evidence: EvidenceOfLeads
    beats: EvidenceOfBeats


class Model(_Shape):
    name: str
    version: str
    sha256: Sha256


class Classification(_Shape):
    """diagnosis: the most probable finding; null where nothing is above its threshold or findings contradict."""

    diagnosis: Literal["NORM", "CD", "STTC"] | None
    probability: Probability | None
    findings: list[Literal["NORM", "CD", "STTC"]]
    probabilities: Diagnoses
    thresholds: Diagnoses
    conclusive: bool
    other_abnormality: OtherAbnormality
    recording: RecordingRead
    warnings: list[Notice]
    expected_performance: Performance | None
    explanation: Explanation | None = Field(None, description="Only where it was asked for: ?explain=true.")
    model: Model
    disclaimer: str


class Problem(_Shape):
    """RFC 9457. code is stable; detail and hint are for a person and never repeat what stood in the file."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str


class Health(_Shape):
    status: Literal["ready"]
    version: str
    model: Model


class Greeting(_Shape):
    message: Literal["EKG-Klassifikations-API läuft"]


class UploadForm(_Shape):
    """A presigned S3 POST: send all fields, then the file as the last one, named file."""

    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_in_s: int


class Upload(_Shape):
    upload: UploadForm
    result: str = Field(description="Where the outcome will be, relative to this address.")


class Pending(_Shape):
    status: Literal["pending"]


SHAPES: tuple[type[BaseModel], ...] = (Classification, Problem, Health, Greeting, Upload, Pending)

"""The shapes of the answers, for the OpenAPI document only: what is sent comes from ecg_core."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


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

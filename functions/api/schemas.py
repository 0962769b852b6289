"""The shapes of the answers, for the OpenAPI document only. The answers themselves are made by ecg_core and app.py."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

Span = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Diagnoses(_Shape):
    """One number for each of the three diagnoses. Probabilities are independent of each other: no sum of 1."""

    NORM: Probability
    CD: Probability
    STTC: Probability


class OtherAbnormality(_Shape):
    """Probabilities of myocardial infarction and hypertrophy. They are not diagnoses of this service."""

    MI: Probability
    HYP: Probability


class Statement(_Shape):
    """One of the statements that are published for these leads, such as CLBBB. Its AUC is in the model card."""

    code: str = Field(description="Code of the statement in SCP-ECG, as PTB-XL uses it.")
    name: str
    name_de: str = Field(description="The name in German.")
    kind: Literal["NORM", "MI", "STTC", "CD", "HYP", "form", "rhythm"] = Field(
        description="The class of a diagnostic statement, or form or rhythm."
    )
    probability: Probability
    threshold: Probability
    finding: bool = Field(description="Whether the probability reaches the threshold.")


class LeadMeasurements(_Shape):
    """In mV, of the usual beat, against the baseline just before QRS."""

    r_mv: float = Field(description="Height of the R wave; 0 without one.")
    s_mv: float = Field(description="Depth of the S wave, or of a QS wave; 0 without one.")
    st_mv: float = Field(description="Level of the ST segment, 60 ms after the end of QRS.")


class Measurements(_Shape):
    """From the signal, at its own rate. null: this could not be measured."""

    heart_rate_bpm: int | None
    rhythm: Literal["regular", "irregular"] | None
    pr_ms: int | None
    qrs_ms: int | None
    qt_ms: int | None
    qtc_ms: int | None = Field(description="Corrected by the formula that qtc_formula names.")
    qtc_formula: Literal["Fridericia"]
    axis_deg: int | None = Field(description="Of QRS in the frontal plane.")
    leads: dict[str, LeadMeasurements]


class RecordingRead(_Shape):
    format: str
    leads: list[str] = Field(description="All leads that were used, also derived ones.")
    fs_hz: float
    duration_s: float
    windows: int = Field(description="Number of 10 s windows. Probabilities are their mean.")
    sha256: Sha256
    corrections: list[str] = Field(description="What was converted, derived, resampled, cut or assumed.")


class Notice(_Shape):
    code: str
    message: str


class Performance(_Shape):
    """How well the model did on test data with this set of leads."""

    lead_set: str
    auc: Diagnoses
    measured_on: str
    at_least: Literal[True] | None = Field(
        None, description="The AUC was measured with fewer leads than this record has."
    )


class EvidenceOfLeads(_Shape):
    """For each class and lead: one number per segment."""

    NORM: dict[str, list[float]]
    CD: dict[str, list[float]]
    STTC: dict[str, list[float]]


class EvidenceOfBeats(_Shape):
    """For each class: one number per beat, the log-odds that are lost if the beat is replaced in all leads."""

    NORM: list[float]
    CD: list[float]
    STTC: list[float]


class Explanation(_Shape):
    """Where the network looks in one window, in log-odds (natural logarithm). Positive numbers speak for the class."""

    method: str = Field(description="The method in one sentence.")
    about: Literal["NORM", "CD", "STTC"] = Field(
        description="The class that is explained: the diagnosis, or without one the most probable class. The window is "
        "the first whose probability of it is about the highest."
    )
    reference: Literal["normal", "line"] = Field(
        description="What replaces a segment. normal: the segment of a normal heart. line: a straight line, used to "
        "explain NORM, or if no beats were found."
    )
    window_s: Span = Field(description="Start and end of the window, in seconds of the recording.")
    beats_s: list[float] = Field(description="The middle of each QRS complex, in seconds of the recording.")
    segments: list[str] = Field(description="P, QRS, ST-T and rest. Pieces of 2 s if no beats were found.")
    spans_s: dict[str, list[Span]] = Field(
        description="For each segment: starts and ends of its parts, in seconds of the recording."
    )
    evidence: EvidenceOfLeads
    beats: EvidenceOfBeats


class LocalCalibration(_Shape):
    """The calibration of one hospital, whose values take the place of the model's."""

    name: str
    sha256: Sha256
    estimate: bool = Field(description="Whether it was made without labels.")
    classes: list[Literal["NORM", "MI", "STTC", "CD", "HYP"]] = Field(
        description="The classes whose probability and threshold it gives for these leads."
    )


class Model(_Shape):
    name: str
    version: str
    sha256: Sha256
    calibration: LocalCalibration | None = Field(None, description="Only if the service has one of its own.")


class Classification(_Shape):
    """diagnosis: the most probable finding. null if no class is above its threshold, or findings contradict."""

    diagnosis: Literal["NORM", "CD", "STTC"] | None
    probability: Probability | None
    findings: list[Literal["NORM", "CD", "STTC"]]
    probabilities: Diagnoses
    thresholds: Diagnoses
    conclusive: bool
    other_abnormality: OtherAbnormality
    statements: list[Statement] = Field(
        description="Findings first, the most probable first. Of a class that is a finding without one: its most "
        "probable statement. With ?statements=all: all that are published for these leads."
    )
    measurements: Measurements
    recording: RecordingRead
    warnings: list[Notice]
    expected_performance: Performance | None
    explanation: Explanation | None = Field(None, description="Only with ?explain=true.")
    model: Model
    disclaimer: str


class LeadSamples(_Shape):
    name: str
    derived: bool = Field(description="Whether the lead follows from other limb leads.")
    offset_uv: float = Field(description="The median of this stretch, which is taken off the samples.")
    data: str = Field(description="Little-endian 16-bit integers in base64.")


class BeatMarks(_Shape):
    """Times in seconds of the recording. null where an edge cannot be found honestly."""

    beat_s: float = Field(description="The middle of QRS.")
    p_onset_s: float | None
    p_end_s: float | None
    qrs_onset_s: float | None
    qrs_end_s: float | None
    t_onset_s: float | None
    t_end_s: float | None


class Signal(_Shape):
    """A sample in uV is uv_per_step times the 16-bit number, plus offset_uv of its lead."""

    format: str
    fs_hz: float
    duration_s: float = Field(description="Of the whole recording.")
    start_s: float = Field(description="Time of the first sample.")
    samples: int = Field(description="Number of samples of each lead.")
    uv_per_step: float
    missing: Literal[-32768] = Field(description="This number stands for a missing sample.")
    leads: list[LeadSamples]
    marks: list[BeatMarks] | None = Field(None, description="Only with ?marks=true: the beats of this stretch.")
    corrections: list[str]
    sha256: Sha256


class Problem(_Shape):
    """RFC 9457. code does not change between versions. detail and hint are for people and never quote the file."""

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


class UploadAddress(_Shape):
    """A presigned S3 PUT. Send these headers; the body is the file. It works once."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]
    expires_in_s: int


class Upload(_Shape):
    upload: UploadAddress
    result: str = Field(description="The address of the result, relative to this address.")


class Pending(_Shape):
    status: Literal["pending"]


SHAPES: tuple[type[BaseModel], ...] = (Classification, Signal, Problem, Health, Greeting, Upload, Pending)

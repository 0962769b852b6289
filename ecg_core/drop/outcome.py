"""The content that is written: the outcome (a result or a refusal), its metadata, and other forms of a result."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ecg_core import __version__
from ecg_core.classification import Classification
from ecg_core.drop.addresses import DICOM_SR, FHIR, FHIR_BUNDLE, HL7, SVG
from ecg_core.drop.options import digest_of, options_of, stated
from ecg_core.drop.sources import digest
from ecg_core.drop.store import Stored
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.readers.names import is_header

CONTENT_TYPES = {
    FHIR: "application/fhir+json",
    FHIR_BUNDLE: "application/fhir+json",
    SVG: "image/svg+xml",
    DICOM_SR: "application/dicom",
    HL7: "application/hl7-v2",
}
# The arrival of a refusal, which has no form that names it.
NEVER = datetime.fromtimestamp(0, UTC)
# S3 accepts 2 kB of metadata. If the versions need more characters than this, they are left out.
MAX_VERSIONS = 1_000
# Metadata of an outcome. source: names and bytes of the files. record: the recording that was read from them.
SOURCE, RECORD, MODEL, RELEASE = "source-sha256", "record-sha256", "model-sha256", "release"
# The calibration of the hospital (EKG_CALIBRATION). Absent if that of the model is used.
CALIBRATION = "calibration-sha256"
# Names and bytes of the record's headers, if it has any.
HEADERS = "headers-sha256"
# The options in the metadata of the file, or of the record's header. Absent if there are none.
OPTIONS = "options-sha256"
# The code of a refusal. With it, a HEAD request is enough to tell a refusal from a result.
CODE = "code"
# Versions of the objects that were read, in the order of the record's files. Only if the inbox has versions.
VERSIONS = "source-versions"
# Two results are the same if these metadata are equal.
IDENTITY = (RECORD, MODEL, CALIBRATION, RELEASE, OPTIONS)
# An outcome without one of these was made without it.
OPTIONAL = (OPTIONS, CALIBRATION)


@dataclass(frozen=True)
class Outcome:
    """arrived: of a result, when the last of its files did. An HL7 message has this time, so it is always the same."""

    answer: Classification | EcgError
    metadata: Mapping[str, str]
    arrived: datetime = NEVER

    @property
    def code(self) -> str | None:
        """The code of a refusal, None for a result."""
        return self.answer.code if isinstance(self.answer, EcgError) else None

    @property
    def diagnosis(self) -> str | None:
        """The diagnosis of a result, if it has one. None for a refusal."""
        return None if isinstance(self.answer, EcgError) else self.answer.diagnosis

    @property
    def probabilities(self) -> Mapping[str, float] | None:
        """Of a result. None for a refusal."""
        return None if isinstance(self.answer, EcgError) else self.answer.probabilities

    @property
    def content_type(self) -> str:
        return "application/problem+json" if self.code else "application/json"

    def body(self) -> bytes:
        return self.answer.to_json()

    def form(self, form: str) -> bytes:
        """A result in another form. Empty for a refusal: it has no other form."""
        if isinstance(self.answer, EcgError):
            return b""
        if form == FHIR:
            from ecg_core.reports.fhir import diagnostic_report

            return diagnostic_report(self.answer)
        if form == FHIR_BUNDLE:
            from ecg_core.reports.fhir_bundle import transaction

            return transaction(self.answer)
        if form == DICOM_SR:
            from ecg_core.reports.dicom_sr.report import structured_report

            return structured_report(self.answer)
        if form == HL7:
            from ecg_core.reports.hl7v2 import message

            return message(self.answer, self.arrived)
        from ecg_core.reports.svg import plot

        return plot(self.answer.recording, self.answer)

    def same_as(self, existing: Stored) -> bool:
        """Whether the existing outcome is the same: equal bytes, or the same record, model, release and options.

        The second case allows different bytes, because another processor may round the last digit differently. The
        first answer stays.
        """
        mine, theirs = ([about.get(name) for name in IDENTITY] for about in (self.metadata, existing.metadata))
        return (RECORD in self.metadata and mine == theirs) or existing.body == self.body()


def made_of(classifier: Classifier, parts: tuple[Stored, ...]) -> dict[str, str]:
    """Metadata of all inputs of an outcome: the bytes of the files, the options, model, calibration, release."""
    model = classifier.identity
    made = {SOURCE: digest(parts), MODEL: model.sha256, RELEASE: __version__}
    if model.calibration:
        made[CALIBRATION] = model.calibration.sha256
    if said := _stated(parts):
        made[OPTIONS] = digest_of(said)
    return {**made, HEADERS: headers_digest(parts)} if parts and is_header(parts[0].key) else made


def _stated(parts: tuple[Stored, ...]) -> dict[str, str]:
    """The options in the metadata of the first file: a record's header, or a single file."""
    return stated(parts[0].metadata) if parts else {}


def headers_digest(parts: tuple[Stored, ...]) -> str:
    """The digest of the headers among the files."""
    return digest(tuple(part for part in parts if is_header(part.key)))


def classified(
    classifier: Classifier, parts: tuple[Stored, ...], made: Mapping[str, str], refusal: EcgError | None
) -> Outcome:
    """Classifies the files. refusal: an error that is already known; the files are not classified then.

    An error of the files becomes an outcome; an error of this service (status 500 or above) is raised.
    """
    versions = ",".join(part.version for part in parts if part.version)
    metadata = {**made, **({VERSIONS: versions} if 0 < len(versions) <= MAX_VERSIONS else {})}
    try:
        if refusal:
            raise refusal
        files = {part.key.rpartition("/")[2]: part.source or part.body for part in parts}
        result = classifier.classify(files, **options_of(_stated(parts)))
    except EcgError as error:
        if error.status >= 500:
            raise
        return Outcome(error, {**metadata, CODE: error.code})
    arrived = max(part.modified for part in parts)
    return Outcome(result, {**metadata, RECORD: result.recording.sha256}, arrived)

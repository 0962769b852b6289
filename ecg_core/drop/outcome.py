"""What is written about a record: the outcome itself and, where asked for, other forms of a result."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecg_core import __version__
from ecg_core.classification import Classification
from ecg_core.drop.addresses import FHIR, SVG
from ecg_core.drop.sources import digest
from ecg_core.drop.store import Stored
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.readers.names import is_header

CONTENT_TYPES = {FHIR: "application/fhir+json", SVG: "image/svg+xml"}
# S3 takes 2 kB of metadata; versions of a record with more files are not all named.
MAX_VERSIONS = 1_000
SOURCE, RECORD, MODEL, RELEASE = "source-sha256", "record-sha256", "model-sha256", "release"
# Of a record with headers, their bytes.
HEADERS = "headers-sha256"
# Of a refusal, for whoever asks for the head only.
CODE = "code"
# Which objects were read, where the inbox has versions; in the order of the record's files.
VERSIONS = "source-versions"


@dataclass(frozen=True)
class Outcome:
    answer: Classification | EcgError
    metadata: Mapping[str, str]

    @property
    def code(self) -> str | None:
        """Of a refusal."""
        return self.answer.code if isinstance(self.answer, EcgError) else None

    @property
    def diagnosis(self) -> str | None:
        """Of a result, if it has one."""
        return None if isinstance(self.answer, EcgError) else self.answer.diagnosis

    @property
    def content_type(self) -> str:
        return "application/problem+json" if self.code else "application/json"

    def body(self) -> bytes:
        return self.answer.to_json()

    def form(self, form: str) -> bytes:
        """Of a result; a refusal has no other form, and that is an empty one."""
        if isinstance(self.answer, EcgError):
            return b""
        if form == FHIR:
            from ecg_core.reports.fhir import diagnostic_report

            return diagnostic_report(self.answer)
        from ecg_core.reports.svg import plot

        return plot(self.answer.recording, self.answer)

    def same_as(self, existing: Stored) -> bool:
        """Whether existing says this already: the same bytes, or the same record read by the same model and release.

        The second, because other processors round the last digit otherwise: the first answer stands.
        """
        mine = [self.metadata.get(name) for name in (RECORD, MODEL, RELEASE)]
        theirs = [existing.metadata.get(name) for name in (RECORD, MODEL, RELEASE)]
        return (None not in mine and mine == theirs) or existing.body == self.body()


def made_of(classifier: Classifier, parts: tuple[Stored, ...]) -> dict[str, str]:
    """What an outcome is made of: the files' bytes, the model, this release."""
    made = {SOURCE: digest(parts), MODEL: classifier.identity.sha256, RELEASE: __version__}
    return {**made, HEADERS: headers_digest(parts)} if parts and is_header(parts[0].key) else made


def headers_digest(parts: tuple[Stored, ...]) -> str:
    """Of the headers among the files."""
    return digest(tuple(part for part in parts if is_header(part.key)))


def classified(
    classifier: Classifier, parts: tuple[Stored, ...], made: Mapping[str, str], refusal: EcgError | None
) -> Outcome:
    """The outcome of the files. refusal: what is known to be wrong with them. A fault of our own is raised."""
    versions = ",".join(part.version for part in parts if part.version)
    metadata = {**made, **({VERSIONS: versions} if 0 < len(versions) <= MAX_VERSIONS else {})}
    try:
        if refusal:
            raise refusal
        result = classifier.classify({part.key.rpartition("/")[2]: part.body for part in parts})
    except EcgError as error:
        if error.status >= 500:
            raise
        return Outcome(error, {**metadata, CODE: error.code})
    return Outcome(result, {**metadata, RECORD: result.recording.sha256})

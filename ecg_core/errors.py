"""Everything that can be wrong with an ECG file. Each error has a stable code.

EcgError
|-- FormatError            the bytes are no record in a supported format
|   |-- EmptyFile            empty_file
|   |-- UnsupportedFormat    unsupported_format            415
|   |-- FileTooLarge         file_too_large                413
|   `-- ArchiveUnsafe        archive_unsafe
|-- RecordError            the record contradicts itself
|   |-- RecordIncomplete     record_incomplete
|   |-- SeveralRecords       several_records
|   |-- HeaderInvalid        header_invalid
|   |-- SignalInvalid        signal_invalid
|   |-- SignalTruncated      signal_truncated
|   `-- ChecksumMismatch     checksum_mismatch
|-- ContentError           the record lacks information that an ECG needs
|   |-- NoEcgLeads           no_ecg_leads
|   |-- DuplicateLeads       duplicate_leads
|   |-- UnitsUnknown         units_unknown
|   |-- SamplingRateUnknown  sampling_rate_unknown
|   `-- SamplingRateOutOfRange  sampling_rate_out_of_range
|-- QualityError           the signal is not good enough to classify
|   |-- TooShort             too_short
|   |-- FlatSignal           flat_signal
|   |-- SignalMissing        signal_missing
|   |-- SignalClipped        signal_clipped
|   |-- SignalNoisy          signal_noisy
|   |-- SignalUnlikeEcg      signal_unlike_ecg
|   |-- RhythmUnreadable     rhythm_unreadable
|   `-- AmplitudeImplausible amplitude_implausible
|-- ArtifactError          artifact_invalid                500: our fault, the program does not start
`-- InternalError          internal_error                  500: our fault, one input gets no answer

Messages are written for a person. They never repeat anything from the file: no names, channel names, comments or paths.
"""

import json
from typing import ClassVar


class EcgError(Exception):
    """code: stable, for programs. status: the HTTP status. message: what is wrong. hint: what the sender can do."""

    code: ClassVar[str] = "ecg_error"
    status: ClassVar[int] = 422
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint

    def to_dict(self) -> dict[str, object]:
        """The problem object of RFC 9457, with code and hint as extension members."""
        return {
            "type": f"urn:ekg:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.message,
            "code": self.code,
            "hint": self.hint,
        }

    def to_json(self) -> bytes:
        """The only JSON form of a refusal. API, S3 drop and CLI send these bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False).encode()


class FormatError(EcgError):
    pass


class EmptyFile(FormatError):
    code = "empty_file"
    default_hint = "Check that the upload finished: the file holds no bytes."


class UnsupportedFormat(FormatError):
    code = "unsupported_format"
    status = 415
    default_hint = "Send a file of a format that is read. The hint of the answer lists them."


class FileTooLarge(FormatError):
    code = "file_too_large"
    status = 413
    default_hint = "Send an excerpt: ten seconds of twelve leads are enough."


class ArchiveUnsafe(FormatError):
    code = "archive_unsafe"
    default_hint = "Pack the record's files anew into a plain zip, without links, encryption or duplicate names."


class RecordError(EcgError):
    pass


class RecordIncomplete(RecordError):
    """missing: the files that the header names and that are not there. For callers that wait; never printed."""

    code = "record_incomplete"
    default_hint = "Send the header together with every signal file that it names."

    def __init__(self, message: str, hint: str | None = None, *, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.missing = missing


class SeveralRecords(RecordError):
    code = "several_records"
    default_hint = "Send one record at a time."


class HeaderInvalid(RecordError):
    code = "header_invalid"
    default_hint = "Export the record again, or correct the header by the format's specification."


class SignalInvalid(RecordError):
    code = "signal_invalid"
    default_hint = "Export the record again: its samples cannot be decoded."


class SignalTruncated(RecordError):
    code = "signal_truncated"
    default_hint = "Copy the signal file again: it is shorter than its header says."


class ChecksumMismatch(RecordError):
    code = "checksum_mismatch"
    default_hint = "Copy the record again: its samples are not those that the header was written for."


class ContentError(EcgError):
    pass


class NoEcgLeads(ContentError):
    code = "no_ecg_leads"
    default_hint = (
        "Name the channels by their leads in the file (I, II, III, aVR, aVL, aVF, V1 to V6), "
        "or give the names in order with leads= in Python, --leads on the command line, ?leads= over HTTP."
    )


class DuplicateLeads(ContentError):
    code = "duplicate_leads"
    default_hint = "Keep one channel for each lead."


class UnitsUnknown(ContentError):
    code = "units_unknown"
    default_hint = (
        "State the unit in the file, or give it with units= in Python, --units on the command line, ?units= over HTTP: "
        "uV, mV or V. For raw converter values give the counts per mV with gain=, --gain, ?gain=."
    )


class SamplingRateUnknown(ContentError):
    code = "sampling_rate_unknown"
    default_hint = (
        "Add a time column or a rate to the file, "
        "or give it with fs_hz= in Python, --fs on the command line, ?fs_hz= over HTTP."
    )


class SamplingRateOutOfRange(ContentError):
    code = "sampling_rate_out_of_range"
    default_hint = "Sampling rates from 50 to 4000 Hz are read."


class QualityError(EcgError):
    pass


class TooShort(QualityError):
    code = "too_short"
    default_hint = "Record at least 5 seconds; ten are better."


class FlatSignal(QualityError):
    code = "flat_signal"
    default_hint = "Check that the electrodes were connected: no heartbeat is in this recording."


class SignalMissing(QualityError):
    code = "signal_missing"
    default_hint = "Send a recording without gaps: at least one lead needs 5 seconds in one piece."


class SignalClipped(QualityError):
    code = "signal_clipped"
    default_hint = "Record again with a lower gain: the peaks are cut off."


class SignalNoisy(QualityError):
    code = "signal_noisy"
    default_hint = "Record again at rest, with good electrode contact."


class SignalUnlikeEcg(QualityError):
    code = "signal_unlike_ecg"
    default_hint = "Check that the file holds an electrocardiogram of a person, and its sampling rate."


class RhythmUnreadable(QualityError):
    code = "rhythm_unreadable"
    default_hint = "Look at the person first, then at the ECG: this may be an emergency. This service cannot read it."


class AmplitudeImplausible(QualityError):
    code = "amplitude_implausible"
    default_hint = "Check the unit and the gain (uV or mV?); files that state no unit may be given one."


class ArtifactError(EcgError):
    code = "artifact_invalid"
    status = 500
    default_hint = "Install the package again, or point EKG_ARTIFACTS to a folder written by `ekg export`."


class InternalError(EcgError):
    code = "internal_error"
    status = 500
    default_hint = "Report it with the record, if you may share that."

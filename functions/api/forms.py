"""A classification in the form that was asked for. Each form is imported when somebody asks for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecg_core import Classification
from functions.api.negotiation import DICOM, FHIR, HL7, SVG
from functions.api.problems import RequestInvalid

if TYPE_CHECKING:
    from ecg_core.reports.sheet import Sheet


@dataclass(frozen=True)
class Wishes:
    """bundle: of FHIR. sheet, start_s: of the SVG."""

    bundle: bool
    sheet: "Sheet"
    start_s: float


def written(result: Classification, form: str, wishes: Wishes) -> bytes:
    """Raises RequestInvalid if the recording ends before the sheet begins."""
    if form == FHIR and wishes.bundle:
        from ecg_core.reports.fhir_bundle import transaction

        return transaction(result)
    if form == FHIR:
        from ecg_core.reports.fhir import diagnostic_report

        return diagnostic_report(result)
    if form == SVG:
        from ecg_core.reports.svg import plot

        if wishes.start_s and wishes.start_s >= result.recording.duration_s:
            raise RequestInvalid("The recording ends before start_s.")
        return plot(result.recording, result, wishes.start_s, wishes.sheet)
    if form == DICOM:
        from ecg_core.reports.dicom_sr.report import structured_report

        return structured_report(result)
    if form == HL7:
        from datetime import UTC, datetime

        from ecg_core.reports.hl7v2 import message

        return message(result, datetime.now(UTC))
    return result.to_json()

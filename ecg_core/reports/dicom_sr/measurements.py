"""The measurements as a part of the report: templates TID 3713 (all leads together) and TID 3714 (each lead)."""

from collections.abc import Iterator

from ecg_core.measured import LeadMeasurements, Measurements
from ecg_core.readers.lead_codes import lead_of_code
from ecg_core.reports.dicom_sr.concepts import ALGORITHM, QUANTITATIVE
from ecg_core.reports.dicom_sr.content import MODIFIER, PROPERTY, Code, code, container, missing, number
from ecg_core.reports.dicom_sr.elements import DataSet

GLOBAL, OF_A_LEAD = Code("122158", "DCM", "ECG Global Measurements"), Code("122159", "DCM", "ECG Lead Measurements")
LEAD = Code("122148", "DCM", "Lead ID")

BEATS, MS = Code("{H.B.}/min", "UCUM", "BPM"), Code("ms", "UCUM", "millisecond")
DEGREES, MV = Code("deg", "UCUM", "degree"), Code("mV", "UCUM", "millivolt")
# Field of Measurements: (name, unit).
MEASURED = {
    "heart_rate_bpm": (Code("2:16016", "MDC", "Ventricular Heart Rate"), BEATS),
    "qt_ms": (Code("2:16160", "MDC", "QT interval global"), MS),
    "pr_ms": (Code("2:15872", "MDC", "PR interval global"), MS),
    "qrs_ms": (Code("2:16156", "MDC", "QRS duration global"), MS),
    "qtc_ms": (Code("2:15876", "MDC", "QTc interval global"), MS),
    "axis_deg": (Code("2:16132", "MDC", "QRS axis"), DEGREES),
}
FRIDERICIA = Code("122732", "DCM", "Fridericia QTc Algorithm")
FAILED = Code("114006", "DCM", "Measurement failure")

R_WAVE = Code("2:2048", "MDC", "R amplitude, per lead")
ST_60 = Code("2:14336", "MDC", "Amplitude at 60 ms into ST segment, per lead")
# Numbers of the leads: context group 3001.
LEAD_NUMBERS = {lead_of_code(number): number for number in range(1, 65)}


def quantitative(measured: Measurements) -> DataSet:
    """What could not be measured is there without a number, and says so."""
    leads = (_of_lead(name, lead) for name, lead in measured.leads.items())
    return container(QUANTITATIVE, [container(GLOBAL, [*_global(measured)], "3713"), *leads])


def _global(measured: Measurements) -> Iterator[DataSet]:
    """Without the RR interval, which TID 3713 demands: the answer has the rate only."""
    for field, (name, unit) in MEASURED.items():
        value = getattr(measured, field)
        formula = [code(ALGORITHM, FRIDERICIA, PROPERTY)] if field == "qtc_ms" else []
        yield missing(name, FAILED) if value is None else number(name, value, unit, content=formula)


def _of_lead(name: str, lead: LeadMeasurements) -> DataSet:
    """Without s_mv: it is the depth of an S wave or of a QS wave, which have different codes."""
    which = code(LEAD, Code(f"2:{LEAD_NUMBERS[name]}", "MDC", f"Lead {name}"), MODIFIER)
    return container(OF_A_LEAD, [which, number(R_WAVE, lead.r_mv, MV), number(ST_60, lead.st_mv, MV)], "3714")

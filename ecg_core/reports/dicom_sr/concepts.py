"""The codes of the report. Names of DICOM's own concepts: PS3.16 annex D."""

from ecg_core.classification import NAMES
from ecg_core.reports.dicom_sr.content import Code
from ecg_core.statements import Statement

# Our own schemes: names that begin with 99 are private (PS3.16 section 8.2). The class NORM and the statement NORM are
# two things.
LOCAL, STATEMENTS = "99EKG", "99EKGSCP"

# LOINC's "EKG study". The standard prints 11524-0 in context group 7000, which fails LOINC's check digit.
REPORT = Code("11524-6", "LN", "ECG Report")
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Code("en", "RFC5646", "English")

OBSERVER_TYPE, DEVICE = Code("121005", "DCM", "Observer Type"), Code("121007", "DCM", "Device")
DEVICE_UID = Code("121012", "DCM", "Device Observer UID")
DEVICE_NAME = Code("121013", "DCM", "Device Observer Name")
DEVICE_MANUFACTURER = Code("121014", "DCM", "Device Observer Manufacturer")
DEVICE_MODEL = Code("121015", "DCM", "Device Observer Model Name")
DEVICE_SERIAL = Code("121016", "DCM", "Device Observer Serial Number")

PROCEDURE = Code("121058", "DCM", "Procedure reported")
TWELVE_LEADS = Code("268400002", "SCT", "12-Lead ECG")
WAVEFORM = Code("55111-9", "LN", "Current Procedure Descriptions")
SAMPLE_RATE = Code("10:11393", "MDC", "Sample rate")
ALGORITHM = Code("111001", "DCM", "Algorithm Name")
ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version")
ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")

QUANTITATIVE = Code("122144", "DCM", "Quantitative Analysis")
QUALITATIVE = Code("122145", "DCM", "Qualitative Analysis")
FINDING = Code("271921002", "SCT", "ECG Finding")
PROBABILITY = Code("122157", "DCM", "Probability")
SUMMARY = Code("55112-7", "LN", "Summary")
OVERALL = Code("18810-2", "LN", "ECG overall finding")
NORMAL, ABNORMAL = Code("164854000", "SCT", "Normal ECG"), Code("102594003", "SCT", "Abnormal ECG")

PROBABILITIES = Code("PROBABILITIES", LOCAL, "Calibrated probabilities")
THRESHOLD = Code("THRESHOLD", LOCAL, "Threshold of the finding")
DISCLAIMER_NAME = Code("DISCLAIMER", LOCAL, "Disclaimer")
WARNING = Code("WARNING", LOCAL, "Warning")
FORMAT = Code("FORMAT", LOCAL, "Format of the record")
LEADS_USED = Code("LEADS", LOCAL, "Leads that were used")
DURATION = Code("DURATION", LOCAL, "Duration of the recording")
WINDOWS = Code("WINDOWS", LOCAL, "Number of 10 s windows")
RECORD = Code("RECORD", LOCAL, "SHA-256 of the record")
CORRECTION = Code("CORRECTION", LOCAL, "Changed or assumed in reading")
EXPECTED = Code("EXPECTED", LOCAL, "Expected performance with these leads")

NO_UNIT, HERTZ, SECOND = Code("1", "UCUM", "no units"), Code("Hz", "UCUM", "Hertz"), Code("s", "UCUM", "second")


def superclass(name: str) -> Code:
    """A class of PTB-XL, such as CD. No code of SNOMED CT means the same."""
    return Code(name, LOCAL, NAMES[name])


def statement_code(statement: Statement) -> Code:
    """SNOMED CT where the statement has a code there."""
    return Code(statement.snomed, "SCT", statement.name) if statement.snomed else scp_code(statement)


def scp_code(statement: Statement) -> Code:
    return Code(statement.code, STATEMENTS, statement.name)

"""The report: its tree after TID 3700, and the attributes of a Comprehensive SR around it (DICOM PS3.3 A.35.3).

It names no patient, no study and no time: whoever stores it fills them in (docs/batch.md).
"""

from collections.abc import Iterator
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from ecg_core import __version__
from ecg_core.classification import DIAGNOSES, DISCLAIMER, OTHER_ABNORMALITIES, Classification
from ecg_core.leads import LEADS
from ecg_core.reports.conclusion import conclusion
from ecg_core.reports.dicom_sr import concepts as say
from ecg_core.reports.dicom_sr.content import (
    CODE_SCHEME,
    CONTEXT,
    MODIFIER,
    PROPERTY,
    Code,
    code,
    container,
    number,
    root,
    text,
    uid,
)
from ecg_core.reports.dicom_sr.elements import SEQUENCE, DataSet, Tag, encoded, file
from ecg_core.reports.dicom_sr.measurements import quantitative

# Enhanced SR would hold this tree too. Comprehensive SR also takes the references to a waveform that a hospital may
# add, and more archives take it. Comprehensive 3D SR adds places in space only.
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
MANUFACTURER = "ekg"
# UIDs are made of this and of what they name (PS3.5 B.2).
_NAMES = uuid5(NAMESPACE_URL, "urn:ekg:dicom")
# DICOM demands a date. This one and REMOVED below say that none is known: the same answer gives the same bytes.
NO_DATE, NO_TIME = "19000101", "000000"

SOP_CLASS, SOP_INSTANCE = Tag(0x0008_0016, "UI"), Tag(0x0008_0018, "UI")
STUDY, SERIES = Tag(0x0020_000D, "UI"), Tag(0x0020_000E, "UI")
# Attributes that must be there, and may be empty: of the study, then of the patient.
EMPTY = (
    *(Tag(0x0008_0020, "DA"), Tag(0x0008_0030, "TM"), Tag(0x0008_0050, "SH"), Tag(0x0008_0090, "PN")),
    *(Tag(0x0020_0010, "SH"), Tag(0x0010_0010, "PN"), Tag(0x0010_0020, "LO"), Tag(0x0010_0030, "DA")),
    Tag(0x0010_0040, "CS"),
)
# Performed procedures: of the series, and of the report.
NO_ITEMS: DataSet = {Tag(0x0008_1111, SEQUENCE): [], Tag(0x0040_A372, SEQUENCE): []}
# What every report says.
ALWAYS = {
    Tag(0x0008_0005, "CS"): "ISO_IR 192",
    SOP_CLASS: COMPREHENSIVE_SR,
    Tag(0x0008_0023, "DA"): NO_DATE,
    Tag(0x0008_0033, "TM"): NO_TIME,
    Tag(0x0008_0060, "CS"): "SR",
    Tag(0x0008_0070, "LO"): MANUFACTURER,
    Tag(0x0008_103E, "LO"): "ECG report of a neural network, not reviewed",
    Tag(0x0012_0062, "CS"): "YES",
    Tag(0x0012_0063, "LO"): "Made without patient and time; dates are dummies",
    Tag(0x0020_0011, "IS"): "1",
    Tag(0x0020_0013, "IS"): "1",
    Tag(0x0028_0303, "CS"): "REMOVED",
    # The report is whole; nobody has reviewed it.
    Tag(0x0040_A491, "CS"): "COMPLETE",
    Tag(0x0040_A493, "CS"): "UNVERIFIED",
    Tag(0x0040_A496, "CS"): "PRELIMINARY",
}
MODEL_NAME, VERSIONS = Tag(0x0008_1090, "LO"), Tag(0x0018_1020, "LO")
SCHEMES, SCHEME_NAME, SCHEME_OWNER = Tag(0x0008_0110, SEQUENCE), Tag(0x0008_0115, "ST"), Tag(0x0008_0116, "ST")


def structured_report(result: Classification) -> bytes:
    """A DICOM file (explicit VR little endian). The same result gives the same bytes.

    Its UIDs follow from the record, and the SOP Instance UID from everything that the report says.
    """
    recording = result.recording.sha256
    said: DataSet = {
        **dict.fromkeys(EMPTY, ""),
        **NO_ITEMS,
        **ALWAYS,
        MODEL_NAME: result.model.name,
        VERSIONS: f"{__version__}, model {result.model.version}",
        SCHEMES: [_scheme(say.LOCAL, "Codes of ekg"), _scheme(say.STATEMENTS, "SCP statements of PTB-XL")],
        STUDY: _uid(f"study:{recording}"),
        SERIES: _uid(f"series:{recording}:{result.model.sha256}:{__version__}"),
        **root(say.REPORT, "3700", [*_tree(result)]),
    }
    instance = _uid(f"instance:{sha256(encoded(said)).hexdigest()}")
    return file(COMPREHENSIVE_SR, instance, encoded({**said, SOP_INSTANCE: instance}))


def _scheme(designator: str, name: str) -> DataSet:
    return {CODE_SCHEME: designator, SCHEME_NAME: name, SCHEME_OWNER: MANUFACTURER}


def _uid(name: str) -> str:
    return f"2.25.{uuid5(_NAMES, name).int}"


def _tree(result: Classification) -> Iterator[DataSet]:
    yield code(say.LANGUAGE, say.ENGLISH, MODIFIER)
    yield from _observer(result)
    if set(result.leads) == set(LEADS):
        yield code(say.PROCEDURE, say.TWELVE_LEADS, MODIFIER)
    yield text(say.DISCLAIMER_NAME, DISCLAIMER)
    yield container(say.WAVEFORM, [*_waveform(result)], "3708")
    yield quantitative(result.measurements)
    if findings := [*_findings(result)]:
        yield container(say.QUALITATIVE, findings, "3717")
    yield container(say.PROBABILITIES, [*_probabilities(result)])
    yield container(say.SUMMARY, [*_summary(result)], "3719")


def _observer(result: Classification) -> Iterator[DataSet]:
    """The model as the device that observed: TID 1004."""
    model = result.model
    yield code(say.OBSERVER_TYPE, say.DEVICE, CONTEXT)
    yield uid(say.DEVICE_UID, _uid(f"model:{model.sha256}"), CONTEXT)
    yield text(say.DEVICE_NAME, model.name, CONTEXT)
    yield text(say.DEVICE_MANUFACTURER, MANUFACTURER, CONTEXT)
    yield text(say.DEVICE_MODEL, f"{model.name} {model.version}", CONTEXT)
    yield text(say.DEVICE_SERIAL, model.sha256, CONTEXT)


def _waveform(result: Classification) -> Iterator[DataSet]:
    """What was read, and by what. Without the time of the ECG, which TID 3708 demands."""
    recording, model = result.recording, result.model
    yield number(say.SAMPLE_RATE, round(recording.fs_hz, 3), say.HERTZ)
    yield text(say.ALGORITHM, model.name)
    yield text(say.ALGORITHM_VERSION, model.version)
    yield text(say.ALGORITHM_PARAMETERS, f"sha256 {model.sha256}")
    if local := model.calibration:
        yield text(Code("CALIBRATION", say.LOCAL, "Calibration"), f"{local.said}, sha256 {local.sha256}")
    yield text(say.RECORD, recording.sha256)
    yield text(say.FORMAT, recording.format)
    yield text(say.LEADS_USED, ", ".join(result.leads))
    yield number(say.DURATION, round(recording.duration_s, 3), say.SECOND)
    yield number(say.WINDOWS, result.windows, say.NO_UNIT)
    yield from (text(say.CORRECTION, correction) for correction in result.corrections)


def _findings(result: Classification) -> Iterator[DataSet]:
    """Only what is at or above its threshold: an item here states that it is present."""
    for name in (*result.findings, *(name for name in OTHER_ABNORMALITIES if _above(result, name))):
        yield _finding(say.superclass(name), result.probabilities[name], result.thresholds[name])
    for statement in result.statements:
        if statement.finding:
            yield _finding(say.statement_code(statement), statement.probability, statement.threshold)


def _above(result: Classification, name: str) -> bool:
    return result.probabilities[name] >= result.thresholds[name]


def _finding(found: Code, probability: float, threshold: float) -> DataSet:
    likely = number(say.PROBABILITY, probability, say.NO_UNIT, PROPERTY)
    return code(say.FINDING, found, content=[likely, _threshold(threshold)])


def _probabilities(result: Classification) -> Iterator[DataSet]:
    """Of everything that the answer gives, findings or not."""
    for name in (*DIAGNOSES, *OTHER_ABNORMALITIES):
        yield _probability(say.superclass(name), result.probabilities[name], result.thresholds[name])
    for statement in result.statements:
        yield _probability(say.scp_code(statement), statement.probability, statement.threshold)


def _probability(name: Code, probability: float, threshold: float) -> DataSet:
    return number(name, probability, say.NO_UNIT, content=[_threshold(threshold)])


def _threshold(threshold: float) -> DataSet:
    return number(say.THRESHOLD, threshold, say.NO_UNIT, PROPERTY)


def _summary(result: Classification) -> Iterator[DataSet]:
    yield text(say.SUMMARY, " ".join(conclusion(result)))
    if result.diagnosis:
        yield code(say.OVERALL, say.NORMAL if result.diagnosis == "NORM" else say.ABNORMAL)
    yield from (text(say.WARNING, f"{warning.message} ({warning.code})") for warning in result.warnings)
    if expected := result.expected_performance:
        least = "at least " if expected.at_least else ""
        yield text(say.EXPECTED, f"{expected.lead_set}: AUC {least}{expected.areas}; {expected.measured_on}")

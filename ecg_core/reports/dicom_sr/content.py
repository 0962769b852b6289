"""Items of the content tree of a structured report: DICOM PS3.3 C.17.3."""

from collections.abc import Sequence
from typing import NamedTuple

from ecg_core.reports.dicom_sr.elements import SEQUENCE, DataSet, Tag
from ecg_core.reports.text import printable


class Code(NamedTuple):
    """A coded concept. scheme: SCT (SNOMED CT), LN (LOINC), DCM, MDC (IEEE 11073), UCUM, or our own."""

    value: str
    scheme: str
    meaning: str


# How an item belongs to the one above it.
CONTAINS, CONTEXT = "CONTAINS", "HAS OBS CONTEXT"
MODIFIER, PROPERTY = "HAS CONCEPT MOD", "HAS PROPERTIES"

CODE_VALUE, CODE_SCHEME, CODE_MEANING = Tag(0x0008_0100, "SH"), Tag(0x0008_0102, "SH"), Tag(0x0008_0104, "LO")
RELATIONSHIP, KIND = Tag(0x0040_A010, "CS"), Tag(0x0040_A040, "CS")
NAME, CONTENT = Tag(0x0040_A043, SEQUENCE), Tag(0x0040_A730, SEQUENCE)
CONTINUITY, TEMPLATE = Tag(0x0040_A050, "CS"), Tag(0x0040_A504, SEQUENCE)
TEMPLATE_SOURCE, TEMPLATE_ID = Tag(0x0008_0105, "CS"), Tag(0x0040_DB00, "CS")
TEXT, UID, CODED = Tag(0x0040_A160, "UT"), Tag(0x0040_A124, "UI"), Tag(0x0040_A168, SEQUENCE)
MEASURED, MISSING = Tag(0x0040_A300, SEQUENCE), Tag(0x0040_A301, SEQUENCE)
NUMBER, UNIT = Tag(0x0040_A30A, "DS"), Tag(0x0040_08EA, SEQUENCE)

# Replaces control characters: a viewer must not act on them.
LOST = "\ufffd"


def coded(code: Code) -> list[DataSet]:
    return [{CODE_VALUE: code.value, CODE_SCHEME: code.scheme, CODE_MEANING: code.meaning}]


def root(name: Code, template: str, content: Sequence[DataSet]) -> DataSet:
    """The container that holds all others. template: the number of the template that it follows, or nothing."""
    source: DataSet = {TEMPLATE_SOURCE: "DCMR", TEMPLATE_ID: template}
    follows: DataSet = {TEMPLATE: [source]} if template else {}
    return {KIND: "CONTAINER", NAME: coded(name), CONTINUITY: "SEPARATE", **follows, CONTENT: content}


def container(name: Code, content: Sequence[DataSet], template: str = "") -> DataSet:
    return {RELATIONSHIP: CONTAINS, **root(name, template, content)}


def text(name: Code, said: str, relationship: str = CONTAINS) -> DataSet:
    return {**_item(relationship, "TEXT", name), TEXT: printable(said, LOST)}


def code(name: Code, value: Code, relationship: str = CONTAINS, content: Sequence[DataSet] = ()) -> DataSet:
    return {**_item(relationship, "CODE", name, content), CODED: coded(value)}


def uid(name: Code, value: str, relationship: str = CONTAINS) -> DataSet:
    return {**_item(relationship, "UIDREF", name), UID: value}


def number(
    name: Code, value: float, unit: Code, relationship: str = CONTAINS, content: Sequence[DataSet] = ()
) -> DataSet:
    # Adding zero turns -0 into 0.
    measured: DataSet = {NUMBER: f"{value + 0.0:.10g}", UNIT: coded(unit)}
    return {**_item(relationship, "NUM", name, content), MEASURED: [measured]}


def missing(name: Code, reason: Code) -> DataSet:
    """A number that is not known. reason: of context group 42."""
    return {**_item(CONTAINS, "NUM", name), MEASURED: [], MISSING: coded(reason)}


def _item(relationship: str, kind: str, name: Code, content: Sequence[DataSet] = ()) -> DataSet:
    item: dict[Tag, str | Sequence[DataSet]] = {RELATIONSHIP: relationship, KIND: kind, NAME: coded(name)}
    return {**item, CONTENT: content} if content else item

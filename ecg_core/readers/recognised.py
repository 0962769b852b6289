"""Names what no reader took: documents, pictures, other formats, this service's own answers. For the refusal only."""

import re
from collections.abc import Callable, Collection, Sequence

from ecg_core.errors import UnsupportedFormat
from ecg_core.readers import magic_numbers
from ecg_core.readers.annotations import is_annotation
from ecg_core.readers.dicom.kinds import DIRECTORY
from ecg_core.readers.json_document import plain
from ecg_core.readers.magic_numbers import OPEN_DOCUMENT, PICTURE, Kind
from ecg_core.readers.registry import formats
from ecg_core.readers.xml.document import root_of
from ecg_core.recording import Files

# Texts say within these bytes what they are.
HEAD_BYTES = 65_536
# Makers whose names stand in an XML file beside the word manufacturer. A name elsewhere could be that of a person.
_MAKERS = {"nihon kohden": "Nihon Kohden", "mindray": "Mindray", "edan": "Edan", "zoll": "Zoll", "norav": "Norav"}
_MAKER = re.compile(r"manufacturer\w{0,20}(?:[^<>]{0,80}>|\s*=\s*[\"'])\s*([^<\"']{1,60})", re.IGNORECASE)

_EXPORT = "Export the ECG as a file of samples from the electrocardiograph or its archive."
_OTHER_EXPORT = "Export the ECG from its software in a format that is read."
_OWN_ANSWER = "Send the ECG that it was made from."

WEB_PAGE = Kind("a web page", "It may be the page of a login in place of the file. Download the file again.")
FHIR_XML = Kind("a FHIR resource in XML", "Send it as JSON.", formats=False)
FHIR_REPORT = Kind("a report that this service made (FHIR DiagnosticReport)", _OWN_ANSWER)
FHIR_OTHER = Kind(
    "a FHIR resource without SampledData",
    "Send the Observation that holds the samples. What is at an address or in an attachment is not fetched: "
    "download it, and send that file.",
)
ANSWER = Kind("an answer of this service", _OWN_ANSWER)
ZOLL = Kind("a full disclosure export of a Zoll defibrillator", _OTHER_EXPORT)
HEALTH = Kind(
    "an export of Apple Health that holds no ECG by itself",
    "Send one file of the folder electrocardiograms of the export.",
)
HEALTH_JSON = Kind("an ECG of Apple HealthKit as JSON", "Export the ECG from the app Health: that gives a CSV.")
HL7_V2 = Kind("an HL7 version 2 message", "Send the ECG as HL7 aECG, or as another file of samples.")
LAB_SYSTEM = Kind("an export of an electrophysiology laboratory (LabSystem Pro)", _OTHER_EXPORT)
BRAIN_VISION = Kind("a header or marker file of BrainVision", "Convert the recording to EDF.")
ANNOTATION = Kind("a file of WFDB annotations", "It holds no samples. Send the record's .hea file with its .dat file.")
HEADER = Kind("a WFDB header without the extension .hea", "Give it that extension, and send the signal files with it.")
DICOM_DIRECTORY = Kind(
    "a DICOM directory (DICOMDIR)", "It only lists other files. Send the DICOM file of the ECG.", formats=False
)
LFS = Kind(
    "a pointer of Git LFS, not the file itself", "Fetch the file with `git lfs pull`, and send it.", formats=False
)
ZEROS = Kind("a file of zero bytes", "The copy may have failed. Copy the file again.")
XML = Kind("an XML file of a kind that is not read", _EXPORT)
JSON = Kind("a JSON file of a kind that is not read", _EXPORT)

_ROOTS = {
    "html": WEB_PAGE,
    "svg": PICTURE,
    "zqecg": Kind("an ECG of a Zoncare electrocardiograph (XML)", _OTHER_EXPORT),
    "clinicaldocument": Kind("a clinical document (HL7 CDA)", "Send the ECG that it speaks of, as a file of samples."),
    "healthdata": HEALTH,
    "nativedicommodel": Kind("a DICOM object as XML", "Send the DICOM file itself (.dcm)."),
    "plist": Kind("a property list of macOS or iOS", _EXPORT),
}
_JSON_START = re.compile(rb'\{\s*["}]|\[\s*(?:[\[{"\]]|(?:-?\d[\d.eE+-]{0,30}|true|false|null)\s*[,\]])')
_HEADER_LINES = re.compile(
    rb"(?:#[^\n]*\n)*[\w.-]{1,80}(?:/\d+)? \d+ [\d.()/]+(?: \d[^\n]*)?\r?\n[^\s/]{1,80}\.(?:dat|mat|d\d) \d+", re.ASCII
)


def refusal(names: Sequence[str], files: Files) -> UnsupportedFormat | None:
    """The refusal of files that no reader took. None if none of them is recognised.

    names: of the files that may hold a recording. files: all that came.
    """
    kind = package(files) or next((found for name in names if (found := what(files[name]))), None)
    if kind is None:
        return None
    begin = "This is" if len(files) == 1 or package(files) else "No ECG was recognised. One of the files is"
    return UnsupportedFormat(f"{begin} {kind.name}.", f"{kind.hint} Send {formats()}." if kind.formats else kind.hint)


def package(names: Collection[str]) -> Kind | None:
    """What an unpacked archive is by the names in it: an Office document, or the whole export of Apple Health."""
    if "[Content_Types].xml" in names:
        folders = {name.partition("/")[0] for name in names}
        found = {"xl": magic_numbers.EXCEL, "word": magic_numbers.WORD, "ppt": magic_numbers.SLIDES}
        return next((kind for folder, kind in found.items() if folder in folders), None)
    if "META-INF/manifest.xml" in names and "content.xml" in names:
        return OPEN_DOCUMENT
    if any(name.endswith("apple_health_export/export.xml") for name in names):
        return HEALTH
    if any(name.endswith("/data.pkl") for name in names):
        return magic_numbers.PICKLE
    return None


def what(data: bytes) -> Kind | None:
    """What a file is, from its bytes. Cheap, and never raises."""
    head = data[:HEAD_BYTES]
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for begins, kind in _TEXTS:
        if start.startswith(begins):
            return kind
    return magic_numbers.kind_of(data) or _json(data) or _xml(head) or _structure(data, start)


_TEXTS: tuple[tuple[bytes | tuple[bytes, ...], Kind], ...] = (
    (b"{\\rtf", magic_numbers.WORD),
    (b"MSH|", HL7_V2),
    (b"version https://git-lfs.github.com/spec/", LFS),
    ((b"Brain Vision Data Exchange", b"BrainVision Data Exchange"), BRAIN_VISION),
    (b"%!PS", PICTURE),
    (b"[InternetShortcut]", Kind("a shortcut to a web page", "Download the file itself, and send it.", formats=False)),
    (b"-----BEGIN PGP", Kind("an encrypted message", "Decrypt it, and send the file in it.", formats=False)),
    (b"#!/", magic_numbers.PROGRAM),
)


def _json(data: bytes) -> Kind | None:
    if not _JSON_START.match(plain(data[:HEAD_BYTES]).lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")):
        return None
    text = plain(data)
    for keys, kind in (
        ((b'"resourceType"', b'"urn:ekg:answer"'), FHIR_REPORT),
        ((b'"resourceType"',), FHIR_OTHER),
        ((b'"urn:ekg:problem:',), ANSWER),
        ((b'"probabilities"', b'"thresholds"', b'"recording"'), ANSWER),
        ((b'"ZOLL"', b'"FullDisclosure"'), ZOLL),
        ((b'"voltageMeasurements"',), HEALTH_JSON),
        ((b'"00080016"', b'"vr"'), Kind("a DICOM object as JSON", "Send the DICOM file itself (.dcm).")),
    ):
        if all(key in text for key in keys):
            return kind
    return JSON


def _xml(head: bytes) -> Kind | None:
    root, attributes = root_of(head)
    if not root:
        return None
    if "http://hl7.org/fhir" in attributes:
        return FHIR_XML
    if found := _ROOTS.get(root.lower()):
        return found
    text = plain(head).decode("latin-1")
    if root.lower() in ("body", "head") or "<html" in text[:1_000].lower():
        return WEB_PAGE
    for match in _MAKER.finditer(text):
        for maker, name in _MAKERS.items():
            if re.search(rf"\b{maker}\b", match[1].lower()):
                return Kind(f"an XML file of a device by {name}, of a kind that is not read", _OTHER_EXPORT)
    return XML if head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith((b"<?xml", b"<\0?\0x\0m\0l\0")) else None


_TESTS: tuple[tuple[Callable[[bytes, bytes], bool], Kind], ...] = (
    (lambda _, start: start.startswith(b"[Header]") and b"Channels exported:" in start[:2_000], LAB_SYSTEM),
    (lambda _, start: _HEADER_LINES.match(start) is not None, HEADER),
    (lambda data, _: data[128:132] == b"DICM" and DIRECTORY.encode() in data[132:644], DICOM_DIRECTORY),
    (lambda data, _: is_annotation(data), ANNOTATION),
    (lambda data, _: data[:1] == b"\0" and data == bytes(len(data)), ZEROS),
)


def _structure(data: bytes, start: bytes) -> Kind | None:
    return next((kind for test, kind in _TESTS if test(data, start)), None)

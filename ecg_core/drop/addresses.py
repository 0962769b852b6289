"""The keys of outcomes and notes in the results store."""

from hashlib import sha256

from ecg_core.readers.names import folded

OUTCOME = ".json"
FHIR, FHIR_BUNDLE, SVG, DICOM_SR, HL7 = ".fhir.json", ".fhir-bundle.json", ".svg", ".sr.dcm", ".hl7"
# The other forms of a result, by the names that settings use. The configured ones are written before the outcome.
NAMED = {"svg": SVG, "fhir": FHIR, "fhir-bundle": FHIR_BUNDLE, "dicom-sr": DICOM_SR, "hl7": HL7}
FORMS = tuple(NAMED.values())

WAITING, ARCHIVED, MEMBERS, SHARED = "waiting/", "archived/", "members/", "shared/"
# Prefixes of objects about a file of the inbox that are not outcomes.
NOTES = (WAITING, ARCHIVED, MEMBERS, SHARED)
IGNORED = "ignored/"
HASHED, MANIFESTS, BACKFILL = "sha256/", "manifests/", "backfill/"
# The key of a record's outcome must not begin with one of these.
_OURS = (*NOTES, IGNORED, HASHED, MANIFESTS, BACKFILL)
# S3's limit for a key in UTF-8.
MAX_KEY_BYTES = 1024


def address(key: str, form: str = OUTCOME, longest: int = MAX_KEY_BYTES) -> str:
    """The key of a record's outcome, or of another form of it: the record's key and the form's extension.

    longest: the most bytes of a key in this store.

    In three cases the key is sha256/<hex of the record's key> and the extension: the plain key would be too long; it
    would begin with a prefix of the drop itself; or the record's key ends in .fhir or .fhir-bundle (x.fhir.json is the
    report of x).
    """
    plain = key + form
    if key.startswith(_OURS) or key.endswith((".fhir", ".fhir-bundle")) or len(key_bytes(plain)) > longest:
        return f"{HASHED}{sha256(key_bytes(key)).hexdigest()}{form}"
    return plain


def note_address(kind: str, name: str, longest: int = MAX_KEY_BYTES) -> str:
    """The key of the note about a file. kind: one of NOTES."""
    plain = kind + folded(name)
    if len(key_bytes(plain)) > longest:
        return f"{kind}{HASHED}{sha256(key_bytes(folded(name))).hexdigest()}"
    return plain


def lone_address(kind: str, name: str, key: str) -> str:
    """The key of a note about one file and one key that waits for it, if the note about the file is full."""
    return f"{kind}{HASHED}{sha256(key_bytes(folded(name)) + bytes(1) + key_bytes(key)).hexdigest()}"


def ignored_address(key: str, longest: int = MAX_KEY_BYTES) -> str:
    """The key of the entry in the list of ignored files."""
    plain = f"{IGNORED}{key}{OUTCOME}"
    if len(key_bytes(plain)) > longest:
        return f"{IGNORED}{HASHED}{sha256(key_bytes(key)).hexdigest()}{OUTCOME}"
    return plain


def key_bytes(key: str) -> bytes:
    """The bytes of a key, as stores count its length."""
    # A file name on disk need not be valid UTF-8. Python keeps the invalid bytes as surrogates.
    return key.encode(errors="surrogateescape")

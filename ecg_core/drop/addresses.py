"""Where an outcome is written, and where the drop keeps its notes: all in the results store."""

from hashlib import sha256

from ecg_core.readers.names import folded

OUTCOME = ".json"
FHIR, SVG = ".fhir.json", ".svg"
# Written before the outcome, where they are asked for.
FORMS = (SVG, FHIR)

WAITING, MEMBERS, HASHED, MANIFESTS, BACKFILL = "waiting/", "members/", "sha256/", "manifests/", "backfill/"
_OURS = (WAITING, MEMBERS, HASHED, MANIFESTS, BACKFILL)
# Of S3, for a key in UTF-8.
MAX_KEY_BYTES = 1024


def address(key: str, form: str = OUTCOME, longest: int = MAX_KEY_BYTES) -> str:
    """Of a record's outcome or another form of it: the record's key and the form's extension.

    longest: bytes that the store takes.

    sha256/<hex of the key> and the extension where that is too long, where it would fall among the drop's own
    addresses, and for keys in .fhir, whose outcome would be another record's report.
    """
    plain = key + form
    if key.startswith(_OURS) or key.endswith(".fhir") or len(key_bytes(plain)) > longest:
        return f"{HASHED}{sha256(key_bytes(key)).hexdigest()}{form}"
    return plain


def note_address(kind: str, name: str, longest: int = MAX_KEY_BYTES) -> str:
    """Of the note about a file. kind: WAITING or MEMBERS."""
    plain = kind + folded(name)
    if len(key_bytes(plain)) > longest:
        return f"{kind}{HASHED}{sha256(key_bytes(folded(name))).hexdigest()}"
    return plain


def key_bytes(key: str) -> bytes:
    """A key as a store counts it."""
    # File systems hold names that are no text; Python keeps their bytes so.
    return key.encode(errors="surrogateescape")

"""What a DICOM file holds, by its SOP class (DICOM PS3.4 B.5). Everything but an ECG is refused by name."""

from ecg_core.errors import HeaderInvalid, UnsupportedFormat

# Every UID of the standard begins with this.
ROOT = "1.2.840.10008."
_STORAGE = f"{ROOT}5.1.4.1.1."
# 12-lead, general, ambulatory and general 32-bit ECG.
_ECG = frozenset(f"{_STORAGE}9.1.{number}" for number in (1, 2, 3, 4))
DIRECTORY = f"{ROOT}1.3.10"
# The first entry that fits counts. The dot at the end keeps 1 apart from 104.
_OTHERS = (
    (f"{_STORAGE}104.1.", "an encapsulated PDF"),
    (f"{_STORAGE}104.", "an encapsulated document"),
    (f"{_STORAGE}88.", "a structured report"),
    (f"{_STORAGE}9.3.", "an electrophysiology waveform, recorded within the heart"),
    (f"{_STORAGE}9.2.", "a haemodynamic waveform"),
    (f"{_STORAGE}9.", "a waveform of another kind than an ECG"),
    (f"{_STORAGE}11.", "a presentation state"),
    *((f"{_STORAGE}{number}.", "an image") for number in (1, 2, 3, 4, 6, 7, 12, 13, 14, 20, 77, 128)),
    (f"{DIRECTORY}.", "a directory of other files"),
)
HINT = "Export the ECG as a DICOM waveform (12-lead, general or ambulatory ECG) and send that file."


def refuse_others(sop_class: str, modality: str = "") -> None:
    """Raises UnsupportedFormat unless the file holds an ECG waveform, HeaderInvalid if it does not say what it holds.

    modality: decides for a file without SOP class.
    """
    if sop_class in _ECG or (not sop_class and modality == "ECG"):
        return
    if not sop_class:
        raise HeaderInvalid("The DICOM file does not say what it holds.", HINT)
    kind = next((kind for prefix, kind in _OTHERS if f"{sop_class}.".startswith(prefix)), "an object of another kind")
    raise UnsupportedFormat(f"This is a DICOM file with {kind}, not an ECG waveform.", HINT)

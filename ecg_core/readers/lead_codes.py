"""The lead numbers of SCP-ECG (EN 1064). DICOM, IEEE 11073 (MDC), FHIR and MFER use the same numbers.

Numbers 31 to 60 are calibration leads: their samples are no ECG. ISHNE has other numbers.
"""

# 65 is -aVR: stored upside down.
_NAMES = {
    1: "I",
    2: "II",
    **{2 + chest: f"V{chest}" for chest in range(1, 7)},
    9: "V7",
    10: "V2R",
    11: "V3R",
    12: "V4R",
    13: "V5R",
    14: "V6R",
    15: "V7R",
    16: "X",
    17: "Y",
    18: "Z",
    61: "III",
    62: "aVR",
    63: "aVL",
    64: "aVF",
    65: "-aVR",
    66: "V8",
    67: "V9",
    68: "V8R",
    69: "V9R",
}
# IEEE 11073: MDC_ECG_LEAD_x is 131072 + number, MDC_ECG_ELEC_POTL_x is 131328 + number.
_MDC_BASES = (131_328, 131_072)


def lead_of_code(code: int) -> str:
    """The name of a lead number, such as "V1" or "-aVR". Empty if it is no ECG lead."""
    return _NAMES.get(code, "")


def lead_of_mdc(code: int) -> str:
    """The name of a numeric MDC code, such as 131329 -> "I". Empty if it is no ECG lead."""
    return next((lead_of_code(code - base) for base in _MDC_BASES if 0 < code - base < 256), "")

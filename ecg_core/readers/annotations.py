"""Whether a file is WFDB annotations: pairs of a code and a time, in words of 16 bits. Nothing is read from it.

Format: https://physionet.org/physiotools/wag/annot-5.htm, section MIT format.
"""

# A longer file is one if its first annotations are valid.
MAX_ANNOTATIONS = 2_000
_LARGEST_CODE = 49
_SKIP, _AUX = 59, 63
# Codes that change a field of the annotation before them.
_FIELDS = (60, 61, 62)


def is_annotation(data: bytes) -> bool:
    """Whether the words are annotations up to the end mark. A file without any text or field is not recognised.

    Raw samples of a converter could look like plain annotations, so those two tell the difference.
    """
    if len(data) < 6 or data[-2:] != b"\0\0":
        return False
    place, telling = 0, False
    for _ in range(MAX_ANNOTATIONS):
        word = int.from_bytes(data[place : place + 2], "little")
        code, number = word >> 10, word & 0x3FF
        place += 2
        if word == 0:
            return telling and not data[place:].strip(b"\0")
        if code == _AUX:
            text = data[place : place + number]
            if len(text) < number or not text.rstrip(b"\0").isascii():
                return False
            place += number + number % 2
        elif code == _SKIP:
            place += 4
        elif code not in _FIELDS and not 1 <= code <= _LARGEST_CODE:
            return False
        telling |= code == _AUX or code in _FIELDS
        if place >= len(data):
            return False
    return telling

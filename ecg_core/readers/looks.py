"""Quick looks at the first bytes of a file: may it have this format? They import nothing; the reader decides."""

import re

# A list or object of JSON, XML, HTML, RTF, HL7 version 2, headers of BrainVision and LabSystem Pro, a script. Their
# numbers stand in lines too, and would be read as a table.
_NO_TABLE = re.compile(
    rb"""[\xef\xbb\xbf\s]*(?:\{\s*["}]|\[\s*(?:[\[{"]|-?\d[\d.eE+-]{0,30}\s*[,\]])|<\?xml|<!doctype|<html|<svg|\{\\rtf"""
    rb"""|MSH\||Brain\ ?Vision\ Data\ Exchange|\[Header\]\s+File\ Type:|\#!/)""",
    re.IGNORECASE | re.VERBOSE,
)


def is_text(look: bytes) -> bool:
    from ecg_core.readers.text import is_text

    return is_text(look)


def is_table(look: bytes) -> bool:
    """Whether this is text that may be a table: it does not begin like JSON, XML or another text without rows."""
    return is_text(look) and not _NO_TABLE.match(look)


def is_json(look: bytes) -> bool:
    """Whether the first character opens an object or a list. Byte order marks and UTF-16 are passed over."""
    return look.lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n")[:1] in (b"{", b"[")


def is_kardia(look: bytes) -> bool:
    return look.startswith(b"ALIVE\0\0\0")


def is_markup(look: bytes) -> bool:
    """Whether "<" stands near the beginning: after blanks, a byte order mark or stray bytes, also in UTF-16."""
    return b"<" in look.lstrip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe")[:20]


def is_dicom(look: bytes) -> bool:
    """A file without preamble begins with group 0008 or 0002, and a UID of the standard says what it is."""
    return look[128:132] == b"DICM" or (look[:2] in (b"\x08\0", b"\0\x08", b"\x02\0") and b"1.2.840.10008." in look)


def is_scp(look: bytes) -> bool:
    """Section 0 has the number 0, and its first entry is about itself."""
    return look[8:10] == look[22:24] == b"\0\0" and look[10:14] == look[24:28] != b"\0\0\0\0"


def is_edf(look: bytes) -> bool:
    return look[:8].replace(b"\0", b" ") == b"0       "


def is_bdf(look: bytes) -> bool:
    return look[1:8] == b"BIOSEMI"


def is_ishne(look: bytes) -> bool:
    return look[:8] in (b"ISHNE1.0", b"ANN  1.0")


def is_npy(look: bytes) -> bool:
    """An array of NumPy, or a zip whose first member is named like one."""
    zipped = look.startswith(b"PK\x03\x04") and look[30 : 30 + int.from_bytes(look[26:28], "little")].endswith(b".npy")
    return zipped or look.startswith(b"\x93NUMPY")


def is_mat(look: bytes) -> bool:
    """The text of version 5, or the five numbers of version 4: type, rows, columns, complex, length of the name."""
    from struct import unpack

    if look.startswith(b"MATLAB") or len(look) < 20:
        return len(look) >= 20
    order = "<" if look[3] == 0 and look[2] == 0 and look[1] == 0 else ">"
    type_, _, _, complex_, length = unpack(f"{order}5I", look[:20])
    return bool(type_ < 1100 and complex_ < 2 and length < 64)


def is_contec(look: bytes) -> bool:
    """A date and a time in the header, between zero bytes."""
    return look[8:10] == b"\0\0" and look[14:15] == look[17:18] == b"-" and look[23:24] == look[26:27] == b":"


def is_mfer(look: bytes) -> bool:
    return look[:1] == b"@" and look[2:6] == b"MFR "


def is_workbook(look: bytes) -> bool:
    """A zip with a name that workbooks have, or the file system within a file of old Office documents."""
    marks = (b"[Content_Types].xml", b"xl/", b"mimetypeapplication/vnd.oasis.opendocument")
    return look.startswith(b"\xd0\xcf\x11\xe0") or (
        look.startswith(b"PK\x03\x04") and any(mark in look for mark in marks)
    )


def is_parquet(look: bytes) -> bool:
    return look.startswith((b"PAR1", b"PARE"))


def is_hdf5(look: bytes) -> bool:
    """At the beginning, or behind the block of text that MATLAB writes."""
    return look.startswith(b"\x89HDF") or look.startswith(b"\x89HDF", 512)


def is_pdf(look: bytes) -> bool:
    return b"%PDF-" in look[:1024]

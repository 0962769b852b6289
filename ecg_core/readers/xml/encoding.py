"""Makes the bytes of an XML file such that expat reads them: UTF-8 or Latin-1, without what surrounds the document.

Exporters state wrong encodings and forget to escape signs in free text. This never changes a number: the markup and all
numbers are ASCII.
"""

import re

from ecg_core.errors import HeaderInvalid, UnsupportedFormat

# Some exports have a few stray bytes before the XML declaration.
MAX_JUNK_BYTES = 16
# Signs of free text that an exporter forgot to escape. A few stand in diagnoses ("PR < 120", "R&D").
MAX_UNESCAPED = 10_000

BLANKS = b" \t\r\n"
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_DECLARATION = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_UTF_8 = frozenset(("", "utf-8", "utf8", "us-ascii", "ascii"))
# A file that states UTF-16 but was read byte by byte up to here is not UTF-16: a program saved it anew.
_UTF_16 = frozenset(("utf-16", "utf16", "utf-16le", "utf-16be", "ucs-2", "iso-10646-ucs-2", "unicode"))
_LATIN_1 = frozenset(("iso-8859-1", "iso8859-1", "latin-1", "latin1", "iso_8859-1", "l1"))
# Python decodes these. In each of them the ASCII characters are ASCII.
_OTHERS = frozenset(
    (
        *("gb2312", "gbk", "gb18030", "cp936", "big5", "cp950", "shift_jis", "shift-jis", "sjis", "cp932", "ms932"),
        *("windows-31j", "euc-jp", "euc-kr", "cp949", "iso-2022-jp", "koi8-r", "koi8-u", "macintosh"),
        *(f"windows-125{page}" for page in range(9)),
        *(f"cp125{page}" for page in range(9)),
        *(f"iso-8859-{part}" for part in range(2, 17) if part != 12),
        *(f"iso8859-{part}" for part in range(2, 17) if part != 12),
    )
)
_PYTHON_NAMES = {"windows-31j": "cp932", "ms932": "cp932", "sjis": "shift_jis", "macintosh": "mac_roman"}
# A name, "/", "!" or "?" follows the "<" of markup. These others are free text. So is an "&" without a known entity or
# with the number of a control character, which XML does not allow.
_UNESCAPED = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)"
    rb"|&(?=#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));)"
    rb"|<(?=[\s0-9=])"
)
# Faster to find than the pattern above. Few files have one of them.
_UNESCAPED_LESS = re.compile(rb"<[\s0-9=]")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
# A question mark is no number and no base64, so a damaged list of samples stays damaged.
_NO_CONTROLS = bytes.maketrans(_CONTROLS, b"?" * len(_CONTROLS))


def for_expat(data: bytes) -> tuple[bytes, str]:
    """(the document, "utf-8" or "iso-8859-1"). Raises UnsupportedFormat, HeaderInvalid.

    What stands before its first "<", and zero bytes after its end, are left out.
    """
    content, encoding = _document(data)
    # Zero bytes fill the last block of some recorders. Ctrl-Z is the end of a DOS file.
    content = content.lstrip(BLANKS).rstrip(b"\0\x1a" + BLANKS)
    if len(content.translate(None, _CONTROLS)) < len(content):
        content = content.translate(_NO_CONTROLS)
    if b"&" in content or _UNESCAPED_LESS.search(content):
        content, count = _UNESCAPED.subn(_escaped, content, MAX_UNESCAPED + 1)
        if count > MAX_UNESCAPED:
            raise HeaderInvalid("The XML file is not well formed: too many signs in its text are not escaped.")
    return content, encoding


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"&amp;" if match[0] == b"&" else b"&lt;"


def _document(data: bytes) -> tuple[bytes, str]:
    data, utf_16 = from_first_tag(data)
    if utf_16:
        return data[: len(data) // 2 * 2].decode(utf_16, "replace").encode(), "utf-8"
    stated = _DECLARATION.match(data[:1_000])
    name = stated[1].decode("ascii").lower() if stated else ""
    if name in _LATIN_1:
        return data, "iso-8859-1"
    if name in _UTF_8 or name in _UTF_16:
        return data, "utf-8" if _is_utf_8(data) else "iso-8859-1"
    if name not in _OTHERS:
        raise UnsupportedFormat("The XML file has an encoding that is not read.", "Save it as UTF-8 and send it again.")
    return data.decode(_PYTHON_NAMES.get(name, name), "replace").encode("utf-8", "replace"), "utf-8"


def _is_utf_8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def from_first_tag(data: bytes) -> tuple[bytes, str | None]:
    """(the file from its first "<" on, its encoding if it is UTF-16 or None). Empty if no "<" is near the begin."""
    for mark, encoding in _UTF_16_MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :], encoding
    # Two programs may each have written a mark.
    data = data.removeprefix(_UTF_8_MARK).removeprefix(_UTF_8_MARK)
    stripped = data.lstrip(BLANKS)
    if not stripped.startswith(b"\0"):
        data = stripped
    place = data.find(b"<", 0, MAX_JUNK_BYTES + 1)
    if place < 0:
        return b"", None
    if data[place + 1 : place + 2] == b"\0":
        # Of each character, the zero byte is the first one (big endian) or the second.
        return (data[place - 1 :], "utf-16-be") if place % 2 and data[place - 1] == 0 else (data[place:], "utf-16-le")
    return data[place:], None

"""Is this text, and in which encoding? Everything after this module works on UTF-8 with plain line ends."""

import unicodedata

from ecg_core.errors import UnsupportedFormat

# Where a table's header and first rows must lie: 64 KB hold 100 lines of 60 columns, and cost 1 ms to look at.
HEAD_BYTES = 65_536

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Control characters that no text file holds; tab, line ends, form feed and Ctrl-Z (the end of a DOS file) are left out.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a")) + b"\x7f"
# Of a UTF-16 file in Latin letters half of the bytes are zero, all of them on one side.
_UTF16_SHARE = 0.4
_LOOKALIKES = {"\ufeff": "", "\u2212": "-", "\xa0": " ", "\u202f": " ", "\u2009": " "}


def encoding_of(data: bytes) -> str | None:
    """The encoding of a text, judged by its beginning; None if the bytes are no text."""
    head = data[:HEAD_BYTES]
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    if not head:
        return None
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        high, low = head[first::2], head[1 - first :: 2]
        if high and high.count(0) > 2 * _UTF16_SHARE * len(high) and not low.count(0):
            return encoding
    if len(head.translate(None, _CONTROLS)) < len(head):
        return None
    return "utf-8"


def is_text(data: bytes) -> bool:
    return encoding_of(data) is not None


def as_utf8(data: bytes) -> bytes:
    """The text as UTF-8 without byte order mark, lines ended by a line feed, typographic blanks and minus made plain.

    Bytes that are no UTF-8 are read as Windows-1252, which holds Latin-1. Raises UnsupportedFormat if this is no text.
    """
    encoding = encoding_of(data)
    if encoding is None:
        raise UnsupportedFormat("The file is no text.")
    if encoding.startswith("utf-16"):
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    elif not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            data = data.decode("cp1252", "replace").encode()
    if not data.isascii():
        for character, plain in _LOOKALIKES.items():
            data = data.replace(character.encode(), plain.encode())
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in data:
        raise UnsupportedFormat("The file is no text: it holds NUL bytes.")
    return data


def first_lines(text: bytes) -> bytes:
    """The whole lines within the first HEAD_BYTES of a UTF-8 text."""
    return text if len(text) <= HEAD_BYTES else text[: text.rfind(b"\n", 0, HEAD_BYTES) + 1]


def head_of(data: bytes) -> bytes:
    """The first lines of a file as UTF-8, without looking at the rest of it. Empty if it is no text."""
    head = data[:HEAD_BYTES]
    encoding = encoding_of(head)
    if encoding is None:
        return b""
    if len(data) > HEAD_BYTES and not encoding.startswith("utf-16"):
        head = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]
        return as_utf8(head) if head else b""
    try:
        text = as_utf8(head)
    except UnsupportedFormat:
        return b""
    return text if len(data) <= HEAD_BYTES else text[: text.rfind(b"\n") + 1]


def without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(character for character in plain if not unicodedata.combining(character))


def fold(text: str) -> str:
    """For comparing words: lower case, without accents, one way to write the micro sign, plain apostrophes."""
    return without_accents(text).casefold().strip()

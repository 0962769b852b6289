"""Is a file text, and in which encoding? The modules after this one see only UTF-8 with line feeds."""

import codecs
import re
import unicodedata

from ecg_core.errors import FileTooLarge, UnsupportedFormat
from ecg_core.readers.registry import unsupported

# An upload has at most 10 MB, and a text from an archive may not be larger. So the whole process, with the copies of
# the text and its numbers, stays below 150 MB of memory.
MAX_TEXT_BYTES = 10_500_000

# A table must begin within these bytes. 64 KB hold 100 lines of 60 columns; searching them takes 1 ms.
HEAD_BYTES = 65_536
# Recognising a table needs fewer bytes, unless its lines are so long that these bytes hold only a few lines.
SNIFF_BYTES, SNIFF_LINES = 8_192, 20
# Longer than any word or line of words that is searched for. Search time grows faster than length.
MAX_WORDS_LENGTH = 300

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Control characters that no text has. Tab, line ends, form feed and Ctrl-Z (the end of a DOS file) are allowed.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a")) + b"\x7f"
# A text of at least this length may be padded with zero bytes. In a shorter file they belong to a binary format.
_MIN_PADDED = 64
# In a UTF-16 text of Latin letters half of the bytes are zero: either all even ones or all odd ones.
_UTF16_SHARE = 0.4
# Only the head of a Windows-1252 text is searched for words. After it, each letter becomes one byte, to save memory.
_PLAIN_CP1252 = bytes(range(128)) + b"_" * 32 + b" " + b"_" * 95
_BLOCK_BYTES = 1_000_000
_LOOKALIKES = {"\ufeff": "", "\u200e": "", "\u200f": "", "\u2212": "-", "\xa0": " ", "\u202f": " ", "\u2009": " "}


def encoding_of(data: bytes) -> str | None:
    """The encoding of a text, from its first bytes. None if the file is not text."""
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
    filled = head.rstrip(b"\0")
    if len(filled) >= _MIN_PADDED:
        head = filled
    return "utf-8" if len(head.translate(None, _CONTROLS)) == len(head) else None


def is_text(data: bytes) -> bool:
    return encoding_of(data) is not None


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _BLOCK_BYTES):
            decoder.decode(data[start : start + _BLOCK_BYTES], start + _BLOCK_BYTES >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def as_utf8(data: bytes) -> bytes:
    """The text as UTF-8 without byte order mark, with line feeds, ASCII blanks and ASCII minus signs.

    Zero bytes at its end are removed. A text that is not UTF-8 is read as Windows-1252, a superset of printable
    Latin-1; its letters are kept in the head only. Raises FileTooLarge, and UnsupportedFormat if this is not text.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise FileTooLarge(f"Of a text, {MAX_TEXT_BYTES / 1e6:g} MB are read at most.")
    encoding = encoding_of(data)
    if encoding is None:
        raise unsupported("The file is no text.")
    if encoding.startswith("utf-16"):
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    elif not data.isascii() and not _is_utf8(data):
        head = data[:HEAD_BYTES].decode("cp1252", "replace").encode()
        data = head + data[HEAD_BYTES:].translate(_PLAIN_CP1252)
    if not data.isascii():
        for character, plain in _LOOKALIKES.items():
            data = data.replace(character.encode(), plain.encode())
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data.endswith(b"\0"):
        data = data.rstrip(b"\0")
    if b"\0" in data:
        raise unsupported("The file is no text: it holds NUL bytes.")
    return data


def padding_of(data: bytes) -> int:
    """The number of zero bytes at the end of a text. Some recorders fill their last block with them."""
    if not data.endswith(b"\0"):
        return 0
    count = len(data) - len(data.rstrip(b"\0"))
    return count // 2 * 2 if (encoding_of(data) or "").startswith("utf-16") else count


def first_lines(text: bytes) -> bytes:
    """The whole lines within the first HEAD_BYTES of a UTF-8 text."""
    return text if len(text) <= HEAD_BYTES else text[: text.rfind(b"\n", 0, HEAD_BYTES) + 1]


def head_of(data: bytes) -> bytes:
    """The first lines of a file as UTF-8; the rest of the file is not decoded. Empty if the file is not text."""
    head = data[:SNIFF_BYTES]
    few = max(head.count(b"\n"), head.count(b"\r")) < SNIFF_LINES
    if few:
        head = data[:HEAD_BYTES]
    encoding = encoding_of(head)
    if encoding is None:
        return b""
    whole = len(data) <= len(head)
    if not whole and not encoding.startswith("utf-16"):
        head = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]
        if not head:
            return b""
    try:
        text = as_utf8(head)
    except UnsupportedFormat:
        return b""
    text = text if whole else text[: text.rfind(b"\n") + 1]
    return b"\n".join([*text.split(b"\n", SNIFF_LINES)[:SNIFF_LINES], b""]) if few else text


def without_accents(text: str) -> str:
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(character for character in plain if not unicodedata.combining(character))


def fold(text: str) -> str:
    """Text for comparison: lower case, no accents, one micro sign, plain apostrophes.

    Only the first MAX_WORDS_LENGTH characters are kept.
    """
    return without_accents(text[:MAX_WORDS_LENGTH]).casefold().strip()[:MAX_WORDS_LENGTH]


def any_of(*words: str) -> str:
    """A pattern that matches any of these words in folded text, with any separator between their parts."""
    return "|".join(re.escape(fold(word)).replace(r"\ ", r"[\s_.-]*") for word in words)


def number_of(text: str) -> float:
    """A number with a decimal point or a decimal comma. The other mark may separate thousands."""
    if "," in text and "." in text:
        text = text.replace("," if text.rfind(".") > text.rfind(",") else ".", "")
    try:
        return float(text.strip(".,").replace(",", "."))
    except ValueError:
        return float("nan")

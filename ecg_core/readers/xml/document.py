"""Parses an XML file into a small tree of elements, with limits on size, depth and number.

expat calls back for each element, so nothing that is not kept costs memory. A DOCTYPE is allowed because GE's files
have one. Entity declarations are refused, and no external file is ever opened.
"""

import re
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers.text import MAX_TEXT_BYTES

# ECG files have some thousand elements, and are less than 20 levels deep.
MAX_ELEMENTS, MAX_DEPTH = 200_000, 64
# An element of an ECG file has up to 30 attributes. Mortara writes the samples of a lead in one attribute.
MAX_ATTRIBUTES = 1_000_000
# Some exports have a few stray bytes before the XML declaration.
MAX_JUNK_BYTES = 16

_DECLARATION = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
# expat reads these by itself, and Python helps it with every other one of one byte per character.
_NATIVE = frozenset(("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin-1", "latin1"))
_UTF_16 = frozenset(("utf-16", "utf16", "utf-16le", "utf-16be", "ucs-2", "iso-10646-ucs-2", "unicode"))
_OTHERS = frozenset(
    (
        *("gb2312", "gbk", "gb18030", "cp936", "big5", "cp950", "shift_jis", "shift-jis", "sjis", "cp932", "ms932"),
        *("windows-31j", "euc-jp", "euc-kr", "cp949", "iso-2022-jp", "koi8-r", "koi8-u", "macintosh"),
        *(f"windows-125{page}" for page in range(9)),
        *(f"cp125{page}" for page in range(9)),
        *(f"iso-8859-{part}" for part in range(2, 17)),
        *(f"iso8859-{part}" for part in range(2, 17)),
    )
)
_PYTHON_NAMES = {"windows-31j": "cp932", "ms932": "cp932", "sjis": "shift_jis", "macintosh": "mac_roman"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class Element:
    """name: without its prefix. attributes: without prefixes. text: of the element itself, not of its children."""

    __slots__ = ("attributes", "children", "name", "parts")

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.parts).strip()

    def get(self, attribute: str) -> str:
        """The attribute without blanks around it. Empty if there is none."""
        return self.attributes.get(attribute, "").strip()

    def all(self, path: str) -> Iterator["Element"]:
        """The elements at this path of names: "Waveform/LeadData"."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def find(self, path: str) -> "Element | None":
        """The first element at this path."""
        return next(self.all(path), None)

    def value(self, path: str) -> str:
        """The text of the first element at this path. Empty if there is none."""
        found = self.find(path)
        return found.text if found else ""

    def below(self, name: str) -> Iterator["Element"]:
        """The elements of this name at any depth below this one, in the order of the file."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.below(name)


def local(name: str) -> str:
    """A name without its prefix: "hl7:SLIST_PQ" -> "SLIST_PQ"."""
    return name.rpartition(":")[2]


class _Tree:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise FileTooLarge(f"The XML file has more than {MAX_ELEMENTS:,} elements.")
        if len(self._open) >= MAX_DEPTH:
            raise HeaderInvalid(f"The elements of the XML file are nested more than {MAX_DEPTH} deep.")
        element = Element(local(name), {local(key): text for key, text in attributes.items()} if attributes else {})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, name: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        if self._open:
            self._open[-1].parts.append(text)

    def entity(self, *_: object) -> None:
        raise HeaderInvalid("The XML file declares entities, which no ECG needs.", "Export the ECG again.")


def parse(data: bytes) -> Element:
    """The root element.

    Raises HeaderInvalid for a file that is no well-formed XML or declares entities, SignalTruncated if it ends early,
    FileTooLarge, and UnsupportedFormat for an encoding that is not read.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise FileTooLarge(f"Of a text, {MAX_TEXT_BYTES / 1e6:g} MB are read at most.")
    content, encoding = _decoded(data)
    tree = _Tree()
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.buffer_size = 65_536
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.characters
    parser.EntityDeclHandler = tree.entity
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        if error.code in _ENDS_EARLY:
            raise SignalTruncated("The XML file ends early.", "Copy the file again: its end is missing.") from None
        raise HeaderInvalid(f"The XML file is not well formed near line {error.lineno}.") from None
    except (LookupError, ValueError):
        raise HeaderInvalid("The XML file does not have the encoding that it states.") from None
    if tree.root is None:
        raise HeaderInvalid("The XML file has no element.")
    return tree.root


# Numbers of expat: no element found, unclosed token, partial character, unclosed CDATA section.
_ENDS_EARLY = frozenset((3, 5, 6, 20))


def _decoded(data: bytes) -> tuple[bytes, str | None]:
    """(bytes that expat reads, the encoding that counts instead of the stated one or None)."""
    data = _without_junk(data)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data, encoding
    stated = _DECLARATION.match(data[:400])
    name = stated[1].decode("ascii").lower() if stated else ""
    if name in _UTF_16 and data[:1] == b"<" and data[1:2] != b"\0":
        # The declaration was read byte by byte, so the file is not UTF-16: a program saved it anew.
        return data, "utf-8"
    if not name or name in _NATIVE or name in _UTF_16:
        return data, None
    if name not in _OTHERS:
        raise UnsupportedFormat("The XML file has an encoding that is not read.", "Save it as UTF-8 and send it again.")
    return data.decode(_PYTHON_NAMES.get(name, name), "replace").encode("utf-8", "replace"), "utf-8"


def _without_junk(data: bytes) -> bytes:
    head = data[: MAX_JUNK_BYTES + 5]
    if head[:1] == b"<" or head.startswith(tuple(mark for mark, _ in _MARKS)):
        return data
    place = head.find(b"<?xml")
    return data[place:] if place > 0 else data.lstrip()


_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)([^<>]*)>?")
_SKIPPED = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?\s*>", re.DOTALL)


def root_of(data: bytes) -> tuple[str, str]:
    """(name of the root element without prefix, its attributes as text). ("", "") if this is no XML.

    It looks only at the first bytes. For sniffing: cheap, and never raises.
    """
    head = data[:4_096]
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            text = head.decode(encoding, "ignore")
            break
    else:
        text = head.decode("utf-16-le" if head[1:2] == b"\0" else "latin-1", "ignore")
    place = text.find("<")
    if not 0 <= place <= MAX_JUNK_BYTES:
        return "", ""
    match = _ROOT.match(_SKIPPED.sub("", text[place:]).lstrip())
    return (match[1], match[2]) if match else ("", "")

"""Parses an XML file into a small tree of elements, with limits on size, depth and number.

A DOCTYPE is allowed because GE's files have one. Declarations of entities and attributes are refused: they let a small
file grow without bound. No external file is ever opened.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from xml.parsers import expat

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalTruncated
from ecg_core.readers.text import MAX_TEXT_BYTES
from ecg_core.readers.xml.encoding import MAX_JUNK_BYTES, for_expat, from_first_tag

__all__ = ("MAX_JUNK_BYTES", "Element", "local", "parse", "root_of")

# ECG files have some thousand elements, and are less than 20 levels deep. 100,000 elements take 0.2 s and 30 MB.
MAX_ELEMENTS, MAX_DEPTH = 100_000, 64
# An element of an ECG file has up to 30 attributes, and a file some hundred different names. expat keeps each name.
MAX_ATTRIBUTES, MAX_NAMES = 256, 5_000
# Attributes of all elements together. With MAX_ELEMENTS of them, every element can have some.
MAX_ATTRIBUTES_IN_ALL = 300_000
# Bytes of one tag or comment. Mortara writes the samples of a lead in one attribute: 27 kB for ten seconds at 1 kHz.
MAX_TAG_BYTES = 1_000_000

_BLOCK_BYTES = 65_536
# The root element must begin within these bytes. An example of HL7 has 1 kB of comments before it.
_ROOT_BYTES = 16_384


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

    def only(self, path: str) -> "Element | None":
        """The element at this path. Raises HeaderInvalid if there are two: they could contradict each other."""
        first, second = (*islice(self.all(path), 2), None, None)[:2]
        if second:
            raise HeaderInvalid("An element of the XML file stands twice where one is expected.")
        return first

    def data(self, path: str) -> str:
        """The text of the only element at this path, such as a list of samples. Empty if there is none.

        Raises HeaderInvalid if there are two, or if there are elements within the text.
        """
        found = self.only(path)
        if found and found.children:
            raise HeaderInvalid("Elements stand among the samples of the XML file.")
        return found.text if found else ""

    def below(self, name: str) -> Iterator["Element"]:
        """The elements of this name at any depth below this one, in the order of the file."""
        waiting = self.children[::-1]
        while waiting:
            child = waiting.pop()
            if child.name == name:
                yield child
            waiting.extend(reversed(child.children))


def local(name: str) -> str:
    """A name without its prefix: "hl7:SLIST_PQ" -> "SLIST_PQ"."""
    return name.rpartition(":")[2]


class _Tree:
    def __init__(self) -> None:
        self.root: Element | None = None
        # expat puts every name of an element or attribute here.
        self.names: dict[str, str] = {}
        self._open: list[Element] = []
        self._elements = self._attributes = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._attributes += len(attributes)
        if self._elements > MAX_ELEMENTS:
            raise FileTooLarge(f"The XML file has more than {MAX_ELEMENTS:,} elements.")
        if len(attributes) > MAX_ATTRIBUTES or self._attributes > MAX_ATTRIBUTES_IN_ALL:
            raise FileTooLarge("The XML file has more attributes than any ECG needs.")
        if len(self.names) > MAX_NAMES:
            raise FileTooLarge(f"The XML file has more than {MAX_NAMES:,} names of elements and attributes.")
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

    def declaration(self, *_: object) -> None:
        raise HeaderInvalid(
            "The XML file declares entities or attributes, which no ECG needs.", "Export the ECG again."
        )


def parse(data: bytes) -> Element:
    """The root element.

    Raises HeaderInvalid for a file that is no well-formed XML or declares entities, SignalTruncated if it ends early,
    FileTooLarge, and UnsupportedFormat for an encoding that is not read.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise FileTooLarge(f"Of a text, {MAX_TEXT_BYTES / 1e6:g} MB are read at most.")
    content, encoding = for_expat(data)
    tree = _Tree()
    # Named here, so expat does not use the stated encoding, which may be any of Python's.
    parser = expat.ParserCreate(encoding, None, tree.names)
    parser.buffer_text = True
    parser.buffer_size = _BLOCK_BYTES
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.characters
    parser.EntityDeclHandler = tree.declaration
    parser.AttlistDeclHandler = tree.declaration
    try:
        _feed(parser, content)
    except expat.ExpatError as error:
        if error.code in _ENDS_EARLY:
            raise SignalTruncated("The XML file ends early.", "Copy the file again: its end is missing.") from None
        raise HeaderInvalid(f"The XML file is not well formed near line {error.lineno}.") from None
    if tree.root is None:
        raise HeaderInvalid("The XML file has no element.")
    return tree.root


# Numbers of expat: no element found, unclosed token, partial character, unclosed CDATA section.
_ENDS_EARLY = frozenset((3, 5, 6, 20))


def _feed(parser: expat.XMLParserType, content: bytes) -> None:
    """Parses block by block. After an error raised in a handler, expat parses to the end of what it was given."""
    for start in range(0, len(content), _BLOCK_BYTES):
        parser.Parse(content[start : start + _BLOCK_BYTES])
        # expat waits at the begin of a tag until it has all of it.
        if start + _BLOCK_BYTES - parser.CurrentByteIndex > MAX_TAG_BYTES:
            raise FileTooLarge("The XML file has a tag or a comment that is longer than any ECG needs.")
    parser.Parse(b"", True)


_NAME = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)([^<>]*)>?")
# Where what stands before the root element ends. A DOCTYPE may hold declarations in brackets.
_ENDS = (("<?", "?>"), ("<!--", "-->"), ("<!", ">"))
_BRACKET = re.compile(r"\]\s*>")


def root_of(data: bytes) -> tuple[str, str]:
    """(name of the root element without prefix, its attributes as text). ("", "") if this is no XML.

    It looks only at the first bytes. For sniffing: cheap, and never raises.
    """
    head, encoding = from_first_tag(data[:_ROOT_BYTES])
    text = head.decode(encoding or "latin-1", "ignore")
    place = text.find("<", 0, MAX_JUNK_BYTES + 1)
    while place >= 0:
        for begin, end in _ENDS:
            if text.startswith(begin, place):
                place = _after(text, place + len(begin), end)
                break
        else:
            match = _NAME.match(text, place)
            return (match[1], match[2]) if match else ("", "")
    return "", ""


def _after(text: str, place: int, end: str) -> int:
    """The place of the next "<" after this end. -1 if there is none."""
    closed = text.find(end, place)
    if end == ">" and 0 <= text.find("[", place) < closed:
        match = _BRACKET.search(text, place)
        closed = match.start() if match else -1
    return text.find("<", closed + 1) if closed >= 0 else -1

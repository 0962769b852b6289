"""Workbooks of Excel (.xlsx): ECMA-376, part 1. The value that Excel stored counts, also that of a formula."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from ecg_core.errors import HeaderInvalid, UnsupportedFormat
from ecg_core.readers.spreadsheet.clocks import Shown, clock, shown_as
from ecg_core.readers.spreadsheet.lines import MAX_COLUMNS, Budget, Lines, plain
from ecg_core.readers.spreadsheet.stream import feed
from ecg_core.readers.xml.document import local, parse

Parts = Mapping[str, bytes]
# A number of a row, a text or a format. Longer ones are none.
_NUMBER = re.compile(r"[0-9]{1,8}")
_DAMAGED = "The workbook is damaged."
_AGAIN = "Save the workbook again."
# What a cell with an error shows. It is read as a gap.
_ERROR = "#N/A"


def sheets(members: Parts, budget: Budget) -> Iterator[Lines]:
    """The worksheets of a workbook. members: the files of the zip.

    Raises HeaderInvalid, FileTooLarge, UnsupportedFormat.
    """
    parts = {name.casefold(): content for name, content in members.items()}
    books = _targets(parts, "", "officeDocument")
    book = next(iter(books.values()), "xl/workbook.xml")
    if book.endswith(".bin"):
        raise UnsupportedFormat("This is a binary Excel workbook (.xlsb).", "Save it as .xlsx or as CSV.")
    if book not in parts:
        raise HeaderInvalid(_DAMAGED, _AGAIN)
    strings = next((_strings(parts[path], budget) for path in _targets(parts, book, "sharedStrings").values()), [])
    styles = next((_styles(parts[path]) for path in _targets(parts, book, "styles").values()), [])
    found = _targets(parts, book, "worksheet")
    named = [sheet.get("id") for sheet in parse(parts[book]).all("sheets/sheet")]
    for path in (found[key] for key in named if key in found):
        yield _sheet(parts[path], strings, styles, budget)


def _targets(parts: Parts, source: str, kind: str) -> dict[str, str]:
    """The parts that a part refers to, by the id of the reference. kind: the last word of the type of reference."""
    folder, name = posixpath.split(source)
    listing = parts.get(posixpath.join(folder, "_rels", f"{name}.rels"))
    if listing is None:
        return {}
    found = {}
    for reference in parse(listing).all("Relationship"):
        path = posixpath.normpath(posixpath.join("/", folder, reference.get("Target"))).lstrip("/").casefold()
        if (
            reference.get("Type").rpartition("/")[2] == kind
            and reference.get("TargetMode") != "External"
            and path in parts
        ):
            found[reference.get("Id")] = path
    return found


def _styles(data: bytes) -> list[Shown]:
    """How each style shows numbers. A cell names its style by number."""
    root = parse(data)
    codes = {style.get("numFmtId"): style.get("formatCode") for style in root.all("numFmts/numFmt")}
    numbers = [style.get("numFmtId") for style in root.all("cellXfs/xf")]
    return [shown_as(int(number) if _NUMBER.fullmatch(number) else 0, codes.get(number)) for number in numbers]


def _strings(data: bytes, budget: Budget) -> list[str]:
    """The texts that cells name by number. Phonetic hints (rPh) are no part of a text."""
    found: list[str] = []
    text: list[str] = []
    value = ""
    phonetic = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal phonetic
        name = local(name)
        if name == "t":
            text.clear()
        elif name == "rPh":
            phonetic = True

    def end(name: str) -> None:
        nonlocal value, phonetic
        name = local(name)
        if name == "t" and not phonetic:
            value += "".join(text)
        elif name == "si":
            found.append(plain(value))
            value = ""
        elif name == "rPh":
            phonetic = False

    feed(data, start, end, text.append, budget)
    return found


def _column(letters: str) -> int:
    """ "A" -> 0, "AA" -> 26. Raises HeaderInvalid."""
    number = 0
    for letter in letters if len(letters) <= 3 else "":
        number = number * 26 + ord(letter) - 64 if "A" <= letter <= "Z" else MAX_COLUMNS + 1
    if not 1 <= number <= MAX_COLUMNS:
        raise HeaderInvalid(_DAMAGED, _AGAIN)
    return number - 1


def _row(digits: str) -> int:
    if not (_NUMBER.fullmatch(digits) and int(digits)):
        raise HeaderInvalid(_DAMAGED, _AGAIN)
    return int(digits) - 1


def _sheet(data: bytes, strings: Sequence[str], styles: Sequence[Shown], budget: Budget) -> Lines:
    lines = Lines(budget)
    columns: dict[str, int] = {}
    names: dict[str, str] = {}
    clocks = {str(number): shown for number, shown in enumerate(styles) if shown != "number"}
    text: list[str] = []
    row, digits, column, kind, style, value = -1, "", -1, "", "", ""
    phonetic = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, digits, column, kind, style, value, phonetic
        name = names[name] if name in names else names.setdefault(name, local(name))
        if name == "v" or name == "t":
            text.clear()
        elif name == "c":
            place = attributes.get("r")
            if place is None:
                column += 1
            else:
                letters = place.rstrip("0123456789")
                if place[len(letters) :] != digits:
                    raise HeaderInvalid("A cell does not stand in its row.", _AGAIN)
                if letters not in columns:
                    columns[letters] = _column(letters)
                column = columns[letters]
            kind, style, value = attributes.get("t", "n"), attributes.get("s", ""), ""
        elif name == "row":
            row = _row(attributes["r"]) if "r" in attributes else row + 1
            digits, column = str(row + 1), -1
        elif name == "rPh":
            phonetic = True

    def end(name: str) -> None:
        nonlocal value, phonetic
        name = names[name]
        if name == "v" or name == "t":
            if not phonetic:
                value += "".join(text)
        elif name == "c":
            if value:
                lines.add(column, _shown(value, kind, clocks.get(style, "number"), strings))
        elif name == "row":
            lines.end_row(row)
        elif name == "rPh":
            phonetic = False

    feed(data, start, end, text.append, budget)
    return lines


def _shown(value: str, kind: str, shown: Shown, strings: Sequence[str]) -> str:
    """The text of a filled cell. kind: n number, s number of a text, b boolean, e error, others text."""
    if kind == "n":
        value = value if value.isprintable() and '"' not in value else plain(value)
        return value if shown == "number" else clock(value, shown)
    if kind == "s":
        place = int(value) if _NUMBER.fullmatch(value) else len(strings)
        if place >= len(strings):
            raise HeaderInvalid("A cell names a text that the workbook does not have.", _AGAIN)
        return strings[place]
    if kind == "b":
        return "FALSE" if value.strip() == "0" else "TRUE"
    return _ERROR if kind == "e" else plain(value)

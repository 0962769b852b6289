"""Workbooks of LibreOffice (.ods): OpenDocument 1.2, part 1. Equal cells and rows are stored once, with a number."""

from collections.abc import Mapping

from ecg_core.errors import HeaderInvalid, UnsupportedFormat
from ecg_core.readers.spreadsheet.clocks import duration
from ecg_core.readers.spreadsheet.lines import MAX_COLUMNS, MAX_ROWS, Budget, Lines, plain
from ecg_core.readers.spreadsheet.stream import feed
from ecg_core.readers.xml.document import local

_AGAIN = "Save the workbook again."
_ERROR = "#N/A"
_CELLS = frozenset(("table-cell", "covered-table-cell"))


def sheets(members: Mapping[str, bytes], budget: Budget) -> list[Lines]:
    """The sheets of a workbook. members: the files of the zip.

    Raises HeaderInvalid, FileTooLarge, UnsupportedFormat.
    """
    if b"encryption-data" in members.get("META-INF/manifest.xml", b""):
        raise UnsupportedFormat("The workbook is protected by a password.", "Save it without a password, or as CSV.")
    found: list[Lines] = []
    parts: list[str] = []
    attributes_of: dict[str, str] = {}
    # Depth of the open table, of its open cell, and of the element that is open now.
    table = cell = depth = row = column = 0
    rows = 1
    paragraph = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal table, cell, depth, row, column, rows, attributes_of, paragraph
        depth += 1
        if cell:
            # Paragraphs of a comment are deeper than those of the cell.
            paragraph = paragraph or (depth == cell + 1 and local(name) == "p")
            if paragraph and parts and local(name) in ("p", "s", "tab", "line-break"):
                parts.append(" ")
            return
        name = local(name)
        if name == "table" and not table:
            found.append(Lines(budget))
            table, row = depth, 0
        elif not table:
            return
        elif name in _CELLS:
            cell, attributes_of = depth, {local(key): value for key, value in attributes.items()}
        elif name == "table-row":
            column, rows = 0, _repeats(attributes.get("table:number-rows-repeated"), MAX_ROWS)

    def end(name: str) -> None:
        nonlocal table, cell, depth, row, column, paragraph
        paragraph = paragraph and depth != cell + 1
        if depth == cell:
            repeats = _repeats(attributes_of.get("number-columns-repeated"), MAX_COLUMNS)
            if text := _text(attributes_of, "".join(parts)):
                found[-1].add(column, text, repeats)
            column += repeats
            parts.clear()
            cell = 0
        elif depth == table:
            table = 0
        elif table and not cell and local(name) == "table-row":
            found[-1].end_row(row, rows)
            row += rows
        depth -= 1

    def characters(text: str) -> None:
        if paragraph:
            parts.append(text)

    feed(members.get("content.xml", b""), start, end, characters, budget)
    return found


def _repeats(number: str | None, most: int) -> int:
    if number is None:
        return 1
    if not (number.isascii() and number.isdecimal() and len(number) <= 7 and 1 <= int(number) <= most):
        raise HeaderInvalid("The workbook is damaged.", _AGAIN)
    return int(number)


def _text(attributes: Mapping[str, str], shown: str) -> str:
    """What a cell holds. shown: its text as it is shown."""
    kind = attributes.get("value-type", "")
    if kind in ("float", "percentage", "currency"):
        return plain(attributes.get("value", ""))
    if kind == "time":
        return plain(duration(attributes.get("time-value", "")))
    if kind == "date":
        date = plain(attributes.get("date-value", ""))
        return date if "T" in date else f"day {date}"
    if kind == "boolean":
        return attributes.get("boolean-value", "").upper()[:5]
    return _ERROR if kind == "error" else plain(attributes.get("string-value", shown))

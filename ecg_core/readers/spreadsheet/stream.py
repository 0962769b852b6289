"""Feeds the XML of a sheet to the functions that collect its cells. A tree of a sheet would take ten times its size."""

from collections.abc import Callable
from xml.parsers import expat

from ecg_core.errors import HeaderInvalid
from ecg_core.readers.spreadsheet.lines import Budget

Start = Callable[[str, dict[str, str]], None]


def feed(
    data: bytes, start: Start, end: Callable[[str], None], characters: Callable[[str], object], budget: Budget
) -> None:
    """Calls back for each element and each piece of text. Entities are refused. Raises HeaderInvalid, FileTooLarge."""
    budget.spend_tags(data.count(b"<"))
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 65_536
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = _entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise HeaderInvalid("A sheet of the workbook is damaged.", "Save the workbook again.") from None


def _entity(*_: object) -> None:
    raise HeaderInvalid("A sheet of the workbook declares entities, which no sheet needs.", "Save the workbook again.")

"""The cells of a sheet as lines of text with tabs, as Excel's own "Text (tab delimited)" writes them.

A workbook has a budget for all its sheets. Empty cells between filled ones cost as much as filled ones, so a sheet of
two cells far from each other is refused before memory is taken for what lies between.
"""

from dataclasses import dataclass

from ecg_core.errors import FileTooLarge, HeaderInvalid
from ecg_core.readers.text import MAX_TEXT_BYTES

# Rows and columns of the largest sheet of Excel and LibreOffice.
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
# Of all sheets together. A sample takes four tags: these are a minute of twelve leads at 500 Hz. They take 0.7 s.
MAX_TAGS = 1_600_000
# Names of channels in one cell. Longer words are never searched for.
MAX_CELL_CHARACTERS = 2_000

_BREAKS = dict.fromkeys((*range(32), 127, 133, 8232, 8233), " ") | {ord('"'): "'"}


@dataclass
class Budget:
    """What is left for all sheets of a workbook. Each method raises FileTooLarge if it is not enough."""

    characters: int = MAX_TEXT_BYTES
    tags: int = MAX_TAGS

    def spend_characters(self, count: int) -> None:
        self.characters -= count
        if self.characters < 0:
            raise FileTooLarge(f"The sheets hold more than {MAX_TEXT_BYTES / 1e6:g} MB of text.")

    def spend_tags(self, count: int) -> None:
        self.tags -= count
        if self.tags < 0:
            raise FileTooLarge(f"The sheets have more than {MAX_TAGS:,} tags.")


def plain(text: str) -> str:
    """A text that fits into one cell of a line: no line breaks, tabs and double quotes."""
    return text[:MAX_CELL_CHARACTERS].translate(_BREAKS).strip()


class Lines:
    """Takes cells in the order of the sheet: left to right, top to bottom."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._cells: list[str] = []
        self._rows: list[str] = []
        self._tabs: list[int] = []

    def add(self, column: int, text: str, repeats: int = 1) -> None:
        """A filled cell of the present row. column: from 0. Raises HeaderInvalid."""
        cells = self._cells
        if column == len(cells) and repeats == 1:
            cells.append(text)
            return
        if column < len(cells) or column + repeats > MAX_COLUMNS:
            raise HeaderInvalid("The cells of a sheet are not in order.", "Save the workbook again.")
        cells.extend([""] * (column - len(cells)))
        cells.extend([text] * repeats)

    def end_row(self, number: int, repeats: int = 1) -> None:
        """Closes the present row. number: its place in the sheet, from 0. Rows before it that never came are empty.

        Raises HeaderInvalid, FileTooLarge.
        """
        missing = number - len(self._rows)
        if missing < 0 or number + repeats > MAX_ROWS:
            raise HeaderInvalid("The rows of a sheet are not in order.", "Save the workbook again.")
        if not self._cells:
            return
        line = "\t".join(self._cells)
        tabs = len(self._cells) - 1
        self._cells = []
        if (";" in line or "|" in line) and tabs:
            line = _quoted(line)
        self._budget.spend_characters(missing + repeats * (len(line) + 1))
        self._rows += [""] * missing
        self._tabs += [-1] * missing
        self._rows += [line] * repeats
        self._tabs += [tabs] * repeats

    def text(self) -> tuple[bytes, int]:
        """(the lines in UTF-8, the number of filled rows or of columns: the larger one).

        Each filled line has as many cells as the widest. Columns left of the first filled one are left out.
        """
        most = max(self._tabs, default=-1)
        if most < 0:
            return b"", 0
        filled = [line for line in self._rows if line]
        left = min(len(line) - len(line.lstrip("\t")) for line in filled)
        self._budget.spend_characters(sum(most - tabs for tabs in self._tabs if tabs >= 0))
        lines = [
            line[left:] + "\t" * (most - tabs) if line else ""
            for line, tabs in zip(self._rows, self._tabs, strict=True)
        ]
        return ("\n".join(lines) + "\n").encode("utf-8", "replace"), max(len(filled), most + 1 - left)


def _quoted(line: str) -> str:
    """Quotes around words with another separator than the tab, so that the separator of the lines is clear."""
    return "\t".join(f'"{cell}"' if ";" in cell or "|" in cell else cell for cell in line.split("\t"))

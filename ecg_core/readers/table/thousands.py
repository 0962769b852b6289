"""Decides whether "1,234" is a thousand or a fraction, from the other numbers of the file, or refuses the file."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SignalInvalid

# A number that may have a mark between thousands. The mark was replaced by a point before.
_GROUPED = re.compile(rb"[-+]?[1-9]\d{0,2}\.\d{3}")
# Cells of the first rows with commas between thousands, and cells with a decimal point, which prove the commas.
_COMMAS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})++(?:\.\d*+)?")
_POINT = re.compile(r"[-+]?(?:\d++|[1-9]\d{0,2}(?:,\d{3})++)\.\d*+")
# In each chunk. If values were not rounded to three decimals, far fewer cells show it.
_CELLS_LOOKED_AT = 200

COMMA_BETWEEN_THOUSANDS = re.compile(rb"(?<=\d),(?=\d{3}(?!\d))")


def commas_mark_thousands(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first rows prove commas between thousands: they have decimal points, too, and groups of three."""
    cells = [cell for row in rows for cell in row if "," in cell or "." in cell]
    commas = [cell for cell in cells if "," in cell and ":" not in cell]
    return (
        bool(commas)
        and all(_COMMAS.fullmatch(cell) for cell in commas)
        and any(_POINT.fullmatch(cell) for cell in cells)
    )


class Thousands:
    """Collects evidence. Undecided if the leads have only grouped cells, or only grouped cells and whole numbers."""

    def __init__(self) -> None:
        self.possible, self.grouped, self.whole, self.comma = True, False, False, False
        # Whether any value of the leads is not a whole number.
        self.fraction = False

    def look(
        self, values: NDArray[np.float64], plain: bytes, separator: str, columns: Sequence[int], comma: bool
    ) -> None:
        """values: [rows, leads] of the chunk `plain`, from these columns. comma: whether the mark was a comma.

        A value with a fraction below 1, or with other than three decimals, shows that the mark is a decimal mark.
        """
        if (not self.possible and self.fraction) or not len(values):
            return
        self.comma = self.comma or comma
        finite = np.isfinite(values)
        whole = finite & (values == np.rint(values))
        broken = finite & ~whole
        self.fraction = self.fraction or bool(broken.any())
        if not self.possible:
            return
        if np.any(broken & (np.abs(values) < 1)):
            self.possible = False
        elif broken.any() or not self.whole:
            lines = plain.split(b"\n")
            for chosen in (broken, whole):
                for place in np.flatnonzero(chosen)[:_CELLS_LOOKED_AT].tolist():
                    row, lead = divmod(place, values.shape[1])
                    self._look_at(lines[row].split(separator.encode() or None)[columns[lead]].strip())

    def look_at_times(self, times: NDArray[np.float64], chunk: bytes) -> None:
        """A time between 0 and 1 shows that the comma is the decimal mark, if the chunk has no point."""
        if self.possible and self.comma and b"." not in chunk and np.any((times > 0) & (times < 1)):
            self.possible = False

    def _look_at(self, cell: bytes) -> None:
        grouped = bool(_GROUPED.fullmatch(cell))
        self.grouped = self.grouped or grouped
        self.whole = self.whole or cell.lstrip(b"+-").isdigit()
        self.possible = self.possible and (grouped or b"." not in cell)

    def refuse(self) -> None:
        if self.possible and self.grouped and (self.whole or self.comma):
            beside = "stand beside whole numbers" if self.whole else "are all that the leads hold"
            raise SignalInvalid(
                f"Numbers such as 1,234 {beside}: they may be thousands or decimals.",
                "Write numbers without thousands separators.",
            )

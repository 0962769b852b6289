"""Whether "1,234" is a thousand or a fraction: decided by what else the file holds, or refused."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SignalInvalid

# A number that may be written with a mark between its thousands; the mark has become a point.
_GROUPED = re.compile(rb"[-+]?[1-9]\d{0,2}\.\d{3}")
# Cells of the first rows: with commas between thousands, and the cells with a decimal point that prove it.
_COMMAS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})++(?:\.\d*+)?")
_POINT = re.compile(r"[-+]?(?:\d++|[1-9]\d{0,2}(?:,\d{3})++)\.\d*+")
# Of each chunk; fractions of a unit that were not rounded to three decimals show among far fewer.
_CELLS_LOOKED_AT = 200

COMMA_BETWEEN_THOUSANDS = re.compile(rb"(?<=\d),(?=\d{3}(?!\d))")


def commas_mark_thousands(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first rows prove that commas stand between thousands: beside decimal points, three digits behind."""
    cells = [cell for row in rows for cell in row if "," in cell or "." in cell]
    commas = [cell for cell in cells if "," in cell and ":" not in cell]
    return (
        bool(commas)
        and all(_COMMAS.fullmatch(cell) for cell in commas)
        and any(_POINT.fullmatch(cell) for cell in cells)
    )


class Thousands:
    """Undecided where grouped cells, and perhaps whole numbers, are all that the leads hold."""

    def __init__(self) -> None:
        self.possible, self.grouped, self.whole, self.comma = True, False, False, False
        # Whether a value of the leads is no whole number.
        self.fraction = False

    def look(
        self, values: NDArray[np.float64], plain: bytes, separator: str, columns: Sequence[int], comma: bool
    ) -> None:
        """values: [rows, leads] of a chunk that stands in `plain`, in these columns. comma: the mark was one.

        A fraction below one, or one with other than three decimals, shows that the mark is a decimal mark.
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
        """A time between 0 and 1 behind a comma shows that it is a decimal mark, if no point stands beside it."""
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

"""Splits the lines of a table into cells and tells numbers, words and clock times apart."""

import csv
import re
from typing import Literal

Kind = Literal["number", "clock", "text", "empty"]

MISSING = (
    *("nan", "na", "n/a", "null", "none", "nil", "-", "--", "---", "*", "?", "#n/a", "#num!", "#div/0!", "#value!"),
    *("<na>", "nat"),
)
# NaN and infinity as the C libraries of Windows print them.
WINDOWS_NAN = re.compile(
    r"[-+]?(?:1[.,]#(?:qnan|snan|ind|inf|j|r)0*+|nan\((?:ind|snan|qnan)\)|(?<=[-+])nan)", re.IGNORECASE
)
_NUMBER = re.compile(r"[-+]?(?:\d++\.?+\d*+|\.\d++)(?:e[-+]?\d++)?|[-+]?inf(?:inity)?", re.IGNORECASE)
_CLOCK = re.compile(
    r"\[?(?:\d++[-./]\d++[-./]\d++[T ]++)?\d++:\d++(?::\d++)?(?:[.,:]\d++)?(?: ?[AP]M)?(?:Z|[-+ ].*)?\]?", re.IGNORECASE
)


def cells_of(line: str, separator: str) -> list[str]:
    if separator and '"' in line:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    else:
        cells = line.split(separator or None)
    return [cell.strip(" \t\"'") for cell in cells]


def kind_of(cell: str) -> Kind:
    if _NUMBER.fullmatch(cell.replace(",", ".")):
        return "number"
    if not cell or cell.lower() in MISSING or WINDOWS_NAN.fullmatch(cell):
        return "empty"
    return "clock" if _CLOCK.fullmatch(cell) else "text"

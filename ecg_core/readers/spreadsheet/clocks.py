"""Dates and times in cells. Excel stores them as numbers of days; only the number format of a cell tells them apart."""

import re
from typing import Literal

Shown = Literal["number", "day", "clock", "elapsed"]

MICROSECONDS_PER_DAY = 86_400_000_000
# Ten thousand years. Excel shows no date beyond.
_MAX_DAYS = 3_652_059
# Number formats that need no text in the file (ECMA-376, part 1, 18.8.30), with those of East Asia.
_DAYS = frozenset((*range(14, 18), *range(27, 32), 36, *range(50, 59)))
_CLOCKS = frozenset((*range(18, 23), 32, 33, 34, 35, 45, 47))
_ELAPSED = 46

_IN_BRACKETS = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
# Words in quotes, single characters after a backslash, an underscore or a star, colours and languages in brackets.
_WORDS = re.compile(r'"[^"]*"|[\\_*].|\[[^\]]*\]')
_DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+(?:[.,]\d+)?)S")


def shown_as(number: int, code: str | None) -> Shown:
    """How a number format shows a cell. code: its text, None for one of the formats that Excel knows by number."""
    if code is None:
        return (
            "day"
            if number in _DAYS
            else "clock"
            if number in _CLOCKS
            else "elapsed"
            if number == _ELAPSED
            else "number"
        )
    if _IN_BRACKETS.search(code):
        return "elapsed"
    letters = set(_WORDS.sub("", code).split(";")[0].lower())
    if letters & {"h", "s"}:
        return "clock"
    return "day" if letters & {"d", "y"} else "number"


def clock(days: str, shown: Shown) -> str:
    """A number of days as a time: "0.5" -> "12:00:00.000000". A day without a time becomes a word.

    A text that is no number of days is returned unchanged.
    """
    try:
        value = float(days)
    except ValueError:
        return days
    if not 0 <= value <= _MAX_DAYS:
        return days
    if shown == "day":
        return f"day {int(value)}"
    seconds, micro = divmod(round((value if shown == "elapsed" else value % 1) * MICROSECONDS_PER_DAY), 1_000_000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{micro:06d}"


def duration(iso: str) -> str:
    """A time of OpenDocument: "PT12H00M00.004S" -> "12:00:00.004". Another text is returned unchanged."""
    match = _DURATION.fullmatch(iso)
    return f"{match[1]}:{match[2]}:{match[3].replace(',', '.')}" if match else iso

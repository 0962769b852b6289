"""What the lines above a table state in words: unit, digits per millivolt, lead names. For rates see rate_words.

The words are English, German, French, Spanish, Italian, Portuguese, Dutch, Japanese and Chinese, folded (see
text.fold). The functions return numbers, units and lead names only, never other words of the file.

A unit counts only directly after a word for units or values. After a number ("range +-5 mV") it counts only as the size
of one digit. Remarks and units of other signals do not count.
"""

import re
from collections.abc import Iterable

from ecg_core.readers.labels import LEAD_WORDS
from ecg_core.readers.table.other_signals import without_others
from ecg_core.readers.table.rate_words import NUMBER, RATE_NAMED, filler
from ecg_core.readers.text import MAX_WORDS_LENGTH, any_of, fold, number_of, without_accents
from ecg_core.readers.units import MV_PER_UNIT, UNIT, unit_of

# Of all searched lines together: 200 lines of 100 characters. Searching them takes 20 ms.
MAX_STATEMENTS_CHARACTERS = 20_000
# Of a line that lists names: 128 channels of twelve characters and a separator.
MAX_NAMES_CHARACTERS = 2_000

_UNIT_WORDS = any_of(
    *("units", "unit", "unitname", "Einheiten", "Einheit", "Unités", "Unité", "Unidades", "Unidad", "Unidade", "Unità"),
    *("Eenheden", "Eenheid", "単位", "单位", "單位"),
)
_AMPLITUDE_WORDS = any_of(
    *("amplitudes", "amplitude", "voltages", "voltage", "values", "data", "signals", "signal", "Spannung", "Werte"),
)
_NAME_WORDS = rf"{LEAD_WORDS}|" + any_of(
    *("lead names", "channels", "channel names", "channel title", "channel", "labels", "label", "columns", "signals"),
)
_COUNT = r"(?:adc[\s_]?)?(?:digits?|adus?|lsbs?|bits?|counts?|units?|levels?|quant\w*)|adc"
_COUNTS_PER_UNIT = re.compile(rf"({NUMBER})?\s*(?<![a-z])(?:{_COUNT})\s*(?:/|per|pro)\s*({UNIT})(?![a-z0-9])")
_UNITS_PER_COUNT = re.compile(rf"({NUMBER})?\s*(?<![a-z])({UNIT})\s*(?:/|per|pro)\s*(?:{_COUNT})(?![a-z])")
_RESOLUTION_WORDS = any_of(
    *(
        "resolution",
        "Auflösung",
        "résolution",
        "resolución",
        "risoluzione",
        "resolução",
        "resolutie",
        "lsb",
        "lsb value",
    ),
    *("分解能", "分辨率"),
)
_UNIT_OF_COUNT = re.compile(
    rf"(?:(?:{_RESOLUTION_WORDS})|(?<![\w.,])1\s?(?:{_COUNT})(?=\s?(?:[:=]|is|ist|corresponds|entspricht)))"
    rf"(?:[\s:=,;(\[]++|(?:is|ist|of|von|to|corresponds|entspricht)(?![a-z]))*+({NUMBER})\s?({UNIT})(?![\wμ/])"
)
_UNIT_STATED = re.compile(
    rf"(?<![a-z])(?:{_UNIT_WORDS}|{_AMPLITUDE_WORDS})(?![^\W_]){filler('values|voltages?')}({UNIT})(?![\wμ/])(?!\s?(?:/|per|pro)(?![a-z]))"
)
# "V" may begin the name of a chest lead. It is a unit only if nothing follows.
_ENDS = re.compile(r"\W*$|\s*[,;.)\]]")
_NAMES = re.compile(rf"[^\w]*(?:{_NAME_WORDS})\s*(?::=|[:=,;\t])\s*(.+)", re.IGNORECASE)
_KEY_VALUE = re.compile(rf"[^\w]*(?:{_NAME_WORDS}|{_UNIT_WORDS}|{RATE_NAMED})\s*(?:[(\[][^)\]]*[)\]])?\s*[:=,;\t]")


def searchable(lines: Iterable[str]) -> list[str]:
    """The lines prepared for the functions below: folded, single blanks, long lines and long texts cut."""
    searched, left = [], MAX_STATEMENTS_CHARACTERS
    for line in lines:
        if len(line) > MAX_WORDS_LENGTH:
            # Do not cut inside a number: its first digits are another number.
            line = line[:MAX_WORDS_LENGTH].rstrip("0123456789.,")
        searched.append(" ".join(fold(line).split()))
        left -= len(searched[-1]) + 1
        if left < 0:
            break
    return searched


def about_leads(lines: Iterable[str]) -> list[str]:
    """Searchable lines without statements about other signals."""
    return [without_others(line) for line in lines]


def scales_stated(lines: Iterable[str]) -> list[float]:
    """mV per digit, from gains ("2048 digit/mV") and resolutions ("4.88 uV/LSB") in searchable lines."""
    scales = []
    for line in lines:
        for pattern, inverse in ((_COUNTS_PER_UNIT, True), (_UNITS_PER_COUNT, False), (_UNIT_OF_COUNT, False)):
            match = pattern.search(line)
            unit = unit_of(match[2]) if match else None
            if match is None or unit is None:
                continue
            digits = match[1] or next(iter(re.findall(NUMBER, line[match.end() :])), "")
            value = number_of(digits) if digits else float("nan")
            if value > 0:
                mv = MV_PER_UNIT[unit]
                scales.append(mv / value if inverse else mv * value)
                break
    return scales


def units_stated(lines: Iterable[str]) -> list[str]:
    """All units of values that searchable lines state."""
    found = []
    for line in lines:
        for match in _UNIT_STATED.finditer(line):
            unit = unit_of(match[1])
            if unit and (unit != "V" or len(match[1]) > 1 or _ENDS.match(line, match.end())):
                found.append(unit)
    return found


def names_stated(lines: Iterable[str]) -> list[str]:
    """The channel names in a line of metadata, such as "Lead,Lead I" or "# Labels:= I II"."""
    for line in lines:
        if match := _NAMES.match(without_accents(line[:MAX_NAMES_CHARACTERS])):
            rest = match[1].strip().strip(",;")
            parts = re.split(r"[,;\t|]", rest) if re.search(r"[,;\t|]", rest) else [rest]
            return [part.strip(" \"'[]") for part in parts]
    return []


def is_statement(line: str) -> bool:
    """Whether a line states rate, unit or leads as key and value. Such a line is not a header line."""
    return bool(_KEY_VALUE.match(fold(line)))

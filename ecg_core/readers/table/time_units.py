"""The unit and factor of a time column, from its name: "time (ms)", "t [10 us]", "ticks of 1/256 s"."""

import re

from ecg_core.readers.text import MAX_WORDS_LENGTH, fold, number_of

SECONDS_PER_UNIT = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "d": 86_400.0}

_UNITS = (
    r"(?:(s|secs?|seconds?|sekunden?|segundos?|secondes?|secondi|seconden)"
    r"|(ms|msecs?|millis|milli\w+|mili\w+)|([uμ]s|[uμ]secs?|micro\w+|mikro\w+)|(ns|nsecs?|nano\w+)|(min|minutes?|minuten)"
    r"|(h|hrs?|hours?|stunden?|std)|(days?|tage?))"
)
_UNIT = re.compile(rf"(?:^|[^a-z]){_UNITS}[\s._)\]}}]*+$")
# A number directly before the unit is a factor. A digit at the end of a word is not: "t2 ms".
_FACTOR = re.compile(
    r"(?:^|[\s([{_:/,*×]|(?<![a-z])x|(?<=[\s([{_])x)\s?(1\s?/\s?)?((?:\d++[.,])?\d++(?:e[-+]?\d++)?)(?:th|st)?\s?(?:of\s(?:a\s)?)?$"
)
# These are counts, not units of time. The duration of one count is unknown.
_COUNTS = re.compile(r"(?<![a-z])(?:ticks?|counts?|samples?|points?|cycles?|jiff\w*|frames?)(?![a-z])")
_UNCLEAR = re.compile(
    r"[([{][^)\]}]*\d|[x×*]\s?\d|(?<![a-z])(?:cs|ds|csecs?|fps|centi\w*|deci\w*|zenti\w*|dezi\w*)(?![a-z])"
    r"|tenth|hundred|thousand|zehntel|hundertstel|tausendstel"
)
# A number before the unit that is not a factor in a known form, such as "10^-4 s".
_NUMBER_BEFORE = re.compile(r"(?<![a-z\d_])\d|\^")


def time_unit(name: str) -> tuple[str | None, float, bool]:
    """(the unit, units per step of 1 in the column, whether a missing unit may be guessed)."""
    name = fold(name)
    match = _UNIT.search(name)
    if match is None:
        return None, 1.0, not (_COUNTS.search(name) or _UNCLEAR.search(name))
    unit = list(SECONDS_PER_UNIT)[next(i for i, group in enumerate(match.groups()) if group)]
    before = name[: match.start(match.lastindex or 0)][-MAX_WORDS_LENGTH:]
    factor = _FACTOR.search(before)
    if factor is None:
        unclear = _UNCLEAR.search(before) or _NUMBER_BEFORE.search(before)
        return (None, 1.0, False) if unclear else (unit, 1.0, True)
    value = number_of(factor[2])
    if not 1e-9 <= value <= 1e9:
        return None, 1.0, False
    return unit, 1 / value if factor[1] else value, True

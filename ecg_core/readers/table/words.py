"""What the lines above a table state in words: sampling rate, unit, digits per millivolt, lead names.

The words are looked for in English, German, French, Spanish, Italian, Portuguese, Dutch, Japanese and Chinese, folded
(see text.fold). What was read is returned as numbers and units; no word of the file leaves this module but lead names.

A remark is no statement: a rate counts only beside a word for sampling or alone on its line, a unit only right behind a
word for units or values, and with a number before it ("range +-5 mV") only as the size of one digit.
"""

import math
import re
from collections.abc import Iterable

from ecg_core.readers.labels import LEAD_WORDS
from ecg_core.readers.rates import rate_of
from ecg_core.readers.text import MAX_WORDS_LENGTH, any_of, fold, number_of, without_accents
from ecg_core.readers.units import MV_PER_UNIT, UNIT, unit_of
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ

# Of all lines that are searched together: 200 lines of 100 characters; searching them takes 20 ms.
MAX_STATEMENTS_CHARACTERS = 20_000
# Of a line that lists names: 128 channels with twelve characters each, and a separator.
MAX_NAMES_CHARACTERS = 2_000

# Never begun within a number: a search would try again at each of its digits.
_NUMBER = r"(?<!\d)(?<!\d[.,])\d[\d.,]*+(?:e[-+]?\d++)?"
_PER_SECOND = r"samples?\s?(?:/|per)\s?s(?:ec(?:onds?)?)?"
_HERTZ = rf"hz|hertz|sps|{_PER_SECOND}|{any_of('ヘルツ', '赫兹', '헤르츠', 'герц', 'hercios')}"
_RATE_WORDS = any_of(
    *("sampling rate", "sample rate", "sampling frequency", "sample frequency", "sampling freq", "sample freq"),
    *("frequency of sampling", "sfreq", "f_s"),
    *("Abtastrate", "Abtastfrequenz", "Messrate", "Messfrequenz", "Samplingrate", "Samplerate", "Samplingfrequenz"),
    *("Fréquence d'échantillonnage", "Taux d'échantillonnage", "Frecuencia de muestreo", "Tasa de muestreo"),
    *("Frequenza di campionamento", "Taxa de amostragem", "Frequência de amostragem", "Frequenza campionamento"),
    *("Bemonsteringsfrequentie", "Bemonsteringssnelheid", "Samplefrequentie", "Samplefrequenz", "Meetfrequentie"),
    *("サンプルレート", "サンプリングレート", "サンプリング周波数", "采样率", "采样频率", "取樣率"),
)
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


def _filler(words: str) -> str:
    """What may stand between a word and its number or unit: any other word makes it a remark."""
    common = r"of|is|was|are|in|at|the|all|for|given|stored|measured|expressed|leads?|channels?|ecg|ekg"
    return rf"(?:[\s_:=,;()\[\]\"'.#*|-]++|(?:{common}|ist|sind|von|de|del|en|em|{words})(?![^\W_]))*+"


_RATE_FILLER = _filler(r"k?hz|hertz|1/s|samples?|seconds?|sec|s|per|/s|/sec|/seconds?")
_RATE_NAMED = rf"{_RATE_WORDS}|(?<![a-z])fs(?![a-z])"
_RATE = re.compile(rf"(?:{_RATE_NAMED}|{_PER_SECOND}[\s)\]]*+[:=]){_RATE_FILLER}({_NUMBER})\s?(?:(k)hz)?")
_HERTZ_VALUE = re.compile(rf"({_NUMBER})\s?(k?)(?:{_HERTZ})(?![a-z])")
_RATE_ALONE = re.compile(rf"\W*+{_HERTZ_VALUE.pattern}\W*+")
_SAMPLING = re.compile(rf"{_RATE_NAMED}|{_PER_SECOND}|(?<![a-z])sps(?![a-z])")
# "0.05-150 Hz": a filter's limits.
_RANGE = re.compile(rf"{_NUMBER}\s?(?:k?hz)?\s?(?:[-–—~]|to|bis|\.\.)\s?{_NUMBER}\s?k?(?:{_HERTZ})")
_CLAUSE = re.compile(r"[,;|](?!\d)|[.](?!\d)|[()]")
_FILTERS = re.compile(
    r"filt|pass|notch|band|cut|netz|mains|line freq|muscle|bpm|heart|pacing"
    r"|(?<![a-z])(?:lp|hp|lf|hf|ac|emg|hr)(?![a-z])"
)
_INTERVAL = re.compile(
    r"(?:sampl\w*[\s_-]*(?:interval|period|time)|abtast(?:intervall|periode)|^\W*(?:interval|dt)(?![a-z]))"
    rf"[\s=:,;(\[]*+(?:(s|ms|us|μs)[)\]])?[\s=:,;]*+({_NUMBER})"
    r"\s*(sec\w*|s|msec\w*|millis\w*|ms|usec\w*|micros\w*|us|μs)?"
)
_PER_SAMPLE = re.compile(rf"({_NUMBER})\s*(s|sec|ms|msec|us|μs|usec)(?:onds?)?\s*(?:/|per)\s*sample")
_COUNT = r"(?:adc[\s_]?)?(?:digits?|adus?|lsbs?|bits?|counts?|units?|levels?|quant\w*)|adc"
_COUNTS_PER_UNIT = re.compile(rf"({_NUMBER})?\s*(?<![a-z])(?:{_COUNT})\s*(?:/|per|pro)\s*({UNIT})(?![a-z0-9])")
_UNITS_PER_COUNT = re.compile(rf"({_NUMBER})?\s*(?<![a-z])({UNIT})\s*(?:/|per|pro)\s*(?:{_COUNT})(?![a-z])")
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
    rf"(?:[\s:=,;(\[]++|(?:is|ist|of|von|to|corresponds|entspricht)(?![a-z]))*+({_NUMBER})\s?({UNIT})(?![\wμ/])"
)
_UNIT_STATED = re.compile(
    rf"(?<![a-z])(?:{_UNIT_WORDS}|{_AMPLITUDE_WORDS})(?![^\W_]){_filler('values|voltages?')}({UNIT})(?![\wμ/])(?!\s?(?:/|per|pro)(?![a-z]))"
)
# A V alone may be the name of chest leads: it is a unit where nothing follows.
_ENDS = re.compile(r"\W*$|\s*[,;.)\]]")
_NAMES = re.compile(rf"[^\w]*(?:{_NAME_WORDS})\s*(?::=|[:=,;\t])\s*(.+)", re.IGNORECASE)
_KEY_VALUE = re.compile(rf"[^\w]*(?:{_NAME_WORDS}|{_UNIT_WORDS}|{_RATE_NAMED})\s*(?:[(\[][^)\]]*[)\]])?\s*[:=,;\t]")


def searchable(lines: Iterable[str]) -> list[str]:
    """The lines as the functions below search them: folded, blanks made one, long lines and long texts cut."""
    searched, left = [], MAX_STATEMENTS_CHARACTERS
    for line in lines:
        if len(line) > MAX_WORDS_LENGTH:
            # Not within a number, of which the beginning is another number.
            line = line[:MAX_WORDS_LENGTH].rstrip("0123456789.,")
        searched.append(" ".join(fold(line).split()))
        left -= len(searched[-1]) + 1
        if left < 0:
            break
    return searched


def rates_stated(lines: Iterable[str]) -> list[float]:
    """Every sampling rate in Hz that searchable lines state, in words, as an interval, or as a line of nothing else."""
    return [rate for line in lines for rate in _rates(line) if not math.isnan(rate)]


def _rates(line: str) -> list[float]:
    if match := _RATE_ALONE.fullmatch(line):
        return [rate_of(match[1], match[2])]
    kept = ", ".join(clause for clause in _CLAUSE.split(_RANGE.sub(" ", line)) if not _FILTERS.search(clause))
    rates = []
    if _SAMPLING.search(kept):
        rates = [rate_of(match[1], match[2]) for match in _HERTZ_VALUE.finditer(kept)]
        if match := _RATE.search(kept):
            rates.append(rate_of(match[1], match[2] or ""))
    if match := _PER_SAMPLE.search(line):
        number, unit = match[1], match[2]
    elif (match := _INTERVAL.search(line)) and (match[1] or match[3]):
        number, unit = match[2], match[1] or match[3]
    else:
        return rates
    seconds = number_of(number) * (1.0 if unit[0] == "s" else 1e-3 if unit[:2] in ("ms", "mi") else 1e-6)
    # An interval may also lie between two beats.
    return [*rates, 1 / seconds] if seconds > 0 and MIN_FS_HZ <= 1 / seconds <= MAX_FS_HZ else rates


def scales_stated(lines: Iterable[str]) -> list[float]:
    """mV per digit, from gains ("2048 digit/mV") and resolutions ("4.88 uV/LSB") in searchable lines."""
    scales = []
    for line in lines:
        for pattern, inverse in ((_COUNTS_PER_UNIT, True), (_UNITS_PER_COUNT, False), (_UNIT_OF_COUNT, False)):
            match = pattern.search(line)
            unit = unit_of(match[2]) if match else None
            if match is None or unit is None:
                continue
            digits = match[1] or next(iter(re.findall(_NUMBER, line[match.end() :])), "")
            value = number_of(digits) if digits else float("nan")
            if value > 0:
                mv = MV_PER_UNIT[unit]
                scales.append(mv / value if inverse else mv * value)
                break
    return scales


def units_stated(lines: Iterable[str]) -> list[str]:
    """Every unit of the values that searchable lines state."""
    found = []
    for line in lines:
        for match in _UNIT_STATED.finditer(line):
            unit = unit_of(match[1])
            if unit and (unit != "V" or len(match[1]) > 1 or _ENDS.match(line, match.end())):
                found.append(unit)
    return found


def names_stated(lines: Iterable[str]) -> list[str]:
    """The channel names that a line of meta data lists ("Lead,Lead I", "# Labels:= I II")."""
    for line in lines:
        if match := _NAMES.match(without_accents(line[:MAX_NAMES_CHARACTERS])):
            rest = match[1].strip().strip(",;")
            parts = re.split(r"[,;\t|]", rest) if re.search(r"[,;\t|]", rest) else [rest]
            return [part.strip(" \"'[]") for part in parts]
    return []


def is_statement(line: str) -> bool:
    """True for a line of key and value about rate, unit or leads, which is no header line."""
    return bool(_KEY_VALUE.match(fold(line)))

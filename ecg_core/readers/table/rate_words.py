"""Sampling rates that the lines above a table state in words.

A rate counts only beside a word for sampling, or alone on its line. Not used: remarks, rates of other signals, and
rates before resampling.
"""

import math
import re
from collections.abc import Iterable

from ecg_core.readers.rates import rate_of
from ecg_core.readers.table.other_signals import CLAUSE, heads_another, heads_ecg, without_others
from ecg_core.readers.text import any_of, number_of
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ

# The pattern cannot start inside a number. Otherwise a failed search would start again at each digit.
NUMBER = r"(?<!\d)(?<!\d[.,])\d[\d.,]*+(?:e[-+]?\d++)?"
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


def filler(words: str) -> str:
    """A pattern for the words allowed between a keyword and its number or unit. Any other word makes it a remark."""
    common = r"of|is|was|are|in|at|the|all|for|given|stored|measured|expressed|leads?|channels?|ecg|ekg"
    return rf"(?:[\s_:=,;()\[\]\"'.#*|-]++|(?:{common}|ist|sind|von|de|del|en|em|{words})(?![^\W_]))*+"


_RATE_FILLER = filler(r"k?hz|hertz|1/s|samples?|seconds?|sec|s|per|/s|/sec|/seconds?")
RATE_NAMED = rf"{_RATE_WORDS}|(?<![a-z])fs(?![a-z])"
_RATE = re.compile(rf"(?:{RATE_NAMED}|{_PER_SECOND}[\s)\]]*+[:=]){_RATE_FILLER}({NUMBER})\s?(?:(k)hz)?")
_HERTZ_VALUE = re.compile(rf"({NUMBER})\s?(k?)(?:{_HERTZ})(?![a-z])")
_RATE_ALONE = re.compile(rf"\W*+{_HERTZ_VALUE.pattern}\W*+")
_SAMPLING = re.compile(rf"{RATE_NAMED}|{_PER_SECOND}|(?<![a-z])sps(?![a-z])")
# The limits of a filter, such as "0.05-150 Hz".
_RANGE = re.compile(rf"{NUMBER}\s?(?:k?hz)?\s?(?:[-–—~]|to|bis|\.\.)\s?{NUMBER}\s?k?(?:{_HERTZ})")
_CLAUSE = re.compile(rf"{CLAUSE.pattern}|[()]")
_FILTERS = re.compile(
    r"filt|pass|notch|band|cut|netz|mains|line freq|muscle|bpm|heart|pacing"
    r"|(?<![a-z])(?:lp|hp|lf|hf|ac|emg|hr)(?![a-z])"
)
_INTERVAL = re.compile(
    r"(?:sampl\w*[\s_-]*(?:interval|period|time)|abtast(?:intervall|periode)|^\W*(?:interval|dt)(?![a-z]))"
    rf"[\s=:,;(\[]*+(?:(s|ms|us|μs)[)\]])?[\s=:,;]*+({NUMBER})"
    r"\s*(sec\w*|s|msec\w*|millis\w*|ms|usec\w*|micros\w*|us|μs)?"
)
_PER_SAMPLE = re.compile(rf"({NUMBER})\s*(s|sec|ms|msec|us|μs|usec)(?:onds?)?\s*(?:/|per)\s*sample")

# Words for a rate before resampling.
_BEFORE = re.compile(
    r"(?<![a-z])(?:original\w*|device|native|source|acquisition|acquired|initial|input|former|previous|before|prior"
    r"|pre|hardware|geraet\w*|gerat\w*|ursprung\w*|quell\w*|origen|origine|origem)(?![a-z])"
)
_RESAMPLED = re.compile(
    r"re-?sampl|(?:down|up|sub)[\s_-]?sampl|decimat|dezim|interpol|unterabgetast|re-?echantillon|sous-?echantillon"
    r"|remuestre|submuestre|ricampion|sottocampion|reamostr|subamostr|herbemonster|リサンプ|重采样"
)
_NOT_RESAMPLED = re.compile(
    r"(?:not|no|never|without|nicht|ohne)[\s_]+(?:re|down|up|sub|inter)\w*"
    r"|(?:re|down|up|sub|inter)[\s_-]?(?:sampl|pol)\w*[\s:=]+(?:no|none|off|false|never|0)(?![\w.])"
)
_TO = r"\s?(?:to|at|auf|a|em|naar|@|->|=>|→|:|=)\s?"
# "to 400" is a rate. "to 400 points" is a length, and "decimation: 4" is a factor.
_NOW = re.compile(
    rf"(?:{_RESAMPLED.pattern})\w*+(?:\s(?:signals?|data|ecg|ekg|from\s{NUMBER}\s?k?(?:hz)?))*+"
    rf"(?:{_TO}({NUMBER})\s?(k?)(?:{_HERTZ})(?![a-z])|\s?to\s({NUMBER})(?=\s*+(?:$|[,;.)\]])))"
)


def rates_stated(lines: Iterable[str]) -> list[float]:
    """Every sampling rate in Hz that searchable lines state: in words, as an interval, or alone on a line.

    If the samples were resampled, only the new rate counts.
    """
    kept, about_ecg = [], True
    for line in lines:
        if heads_another(line):
            about_ecg = False
        elif heads_ecg(line):
            about_ecg = True
        if about_ecg:
            kept.append(_NOT_RESAMPLED.sub(" ", without_others(line)))
    if any(_RESAMPLED.search(line) for line in kept):
        # A factor ("downsampled by 4") gives no rate, and neither does an unclear statement. The caller must state it.
        found = (match for line in kept for match in _NOW.finditer(line))
        return [rate for match in found if not math.isnan(rate := rate_of(match[1] or match[3], match[2] or ""))]
    return [rate for line in kept for rate in _rates(line) if not math.isnan(rate)]


def _rates(line: str) -> list[float]:
    if match := _RATE_ALONE.fullmatch(line):
        return [rate_of(match[1], match[2])]
    if _BEFORE.search(line):
        line = ", ".join(part for part in CLAUSE.split(line) if not _BEFORE.search(part))
    kept = ", ".join(clause for clause in _CLAUSE.split(_RANGE.sub(" ", line)) if not _FILTERS.search(clause))
    rates = []
    if _SAMPLING.search(kept):
        rates = [rate_of(match[1], match[2]) for match in _HERTZ_VALUE.finditer(kept)]
        rates += [rate_of(match[1], match[2] or "") for match in _RATE.finditer(kept)]
    if match := _PER_SAMPLE.search(line):
        number, unit = match[1], match[2]
    elif (match := _INTERVAL.search(line)) and (match[1] or match[3]):
        number, unit = match[2], match[1] or match[3]
    else:
        return rates
    seconds = number_of(number) * (1.0 if unit[0] == "s" else 1e-3 if unit[:2] in ("ms", "mi") else 1e-6)
    # Out of this range, it may be the interval between two beats.
    return [*rates, 1 / seconds] if seconds > 0 and MIN_FS_HZ <= 1 / seconds <= MAX_FS_HZ else rates

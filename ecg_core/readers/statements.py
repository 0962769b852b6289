"""What the lines above a table state in words: sampling rate, unit, digits per millivolt, lead names.

The words are looked for in English, German, French, Spanish, Italian, Portuguese, Dutch, Japanese and Chinese, folded
(see text.fold). What was read is returned as numbers and units; no word of the file leaves this module but lead names.
"""

import re
from collections.abc import Iterable, Sequence

from ecg_core.leads import canonical_lead
from ecg_core.readers.text import fold, without_accents
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ, MV_PER_UNIT

# A line of meta data is short; of a longer one (a comment, a JSON header) only the beginning is searched.
MAX_STATEMENT_CHARACTERS = 2_000


def _words(*words: str) -> str:
    return "|".join(re.escape(fold(word)).replace(r"\ ", r"[\s_.-]*") for word in words)


_UNIT = r"(?:nano|micro|mikro|milli|mili)?volt(?:ios|s|i)?|mcv|(?:a?μ|[unm])?v"
_NUMBER = r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?"
_HERTZ = rf"k?hz|hertz|{_words('ヘルツ', '赫兹', '헤르츠', 'герц', 'hercios', 'sps')}"
_RATE_WORDS = _words(
    *("sampling rate", "sample rate", "sampling frequency", "sample frequency", "sampling freq", "sample freq"),
    *("samples per second", "samples/s", "frequency of sampling", "sfreq", "f_s"),
    *("Abtastrate", "Abtastfrequenz", "Messrate", "Messfrequenz", "Samplingrate", "Samplerate", "Samplingfrequenz"),
    *("Fréquence d'échantillonnage", "Taux d'échantillonnage", "Frecuencia de muestreo", "Tasa de muestreo"),
    *("Frequenza di campionamento", "Taxa de amostragem", "Frequência de amostragem", "Frequenza campionamento"),
    *("Bemonsteringsfrequentie", "Bemonsteringssnelheid", "Samplefrequentie", "Samplefrequenz", "Meetfrequentie"),
    *("サンプルレート", "サンプリングレート", "サンプリング周波数", "采样率", "采样频率", "取樣率"),
)
# "Frequency" alone, at the beginning of a line: elsewhere it may be the heart's or the mains'.
_FREQUENCY = _words("frequency", "freq", "Frequenz", "Fréquence", "Frecuencia", "Frequenza", "Frequência", "Frequentie")
_UNIT_WORDS = _words(
    *("units", "unit", "unitname", "Einheiten", "Einheit", "Unités", "Unité", "Unidades", "Unidad", "Unidade", "Unità"),
    *("Eenheden", "Eenheid", "単位", "单位", "單位"),
)
_AMPLITUDE_WORDS = _words("amplitudes", "amplitude", "voltage", "values", "Spannung")
_LEAD_WORDS = _words(
    *("leads", "lead", "Ableitungen", "Ableitung", "Dérivations", "Dérivation", "Derivaciones", "Derivación"),
    *("Derivazioni", "Derivazione", "Derivações", "Derivação", "Afleidingen", "Afleiding", "リード", "誘導", "导联"),
)
_NAME_WORDS = rf"{_LEAD_WORDS}|" + _words(
    *("lead names", "channels", "channel names", "channel title", "channel", "labels", "label", "columns", "signals"),
)
_RATE = re.compile(
    rf"(?:{_RATE_WORDS}|(?<![a-z])fs(?![a-z])|^\W*(?:{_FREQUENCY})(?![a-z]))\D{{0,24}}?({_NUMBER})\s*(k?)"
)
_BARE_RATE = re.compile(rf"({_NUMBER})\s*(k?)(?:{_HERTZ}|samples?\s*(?:/|per)\s*s(?:ec(?:ond)?)?)(?![a-z])")
_FILTERS = re.compile(r"filter|pass|notch|band|cut|netz|mains|line freq|muscle|bpm|filtr")
_INTERVAL = re.compile(
    r"(?:sampl\w*[\s_-]*(?:interval|period|time)|abtast(?:intervall|periode)|(?<![a-z])(?:interval|dt)(?![a-z]))"
    rf"[\s=:,;(\[]*(?:(s|ms|us|μs)[)\]])?[\s=:,;]*({_NUMBER})\s*(sec\w*|s|msec\w*|millis\w*|ms|usec\w*|micros\w*|us|μs)?"
)
_PER_SAMPLE = re.compile(rf"({_NUMBER})\s*(s|sec|ms|msec|us|μs|usec)(?:onds?)?\s*(?:/|per)\s*sample")
_COUNT = r"(?:adc[\s_]?)?(?:digits?|adus?|lsbs?|bits?|counts?|units?|levels?|quant\w*)|adc"
_COUNTS_PER_UNIT = re.compile(rf"({_NUMBER})?\s*(?<![a-z])(?:{_COUNT})\s*(?:/|per|pro)\s*({_UNIT})(?![a-z0-9])")
_UNITS_PER_COUNT = re.compile(rf"({_NUMBER})?\s*(?<![a-z])({_UNIT})\s*(?:/|per|pro)\s*(?:{_COUNT})(?![a-z])")
_UNIT_STATED = re.compile(
    rf"(?<![a-z])(?:(?:{_UNIT_WORDS}|{_AMPLITUDE_WORDS})[^\n]{{0,30}}?|in\s+)(?<![a-zμ/])({_UNIT})(?![a-z0-9/])"
)
_NAMES = re.compile(rf"[^\w]*(?:{_NAME_WORDS})\s*(?::=|[:=,;\t])\s*(.+)", re.IGNORECASE)
_KEY_VALUE = re.compile(rf"[^\w]*(?:{_NAME_WORDS}|{_UNIT_WORDS}|{_RATE_WORDS}|fs)\s*(?:[(\[][^)\]]*[)\]])?\s*[:=,;\t]")
_LEAD_WORD = re.compile(rf"^(?:{_LEAD_WORDS})[\s_:.-]+(?=\S)", re.IGNORECASE)
# What stands for a unit where there is none, or where its micro sign was lost: the unit must come from elsewhere.
_NO_UNIT = re.compile(r"[?\ufffd]v|a\.?u|adu|adc|digits?|lsb|raw|counts?|n/?a")
_IN_BRACKETS = re.compile(r"(.*?)[\s_/]*[(\[]\s*(?:in\s+)?([^()\[\]]*?)[\s.]*[)\]]\W*")
_AFTER_SEPARATOR = re.compile(r"(.*?)[\s._/:,;(\[{-]+(?:in\s+)?([^\s._/:,;(\[{-]+?)[\s._)\]}]*")
_ROMAN = re.compile(r"(?:^|[^A-Za-z0-9])(I{1,3}|aV[RLF]|V[1-6])$")


def unit_of(text: str) -> str | None:
    """ "uV", "mV", "V" or "nV" for a unit as people write it, with or without brackets; None for anything else."""
    word = fold(text).strip(" ()[]{}\"'.")
    if not re.fullmatch(_UNIT, word):
        return None
    prefix = {"n": "n", "u": "u", "μ": "u", "a": "u", "v": ""}.get(word[0])
    if prefix is None:
        prefix = "u" if word.startswith(("mcv", "mic", "mik")) else "m"
    return f"{prefix}V"


def number_of(text: str) -> float:
    """A number with a decimal point or comma, thousands marked by the other one."""
    if "," in text and "." in text:
        text = text.replace("," if text.rfind(".") > text.rfind(",") else ".", "")
    try:
        return float(text.strip(".,").replace(",", "."))
    except ValueError:
        return float("nan")


def rate_of(text: str, kilo: str = "") -> float:
    """A sampling rate in Hz. Of "512,508" and "1,000" the comma's meaning is the one that gives a possible rate."""
    factor = 1e3 if kilo else 1.0
    rate = number_of(text) * factor
    plain = number_of(re.sub(r"[.,](?=\d{3}(?!\d))", "", text)) * factor
    return rate if MIN_FS_HZ <= rate <= MAX_FS_HZ or not MIN_FS_HZ <= plain <= MAX_FS_HZ else plain


def _folded(lines: Iterable[str]) -> list[str]:
    return [fold(line[:MAX_STATEMENT_CHARACTERS]) for line in lines]


def rate_stated(lines: Iterable[str]) -> float | None:
    """The sampling rate in Hz, from words for it, from a sampling interval, or from the only value in Hz."""
    folded = _folded(lines)
    for line in folded:
        if (match := _RATE.search(line)) and not (_FILTERS.search(line[: match.start()])):
            return rate_of(match[1], match[2] if line[match.end() :].startswith("hz") else "")
    for line in folded:
        if match := _PER_SAMPLE.search(line):
            number, unit = match[1], match[2]
        elif (match := _INTERVAL.search(line)) and (match[1] or match[3]):
            number, unit = match[2], match[1] or match[3]
        else:
            continue
        seconds = number_of(number) * (1.0 if unit[0] == "s" else 1e-3 if unit[:2] in ("ms", "mi") else 1e-6)
        return 1 / seconds if seconds > 0 else None
    bare = {rate_of(m[1], m[2]) for line in folded if not _FILTERS.search(line) for m in _BARE_RATE.finditer(line)}
    return bare.pop() if len(bare) == 1 else None


def scale_stated(lines: Iterable[str]) -> float | None:
    """mV per digit, from a gain ("2048 digit/mV") or a resolution ("4.88 uV/LSB")."""
    for line in _folded(lines):
        for pattern, inverse in ((_COUNTS_PER_UNIT, True), (_UNITS_PER_COUNT, False)):
            match = pattern.search(line)
            unit = unit_of(match[2]) if match else None
            if match is None or unit is None:
                continue
            digits = match[1] or next(iter(re.findall(_NUMBER, line[match.end() :])), "")
            value = number_of(digits) if digits else float("nan")
            if value > 0:
                return MV_PER_UNIT[unit.lower()] / value if inverse else MV_PER_UNIT[unit.lower()] * value
    return None


def unit_stated(lines: Iterable[str]) -> str | None:
    for line in _folded(lines):
        if _COUNTS_PER_UNIT.search(line) or _UNITS_PER_COUNT.search(line):
            continue
        if match := _UNIT_STATED.search(line):
            return unit_of(match[1])
    return None


def names_stated(lines: Iterable[str]) -> list[str]:
    """The channel names that a line of meta data lists ("Lead,Lead I", "# Labels:= I II")."""
    for line in lines:
        if match := _NAMES.match(without_accents(line[:MAX_STATEMENT_CHARACTERS])):
            rest = match[1].strip().strip(",;")
            parts = re.split(r"[,;\t|]", rest) if re.search(r"[,;\t|]", rest) else [rest]
            return [part.strip(" \"'[]") for part in parts]
    return []


def is_statement(line: str) -> bool:
    """True for a line of key and value about rate, unit or leads, which is no header line."""
    return bool(_KEY_VALUE.match(fold(line[:MAX_STATEMENT_CHARACTERS])))


def lead_in_any_language(name: str) -> str | None:
    """The lead that a name ends with ("Afleiding I"): only for places that hold nothing but a lead."""
    match = _ROMAN.search(name.strip())
    return canonical_lead(name) or (canonical_lead(match[1]) if match else None)


def split_unit(name: str) -> tuple[str, str | None]:
    """ "II [uV]" -> ("II", "uV"); without a unit, or with one that is none ("II [digits]"), the name alone."""
    name = _LEAD_WORD.sub("lead ", without_accents(name).strip())
    if canonical_lead(name):
        return name, None
    for pattern in (_IN_BRACKETS, _AFTER_SEPARATOR):
        match = pattern.fullmatch(name)
        unit = unit_of(match[2]) if match else None
        if match and (unit or _NO_UNIT.fullmatch(match[2].casefold())):
            return match[1], unit
    return name, None


def units_of(names: Sequence[str]) -> tuple[list[str], list[str | None]]:
    pairs = [split_unit(name) for name in names]
    return [name for name, _ in pairs], [unit for _, unit in pairs]

"""The Apple Watch's ECG export: lines of key and value in the watch's language, then one column of lead I.

The format has no documentation. This reader was made from exports in English, German and Japanese. The keys are
translated, so the values decide. The rate is a number before a word for hertz. One value is a unit of voltage, one is
the lead. The region of the watch decides the decimal mark; it can be a comma although a comma also separates key and
value. The lines with name and birth date at the top are not used.
"""

import hashlib
import re
from collections.abc import Sequence

from ecg_core.errors import HeaderInvalid
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.labels import lead_in_any_language
from ecg_core.readers.options import Options, named
from ecg_core.readers.rates import choose_rate, rate_of
from ecg_core.readers.records import Bundle
from ecg_core.readers.table.cells import kind_of
from ecg_core.readers.table.footer import footer_of
from ecg_core.readers.table.layout import Table
from ecg_core.readers.table.rows import read_rows
from ecg_core.readers.text import MAX_WORDS_LENGTH, as_utf8, first_lines, fold, head_of, padding_of
from ecg_core.readers.units import MV_PER_UNIT, choose_units, unit_of
from ecg_core.recording import MAX_FS_HZ, MIN_FS_HZ, Recording

# Known exports have 10 to 14 lines of key and value. A longer head is another format.
MAX_HEAD_LINES = 40

_DEVICE = re.compile(r"watch\s*\d+[.,]\d+|apple\s*watch", re.IGNORECASE)
_KEYS = frozenset(
    fold(key)
    for key in (
        *("Recorded Date", "Classification", "Symptoms", "Software Version", "Device", "Sample Rate", "Lead", "Unit"),
        *("Aufzeichnungsdatum", "Klassifizierung", "Symptome", "Softwareversion", "Gerät", "Messrate", "Ableitung"),
        *("Einheit", "Date d'enregistrement", "Symptômes", "Version du logiciel", "Appareil", "Dérivation", "Unité"),
        *(
            "Fecha de registro",
            "Clasificación",
            "Síntomas",
            "Versión de software",
            "Dispositivo",
            "Derivación",
            "Unidad",
        ),
        *("Data di registrazione", "Classificazione", "Sintomi", "Versione software", "Derivazione", "Unità"),
        *("Opnamedatum", "Classificatie", "Symptomen", "Softwareversie", "Apparaat", "Afleiding", "Eenheid"),
        *(
            "Data de registo",
            "Data da gravação",
            "Classificação",
            "Sintomas",
            "Versão do software",
            "Derivação",
            "Unidade",
        ),
        *(
            "記録日",
            "記録日時",
            "分類",
            "症状",
            "ソフトウェアバージョン",
            "デバイス",
            "サンプルレート",
            "リード",
            "単位",
        ),
    )
)
_RATE_VALUE = re.compile(r"([\d.,]+)\s*(?:hz|hertz|hercios|herc\w*|герц\w*|ヘルツ|赫兹|赫茲|헤르츠)", re.IGNORECASE)
# A number before a word, which means hertz in some language. No other value near the unit looks like this.
_ANY_RATE = re.compile(r"([\d.,٫]+)\s*[^\W\d_]{2,24}\.?")
# Lead and unit, and perhaps one more line, follow the rate. A value in hertz further up may be a name or a symptom.
_LINES_FROM_RATE_TO_UNIT = 3
# This many known keys tell the export from any other table of one column.
_MIN_KEYS = 3


def _pairs(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Key and value of each line. Values keep their commas."""
    split = (re.match(r'\s*+"?([^,;\t"]++)"?\s*+[,;\t]\s*+(.*)', line[:MAX_WORDS_LENGTH]) for line in lines)
    return [(match[1].strip(), match[2].strip(' \t",;')) for match in split if match]


def _rate_line(pairs: Sequence[tuple[str, str]]) -> int | None:
    """The index of the rate: the last value in hertz that is shortly above the unit."""
    end = max((number for number, (_, value) in enumerate(pairs) if unit_of(value)), default=len(pairs))
    near = range(max(0, end - _LINES_FROM_RATE_TO_UNIT), end)
    known = [number for number in near if _RATE_VALUE.fullmatch(pairs[number][1])]
    return max(known or [number for number in near if _is_rate(pairs[number][1])], default=None)


def _is_rate(value: str) -> bool:
    match = _ANY_RATE.fullmatch(value)
    return bool(match and unit_of(value) is None and MIN_FS_HZ <= rate_of(match[1].replace("٫", ".")) <= MAX_FS_HZ)


def _layout(head: bytes) -> tuple[list[tuple[str, str]], int, int] | None:
    """(keys and values, byte offset and line number of the first sample). None if the head has another structure."""
    lines = head.decode("utf-8", "replace").split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()]
    for position, number in enumerate(filled[: MAX_HEAD_LINES + 1]):
        if kind_of(lines[number].strip(' \t";')) != "number":
            continue
        pairs = _pairs([lines[above] for above in filled[:position]])
        offset = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines[:number])
        return (pairs, offset, number + 1) if pairs else None
    return None


def _scale(unit: str | None, options: Options, corrections: Corrections) -> float:
    """mV per number."""
    if unit is None and options.gain is not None:
        options.refuse_both()
        corrections.add(f"gain as given with the file: {options.gain:g} per mV")
        return 1 / options.gain
    if options.gain is not None:
        corrections.add("gain given with the file not used: the file states a unit")
    return MV_PER_UNIT[choose_units([unit], options.unit, corrections)[0]]


def sniff(data: bytes) -> bool:
    """Whether a head of keys and values stands above one column of numbers, with Apple's keys or device name."""
    layout = _layout(head_of(data))
    if layout is None:
        return False
    pairs, _, _ = layout
    keys = sum(fold(key) in _KEYS for key, _ in pairs)
    watch = any(_DEVICE.search(value) for _, value in pairs)
    place = _rate_line(pairs)
    if place is None or watch or keys >= _MIN_KEYS:
        return place is not None
    # The language or the device is unknown. Then the head must end with a rate, a lead and a unit.
    below = [value for _, value in pairs[place + 1 :]]
    return any(map(unit_of, below)) and any(map(lead_in_any_language, below))


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in an Apple Watch export. It has one lead: I, unless the file names another.

    Raises HeaderInvalid, SamplingRateUnknown, SamplingRateOutOfRange, UnitsUnknown, SignalInvalid, FileTooLarge,
    UnsupportedFormat.
    """
    text = as_utf8(bundle[name])
    layout = _layout(first_lines(text))
    if layout is None:
        raise HeaderInvalid("The export has no samples below its head.")
    pairs, body, line = layout
    corrections = Corrections()
    place = _rate_line(pairs)
    # Lead and unit follow the rate. The lines above it hold a person's name and other words that can look like a lead.
    below = [value for _, value in pairs[-2 if place is None else place + 1 :]]
    value = "" if place is None else pairs[place][1]
    stated = _RATE_VALUE.fullmatch(value) or _ANY_RATE.fullmatch(value)
    rate = choose_rate(rate_of(stated[1].replace("٫", ".")) if stated else None, options.fs_hz, corrections)
    unit = next((unit for value in below if (unit := unit_of(value))), None)
    scale = _scale(unit, options, corrections)
    lead = next((found for value in below if (found := lead_in_any_language(value))), None)
    lead = named([lead], options, corrections)[0]
    if lead is None:
        corrections.add("lead taken as I: a watch measures between both arms")
    table = Table("", ("number",), (), (), (), body, line)
    footer = footer_of(text, table)
    rows = read_rows(text, table, [0], [scale], stop=footer.start, decimal_comma=True)
    if footer.lines:
        corrections.add(f"lines below the rows, such as summaries or comments, left out: {len(footer.lines)}")
    if padding := padding_of(bundle[name]):
        corrections.add(f"padding with zero bytes at the end left out: {padding} bytes")
    if rows.infinite:
        corrections.add(f"values that are not finite read as gaps: {rows.infinite}")
    digest = hashlib.sha256(bundle[name]).hexdigest()
    return Recording(rows.values, rate, (lead or "I",), "apple_csv", digest, tuple(corrections))

"""Descriptions of columns that some recorders write above a table, in addition to column names.

AcqKnowledge: a line "2 channels", then two lines for each channel: its name and its unit. OpenSignals: a comment that
is a JSON object with lists of columns, labels and sensors.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecg_core.readers.table.cells import Kind
from ecg_core.readers.table.layout import CHANNELS, MAX_COLUMNS
from ecg_core.readers.text import fold

# OpenSignals writes 1 kB for each device.
MAX_JSON_CHARACTERS, MAX_JSON_LINES = 16_384, 200
_COMMENT = re.compile(r"[\s#%/;]*")
_ECG_SENSOR = re.compile(r"ecg|ekg")


@dataclass(frozen=True)
class Description:
    """names, units: of each column, or empty. channels: the columns with sensors, None if not stated.

    lines: the description as lines of words.
    """

    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    channels: frozenset[int] | None = None
    lines: tuple[str, ...] = ()


def description(meta: Sequence[str], kinds: Sequence[Kind]) -> Description:
    """The description of the columns in the lines above a table. kinds: of its columns."""
    width = len(kinds)
    for number, line in enumerate(meta):
        if match := CHANNELS.fullmatch(line):
            count = int(match[1])
            pairs = [text.strip() for text in meta[number + 1 : number + 1 + 2 * count]]
            # A time column may come before the described columns, and an empty column after them.
            if 0 < count < MAX_COLUMNS and len(pairs) == 2 * count and width - 2 <= count <= width:
                before = [""] if width - list(kinds).count("empty") > count else []
                after = [""] * (width - count - len(before))
                return Description((*before, *pairs[::2], *after), (*before, *pairs[1::2], *after))
        text = _COMMENT.sub("", line, count=1).strip()
        if text.startswith("{") and len(text) <= MAX_JSON_CHARACTERS:
            try:
                return _of_devices(json.loads(text), width)
            except (ValueError, RecursionError):
                continue
    return Description()


def _of_devices(found: object, width: int) -> Description:
    """found: one device, or a dictionary of several by address. Their columns stand side by side."""
    devices = [found] if _is_device(found) else list(found.values()) if isinstance(found, dict) else []
    names: list[str] = []
    channels: list[tuple[int, bool]] = []
    for device in filter(_is_device, devices):
        columns, labels, sensors = (_words(device, key) for key in ("column", "label", "sensor"))
        for label, sensor in zip(labels, sensors or labels, strict=False):
            if label in columns:
                channels.append((len(names) + columns.index(label), bool(_ECG_SENSOR.search(fold(sensor)))))
        names += columns
    any_ecg = any(is_ecg for _, is_ecg in channels)
    lines = tuple(_lines(found, ""))[:MAX_JSON_LINES]
    if not width - 1 <= len(names) <= width:
        return Description(lines=lines)
    chosen = frozenset(column for column, is_ecg in channels if is_ecg or not any_ecg)
    return Description((*names, *[""] * (width - len(names))), (), chosen or None, lines)


def _is_device(found: object) -> bool:
    return isinstance(found, dict) and "column" in found


def _words(device: object, key: str) -> list[str]:
    value = device.get(key) if isinstance(device, dict) else None
    return [str(word) for word in value[:MAX_COLUMNS]] if isinstance(value, list) else []


def _lines(found: object, path: str) -> Iterator[str]:
    """Each number and word of a JSON object as a line, such as "sampling rate: 1000"."""
    items: Iterable[tuple[object, object]] = found.items() if isinstance(found, dict) else ()
    for key, value in items:
        if isinstance(value, dict):
            yield from _lines(value, f"{path}{key}, "[-100:] if "column" in value else f"{path}{key} "[-100:])
        elif isinstance(value, str | int | float):
            yield f"{path}{key}: {value}"

"""Parses a JSON file within limits on its size, its nesting and the number of its values, and looks into its objects.

Python's parser is lenient in three ways that could change an ECG in silence: it takes the last of two equal keys, it
reads NaN and Infinity, and it never tires. Here the first two are refused, and the third is bounded before parsing.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import NoReturn

from ecg_core.errors import FileTooLarge, HeaderInvalid, SeveralRecords, SignalTruncated
from ecg_core.readers.text import MAX_WORDS_LENGTH, as_utf8

Element = Mapping[str, object]

# A recording of 5 minutes with six leads, raw and filtered, has 1.1 million values. Two million take 80 MB as objects.
MAX_VALUES = 2_000_000
# Objects and lists together, and keys of all objects. A FHIR Bundle of an ECG has some thousand of each. An object
# takes up to 200 bytes.
MAX_NODES = 200_000
# Samples are numbers, or one text for each lead. Half a million texts take 30 MB.
MAX_QUOTES = 1_000_000
# A text that ends within one of these, or within nothing, ends early.
_LITERALS = ("true", "false", "null", "-")

_NOT_JSON = "The file begins like JSON but is no valid JSON"


def plain(data: bytes) -> bytes:
    """The file as single bytes: UTF-16 without its zero bytes. For the search for keys; never raises."""
    return data.replace(b"\0", b"") if b"\0" in data[:64] else data


def parse(data: bytes) -> object:
    """The document: a dict, a list, a string, a number, a bool or None.

    Raises HeaderInvalid, SignalTruncated, SeveralRecords, FileTooLarge, UnsupportedFormat.
    """
    text = as_utf8(data)
    if text.count(b",") > MAX_VALUES:
        raise FileTooLarge(f"The JSON file has more than {MAX_VALUES:,} values.")
    if text.count(b"{") + text.count(b"[") > MAX_NODES or text.count(b":") > MAX_NODES:
        raise FileTooLarge(f"The JSON file has more than {MAX_NODES:,} objects, lists or keys.")
    if text.count(b'"') > MAX_QUOTES:
        raise FileTooLarge(f"The JSON file has more than {MAX_QUOTES // 2:,} texts.")
    document = text.decode("utf-8", "replace")
    try:
        # Not strict: some writers break long strings into lines.
        return json.loads(document, strict=False, parse_constant=_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Extra data") and document[error.pos] in "{[":
            raise SeveralRecords(
                "The file holds several JSON documents, one after another.", "Send one of them at a time."
            ) from None
        rest = document[error.pos :].strip()
        if error.msg.startswith("Unterminated") or any(literal.startswith(rest) for literal in _LITERALS):
            raise SignalTruncated("The JSON file ends early.", "Copy the file again: its end is missing.") from None
        raise HeaderInvalid(f"{_NOT_JSON}: line {error.lineno}.") from None
    except RecursionError:
        raise HeaderInvalid("The objects of the JSON file are nested too deep.") from None
    except ValueError:
        # Python converts no integer of more than 4,300 digits.
        raise HeaderInvalid("The JSON file holds a number with too many digits.") from None


def _constant(_: str) -> NoReturn:
    raise HeaderInvalid(
        f"{_NOT_JSON}: it holds NaN or Infinity.", "Write null for a missing sample, and send the file again."
    )


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise HeaderInvalid(
            "An object of the JSON file has the same key twice.", "Keep one of them, and send the file again."
        )
    return found


def child(element: Element, key: str) -> Element:
    """The object at this key. Empty if there is none."""
    found = element.get(key)
    return found if isinstance(found, dict) else {}


def children(element: Element, key: str) -> Iterator[Element]:
    """The objects of the list at this key."""
    found = element.get(key)
    yield from (item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()


def text(element: Element, key: str) -> str:
    """The first MAX_WORDS_LENGTH characters of the text at this key. Empty if there is none."""
    found = element.get(key)
    return found[:MAX_WORDS_LENGTH].strip() if isinstance(found, str) else ""


def number(element: Element, key: str) -> float | None:
    """The number at this key. None if there is none. Raises HeaderInvalid for anything else."""
    found = element.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise HeaderInvalid("A number of the JSON file is written as something else.")
    try:
        value = float(found)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise HeaderInvalid("A number of the JSON file is out of range.")
    return value

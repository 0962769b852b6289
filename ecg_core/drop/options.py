"""Options of classify() in the metadata of an object, such as x-amz-meta-fs-hz: 500."""

import math
from collections.abc import Callable, Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from hashlib import sha256
from typing import Any


def _number(text: str) -> float:
    """NaN for text that is not a number. classify() refuses NaN like any number out of range."""
    try:
        return float(text)
    except ValueError:
        return math.nan


# Name in the metadata -> (option of classify(), parser of its text).
OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "fs-hz": ("fs_hz", _number),
    "units": ("units", str),
    "leads": ("leads", str),
    "gain": ("gain", _number),
}


def stated(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata that are options, by name. An empty text states nothing. Other metadata are ignored."""
    found = {name.lower(): _decoded(text).strip() for name, text in metadata.items()}
    return {name: found[name] for name in OPTIONS if found.get(name)}


def options_of(said: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of classify()."""
    return {argument: read(said[name]) for name, (argument, read) in OPTIONS.items() if name in said}


def digest_of(said: Mapping[str, str]) -> str:
    return sha256("\n".join(f"{name} {text}" for name, text in sorted(said.items())).encode()).hexdigest()


def _decoded(text: str) -> str:
    """S3 returns text that is not ASCII, such as µV, in the encoding of mail headers (RFC 2047)."""
    if not text.startswith("=?"):
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text

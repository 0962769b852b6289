"""The JSON parser's limits: what Python's own parser would read wrong in silence, or pay too much for."""

import json
from collections.abc import Callable

import pytest

from ecg_core.errors import EcgError
from ecg_core.readers.json_document import MAX_NODES, MAX_QUOTES, MAX_VALUES, parse
from tests.effort import times_as_costly

SOUND = json.dumps({"values": list(range(300_000))}).encode()
MAX_COST = 20


def refused(data: bytes) -> str:
    with pytest.raises(EcgError) as error:
        parse(data)
    return error.value.code


@pytest.mark.parametrize(
    "text", ['{"a": [1, 2.5, -3e2, null, true, "\u00b5V"]}', "[]", ' {"a": {"b": []}}\n', '{"a": "line\nbreak"}']
)
def test_valid_json_is_read_in_every_encoding(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert parse(text.encode(encoding)) == json.loads(text, strict=False)


def test_names_in_latin_1_do_not_hinder_reading() -> None:
    assert parse('{"name": "M\u00fcller", "a": 1}'.encode("latin-1")) == {"name": "M\u00fcller", "a": 1}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a": 1, "a": 2}', "header_invalid"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "header_invalid"),
        (b'{"a": NaN}', "header_invalid"),
        (b'{"a": [1, -Infinity]}', "header_invalid"),
        (b'{"a": ' + b"9" * 5000 + b"}", "header_invalid"),
        (b'{"a": 1,}', "header_invalid"),
        (b'{"a" 1}', "header_invalid"),
        (b"{'a': 1}", "header_invalid"),
        (b'{"a": 1} garbage', "header_invalid"),
        (b'{"a": 1}\n{"a": 2}\n', "several_records"),
        (b'{"a": [1, 2', "signal_truncated"),
        (b'{"a": "1 2 3', "signal_truncated"),
        (b'{"a": tr', "signal_truncated"),
        (b'{"a": 1', "signal_truncated"),
        (b'{"a":', "signal_truncated"),
        (b"[" * 100_000, "header_invalid"),
        (b'{"a":' * 100_000, "header_invalid"),
    ],
)
def test_what_is_no_single_json_document_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: b"[" + b"[]," * 3_400_000 + b"[]]",
        lambda: b"[" + b"{}," * (MAX_NODES + 1) + b"{}]",
        lambda: b"[" + b"1," * (MAX_VALUES + 1) + b"1]",
        lambda: b"[" + b'"a",' * (MAX_QUOTES // 2 + 1) + b"1]",
        lambda: b"{" + b",".join(b'"%d":1' % n for n in range(MAX_NODES + 2)) + b"}",
        lambda: b"[" * 10_000_000,
    ],
)
def test_a_bomb_is_refused_before_it_is_parsed(bomb: Callable[[], bytes]) -> None:
    data = bomb()
    assert refused(data) == "file_too_large"
    assert times_as_costly(lambda: refused(data), lambda: parse(SOUND), enough=MAX_COST) <= MAX_COST


def test_a_message_repeats_nothing_of_the_file() -> None:
    for data in (
        b'{"Mustermann": 1, "Mustermann": 2}',
        b'{"a": Mustermann}',
        b'{"Mustermann": 1',
        b'{"Mustermann": NaN}',
    ):
        with pytest.raises(EcgError) as error:
            parse(data)
        assert "Mustermann" not in error.value.message + error.value.hint

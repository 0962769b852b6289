"""Recognises text and its encoding."""

import pytest

from ecg_core.errors import FileTooLarge, UnsupportedFormat
from ecg_core.readers.text import (
    HEAD_BYTES,
    MAX_TEXT_BYTES,
    MAX_WORDS_LENGTH,
    SNIFF_BYTES,
    as_utf8,
    fold,
    head_of,
    is_text,
    padding_of,
)

LINES = "Zeit;I (µV)\n0,1;0,2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_every_encoding_gives_the_same_text(encoding: str) -> None:
    data = LINES.encode(encoding)

    text = as_utf8(data)

    assert text.decode() == LINES


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_a_utf16_byte_order_mark_is_followed(mark: bytes) -> None:
    data = mark + LINES.encode("utf-16-le" if mark == b"\xff\xfe" else "utf-16-be")

    assert as_utf8(data).decode() == LINES


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_end_by_a_line_feed_whatever_the_system(end: str) -> None:
    assert as_utf8(LINES.replace("\n", end).encode()).decode() == LINES


def test_typographic_blanks_and_minus_become_plain() -> None:
    assert as_utf8("−1\u202f000\xa0Hz".encode()) == b"-1 000 Hz"


@pytest.mark.parametrize(
    "data", [b"", b"\0\1\2\3", b"SCPECG\0\0", b"\x89PNG\r\n\x1a\n\0", bytes(range(256)), b"1,2\x01\n"]
)
def test_bytes_with_control_characters_are_not_text(data: bytes) -> None:
    assert not is_text(data)
    assert head_of(data) == b""
    with pytest.raises(UnsupportedFormat):
        as_utf8(data)


def test_a_nul_byte_late_in_the_file_is_refused() -> None:
    with pytest.raises(UnsupportedFormat):
        as_utf8(b"1\n" * HEAD_BYTES + b"\0" + b"1\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_zero_bytes_at_the_end_are_padding(encoding: str) -> None:
    data = ("I,II\n" + "1,2\n" * 50).encode(encoding)
    padded = data + b"\0" * 512

    assert as_utf8(padded) == as_utf8(data)
    assert (padding_of(padded), padding_of(data)) == (512, 0)


def test_the_head_ends_with_a_whole_line() -> None:
    head = head_of("µV,0123456789\n".encode() * 10_000)

    assert len(head) <= SNIFF_BYTES
    assert head.endswith("µV,0123456789\n".encode())


def test_the_head_of_a_utf16_file_is_utf8() -> None:
    assert head_of(("I,II\n" * 20_000).encode("utf-16")).startswith(b"I,II\nI,II\n")


@pytest.mark.parametrize(("one", "other"), [("Fréquence", "frequence"), ("µV", "μV"), ("GERÄT", "gerät"), ("㎶", "μV")])
def test_words_compare_without_case_accents_and_code_points(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_a_head_of_long_lines_has_several_lines() -> None:
    head = head_of((b"1," * 1500 + b"\n") * 100)

    assert head.count(b"\n") == 20


def test_a_text_larger_than_an_upload_is_refused() -> None:
    with pytest.raises(FileTooLarge, match=r"10\.5 MB"):
        as_utf8(b"1\n" * (MAX_TEXT_BYTES // 2 + 1))


def test_latin_1_letters_after_the_head_take_one_byte_and_are_not_numbers() -> None:
    text = as_utf8("µ".encode("latin-1") + b"\n" * HEAD_BYTES + b"1\xa02\x80")

    assert text.startswith("µ".encode())
    assert text.endswith(b"\n1 2_")


def test_a_text_that_is_cut_within_a_letter_is_not_utf8() -> None:
    assert as_utf8("aµ".encode()[:-1]).decode() == "aÂ"


def test_only_the_beginning_of_a_long_text_is_folded() -> None:
    assert fold("É" * 1_000_000) == "e" * MAX_WORDS_LENGTH

"""DICOM files that are damaged or made to cost much. Only EcgError may come out."""

import random
import struct
from typing import Any

import numpy as np
import pytest

import ecg_core
from ecg_core.errors import EcgError, HeaderInvalid
from ecg_core.readers.dicom.elements import MAX_DEPTH, MAX_ELEMENTS
from ecg_core.readers.dicom.groups import MAX_CHANNELS, MAX_ZEROS
from ecg_core.readers.dicom.reader import MAX_GROUPS
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made.dicom import SYNTAXES, UNDEFINED, Channel, Writer, counts_of, file, group, scp

COUNTS = counts_of(synthesize("normal", seed=5))
WRITER = Writer()


def code_of(data: bytes, **options: Any) -> str:
    with pytest.raises(EcgError) as refusal:
        ecg_core.read({"ecg.dcm": data}, **options)
    return refusal.value.code


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = Writer(undefined=True).sequence(0x0009_1001, [inner])
    return inner


def test_sequences_are_nested_to_a_limit() -> None:
    assert ecg_core.read({"a": file(WRITER, [group(WRITER, COUNTS)], before=nested(MAX_DEPTH))}).leads
    assert code_of(file(WRITER, [group(WRITER, COUNTS)], before=nested(MAX_DEPTH + 1))) == "header_invalid"
    opening = WRITER.element(0x0009_1001, "SQ", b"", UNDEFINED) + WRITER.element(0xFFFE_E000, "", b"", UNDEFINED)
    assert code_of(file(WRITER, [], before=opening * 100_000)) == "header_invalid"


def test_the_number_of_elements_is_limited() -> None:
    many = WRITER.element(0x0009_1001, "LO", "") * (MAX_ELEMENTS + 1)

    assert code_of(file(WRITER, [group(WRITER, COUNTS)], before=many)) == "file_too_large"


def test_the_number_of_groups_is_limited() -> None:
    short = group(WRITER, COUNTS[:1, :4], offset="0")

    assert code_of(file(WRITER, [short] * (MAX_GROUPS + 1))) == "file_too_large"


def test_the_number_of_channels_is_limited() -> None:
    channels = [Channel((None, None, "x"))] * (MAX_CHANNELS + 1)
    wide = np.zeros((len(channels), 100), np.int64)

    channels[0] = scp("I")
    assert ecg_core.read({"a": file(WRITER, [group(WRITER, wide[1:], channels[:-1])])}).leads == ("I",)
    assert code_of(file(WRITER, [group(WRITER, wide, channels)])) == "header_invalid"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stated_samples": 5001}, "signal_truncated"),
        ({"stated_samples": 0xFFFF_FFFF}, "signal_truncated"),
        ({"stated_samples": 0}, "header_invalid"),
        ({"stated_samples": 4999}, "header_invalid"),
        ({"stated_channels": 11}, "header_invalid"),
        ({"stated_channels": 13}, "header_invalid"),
        ({"stated_channels": 0}, "header_invalid"),
        ({"stated_channels": 0xFFFF}, "header_invalid"),
        ({"allocated": 8}, "header_invalid"),
        ({"allocated": 32}, "header_invalid"),
        ({"kind": "XX"}, "header_invalid"),
        ({"kind": ""}, "header_invalid"),
        ({"kind": "MB", "data": b"\0" * 60_000}, "unsupported_format"),
        ({"kind": "AB", "data": b"\0" * 60_000}, "unsupported_format"),
        ({"data_length": 200_000}, "signal_truncated"),
        ({"data_length": 0x7FFF_FFFE}, "signal_truncated"),
        ({"data_length": UNDEFINED}, "header_invalid"),
        ({"data": b""}, "signal_truncated"),
        ({"fs": "0"}, "sampling_rate_out_of_range"),
        ({"fs": "-500"}, "sampling_rate_out_of_range"),
        ({"fs": "1e6"}, "sampling_rate_out_of_range"),
        ({"fs": "1e999"}, "header_invalid"),
        ({"fs": "nan"}, "header_invalid"),
        ({"fs": "500\\250"}, "header_invalid"),
        ({"fs": "five"}, "header_invalid"),
        ({"fs": "9" * 2000}, "header_invalid"),
        ({"fs": None}, "sampling_rate_unknown"),
        ({"fs": ""}, "sampling_rate_unknown"),
    ],
)
def test_a_group_that_contradicts_itself_is_refused(changes: dict[str, Any], code: str) -> None:
    assert code_of(file(WRITER, [group(WRITER, COUNTS, **changes)])) == code


def test_one_byte_of_padding_at_the_end_of_the_samples_is_left_out() -> None:
    odd = np.arange(-60, 41).reshape(1, 101)

    recording = ecg_core.read({"a": file(WRITER, [group(WRITER, odd, kind="SB")])})

    np.testing.assert_allclose(recording.signal, odd * 1e-3, atol=1e-7)


@pytest.mark.parametrize("frames", [1, 7, 1_000])
def test_zeros_behind_the_stated_samples_are_cut(frames: int) -> None:
    padded = np.pad(COUNTS, ((0, 0), (0, frames)))
    samples = COUNTS.shape[1]

    recording = ecg_core.read({"a": file(WRITER, [group(WRITER, padded, stated_samples=samples)])})

    np.testing.assert_allclose(recording.signal, COUNTS * 1e-3, atol=1e-6)
    said = f"zeros behind the stated number of samples left out: {frames} of each channel"
    assert said in recording.corrections
    padded[11, -1] = 1
    assert code_of(file(WRITER, [group(WRITER, padded, stated_samples=samples)])) == "header_invalid"


def test_more_zeros_than_any_padding_are_refused() -> None:
    data = COUNTS.T.astype("<i2").tobytes() + bytes(MAX_ZEROS + 24)

    assert code_of(file(WRITER, [group(WRITER, COUNTS, data=data)])) == "header_invalid"


def test_elements_that_occur_twice_are_refused() -> None:
    twice = group(WRITER, COUNTS) + WRITER.element(0x003A_001A, "DS", "250")

    assert code_of(file(WRITER, [twice])) == "header_invalid"


@pytest.mark.parametrize(("first", "second"), [("0", "1e300"), ("0", "1.1e11"), ("-1e11", "1e10")])
def test_groups_further_apart_than_any_recording_are_refused(first: str, second: str) -> None:
    groups = [group(WRITER, COUNTS, offset=first), group(WRITER, COUNTS, offset=second)]

    with pytest.raises(HeaderInvalid, match="three years"):
        ecg_core.read({"ecg.dcm": file(WRITER, groups)})


def test_of_groups_far_apart_the_pieces_around_the_windows_are_read() -> None:
    groups = [group(WRITER, COUNTS, offset="0"), group(WRITER, COUNTS[:, ::-1], offset="1e9")]

    recording = ecg_core.read({"ecg.dcm": file(WRITER, groups)})

    samples = COUNTS.shape[1]
    assert recording.excerpt is not None
    assert recording.excerpt.samples == 1_000_000 * recording.fs_hz + samples
    assert recording.signal.shape[1] == 12 * recording.excerpt.length
    np.testing.assert_allclose(recording.signal[:, :samples], COUNTS * 1e-3, atol=1e-6)
    np.testing.assert_allclose(recording.signal[:, -samples:], COUNTS[:, ::-1] * 1e-3, atol=1e-6)
    assert np.isnan(recording.signal[:, samples:-samples]).all()


def test_a_file_without_waveforms_is_refused() -> None:
    assert code_of(file(WRITER, [])) == "header_invalid"
    assert code_of(b"\0" * 128 + b"DICM") == "signal_truncated"
    assert code_of(b"\0" * 128 + b"DICM" + b"words, not elements") == "header_invalid"


def mutated(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(out), 4000))
        match chance.randrange(7):
            case 0:
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                out[at] = chance.choice((0, 255))
            case 2:
                del out[at : at + chance.randrange(1, 30)]
            case 3:
                out[at:at] = out[at : at + chance.randrange(1, 200)]
            case 4:
                out[at:at] = bytes([chance.choice((0, 255))]) * chance.randrange(1, 9)
            case 5:
                out[at : at + 4] = struct.pack("<I", chance.choice((0, 1, UNDEFINED, 0x7FFF_FFFF, len(out))))
            case _:
                out[at : at + 2] = chance.choice((b"SQ", b"UN", b"OW", b"\xfe\xff", b"\0\xe0", b"SV"))
    return bytes(out)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_of_a_damaged_file_only_an_ecg_error_comes_out(syntax: str) -> None:
    chance = random.Random(7)
    writer = Writer(syntax, undefined=True)
    short = COUNTS[:4, :1200]
    data = file(writer, [group(writer, short, offset="0", padding=0), group(writer, short, offset="2400", padding=0)])
    refused = 0
    for _ in range(150):
        try:
            ecg_core.read({"ecg.dcm": mutated(data, chance)})
        except EcgError:
            refused += 1

    assert refused > 30

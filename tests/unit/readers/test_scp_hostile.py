"""SCP-ECG files that are damaged or hostile: each is refused with a reason, or reads as its bytes say."""

import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import (
    EcgError,
    FileTooLarge,
    HeaderInvalid,
    SeveralRecords,
    SignalTruncated,
    UnsupportedFormat,
)
from ecg_core.readers import read
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.scp import huffman, reader, sections, tables
from ecg_core.recording import Recording
from tests.unit.readers.made import scp
from tests.unit.readers.made.scp import DEFAULT, SWITCHING, Code, Scp, Steps

LEADS: dict[str | int, Steps] = {
    "I": np.array([3, -4, 900, 0, 1, -1000] * 40),
    "V2": np.arange(240) * 3 - 300,
}
DATA = {
    "plain": Scp(LEADS, order=1).bytes(),
    "default": Scp(LEADS, codes=[DEFAULT], order=2).bytes(),
    "own": Scp(LEADS, codes=SWITCHING, order=1).bytes(),
    "beat": Scp(
        LEADS,
        codes=[DEFAULT],
        beat={name: row[:60] for name, row in LEADS.items()},
        zones=[(0, 30, 50, 80), (0, 130, 150, 180)],
        fiducial=30,
    ).bytes(),
}


def read_scp(data: bytes) -> Recording:
    return reader.read("ecg.scp", Bundle({"ecg.scp": data}), Options())


def changed(data: bytes, place: int, layout: str, *values: int) -> bytes:
    """The record with other values at a place, and with right checksums."""
    body = bytearray(data)
    struct.pack_into(layout, body, place, *values)
    return mended(bytes(body))


def mended(data: bytes) -> bytes:
    """The record with the checksums that its bytes should have."""
    body = bytearray(data)
    for number in range(12):
        start = struct.unpack_from("<I", body, 6 + 16 + 10 * number + 6)[0] - 1
        if 5 < start < len(body) - 16:
            length = struct.unpack_from("<I", body, start + 4)[0]
            struct.pack_into("<H", body, start, scp.crc(bytes(body[start + 2 : start + length])))
    struct.pack_into("<H", body, 0, scp.crc(bytes(body[2:])))
    return bytes(body)


def place_of(data: bytes, number: int) -> int:
    return int(struct.unpack_from("<I", data, 6 + 16 + 10 * number + 6)[0]) - 1


@pytest.mark.parametrize("title", DATA)
def test_a_file_cut_anywhere_is_refused(title: str) -> None:
    data = DATA[title]
    read_scp(data)

    for end in {*range(400), *range(400, len(data), 7), len(data) - 1}:
        with pytest.raises((HeaderInvalid, SignalTruncated)):
            read_scp(data[:end])


@pytest.mark.parametrize("title", DATA)
def test_a_shorter_record_with_right_sizes_is_refused_or_lacks_no_sample(title: str) -> None:
    """A section that ends too early, with right checksums, so that only its content tells."""
    data = DATA[title]
    whole = read_scp(data).signal
    for number in (2, 3, 4, 5, 6):
        start = place_of(data, number)
        if start < 0:
            continue
        length = struct.unpack_from("<I", data, start + 4)[0]
        for shorter in {*range(16, min(length, 60)), max(length - 40, 16), length - 2, length - 1}:
            try:
                signal = read_scp(changed(data, start + 4, "<I", shorter)).signal
            except (HeaderInvalid, SignalTruncated):
                continue
            np.testing.assert_array_equal(signal, whole)


@pytest.mark.parametrize("title", DATA)
def test_random_changes_raise_no_other_error(title: str) -> None:
    random = np.random.default_rng(5)
    data = DATA[title]
    for _ in range(250):
        body = bytearray(data)
        for _ in range(int(random.integers(1, 6))):
            body[int(random.integers(len(body)))] = int(random.choice([0, 1, 127, 128, 255, random.integers(256)]))
        for case in (bytes(body), mended(bytes(body))):
            try:
                signal = read_scp(case).signal
            except EcgError:
                continue
            assert signal.dtype == np.float32


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize(("start", "end"), [(1, 2**32 - 1), (1, 10_000_000), (0, 2**32 - 1)])
def test_numbers_of_samples_that_the_bytes_cannot_hold_are_refused(compressed: bool, start: int, end: int) -> None:
    data = DATA["default" if compressed else "plain"]
    place = place_of(data, 3) + 16 + 2

    with pytest.raises(SignalTruncated):
        read_scp(changed(data, place, "<II", start, end))


def test_leads_that_are_far_apart_are_refused_before_memory_is_taken() -> None:
    far = [1, 2**32 - 300]

    with pytest.raises(FileTooLarge):
        read_scp(Scp(LEADS, starts=far).bytes())


def test_a_lead_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(HeaderInvalid):
        read_scp(Scp(LEADS, starts=[1000, 1000], end_shift=-500).bytes())


@pytest.mark.parametrize("count", [0, 3, 255])
def test_a_wrong_number_of_leads_is_refused(count: int) -> None:
    with pytest.raises(HeaderInvalid):
        read_scp(changed(DATA["plain"], place_of(DATA["plain"], 3) + 16, "<B", count))


def test_an_unknown_kind_of_differences_is_refused() -> None:
    with pytest.raises(HeaderInvalid):
        read_scp(changed(DATA["plain"], place_of(DATA["plain"], 6) + 20, "<B", 3))


@pytest.mark.parametrize(
    ("place", "layout", "value", "error"),
    [
        (8, "<H", 1, HeaderInvalid),
        (10, "<I", 0, HeaderInvalid),
        (28, "<I", 8, HeaderInvalid),
        (28, "<I", 6, UnsupportedFormat),
        (22 + 60, "<H", 7, UnsupportedFormat),
        (22 + 36, "<I", 0, HeaderInvalid),
        (22 + 36, "<I", 3, HeaderInvalid),
        (22 + 36, "<I", 7, HeaderInvalid),
        (22 + 36, "<I", 2**32 - 1, HeaderInvalid),
        (22 + 30, "<H", 6, HeaderInvalid),
    ],
)
def test_a_wrong_table_of_sections_is_refused(place: int, layout: str, value: int, error: type[EcgError]) -> None:
    with pytest.raises(error):
        read_scp(changed(DATA["plain"], place, layout, value))


SIZES = [0, 10, 31, 300, 10**6, 2**32 - 1]


@pytest.mark.parametrize("title", DATA)
@pytest.mark.parametrize("size", SIZES)
def test_a_wrong_size_of_the_record_is_not_used_if_all_sections_are_there(title: str, size: int) -> None:
    recording = read_scp(changed(DATA[title], 2, "<I", size))

    np.testing.assert_array_equal(recording.signal, read_scp(DATA[title]).signal)
    assert any("wrong size of the record" in said for said in recording.corrections)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("number", [3, 6])
@pytest.mark.parametrize("stated", [0, None])
def test_a_wrong_size_is_refused_if_a_checksum_is_missing_or_wrong(size: int, number: int, stated: int | None) -> None:
    data = bytearray(changed(DATA["plain"], 2, "<I", size))
    place = place_of(DATA["plain"], number)
    right = struct.unpack_from("<H", data, place)[0]
    struct.pack_into("<H", data, place, right ^ 1 if stated is None else stated)

    with pytest.raises((HeaderInvalid, SignalTruncated)):
        read_scp(bytes(data))


@pytest.mark.parametrize("size", SIZES)
def test_a_wrong_size_is_refused_if_a_section_lies_outside_the_file(size: int) -> None:
    """Section 7 is not read, but where it ends outside the file, the file is cut."""
    data = Scp(LEADS, order=1, changes={7: bytes(50)}).bytes()
    read_scp(changed(data, 2, "<I", size))

    with pytest.raises((HeaderInvalid, SignalTruncated)):
        read_scp(changed(data, 2, "<I", size)[:-1])


@pytest.mark.parametrize("size", SIZES)
def test_a_second_record_behind_one_of_wrong_size_is_noticed(size: int) -> None:
    with pytest.raises((SeveralRecords, HeaderInvalid)):
        read_scp(changed(DATA["plain"], 2, "<I", size) + DATA["own"])


def test_a_table_of_too_many_sections_is_refused() -> None:
    count = sections.MAX_SECTIONS + 1
    pointers = struct.pack("<HII", 0, 16 + 10 * count, 7) + bytes(10 * (count - 1))

    with pytest.raises(HeaderInvalid, match=r"1,024"):
        read_scp(scp.sealed(scp.section(0, pointers)))


@pytest.mark.parametrize("data", [b"", b"\0" * 31, b"\0" * 5000, b"\xff" * 5000, b"I,II\n0.1,0.2\n" * 500])
def test_other_files_are_not_taken_for_scp(data: bytes) -> None:
    assert not reader.sniff(data)


# -- Huffman tables


def with_tables(body: bytes, rhythm: bytes = b"") -> bytes:
    changes = {2: body} | ({6: rhythm} if rhythm else {})
    return Scp(LEADS, codes=[DEFAULT], changes=changes).bytes()


def rhythm_of(*leads: bytes) -> bytes:
    return struct.pack("<HHBB", 1000, 2000, 0, 0) + struct.pack(f"<{len(leads)}H", *map(len, leads)) + b"".join(leads)


def row(prefix: int, total: int, mode: int, value: int, code: int) -> bytes:
    return struct.pack("<BBBhI", prefix, total, mode, value, code)


@pytest.mark.parametrize(
    "body",
    [
        b"\x01",
        struct.pack("<H", 2) + struct.pack("<H", 1) + row(1, 1, 1, 0, 0),
        struct.pack("<HH", 1, 60_000) + row(1, 1, 1, 0, 0),
        struct.pack("<HH", 1, 4_097) + row(1, 1, 1, 0, 0) * 4_097,
        struct.pack("<H", 33) + (struct.pack("<H", 1) + row(1, 1, 1, 0, 0)) * 33,
        struct.pack("<H", 19_998),
        struct.pack("<HH", 1, 1) + row(0, 0, 1, 0, 0),
        struct.pack("<HH", 1, 2) + row(0, 16, 1, 0, 0) + row(1, 1, 1, 0, 1),
        struct.pack("<HH", 1, 1) + row(33, 33, 1, 0, 0),
        struct.pack("<HH", 1, 1) + row(1, 255, 1, 0, 0),
        struct.pack("<HH", 1, 1) + row(255, 1, 1, 0, 0),
        struct.pack("<HH", 1, 1) + row(1, 1, 0, 0, 0),
        struct.pack("<HH", 1, 1) + row(1, 1, 0, 2, 0),
        struct.pack("<HH", 1, 1) + row(1, 1, 0, -5, 0),
        struct.pack("<HH", 1, 2) + row(1, 1, 1, 0, 0) + row(3, 3, 1, 5, 2),
        struct.pack("<HH", 1, 2) + row(4, 4, 1, 0, 7) + row(4, 4, 1, 5, 7),
    ],
)
def test_impossible_tables_are_refused(body: bytes) -> None:
    with pytest.raises(HeaderInvalid):
        read_scp(with_tables(body))


@pytest.mark.parametrize(
    "body",
    [
        # Every code leads to the other table, or to its own one, and none has a value.
        scp.tables((Code("0", switch_to=2), Code("1", switch_to=1)), (Code("0", switch_to=1), Code("1", switch_to=2))),
        scp.tables((Code("0", switch_to=1),)),
        # The data begins with bits that are no code.
        scp.tables((Code("1", 0),)),
        # All codes are longer than the data.
        scp.tables((Code("0" * 32, 0, more=32),)),
    ],
)
def test_tables_without_values_end(body: bytes) -> None:
    with pytest.raises(SignalTruncated):
        read_scp(with_tables(body, rhythm_of(bytes(60), bytes(60))))


def test_a_long_chain_of_switches_ends() -> None:
    body = scp.tables((Code("0", switch_to=2), Code("1", 1)), (Code("0", switch_to=1), Code("1", 2)))

    with pytest.raises(SignalTruncated):
        read_scp(with_tables(body, rhythm_of(bytes(65_534), bytes(65_534))))


def test_too_much_data_for_its_number_of_tables_is_refused() -> None:
    body = scp.tables(*[(Code("0", 5), Code("1", switch_to=1))] * tables.MAX_TABLES)
    assert huffman.MAX_LOOKUPS < 2 * 8 * 65_534 * tables.MAX_TABLES

    with pytest.raises(FileTooLarge):
        read_scp(with_tables(body, rhythm_of(bytes(65_534), bytes(65_534))))


def test_the_longest_leads_are_read() -> None:
    """Twelve leads of 65,534 bytes of 1 bit a sample: none is above the limits."""
    leads: dict[str | int, Steps] = {lead: np.zeros(524_272, np.int64) for lead in scp.ORDER}
    rhythm = rhythm_of(*[bytes(65_534)] * 12)
    data = scp.record({2: scp.DEFAULT_TABLE, 3: Scp(leads).placed(), 6: rhythm})

    assert read_scp(data).signal.shape == (12, 524_272)


def test_every_table_of_many_can_be_reached() -> None:
    """A chain of tables: a value of the first, then of the second, and so on around."""
    count = tables.MAX_TABLES
    chain = [(Code("0", value), Code("10", switch_to=1 + (value + 1) % count)) for value in range(count)]
    values = [value % count for value in range(3 * count)]
    bits = "".join("0" + "10" for _ in values)
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    leads: dict[str | int, Steps] = {"I": np.array(values)}

    signal = read_scp(Scp(leads, changes={2: scp.tables(*chain), 6: rhythm_of(data)}).bytes()).signal

    np.testing.assert_allclose(signal[0], np.array(values) / 1000, rtol=1e-6)


@pytest.mark.parametrize("bits", [1, 2, 15, 16, 17, 31, 32])
@pytest.mark.parametrize("more", [0, 1, 8, 31, 32])
def test_prefixes_and_numbers_of_every_length_are_read(bits: int, more: int) -> None:
    table = (Code("1" * bits, 7, more=more), Code("0", -3))
    offsets = [0] if not more else [0, -1, min(2 ** (more - 1) - 1, 20_000), max(-(2 ** (more - 1)), -20_000)]
    values = [value for offset in offsets for value in (7 + offset, -3)]
    words = "".join(table[0].word(value) + "0" for value in values[::2])
    words += "0" * (-len(words) % 8)
    data = int(words, 2).to_bytes(len(words) // 8, "big")

    signal = read_scp(Scp({"I": np.array(values)}, changes={2: scp.tables(table), 6: rhythm_of(data)}).bytes()).signal

    np.testing.assert_allclose(signal[0], np.array(values) / 1000, rtol=1e-6)


def test_the_decoder_agrees_with_a_loop_over_bits() -> None:
    """Random bits with the default table and with tables that switch."""
    random = np.random.default_rng(1)
    for codes, made in (
        ((DEFAULT,), tables.default_tables()),
        (SWITCHING, tables.tables_of(memoryview(scp.tables(*SWITCHING)))),
    ):
        assert made is not None
        for length in (0, 1, 2, 3, 100, 1001):
            data = random.integers(0, 256, length, dtype=np.uint8).tobytes()
            stream = huffman.decode(memoryview(data), made)
            values, ends = _by_bits(data, codes)
            assert stream.values.tolist() == values
            assert stream.ends.tolist() == ends


def _by_bits(data: bytes, codes: Any) -> tuple[list[int], list[int]]:
    bits = "".join(f"{octet:08b}" for octet in data)
    values, ends, place, table = [], [], 0, 0
    while place < len(bits):
        code = next((code for code in codes[table] if bits.startswith(code.bits, place)), None)
        if code is None or place + len(code.bits) + code.more > len(bits):
            break
        place += len(code.bits)
        if code.switch_to:
            table = code.switch_to - 1
            continue
        number = int(bits[place : place + code.more] or "0", 2)
        place += code.more
        values.append(code.value + number - (2**code.more if code.more and number >= 2 ** (code.more - 1) else 0))
        ends.append(place)
    return values, ends


# -- heartbeats


@pytest.mark.parametrize("zone", [(0, 2**32 - 2, 2**32 - 1, 2**32 - 1), (0, 0, 0, 2**32 - 1), (0, 1, 2**32 - 1, 240)])
def test_heartbeats_outside_the_recording_change_nothing_there(zone: tuple[int, int, int, int]) -> None:
    beat: dict[str | int, Steps] = {name: row[:60] + 1 for name, row in LEADS.items()}
    far = Scp(LEADS, beat=beat, zones=[(0, 2**31, 2**31 + 5, 2**31 + 9)])
    expected = read_scp(far.bytes()).signal

    signal = read_scp(replace(far, zones=[zone]).bytes()).signal

    changed_ = np.flatnonzero((signal != expected).any(axis=0))
    assert len(changed_) <= 60


def test_very_many_heartbeats_are_refused() -> None:
    beat: dict[str | int, Steps] = {name: row[:60] + 1 for name, row in LEADS.items()}

    with pytest.raises(HeaderInvalid, match="overlap"):
        read_scp(Scp(LEADS, beat=beat, zones=[(0, 1, 60, 240)] * 65_535, fiducial=30).bytes())


def test_a_refusal_repeats_nothing_of_the_file() -> None:
    named_ = DATA["default"].replace(b"Name\0", b"Xyzzy")
    for place in range(0, 300, 5):
        said = _said(changed(named_, place, "<B", 0x7F))
        assert said
        assert "Xyzzy" not in said


def _said(data: bytes) -> str:
    """The corrections, or the message and hint of the refusal."""
    try:
        return " ".join(read({"Xyzzy.scp": data}).corrections)
    except EcgError as refusal:
        return refusal.message + refusal.hint

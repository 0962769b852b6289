"""SCP-ECG: real files against independent readers, and files of every variant that must read back equal."""

import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from ecgdatakit.parsing.parsers.scp_ecg import SCPECGParser

from ecg_core.errors import (
    ChecksumMismatch,
    DuplicateLeads,
    HeaderInvalid,
    NoEcgLeads,
    SamplingRateUnknown,
    SeveralRecords,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.scp import reader
from ecg_core.recording import Recording
from tests.unit.readers.made import scp
from tests.unit.readers.made.scp import DEFAULT, SWITCHING, Code, Scp, Steps
from tests.unit.readers.tables import sample

FIRST_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
# Of a real file: the plain text of its first lead is short.
CONVERTED = "converted from nV to mV"


@pytest.fixture(scope="module")
def ecg() -> dict[str | int, Steps]:
    return scp.steps()


def read_scp(data: bytes, **options: Any) -> Recording:
    return reader.read("ecg.scp", Bundle({"ecg.scp": data}), Options(**options))


def assert_holds(recording: Recording, leads: Mapping[str | int, Steps], nv: int = scp.NV_PER_STEP) -> None:
    assert recording.leads == tuple(leads)
    np.testing.assert_allclose(recording.signal, np.array(list(leads.values())) * nv * 1e-6, rtol=1e-6, atol=1e-9)


def test_the_example_of_ecg_toolkit_holds_the_samples_of_its_hl7_version(samples: Path) -> None:
    recording = read({"x": sample(samples, "scp/ecgtoolkit_Example.scp")})
    root = ElementTree.fromstring(sample(samples, "hl7_aecg/fda_example_aecg.xml"))
    name = "{urn:hl7-org:v3}"
    rhythm = next(root.iter(f"{name}series"))
    found = {}
    for sequence in rhythm.iter(f"{name}sequence"):
        code, digits = sequence.find(f"{name}code"), sequence.find(f".//{name}digits")
        if code is not None and digits is not None and "MDC_ECG_LEAD_" in code.attrib["code"]:
            scale = sequence.find(f".//{name}scale")
            assert scale is not None
            assert scale.attrib["unit"] == "uV"
            lead = code.attrib["code"].removeprefix("MDC_ECG_LEAD_").replace("AV", "aV")
            # The averaged beats follow the rhythm.
            values = np.array((digits.text or "").split(), float)
            found.setdefault(lead, values * float(scale.attrib["value"]) / 1000)

    assert recording.leads == (*FIRST_LEADS, "III", "aVR", "aVL", "aVF")
    assert recording.fs_hz == 500
    assert recording.signal.shape == (12, 5000)
    assert recording.format == "scp"
    assert recording.corrections == (CONVERTED,)
    assert set(found) == set(LEADS)
    for lead, row in zip(recording.leads, recording.signal, strict=True):
        np.testing.assert_allclose(row, found[lead], rtol=0, atol=1e-6)


def test_the_example_of_ecg_toolkit_reads_as_in_another_library(samples: Path) -> None:
    data = sample(samples, "scp/ecgtoolkit_Example.scp")
    path = samples / "scp/ecgtoolkit_Example.scp"
    other = SCPECGParser().parse(path)

    recording = read({"x": data})

    assert [lead.label for lead in other.leads] == list(recording.leads)
    for lead, row in zip(other.leads, recording.signal, strict=True):
        np.testing.assert_allclose(row, np.asarray(lead.samples) * lead.resolution / 1000, rtol=0, atol=1e-6)


def test_the_limb_leads_of_the_real_example_follow_from_i_and_ii(samples: Path) -> None:
    recording = read({"x": sample(samples, "scp/ecgtoolkit_Example.scp")})
    rows = dict(zip(recording.leads, recording.signal, strict=True))

    # Of 2.5 uV, its steps.
    for lead, of_i, of_ii in (("III", -1, 1), ("aVR", -0.5, -0.5), ("aVL", 1, -0.5), ("aVF", -0.5, 1)):
        residual = rows[lead] - of_i * rows["I"] - of_ii * rows["II"]
        assert np.abs(residual).max() < 0.0051


def test_plain_samples_numbered_from_0_are_read(samples: Path) -> None:
    """ecgdatakit refuses this file because of its numbers, so the bytes are the oracle."""
    data = sample(samples, "scp/contec_demo.scp")
    stored = np.frombuffer(data[-160_000:], "<i2").reshape(8, 10_000)

    recording = read({"x": data})

    assert recording.leads == FIRST_LEADS
    assert recording.fs_hz == 1000
    np.testing.assert_allclose(recording.signal, stored * 183e-6, rtol=1e-6, atol=1e-9)
    assert recording.corrections == ("samples numbered from 0 on, with the last number not used", CONVERTED)


def test_a_file_of_healforce_is_refused_by_name(samples: Path) -> None:
    data = sample(samples, "scp/healforce_62.scp")

    with pytest.raises(UnsupportedFormat, match="Healforce") as refusal:
        read({"x": data})

    assert "Export" in refusal.value.hint


@pytest.mark.parametrize("protocol", [13, 20, 30])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("codes", [None, [DEFAULT], SWITCHING], ids=["plain", "default", "own"])
def test_every_compression_reads_back_equal(ecg: dict[str | int, Steps], codes: Any, order: int, protocol: int) -> None:
    leads = {name: row[:700] for name, row in ecg.items()}

    recording = read_scp(Scp(leads, codes=codes, order=order, protocol=protocol).bytes())

    assert recording.fs_hz == 500
    assert recording.corrections == (CONVERTED,)
    assert_holds(recording, leads)


@pytest.mark.parametrize("codes", [None, [DEFAULT], SWITCHING], ids=["plain", "default", "own"])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 17])
def test_every_length_reads_back_equal(codes: Any, count: int) -> None:
    leads: dict[str | int, Steps] = {"II": np.arange(count) * 37 - 5, "V2": -np.arange(count)}

    for order in (0, 1, 2):
        assert_holds(read_scp(Scp(leads, codes=codes, order=order).bytes()), leads)


@pytest.mark.parametrize("codes", [None, [DEFAULT], SWITCHING], ids=["plain", "default", "own"])
@pytest.mark.parametrize("order", [1, 2])
def test_differences_wrap_at_16_bits(codes: Any, order: int) -> None:
    """From one end of the range to the other, a difference takes 17 or 18 bits. Writers store its lower 16 bits."""
    leads: dict[str | int, Steps] = {"I": np.array([-32768, 32767, -32768, 0, 32767, 32767, -32768] * 9)}

    assert_holds(read_scp(Scp(leads, codes=codes, order=order).bytes()), leads)


@pytest.mark.parametrize(("nv", "interval_us"), [(183, 1000), (2500, 4000), (65_535, 20_000), (1, 250)])
def test_steps_and_interval_are_those_of_the_rhythm(nv: int, interval_us: int) -> None:
    leads: dict[str | int, Steps] = {"V5": np.arange(-400, 400)}
    other = struct.pack("<HHBBH", 7, 1250, 0, 0, 0)

    recording = read_scp(Scp(leads, nv=nv, interval_us=interval_us, changes={5: other}).bytes())

    assert recording.fs_hz == 1e6 / interval_us
    assert_holds(recording, leads, nv)


@pytest.mark.parametrize("order", [LEADS, tuple(reversed(LEADS)), ("V6", "aVF", "I"), ("II",)])
def test_the_codes_name_the_leads_in_any_order(ecg: dict[str | int, Steps], order: tuple[str, ...]) -> None:
    leads: dict[str | int, Steps] = {lead: ecg[lead][:600] for lead in order}

    assert_holds(read_scp(Scp(leads).bytes()), leads)


def test_an_inverted_avr_is_turned(ecg: dict[str | int, Steps]) -> None:
    recording = read_scp(Scp({"I": ecg["I"], "-aVR": -ecg["aVR"]}).bytes())

    assert "aVR stored upside down, turned" in recording.corrections
    assert_holds(recording, {"I": ecg["I"], "aVR": ecg["aVR"]})


def test_calibration_leads_and_others_are_left_out(ecg: dict[str | int, Steps]) -> None:
    """31 to 60 are calibration leads: 33 is that of V1. 11 is V3R, 16 is X."""
    leads = {33: ecg["V1"] * 3, "V1": ecg["V1"], 11: ecg["V3"] * 5, 16: ecg["I"], 0: ecg["I"], 255: ecg["I"]}

    recording = read_scp(Scp(leads, codes=[DEFAULT], order=2).bytes())

    assert "channels that are none of the twelve leads left out: 5" in recording.corrections
    assert_holds(recording, {"V1": ecg["V1"]})


def test_only_calibration_leads_are_no_ecg(ecg: dict[str | int, Steps]) -> None:
    with pytest.raises(NoEcgLeads):
        read_scp(Scp({31: ecg["I"], 32: ecg["II"]}).bytes())


def test_a_lead_twice_is_refused(ecg: dict[str | int, Steps]) -> None:
    with pytest.raises(DuplicateLeads):
        read_scp(Scp({"I": ecg["I"], 1: ecg["II"]}).bytes())


def test_the_option_names_leads_without_a_code(ecg: dict[str | int, Steps]) -> None:
    data = Scp({0: ecg["I"], 255: ecg["V2"]}).bytes()

    recording = read_scp(data, leads="I,V2")

    assert "leads as given with the file" in recording.corrections
    assert_holds(recording, {"I": ecg["I"], "V2": ecg["V2"]})


@pytest.mark.parametrize("codes", [None, [DEFAULT]])
@pytest.mark.parametrize("end_shift", [0, 1])
def test_both_ways_to_number_from_0_are_read(ecg: dict[str | int, Steps], codes: Any, end_shift: int) -> None:
    """Whether the last number is that of a sample follows from the samples that are stored."""
    leads: dict[str | int, Steps] = {"I": ecg["I"], "V4": ecg["V4"]}
    # After the last of these values no padding follows that could be one more.
    leads = {name: np.append(row[:999], [30_000]) for name, row in leads.items()}

    recording = read_scp(Scp(leads, codes=codes, starts=[0, 0], end_shift=end_shift).bytes())

    assert any("numbered from 0" in correction for correction in recording.corrections) == bool(end_shift)
    assert_holds(recording, leads)


@pytest.mark.parametrize("end_shift", [-1, 1])
def test_plain_samples_are_counted_if_the_stated_number_is_off_by_one(
    ecg: dict[str | int, Steps], end_shift: int
) -> None:
    leads: dict[str | int, Steps] = {"I": ecg["I"], "V4": ecg["V4"]}

    recording = read_scp(Scp(leads, end_shift=end_shift).bytes())

    assert "leads have one sample more or less than stated: all that are stored were read" in recording.corrections
    assert_holds(recording, leads)


@pytest.mark.parametrize(("end_shift", "error"), [(-2, HeaderInvalid), (2, SignalTruncated), (-2500, HeaderInvalid)])
@pytest.mark.parametrize("start", [0, 1])
def test_other_numbers_of_plain_samples_are_refused(
    ecg: dict[str | int, Steps], end_shift: int, start: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        read_scp(Scp({"I": ecg["I"], "V4": ecg["V4"]}, starts=[start] * 2, end_shift=end_shift).bytes())


@pytest.mark.parametrize("first", [0, 1, 1000])
def test_leads_that_begin_later_are_placed_in_time(ecg: dict[str | int, Steps], first: int) -> None:
    leads: dict[str | int, Steps] = {"I": ecg["I"][:800], "V1": ecg["V1"][300:1200], "V2": ecg["V2"][100:110]}

    recording = read_scp(Scp(leads, starts=[first, first + 300, first + 100]).bytes())

    expected = np.full((3, 1200), np.nan)
    for row, (name, start) in enumerate(zip(leads, (0, 300, 100), strict=True)):
        expected[row, start : start + len(leads[name])] = leads[name] * 1e-3
    np.testing.assert_allclose(recording.signal, expected, rtol=1e-6)


def test_sample_numbers_at_the_rate_of_the_reference_beat_are_understood(ecg: dict[str | int, Steps]) -> None:
    """The rhythm has 250 Hz, the beat 500 Hz, and the leads are said to have twice the samples that they have."""
    leads: dict[str | int, Steps] = {"I": ecg["I"][:500], "II": ecg["II"][:500]}
    beat = struct.pack("<HHBBHH", 1000, 2000, 0, 0, 0, 0)
    data = Scp(leads, interval_us=4000, end_shift=500, starts=[1, 1], changes={5: beat}).bytes()

    recording = read_scp(data)

    assert recording.fs_hz == 250
    assert "samples numbered at the rate of the reference beat" in recording.corrections
    assert_holds(recording, leads)


def test_sections_are_found_by_their_pointers(ecg: dict[str | int, Steps]) -> None:
    """In any order, with gaps between them, and with sections of manufacturers, whose structure is unknown."""
    leads: dict[str | int, Steps] = {"I": ecg["I"], "V2": ecg["V2"]}
    bodies = Scp(leads, codes=[DEFAULT], order=2).bodies()
    parts = {number: scp.section(number, body) for number, body in bodies.items()} | {200: b"\xff" * 37, 12: b"any"}
    length = 16 + 10 * (1 + len(parts))
    place, pointers, content = 7 + length, [struct.pack("<HII", 0, length, 7)], b""
    for number in (200, 6, 12, 3, 1, 2):
        content += b"gap" + parts[number]
        pointers.append(struct.pack("<HII", number, len(parts[number]), place + 3))
        place += 3 + len(parts[number])
    data = scp.sealed(scp.section(0, b"".join(pointers)) + content)

    recording = read_scp(data)

    assert recording.corrections == (CONVERTED,)
    assert_holds(recording, leads)


def test_a_length_in_the_table_of_sections_may_differ(ecg: dict[str | int, Steps]) -> None:
    data = Scp({"I": ecg["I"]}).bytes()
    place = 6 + 16 + 10 * 6 + 2
    changed = data[:place] + struct.pack("<I", 9) + data[place + 4 :]

    recording = read_scp(changed)

    assert "a section states another length than the table of sections: its own was used" in recording.corrections
    assert_holds(recording, {"I": ecg["I"]})


# -- reference beat. No real file with one is known here, so these tests rely on the writer.


@pytest.mark.parametrize("codes", [None, [DEFAULT], SWITCHING], ids=["plain", "default", "own"])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_subtracted_reference_beat_is_added_again(ecg: dict[str | int, Steps], codes: Any, order: int) -> None:
    leads = {name: ecg[name][:3000] for name in ("I", "II", "V3")}
    stored = scp.with_reference_beat(Scp(leads, codes=codes, order=order))
    assert any((stored.leads[name] != leads[name]).any() for name in leads)

    recording = read_scp(stored.bytes())

    assert "reference beat added to the heartbeats from which it was subtracted" in recording.corrections
    assert_holds(recording, leads)


def test_the_reference_beat_has_its_own_step(ecg: dict[str | int, Steps]) -> None:
    """The rhythm's steps are 500 nV, those of the beat 4 uV: it is added as a voltage."""
    flat: dict[str | int, Steps] = {"V1": np.zeros(1000, np.int64), "V2": np.ones(1000, np.int64)}
    beat: dict[str | int, Steps] = {"V1": np.arange(1, 101), "V2": -np.arange(1, 101)}
    zones = [(0, 201, 240, 260), (1, 401, 440, 460), (0, 651, 640, 700)]

    signal = read_scp(Scp(flat, nv=500, beat=beat, beat_nv=4000, zones=zones, fiducial=50).bytes()).signal

    expected = np.zeros((2, 1000))
    expected[1] = 0.0005
    # Sample 240 and sample 50 of the beat are in line, so sample 201 has the 11th of the beat.
    for first, fiducial, last in ((201, 240, 260), (651, 640, 700)):
        for number in range(first, last + 1):
            at = number - fiducial + 50
            if 1 <= at <= 100:
                expected[:, number - 1] += np.array([at, -at]) * 0.004
    np.testing.assert_allclose(signal, expected, rtol=1e-6, atol=1e-9)


def test_heartbeats_that_are_only_partly_recorded_get_their_part() -> None:
    leads: dict[str | int, Steps] = {"I": np.zeros(300, np.int64), "V1": np.zeros(200, np.int64)}
    beat: dict[str | int, Steps] = {"I": np.arange(1, 101), "V1": np.arange(1, 101)}
    zones = [(0, 1, 20, 70), (0, 250, 280, 900)]
    data = Scp(leads, starts=[1, 101], beat=beat, beat_nv=1000, zones=zones, fiducial=60).bytes()

    signal = read_scp(data).signal

    expected = np.full((2, 300), np.nan)
    expected[0] = expected[1, 100:] = 0
    # Sample 20 is the 60th of the beat, so sample 1 is the 41st and sample 60 the 100th and last.
    expected[0, 0:60] = np.arange(41, 101) / 1000
    expected[:, 249:300] = np.arange(30, 81) / 1000
    np.testing.assert_allclose(signal, expected, rtol=1e-6, atol=1e-9)


def test_a_reference_beat_that_was_not_subtracted_is_not_added(ecg: dict[str | int, Steps]) -> None:
    leads: dict[str | int, Steps] = {"I": ecg["I"], "II": ecg["II"]}
    whole = scp.with_reference_beat(Scp(leads))
    data = replace(whole, leads=leads, changes={3: Scp(leads).placed()}).bytes()

    assert_holds(read_scp(data), leads)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"changes": {4: b""}}, HeaderInvalid),
        ({"changes": {5: b""}}, HeaderInvalid),
        ({"changes": {4: b"\x00\x01"}}, HeaderInvalid),
        ({"zones": []}, HeaderInvalid),
        ({"zones": [(3, 100, 150, 200)]}, HeaderInvalid),
        ({"zones": [(0, 200, 150, 100)]}, HeaderInvalid),
        ({"zones": [(0, 1, 150, 3000)] * 40}, HeaderInvalid),
        ({"fiducial": 0}, HeaderInvalid),
        ({"beat_us": 1000}, UnsupportedFormat),
        ({"beat_us": 4000}, UnsupportedFormat),
        ({"starts": [0, 0]}, UnsupportedFormat),
        ({"beat_nv": 0}, UnitsUnknown),
        ({"nv": 0}, UnitsUnknown),
    ],
)
def test_a_reference_beat_that_cannot_be_placed_is_refused(
    ecg: dict[str | int, Steps], change: dict[str, Any], error: type[Exception]
) -> None:
    whole = scp.with_reference_beat(Scp({"I": ecg["I"][:3000], "II": ecg["II"][:3000]}))

    with pytest.raises(error):
        read_scp(replace(whole, **change).bytes())


# -- what is refused by name


@pytest.mark.parametrize("protocol", [13, 20, 30])
def test_bimodal_compression_is_refused_by_name(ecg: dict[str | int, Steps], protocol: int) -> None:
    with pytest.raises(UnsupportedFormat, match="bimodal compression") as refusal:
        read_scp(Scp(ecg, mode=1, protocol=protocol).bytes())

    assert "without compression" in refusal.value.hint


@pytest.mark.parametrize("codes", [None, [DEFAULT]])
def test_decimated_samples_without_their_flag_are_refused(ecg: dict[str | int, Steps], codes: Any) -> None:
    fewer = {name: row[::4] for name, row in ecg.items()}

    with pytest.raises(SignalTruncated):
        read_scp(Scp(fewer, codes=codes, changes={3: Scp(ecg).placed()}).bytes())


def test_a_long_term_rhythm_is_refused_by_name(ecg: dict[str | int, Steps]) -> None:
    bodies = Scp(ecg).bodies()
    without = {number: body for number, body in bodies.items() if number != 6}

    with pytest.raises(UnsupportedFormat, match="long-term"):
        read_scp(scp.record(without | {12: bodies[6]}, protocol=30))


def test_a_short_rhythm_beside_a_long_one_is_read(ecg: dict[str | int, Steps]) -> None:
    bodies = Scp(ecg, protocol=30).bodies() | {12: bytes(5000)}

    recording = read_scp(scp.record(bodies, protocol=30))

    assert "long-term rhythm (section 12) left out" in recording.corrections
    assert_holds(recording, ecg)


def test_a_record_without_rhythm_is_refused(ecg: dict[str | int, Steps]) -> None:
    bodies = {number: body for number, body in Scp(ecg).bodies().items() if number != 6}

    with pytest.raises(UnsupportedFormat, match="no rhythm"):
        read_scp(scp.record(bodies))


# -- checksums


def test_a_wrong_checksum_of_the_record_is_reported(ecg: dict[str | int, Steps]) -> None:
    """Programs that remove the patient's name often leave it as it was."""
    data = Scp(ecg).bytes()
    changed = data.replace(b"Name\0", b"XXXX\0")
    assert changed != data

    recording = read_scp(changed)

    assert "the checksum of the whole record does not match; those of the sections decide" in recording.corrections
    assert_holds(recording, ecg)


@pytest.mark.parametrize("number", [2, 3, 6])
def test_a_wrong_checksum_of_a_section_with_the_signal_is_refused(ecg: dict[str | int, Steps], number: int) -> None:
    data = bytearray(Scp(ecg, codes=[DEFAULT], order=1).bytes())
    data[_place(data, number)] ^= 1

    with pytest.raises(ChecksumMismatch):
        read_scp(bytes(data))


@pytest.mark.parametrize("number", [4, 5])
def test_the_checksums_of_a_reference_beat_count_if_it_is_used(ecg: dict[str | int, Steps], number: int) -> None:
    data = bytearray(scp.with_reference_beat(Scp(ecg)).bytes())
    data[_place(data, number)] ^= 1

    with pytest.raises(ChecksumMismatch):
        read_scp(bytes(data))


def test_a_changed_sample_is_noticed(ecg: dict[str | int, Steps]) -> None:
    data = bytearray(Scp(ecg).bytes())
    data[-100] ^= 4

    with pytest.raises(ChecksumMismatch):
        read_scp(bytes(data))


def test_a_checksum_of_0_means_that_there_is_none(ecg: dict[str | int, Steps]) -> None:
    data = bytearray(Scp(ecg).bytes())
    place = _place(data, 6)
    data[place : place + 2] = b"\0\0"

    recording = read_scp(bytes(data))

    assert "no checksum stated: the samples could not be verified" in recording.corrections
    assert_holds(recording, ecg)


def _place(data: bytes | bytearray, number: int) -> int:
    """The offset of a section."""
    return int(struct.unpack_from("<I", data, 6 + 16 + 10 * number + 6)[0]) - 1


# -- what the file leaves open


def test_a_step_of_0_nv_is_no_unit(ecg: dict[str | int, Steps]) -> None:
    data = Scp({"I": ecg["I"]}, nv=0).bytes()

    with pytest.raises(UnitsUnknown):
        read_scp(data)
    assert_holds(read_scp(data, units="uV"), {"I": ecg["I"]})
    assert_holds(read_scp(data, gain=1000.0), {"I": ecg["I"]})


def test_an_interval_of_0_is_no_rate(ecg: dict[str | int, Steps]) -> None:
    data = Scp({"I": ecg["I"]}, interval_us=0).bytes()

    with pytest.raises(SamplingRateUnknown):
        read_scp(data)
    assert read_scp(data, fs_hz=500.0).fs_hz == 500


def test_options_do_not_replace_what_the_file_states(ecg: dict[str | int, Steps]) -> None:
    recording = read_scp(Scp({"I": ecg["I"]}).bytes(), fs_hz=250.0, gain=3.0, leads="II")

    assert recording.fs_hz == 500
    assert_holds(recording, {"I": ecg["I"]})
    assert len([text for text in recording.corrections if "not used" in text]) == 3


def test_several_records_in_one_file_are_refused(ecg: dict[str | int, Steps]) -> None:
    data = Scp({"I": ecg["I"]}).bytes()

    with pytest.raises(SeveralRecords):
        read_scp(data + data)


def test_bytes_after_the_record_are_left_out(ecg: dict[str | int, Steps]) -> None:
    recording = read_scp(Scp({"I": ecg["I"]}).bytes() + bytes(100))

    assert "bytes after the record left out: 100" in recording.corrections
    assert_holds(recording, {"I": ecg["I"]})


def test_every_example_is_read_by_its_content() -> None:
    for files in scp.examples().values():
        recording = read({"some file.bin": files["ecg.scp"]})

        assert recording.format == "scp"
        assert recording.duration_s == 10


# -- Huffman tables


@pytest.mark.parametrize("swap", [False, True])
def test_both_orders_of_the_lengths_of_a_code_are_read(swap: bool) -> None:
    """Some writers state the whole length first. A prefix cannot be longer than its code."""
    leads: dict[str | int, Steps] = {"I": np.array([3, -4, 900, 0, 1, -1000] * 20)}
    body = bytearray(scp.tables(DEFAULT))
    for row in range(len(DEFAULT)):
        place = 4 + 9 * row
        if swap:
            body[place], body[place + 1] = body[place + 1], body[place]

    assert_holds(read_scp(Scp(leads, codes=[DEFAULT], changes={2: bytes(body)}).bytes()), leads)


@pytest.mark.parametrize("body", [struct.pack("<H", 0), struct.pack("<HHBBBhI", 1, 1, 0, 16, 1, 0, 0)])
def test_tables_that_state_no_compression_are_read(body: bytes) -> None:
    leads: dict[str | int, Steps] = {"I": np.array([3, -4, 900, 0, 1, -1000] * 20)}

    assert_holds(read_scp(Scp(leads, order=1, changes={2: body}).bytes()), leads)


def test_a_value_and_more_bits_are_added() -> None:
    table = (Code("0", 500, more=4), Code("10", -500, more=4), Code("11", 0, more=12))
    leads: dict[str | int, Steps] = {"I": np.array([500, 507, 492, -500, -493, -508, 0, 2047, -2048, 508])}

    assert_holds(read_scp(Scp(leads, codes=[table]).bytes()), leads)


@pytest.mark.parametrize("padding", [b"\0\0", b"\xff\xff\xff\xff", b"\x5a", b"\0" * 40])
def test_padding_after_a_lead_is_left_out(padding: bytes) -> None:
    leads: dict[str | int, Steps] = {"I": np.array([3, -4, 900, 0, 1, -1000] * 20), "II": np.arange(120)}
    body = _padded(leads, padding)

    assert_holds(read_scp(Scp(leads, codes=[DEFAULT], changes={6: body}).bytes()), leads)


def test_more_data_after_a_lead_is_refused() -> None:
    leads: dict[str | int, Steps] = {"I": np.array([3, -4, 900, 0, 1, -1000] * 20), "II": np.arange(120)}

    with pytest.raises(HeaderInvalid, match="more samples"):
        read_scp(Scp(leads, codes=[DEFAULT], changes={6: _padded(leads, b"\x12\x34\x56")}).bytes())


def _padded(leads: Mapping[str | int, Steps], padding: bytes) -> bytes:
    """Section 6 with these bytes after each lead."""
    parts = [scp.packed(row.tolist(), [DEFAULT], align=8) + padding for row in leads.values()]
    return struct.pack("<HHBB2H", 1000, 2000, 0, 0, *map(len, parts)) + b"".join(parts)

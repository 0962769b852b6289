"""Kardia recordings: the app's ATC file and the JSON of the Kardia API."""

import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ecgdatakit.parsing.parsers.alivecor_kardia import AliveCorKardiaParser

from ecg_core.errors import EcgError
from ecg_core.leads import LIMB_LEADS
from ecg_core.readers import read
from ecg_core.recording import MAX_VALUES, Recording
from tests.unit.readers.made import kardia_atc as atc
from tests.unit.readers.made import kardia_json as api
from tests.unit.readers.made.kardia_atc import kardia


def refused(data: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as error:
        read({"ecg": data}, **options)
    return error.value


def blocks_of(data: bytes) -> dict[bytes, bytes]:
    """A second decoder: name to data of each block."""
    found, place = {}, 12
    while place < len(data):
        (length,) = struct.unpack_from("<I", data, place + 4)
        found[data[place : place + 4]] = data[place + 8 : place + 8 + length]
        place += 12 + length
    return found


# ATC


@pytest.mark.parametrize(("name", "leads"), [("1_lead", ("I",)), ("6_lead", LIMB_LEADS)])
def test_a_real_file_gives_the_samples_of_its_blocks(samples: Path, name: str, leads: tuple[str, ...]) -> None:
    data = (samples / "kardia_atc" / f"{name}.atc").read_bytes()
    recording = read({f"{name}.atc": data})

    blocks = blocks_of(data)
    counts = np.stack([np.frombuffer(blocks[atc.BLOCKS[lead]], "<i2") for lead in leads])
    assert (recording.format, recording.leads, recording.fs_hz) == ("kardia_atc", leads, 300.0)
    assert recording.signal.shape == (len(leads), 9000)
    assert recording.sha256 == hashlib.sha256(data).hexdigest()
    np.testing.assert_allclose(recording.signal, counts * 500e-6, rtol=1e-6)


def test_the_six_leads_of_a_real_file_obey_einthoven_and_goldberger(samples: Path) -> None:
    recording = read({"6.atc": (samples / "kardia_atc/6_lead.atc").read_bytes()})
    lead = dict(zip(recording.leads, recording.signal, strict=True))

    # The app rounds each lead on its own. One step is 0.5 uV.
    for found, expected in (
        (lead["III"], lead["II"] - lead["I"]),
        (lead["aVR"], -(lead["I"] + lead["II"]) / 2),
        (lead["aVL"], (lead["I"] - lead["III"]) / 2),
        (lead["aVF"], (lead["II"] + lead["III"]) / 2),
    ):
        assert np.abs(found - expected).max() <= 0.0016


def test_a_real_file_with_a_changed_sample_is_refused(samples: Path) -> None:
    assert refused((samples / "kardia_atc/broken_checksum.atc").read_bytes()).code == "checksum_mismatch"


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("fs_hz", [200.0, 300.0, 600.0])
@pytest.mark.parametrize("resolution_nv", [500, 1000, 65535])
def test_what_is_written_is_read_back(version: int, fs_hz: float, resolution_nv: int) -> None:
    made = kardia(fs_hz=fs_hz)
    found = read({"a": atc.atc(made, resolution_nv=resolution_nv, version=version)})
    assert (found.leads, found.fs_hz) == (LIMB_LEADS, fs_hz)
    assert np.abs(found.signal - made.signal).max() <= resolution_nv / 2e6 + 1e-6


def test_blocks_may_stand_in_any_order_and_unknown_ones_are_skipped_by_their_length() -> None:
    made = kardia(("I", "II"))
    first, second = atc.samples(made)
    # A length that is followed by what looks like a block would mislead a reader that looks for names.
    inner = atc.block(b"xyz!", atc.samples(kardia(("I",)))[0])
    data = atc.start() + inner + second + atc.block(b"pre ", b"") + first + atc.fmt() + atc.block(b"info", atc.INFO)
    found = read({"a": data})
    assert found.leads == ("II", "I")
    np.testing.assert_allclose(found.signal, made.signal[::-1], atol=5e-4)


def test_the_average_beat_is_never_read_as_a_signal() -> None:
    made = kardia(("I",))
    average = atc.block(b"avg ", b"\x10\x27" * 300)
    assert read({"a": atc.atc(made, after=[average])}).signal.shape == made.signal.shape
    assert refused(atc.start() + atc.fmt() + average).code == "no_ecg_leads"


@pytest.mark.parametrize(
    ("flags", "filters"),
    [
        (0x00, ()),
        (0x2E, ()),
        (0x02, ()),
        (0x10, ("baseline",)),
        (0x40, ("enhanced",)),
        (0x7F, ("enhanced", "baseline")),
    ],
)
def test_filters_that_change_the_st_segment_are_reported(flags: int, filters: tuple[str, ...]) -> None:
    said = [text for text in read({"a": atc.atc(kardia(), flags=flags)}).corrections if "filter" in text]
    assert len(said) == len(filters)
    assert all(name in text and "ST segment" in text for name, text in zip(filters, said, strict=True))


def test_zero_bytes_after_the_last_block_are_padding() -> None:
    data = atc.atc(kardia())
    assert read({"a": data + bytes(7)}).signal.shape == read({"a": data + bytes(500)}).signal.shape == (6, 3000)
    assert refused(data + b"\0\0\1").code == "signal_truncated"


def test_a_file_that_is_cut_anywhere_is_refused_or_ends_between_two_blocks() -> None:
    data = atc.atc(kardia(duration_s=1.0))
    ends = [12]
    while ends[-1] < len(data):
        ends.append(ends[-1] + 12 + struct.unpack_from("<I", data, ends[-1] + 4)[0])
    for cut in (*range(8, 400), *range(400, len(data), 37)):
        if cut not in ends:
            assert refused(data[:cut]).code == "signal_truncated", cut
    assert refused(data[: ends[1]]).code == "header_invalid"
    assert refused(data[: ends[2]]).code == "no_ecg_leads"
    assert read({"a": data[: ends[4]]}).leads == ("I", "II")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (atc.start(1) + atc.fmt() + atc.samples(kardia(("I",)))[0], "unsupported_format"),
        (atc.start(5) + atc.fmt() + atc.samples(kardia(("I",)))[0], "unsupported_format"),
        (atc.start() + atc.fmt(kind=2) + atc.samples(kardia(("I",)))[0], "unsupported_format"),
        (atc.start() + atc.samples(kardia(("I",)))[0], "header_invalid"),
        (atc.start() + atc.block(b"fmt ", b"\1\2") + atc.samples(kardia(("I",)))[0], "header_invalid"),
        (atc.start() + atc.fmt() + atc.fmt() + atc.samples(kardia(("I",)))[0], "header_invalid"),
        (atc.start() + atc.fmt() + atc.samples(kardia(("I",)))[0] * 2, "header_invalid"),
        (atc.start() + atc.fmt(resolution_nv=0) + atc.samples(kardia(("I",)))[0], "units_unknown"),
        (atc.start() + atc.fmt(fs_hz=0) + atc.samples(kardia(("I",)))[0], "sampling_rate_unknown"),
        (atc.start() + atc.fmt(fs_hz=9000) + atc.samples(kardia(("I",)))[0], "sampling_rate_out_of_range"),
        (atc.start() + atc.fmt() + atc.block(b"ecg ", bytes(601)), "signal_truncated"),
        (atc.start() + atc.fmt() + atc.block(b"ecg ", bytes(600)) + atc.block(b"ecg2", bytes(602)), "signal_truncated"),
        (atc.start() + atc.block(b"none", b"") * 2000, "header_invalid"),
        (atc.start() + b"ecg \xff\xff\xff\xff" + bytes(100), "signal_truncated"),
        (atc.start()[:9], "signal_truncated"),
    ],
)
def test_an_invalid_file_is_refused_with_its_code(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_a_wrong_checksum_counts_only_where_it_protects_the_ecg() -> None:
    data = bytearray(atc.atc(kardia()))
    data[25] ^= 1
    assert read({"a": bytes(data)}).signal.shape == (6, 3000)
    data[12 + 12 + 264 + 8 + 1] ^= 1
    assert refused(bytes(data)).code == "checksum_mismatch"


def test_a_file_with_too_many_samples_is_refused() -> None:
    lead = atc.block(b"ecg ", bytes(2 * MAX_VALUES + 2))
    assert refused(atc.start() + atc.fmt() + lead).code == "file_too_large"


def test_options_fill_in_only_what_the_file_leaves_open() -> None:
    data = atc.atc(kardia())
    assert "sampling rate given with the file not used" in " ".join(read({"a": data}, fs_hz=500).corrections)
    assert "unit given with the file not used" in " ".join(read({"a": data}, units="uV").corrections)
    assert "leads given with the file not used" in " ".join(read({"a": data}, leads="II").corrections)
    nameless = atc.start() + atc.fmt(fs_hz=0) + atc.samples(kardia(("I",)))[0]
    assert read({"a": nameless}, fs_hz=300).fs_hz == 300


# JSON


def test_the_raw_samples_are_read_and_agree_with_another_reader(tmp_path: Path) -> None:
    data = api.written(api.document(kardia()))
    (tmp_path / "kardia.json").write_bytes(data)
    other = AliveCorKardiaParser().parse(tmp_path / "kardia.json")

    found = read({"a": data})
    assert (found.format, found.fs_hz, found.leads) == ("kardia_json", 300.0, LIMB_LEADS)
    for lead, row in zip(other.leads, found.signal, strict=True):
        # Their samples are counts, with a resolution in uV.
        np.testing.assert_allclose(row, lead.samples * lead.resolution / 1000, atol=1e-6)
    assert "unfiltered samples (raw) read, not those with Kardia's enhanced filter" in found.corrections


def test_the_filtered_samples_are_read_only_if_there_are_no_others() -> None:
    made = kardia()
    for data in ({"enhanced": api.block(made)}, {"raw": None, "enhanced": api.block(made)}):
        found = read({"a": api.written(api.document(made, data=data))})
        assert any("enhanced filter" in text and "ST segment" in text for text in found.corrections)
        np.testing.assert_allclose(found.signal, made.signal, atol=3e-4)
    empty = api.block(made) | {"samples": {"leadI": []}, "numLeads": 0}
    found = read({"a": api.written(api.document(made, data={"raw": empty, "enhanced": api.block(made)}))})
    assert found.leads == LIMB_LEADS


@pytest.mark.parametrize("how", [{}, {"indent": 2}, {"separators": (",", ":")}, {"sort_keys": True}])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_form_and_the_encoding_of_the_json_do_not_matter(how: dict[str, Any], encoding: str) -> None:
    made = kardia(("I", "II"), duration_s=2.0)
    data = api.written(api.document(made), **how).decode().encode(encoding)
    assert read({"a": data}).leads == ("I", "II")


def test_leads_that_the_device_does_not_have_may_be_empty() -> None:
    made = kardia(("I",))
    block = api.block(made)
    block["samples"] |= {"leadII": None, "leadIII": [], "AVR": None}
    assert read({"a": api.written(api.document(made, data={"raw": block}))}).leads == ("I",)


def test_null_is_a_gap() -> None:
    made = kardia(("I",))
    block = api.block(made)
    block["samples"]["leadI"][100:103] = [None] * 3
    found = read({"a": api.written(api.document(made, data={"raw": block}))})
    assert np.flatnonzero(np.isnan(found.signal[0])).tolist() == [100, 101, 102]
    assert "samples that the file marks as missing read as gaps: 3" in found.corrections


def test_without_a_resolution_the_unit_is_asked_for() -> None:
    made = kardia(("I",))
    block = api.block(made)
    del block["amplitudeResolution"]
    data = api.written(api.document(made, data={"raw": block}))
    assert refused(data).code == "units_unknown"
    np.testing.assert_allclose(read({"a": data}, gain=2000).signal, made.signal, atol=3e-4)


def test_without_a_rate_the_rate_is_asked_for() -> None:
    block = api.block(kardia())
    del block["frequency"]
    data = api.written(api.document(kardia(), data={"raw": block}))
    assert refused(data).code == "sampling_rate_unknown"
    assert read({"a": data}, fs_hz=300).fs_hz == 300


def changed(**changes: Any) -> bytes:
    made = kardia(duration_s=2.0)
    return api.written(api.document(made, data={"raw": api.block(made) | changes}))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (api.written(api.document(kardia(), data=None, data12L={"samples": [1, 2]})), "unsupported_format"),
        (api.written(api.document(kardia(), data12L={"samples": [1, 2]})), "unsupported_format"),
        (api.written(api.document(kardia(), inverted=True)), "unsupported_format"),
        (api.written([api.document(kardia(("I",))), api.document(kardia(("I",)))]), "several_records"),
        (api.written(api.document(kardia(), duration=30_000)), "header_invalid"),
        (changed(numLeads=1), "header_invalid"),
        (changed(frequency="300"), "header_invalid"),
        (changed(frequency=True), "header_invalid"),
        (changed(frequency=0), "sampling_rate_out_of_range"),
        (changed(frequency=10**400), "header_invalid"),
        (changed(amplitudeResolution=0), "header_invalid"),
        (changed(amplitudeResolution=-500), "header_invalid"),
        (changed(samples={"leadI": [1, 2], "leadII": [1]}, numLeads=2), "signal_truncated"),
        (changed(samples={"leadI": {"a": 1}}), "signal_invalid"),
        (changed(samples={"leadI": ["1"] * 600}, numLeads=1), "signal_invalid"),
        (changed(samples={"leadI": [True] * 600}, numLeads=1), "signal_invalid"),
        (changed(samples={"leadI": [[1]] * 600}, numLeads=1), "signal_invalid"),
        (changed(samples={"leadI": [10**400] * 600}, numLeads=1), "signal_invalid"),
        (changed(samples={"leadI": [1e300] * 600}, numLeads=1), "signal_invalid"),
        (changed(samples={"pulse": [1] * 600, "leadIV": [1] * 600}, numLeads=2) + b'  "leadI"', "header_invalid"),
        (changed() + b"\n" + changed(), "several_records"),
        (changed(samples={"leadI": []}), "header_invalid"),
    ],
)
def test_an_invalid_json_is_refused_with_its_code(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_a_json_that_is_cut_anywhere_is_refused() -> None:
    data = api.written(api.document(kardia(("I",), duration_s=1.0)))
    for cut in range(2500, len(data) - 1, 61):
        assert refused(data[:cut]).code in {"signal_truncated", "header_invalid"}


@pytest.mark.parametrize("made", [*atc.examples().values(), *api.examples().values()])
def test_every_example_is_read_with_the_ecg_it_was_made_from(made: dict[str, bytes]) -> None:
    found: Recording = read(made)
    truth = kardia(found.leads, fs_hz=found.fs_hz)
    np.testing.assert_allclose(found.signal, truth.signal, atol=6e-4)

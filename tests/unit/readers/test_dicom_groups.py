"""DICOM: which groups hold the rhythm, how they lie in time, and which samples are missing."""

from typing import Any

import numpy as np
import pytest

import ecg_core
from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.readers.dicom import reader
from ecg_core.readers.options import Options
from ecg_core.readers.source import Bytes
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.made.dicom import GENERAL, Channel, Writer, counts_of, file, group, scp

HEART = synthesize("normal", seed=5)
COUNTS = counts_of(HEART)
BEAT = COUNTS[:, 400:1000]
WRITER = Writer()


def read(*groups: bytes, **options: Any) -> Recording:
    return ecg_core.read({"ecg.dcm": file(WRITER, groups, sop_class=GENERAL)}, **options)


def refusal_of(*groups: bytes, **options: Any) -> EcgError:
    with pytest.raises(EcgError) as refusal:
        read(*groups, **options)
    return refusal.value


def part(rows: slice, columns: slice = slice(None), **changes: Any) -> bytes:
    return group(WRITER, COUNTS[rows, columns], [scp(lead) for lead in LEADS[rows]], **changes)


@pytest.mark.parametrize(
    "beat",
    [
        {"label": "MEDIAN BEAT", "originality": "DERIVED"},
        {"label": "", "originality": "DERIVED"},
        {"label": None, "originality": "DERIVED"},
        {"label": "Representative Beat", "originality": "ORIGINAL"},
        {"label": "Median", "originality": None},
        {"label": "AVERAGE", "originality": "ORIGINAL"},
        {"label": None, "originality": None},
    ],
)
@pytest.mark.parametrize("rhythm", [{}, {"label": None}, {"originality": None}, {"originality": None, "label": "A"}])
@pytest.mark.parametrize("last", [True, False])
def test_a_beat_is_never_taken_for_the_rhythm(beat: dict[str, Any], rhythm: dict[str, Any], last: bool) -> None:
    groups = [group(WRITER, COUNTS, **rhythm), group(WRITER, BEAT, **beat)]

    recording = read(*(groups if last else groups[::-1]))

    np.testing.assert_array_equal(recording.signal, HEART.signal)
    assert "groups of channels left out, such as median beats: 1" in recording.corrections


def test_a_short_group_beside_a_long_one_is_a_beat_even_if_it_is_called_original() -> None:
    beat = group(WRITER, BEAT, label=None, offset="0")

    np.testing.assert_array_equal(read(beat, group(WRITER, COUNTS, offset="0")).signal, HEART.signal)
    assert read(group(WRITER, BEAT, label=None)).signal.shape == (12, 600)


@pytest.mark.parametrize("label", ["MEDIAN BEAT", "", "RHYTHM MEDIAN", None])
def test_a_file_with_beats_only_is_refused(label: str | None) -> None:
    refusal = refusal_of(group(WRITER, BEAT, label=label, originality="DERIVED"))

    assert refusal.code == "unsupported_format"
    assert "beats" in refusal.message


def test_a_derived_rhythm_is_used_only_if_there_is_no_original_one() -> None:
    derived = group(WRITER, COUNTS // 2, originality="DERIVED")

    assert "rhythm that the file marks as derived used: there is no original one" in read(derived).corrections
    np.testing.assert_array_equal(read(derived, group(WRITER, COUNTS)).signal, HEART.signal)


def test_groups_of_one_time_are_joined_as_leads_of_one_record() -> None:
    recording = read(part(slice(6), offset="100"), part(slice(6, 12), offset="100"))

    assert recording.leads == LEADS
    np.testing.assert_array_equal(recording.signal, HEART.signal)


@pytest.mark.parametrize("first_offset", [0, 12_345])
def test_pages_are_laid_on_one_time_axis(first_offset: int) -> None:
    """Four pages of three leads and 2.5 s: outside its page a lead has no samples."""
    pages = [
        part(
            slice(3 * page, 3 * page + 3),
            slice(1250 * page, 1250 * page + 1250),
            offset=f"{first_offset + 2500 * page}",
        )
        for page in range(4)
    ]
    expected = np.full((12, 5000), np.nan, np.float32)
    for page in range(4):
        there = slice(3 * page, 3 * page + 3), slice(1250 * page, 1250 * page + 1250)
        expected[there] = HEART.signal[there]

    np.testing.assert_array_equal(read(*pages).signal, expected)
    np.testing.assert_array_equal(read(*pages[::-1]).signal, expected[[9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2]])


def test_pages_with_a_rhythm_strip_share_the_lead() -> None:
    strip = group(WRITER, COUNTS[1:2], [scp("II")], offset="0")
    pages = [
        part(slice(3 * page, 3 * page + 3), slice(1250 * page, 1250 * page + 1250), offset=f"{2500 * page}")
        for page in range(4)
    ]

    recording = read(strip, *pages)

    assert recording.leads[0] == "II"
    np.testing.assert_array_equal(recording.signal[0], HEART.signal[1])
    assert np.isnan(recording.signal[1]).sum() == 3750


def test_gaps_between_groups_stay_gaps() -> None:
    recording = read(part(slice(12), slice(2000), offset="0"), part(slice(12), slice(3000, 5000), offset="6000"))

    np.testing.assert_array_equal(recording.signal[:, :2000], HEART.signal[:, :2000])
    np.testing.assert_array_equal(recording.signal[:, 3000:], HEART.signal[:, 3000:])
    assert np.isnan(recording.signal[:, 2000:3000]).all()


@pytest.mark.parametrize("offsets", [(None, None), ("0", None), ("", "0")])
def test_groups_without_a_time_are_refused(offsets: tuple[str | None, str | None]) -> None:
    refusal = refusal_of(part(slice(6), offset=offsets[0]), part(slice(6, 12), offset=offsets[1]))

    assert (refusal.code, "when each group begins" in refusal.message) == ("unsupported_format", True)


def test_groups_of_several_rates_are_refused() -> None:
    refusal = refusal_of(part(slice(6), offset="0"), part(slice(6, 12), offset="0", fs="250"))

    assert (refusal.code, "rates" in refusal.message) == ("unsupported_format", True)


def test_two_groups_with_other_samples_of_one_lead_at_one_time_are_refused() -> None:
    filtered = group(WRITER, COUNTS[:, ::-1], offset="0")

    assert refusal_of(part(slice(12), offset="0"), filtered).code == "duplicate_leads"


def test_a_group_without_leads_does_not_matter() -> None:
    breath = group(
        WRITER, COUNTS[:1, :300], [Channel((None, None, "Resp"), unit="Ohm")], kind="US", fs="25", label="RESP"
    )

    np.testing.assert_array_equal(read(breath, part(slice(12))).signal, HEART.signal)


def test_the_option_names_the_channels_of_all_groups() -> None:
    unnamed = [Channel((None, None, None))] * 2
    groups = [group(WRITER, COUNTS[rows], unnamed, offset="0") for rows in (slice(2), slice(2, 4))]

    recording = read(*groups, leads="I,II,III,aVR")

    assert recording.leads == LEADS[:4]
    np.testing.assert_array_equal(recording.signal, HEART.signal[:4])


def padded(counts: Any, padding: int | None, **changes: Any) -> Recording:
    return read(group(WRITER, counts, padding=padding, **changes))


def test_zero_as_padding_leaves_zero_crossings_alone() -> None:
    """ECGToolkit states 0 as padding. Read literally, every zero crossing would be a gap."""
    assert (COUNTS == 0).any()

    recording = padded(COUNTS, 0)

    np.testing.assert_array_equal(recording.signal, HEART.signal)
    assert recording.corrections == ("converted from uV to mV",)


@pytest.mark.parametrize("padding", [0, -32_768, 32_767, -999])
def test_padding_in_all_channels_is_a_gap(padding: int) -> None:
    counts = COUNTS.copy()
    counts[:, 1000:1100] = counts[:, 4600:] = padding

    recording = padded(counts, padding)

    expected = HEART.signal.copy()
    expected[:, 1000:1100] = expected[:, 4600:] = np.nan
    np.testing.assert_array_equal(recording.signal, expected)
    assert f"samples that the file marks as missing read as gaps: {12 * 500}" in recording.corrections


@pytest.mark.parametrize("padding", [0, -32_768])
def test_padding_in_one_channel_is_a_gap_if_it_is_long(padding: int) -> None:
    """A printed page of 2.5 s of each lead, filled up with padding."""
    counts = np.full_like(COUNTS, padding)
    for row in range(12):
        counts[row, 1250 * (row // 3) :][:1250] = COUNTS[row, 1250 * (row // 3) :][:1250]

    recording = padded(counts, padding)

    assert np.isfinite(recording.signal).sum(axis=1).tolist() == pytest.approx([1250] * 12, abs=5)


@pytest.mark.parametrize("stated", [None, 0, -32_768])
@pytest.mark.parametrize("length", [1, 20, 700])
def test_the_lowest_number_is_a_gap_if_the_lead_leaps_to_it(stated: int | None, length: int) -> None:
    counts = COUNTS.copy()
    counts[3, 2000 : 2000 + length] = counts[4, :length] = counts[5, -length:] = -32_768

    recording = padded(counts, stated)

    expected = HEART.signal.copy()
    expected[3, 2000 : 2000 + length] = expected[4, :length] = expected[5, -length:] = np.nan
    np.testing.assert_array_equal(recording.signal, expected)


def test_a_clipped_peak_is_no_gap() -> None:
    """In steps of 0.05 uV the converter ends at -1.6 mV. The lead reaches it in steps; the quality check sees it."""
    deep = np.clip(COUNTS[1:2] * -60, -32_768, 32_767)
    assert (deep == -32_768).any()

    recording = read(group(WRITER, deep, [scp("II", sensitivity="0.05")]))

    assert np.isfinite(recording.signal).all()


def test_a_steep_peak_at_the_end_of_the_range_is_no_gap() -> None:
    """One sample at -1.6 mV, its neighbours 1 mV above. No gap is marked by a step of this size."""
    steep = COUNTS[1:2].copy()
    steep[0, 1000:1003] = -12_768, -32_768, -12_768

    recording = read(group(WRITER, steep, [scp("II", sensitivity="0.05")]))

    assert np.isfinite(recording.signal).all()


def test_a_lead_that_is_padding_from_end_to_end_is_a_gap() -> None:
    counts = COUNTS.copy()
    counts[2] = -32_768

    assert np.isnan(padded(counts, None).signal[2]).all()


@pytest.mark.parametrize("padding", [0, -32_768])
def test_blocks_see_the_same_gaps_as_the_whole(padding: int) -> None:
    counts = COUNTS.copy()
    counts[2, 1000:1900] = counts[:, 3000:3060] = counts[5, 100] = padding
    channels = [scp(lead, sample_skew=str(place % 3 - 1)) for place, lead in enumerate(LEADS)]
    data = file(WRITER, [group(WRITER, counts, channels, padding=padding)])
    expected = ecg_core.read({"a": data}).signal
    assert np.isnan(expected).sum() > 900 + 12 * 60

    for start, stop in ((0, 500), (990, 1010), (1000, 1400), (1450, 1451), (1890, 3030), (3050, 5000)):
        block = reader.open_signals(Bytes(data), Options()).block(start, stop)
        np.testing.assert_array_equal(block, expected[:, start:stop])


def test_a_long_recording_is_read_in_pieces_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = COUNTS.copy()
    counts[2, 1000:1900] = counts[:, 3000:3060] = 0
    data = file(WRITER, [group(WRITER, counts, padding=0)])
    expected = ecg_core.read({"a": data}).signal

    monkeypatch.setattr("ecg_core.readers.dicom.samples._BLOCK_BYTES", 1)
    monkeypatch.setattr("ecg_core.readers.dicom.samples._MIN_BLOCK_S", 0.7)

    np.testing.assert_array_equal(ecg_core.read({"a": data}).signal, expected)

"""Mortara XML: made files, against ECGDataKit. No real file was at hand."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.errors import (
    EcgError,
    FileTooLarge,
    HeaderInvalid,
    NoEcgLeads,
    SamplingRateUnknown,
    SignalInvalid,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.recording import Recording
from tests.unit.readers.made import mortara_xml as made

EXAMPLES = made.examples()


def opened(data: bytes, **options: Any) -> Recording:
    return read({"ecg.xml": data}, **options)


@pytest.fixture(scope="module")
def counts() -> NDArray[np.int64]:
    return made.counts_of(2.0)


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_variant_is_read_as_it_was_written_and_as_ecgdatakit_reads_it(title: str, tmp_path: Path) -> None:
    ecgdatakit = pytest.importorskip("ecgdatakit")
    file = tmp_path / "ecg.xml"
    file.write_bytes(next(iter(EXAMPLES[title].values())))

    recording = read(EXAMPLES[title])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = ecgdatakit.FileParser().parse(file).leads

    units = 200 if "200" in title else 400
    assert (recording.format, recording.leads) == ("mortara_xml", LEADS)
    assert recording.fs_hz == oracle[0].sampling_rate == (1_000 if "1000" in title else 500)
    expected = made.counts_of(fs_hz=recording.fs_hz, units_per_mv=units) / units
    np.testing.assert_allclose(recording.signal, expected, atol=1e-6)
    assert {lead.units for lead in oracle} == {"mV"}
    np.testing.assert_allclose(recording.signal, [lead.samples for lead in oracle], atol=1e-6)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1"])
def test_encodings_of_the_file(counts: NDArray[np.int64], encoding: str) -> None:
    np.testing.assert_allclose(opened(made.recording(counts, encoding=encoding)).signal, counts / 400, atol=1e-6)


def test_each_lead_has_its_own_scale(counts: NDArray[np.int64]) -> None:
    parts = [made.channel(lead, counts[row], UNITS_PER_MV=str(100 * (row + 1))) for row, lead in enumerate(LEADS)]

    signal = opened(made.document(*parts)).signal

    np.testing.assert_allclose(signal, counts / (100 * np.arange(1, 13))[:, None], rtol=1e-5, atol=1e-6)


def test_a_missing_scale_is_settled_by_the_gain(counts: NDArray[np.int64]) -> None:
    data = made.recording(counts, UNITS_PER_MV="")

    with pytest.raises(UnitsUnknown) as refusal:
        opened(data)
    assert "gain=" in refusal.value.hint
    np.testing.assert_allclose(opened(data, gain=400.0).signal, counts / 400, atol=1e-6)


def test_a_missing_rate_is_asked_for(counts: NDArray[np.int64]) -> None:
    data = made.recording(counts, SAMPLE_FREQ="")

    with pytest.raises(SamplingRateUnknown):
        opened(data)
    assert opened(data, fs_hz=500.0).fs_hz == 500.0


@pytest.mark.parametrize("offset", ["", "0", "0.0"])
def test_no_offset_is_read(counts: NDArray[np.int64], offset: str) -> None:
    assert opened(made.recording(counts, OFFSET=offset)).signal.shape == (12, 1_000)


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (UnsupportedFormat, {"OFFSET": "10"}),
        (UnsupportedFormat, {"OFFSET": "-1"}),
        (UnsupportedFormat, {"BITS": "32"}),
        (UnsupportedFormat, {"BITS": ""}),
        (UnsupportedFormat, {"FORMAT": "UNSIGNED"}),
        (UnsupportedFormat, {"ENCODING": "HEX"}),
        (SignalTruncated, {"DURATION": "1001"}),
        (SignalTruncated, {"DURATION": "2000"}),
        (HeaderInvalid, {"DURATION": "999"}),
        (HeaderInvalid, {"DURATION": ""}),
        (FileTooLarge, {"DURATION": "1000000000"}),
        (HeaderInvalid, {"SAMPLE_FREQ": "-500"}),
        (HeaderInvalid, {"UNITS_PER_MV": "0"}),
        (SignalInvalid, {"DATA": "****"}),
        (SignalTruncated, {"DATA": "AAAA"}),
    ],
)
def test_what_is_wrong_is_refused(counts: NDArray[np.int64], error: type[EcgError], change: dict[str, str]) -> None:
    with pytest.raises(error):
        opened(made.recording(counts, **change))


def test_leads_of_different_rates_or_lengths_are_refused(counts: NDArray[np.int64]) -> None:
    eleven = [made.channel(lead, row) for lead, row in zip(LEADS[:11], counts, strict=False)]

    for last in (made.channel("V6", counts[11], SAMPLE_FREQ="1000"), made.channel("V6", counts[11, :-1])):
        with pytest.raises(HeaderInvalid, match="different"):
            opened(made.document(*eleven, last))


def test_the_averaged_beat_alone_is_no_recording() -> None:
    with pytest.raises(HeaderInvalid, match="Averaged beats"):
        opened(made.document())


def test_channels_without_lead_names_are_refused(counts: NDArray[np.int64]) -> None:
    with pytest.raises(NoEcgLeads):
        opened(made.recording(counts, [f"X{number}" for number in range(12)]))


def test_another_xml_with_this_root_is_not_taken() -> None:
    with pytest.raises(UnsupportedFormat):
        opened(b'<?xml version="1.0"?><ECG><Lead name="I">1 2 3</Lead></ECG>')


def test_a_file_cut_anywhere_is_refused(counts: NDArray[np.int64]) -> None:
    data = made.recording(counts)

    for place in np.linspace(100, len(data) - 10, 40).astype(int):
        with pytest.raises(EcgError):
            opened(data[:place])

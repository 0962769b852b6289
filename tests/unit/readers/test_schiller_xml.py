"""Schiller XML: a real file, made ones, and what is refused."""

import re
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
    SeveralRecords,
    SignalInvalid,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.leads import LEADS
from ecg_core.readers import read
from ecg_core.recording import Recording
from tests.unit.readers.made import schiller_xml as made

EXAMPLES = made.examples()


def opened(data: bytes, **options: Any) -> Recording:
    return read({"ecg.xml": data}, **options)


@pytest.fixture(scope="module")
def values() -> NDArray[np.int64]:
    return made.uv_of(2.0)


@pytest.fixture(scope="module")
def real(samples: Path) -> bytes:
    return (samples / "schiller_xml" / "schiller.xml").read_bytes()


def test_a_real_file_gives_the_numbers_of_its_rhythm(real: bytes) -> None:
    recording = opened(real)

    rhythm = real.decode("utf-8-sig").split("<type>ECG_RHYTHMS</type>")[1]
    lists = re.findall(r"<name>(\w+)</name>\s*<data>([^<]*)<", rhythm)[:12]
    expected = np.array([[int(number) for number in text.split(",")] for _, text in lists]) / 1_000
    assert (recording.format, recording.fs_hz) == ("schiller_xml", 500.0)
    assert recording.leads == LEADS
    assert [name for name, _ in lists] == [lead.upper() for lead in LEADS]
    assert recording.signal.shape == (12, 4_998)
    np.testing.assert_allclose(recording.signal, expected, atol=1e-6)


def test_the_limb_leads_of_a_real_file_obey_einthoven(real: bytes) -> None:
    one, two, three, right, left, foot = opened(real).signal[:6]

    assert np.abs(three - (two - one)).max() < 1e-5
    assert np.abs(right + (one + two) / 2).max() <= 0.005 + 1e-5
    assert np.abs(left - (one - three) / 2).max() <= 0.005 + 1e-5
    assert np.abs(foot - (two + three) / 2).max() <= 0.005 + 1e-5
    assert np.std(three) > 0.02


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_variant_is_read_exactly(title: str) -> None:
    recording = read(EXAMPLES[title])

    fine = "2.5" in title
    expected = np.round(made.uv_of(fs_hz=1_000) / 2.5) * 0.0025 if fine else made.uv_of(9.996) * 0.001
    assert (recording.leads, recording.fs_hz) == (LEADS, 1_000 if fine else 500)
    np.testing.assert_allclose(recording.signal, expected, atol=1e-6)


@pytest.mark.parametrize("exponent", ["<exponent>1</exponent>", "<exponent>0</exponent>", "<exponent/>", ""])
def test_an_exponent_of_one_or_zero_changes_nothing(values: NDArray[np.int64], exponent: str) -> None:
    assert opened(made.document(made.waves(values, exponent=exponent))).fs_hz == 500.0


@pytest.mark.parametrize("exponent", ["00", "2", "3", "-1", "10", "x"])
def test_any_other_exponent_is_refused(values: NDArray[np.int64], exponent: str) -> None:
    with pytest.raises(HeaderInvalid, match="exponent"):
        opened(made.document(made.waves(values, exponent=f"<exponent>{exponent}</exponent>", rate="50")))


@pytest.mark.parametrize(
    ("resolution", "mv"),
    [
        ("<unitperbit>1.0</unitperbit><units>UV</units>", 1e-3),
        ("<unitperbit>5</unitperbit><unit>uV</unit>", 5e-3),
        ("<unitperbit>0.001</unitperbit><units>MV</units>", 1e-3),
    ],
)
def test_resolutions_and_units(values: NDArray[np.int64], resolution: str, mv: float) -> None:
    recording = opened(made.document(made.waves(values, resolution=resolution)))

    np.testing.assert_allclose(recording.signal, values * mv, rtol=1e-6)


def test_a_missing_unit_is_settled_by_an_option(values: NDArray[np.int64]) -> None:
    data = made.document(made.waves(values, resolution="<unitperbit>1.0</unitperbit>"))

    with pytest.raises(UnitsUnknown):
        opened(data)
    np.testing.assert_allclose(opened(data, units="uV").signal, values * 0.001, rtol=1e-6)
    np.testing.assert_allclose(opened(data, gain=1_000.0).signal, values * 0.001, rtol=1e-6)


@pytest.mark.parametrize("lead", range(12))
def test_each_name_gets_its_own_samples(values: NDArray[np.int64], lead: int) -> None:
    order = np.roll(np.arange(12), lead)

    recording = opened(made.document(made.waves(values[order], [made.UPPER[row] for row in order])))

    np.testing.assert_allclose(recording.signal[recording.leads.index(LEADS[lead])], values[lead] * 0.001, atol=1e-6)


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (UnsupportedFormat, {"datatype": "BASE64"}),
        (UnsupportedFormat, {"datatype": ""}),
        (UnsupportedFormat, {"kind": "ECG_AVERAGES"}),
        (SignalTruncated, {"count": 1_001}),
        (HeaderInvalid, {"count": 999}),
        (FileTooLarge, {"count": 10**9}),
        (HeaderInvalid, {"rate": "500 Hz"}),
        (SamplingRateUnknown, {"rate": ""}),
        (HeaderInvalid, {"resolution": "<unitperbit>nan</unitperbit><units>UV</units>"}),
        (UnitsUnknown, {"resolution": "<unitperbit>1</unitperbit><units>PA</units>"}),
        (NoEcgLeads, {"names": [f"X{number}" for number in range(12)]}),
    ],
)
def test_what_is_wrong_is_refused(values: NDArray[np.int64], error: type[EcgError], change: dict[str, Any]) -> None:
    with pytest.raises(error):
        opened(made.document(made.waves(values, **change)))


def test_averages_alone_and_two_rhythms_are_refused(values: NDArray[np.int64]) -> None:
    with pytest.raises(UnsupportedFormat, match="ECG_RHYTHMS"):
        opened(made.document())
    with pytest.raises(SeveralRecords):
        opened(made.document(made.waves(values) * 2))


def test_leads_of_different_lengths_and_words_in_a_list_are_refused(values: NDArray[np.int64]) -> None:
    data = made.document(made.waves(values))
    last = made.channel("V6", values[11]).encode()

    with pytest.raises(HeaderInvalid, match="lengths"):
        opened(data.replace(last, made.channel("V6", values[11, :-1]).encode()))
    with pytest.raises(SignalInvalid):
        opened(data.replace(last, last.replace(b"<data>", b"<data>x")))


def test_a_file_cut_anywhere_is_refused(values: NDArray[np.int64]) -> None:
    data = made.document(made.waves(values))

    for place in np.linspace(200, len(data) - 20, 40).astype(int):
        with pytest.raises(EcgError):
            opened(data[:place])

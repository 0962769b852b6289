"""CardioSoft XML: a real file, made ones, and what is refused."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_core.errors import (
    DuplicateLeads,
    EcgError,
    FileTooLarge,
    HeaderInvalid,
    NoEcgLeads,
    SamplingRateOutOfRange,
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
from tests.unit.readers.made import cardiosoft_xml as made

EXAMPLES = made.examples()


def opened(data: bytes, **options: Any) -> Recording:
    return read({"ecg.xml": data}, **options)


@pytest.fixture(scope="module")
def counts() -> made.Counts:
    return made.counts_of(2.0)


@pytest.fixture(scope="module")
def real(samples: Path) -> bytes:
    return (samples / "cardiosoft_xml" / "heartwise_dummy_ecg.xml").read_bytes()


def test_a_real_file_gives_the_numbers_of_its_strip(real: bytes) -> None:
    recording = opened(real)

    strip = real.decode("latin-1").split("<StripData>")[1]
    lists = re.findall(r'<WaveformData lead="(\w+)">([^<]*)<', strip)
    expected = np.array([[int(number) for number in text.split(",")] for _, text in lists]) * 0.005
    assert (recording.format, recording.fs_hz) == ("cardiosoft_xml", 500.0)
    assert recording.leads == LEADS == tuple(lead for lead, _ in lists)
    assert recording.signal.shape == (12, 5_000)
    np.testing.assert_allclose(recording.signal, expected, atol=1e-6)


def test_the_limb_leads_of_a_real_file_obey_einthoven(real: bytes) -> None:
    one, two, three, right, left, foot = opened(real).signal[:6]

    four_steps = 4 * 0.005 + 1e-5
    assert np.abs(three - (two - one)).max() <= four_steps
    assert np.abs(right + (one + two) / 2).max() <= four_steps
    assert np.abs(left - (one - three) / 2).max() <= four_steps
    assert np.abs(foot - (two + three) / 2).max() <= four_steps
    assert np.std(three) > 0.02


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_variant_is_read_exactly(title: str) -> None:
    recording = read(EXAMPLES[title])

    counts = made.counts_of(fs_hz=recording.fs_hz)
    assert len(recording.leads) == (8 if "eight" in title else 12)
    assert recording.fs_hz == (1_000 if "1000" in title else 500)
    expected = counts[[LEADS.index(lead) for lead in recording.leads]] * 0.005
    np.testing.assert_allclose(recording.signal, expected, atol=1e-6)


@pytest.mark.parametrize("encoding", ["ISO8859-1", "utf-8", "utf-16", "windows-1252"])
@pytest.mark.parametrize("attribute", ["lead", "Lead", "LEAD"])
def test_encodings_and_spellings(counts: made.Counts, encoding: str, attribute: str) -> None:
    recording = opened(made.document(made.strip(counts, attribute=attribute), encoding=encoding))

    assert recording.leads == LEADS
    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)


@pytest.mark.parametrize(
    ("units", "mv"), [("uVperLsb", 1e-3), ("uvPerLSB", 1e-3), ("mVperLsb", 1.0), ("nVperLsb", 1e-6)]
)
def test_the_unit_of_the_resolution(counts: made.Counts, units: str, mv: float) -> None:
    resolution = f'<Resolution units="{units}">2.5</Resolution>'

    recording = opened(made.document(made.strip(counts, resolution=resolution)))

    np.testing.assert_allclose(recording.signal, counts * 2.5 * mv, rtol=1e-6)


def test_a_missing_resolution_or_unit_is_settled_by_an_option(counts: made.Counts) -> None:
    no_unit = made.document(made.strip(counts, resolution="<Resolution>5</Resolution>"))
    none = made.document(made.strip(counts, resolution=""))

    for data, options in ((no_unit, {"units": "uV"}), (no_unit, {"gain": 200.0}), (none, {"gain": 200.0})):
        np.testing.assert_allclose(opened(data, **options).signal, counts * 0.005, atol=1e-6)
    for data in (no_unit, none):
        with pytest.raises(UnitsUnknown):
            opened(data)


def test_a_strip_inside_strip_data_is_read(counts: made.Counts) -> None:
    inner = made.strip(counts, element="Strip")

    recording = opened(made.document(f"<StripData>{inner}</StripData>"))

    np.testing.assert_allclose(recording.signal, counts * 0.005, atol=1e-6)


@pytest.mark.parametrize("around", ["", "StripData"])
def test_several_strips_are_several_records(counts: made.Counts, around: str) -> None:
    strips = made.strip(counts, element="Strip" if around else "StripData") * 2
    with pytest.raises(SeveralRecords):
        opened(made.document(f"<{around}>{strips}</{around}>" if around else strips))


def test_an_exercise_ecg_is_refused_by_name_unless_it_has_one_strip(counts: made.Counts) -> None:
    disclosure = "<FullDisclosure><FullDisclosureData>1,2,3</FullDisclosureData></FullDisclosure>"

    with pytest.raises(UnsupportedFormat, match="exercise"):
        opened(made.document(disclosure))
    recording = opened(made.document(disclosure, made.strip(counts)))
    assert "full disclosure of the exercise ECG not read: only its strip is" in recording.corrections


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (SignalTruncated, {"number": 13}),
        (HeaderInvalid, {"number": 11}),
        (SignalTruncated, {"samples": 1_001}),
        (HeaderInvalid, {"samples": 999}),
        (FileTooLarge, {"samples": 10**9}),
        (HeaderInvalid, {"rate_units": ' units="ms"'}),
        (SamplingRateOutOfRange, {"fs_hz": 2}),
        (HeaderInvalid, {"fs_hz": 0}),
        (HeaderInvalid, {"resolution": '<Resolution units="uVperLsb">0</Resolution>'}),
        (UnitsUnknown, {"resolution": '<Resolution units="uV">5</Resolution>'}),
        (UnitsUnknown, {"resolution": '<Resolution units="mmHgperLsb">5</Resolution>'}),
        (NoEcgLeads, {"attribute": "channel"}),
        (DuplicateLeads, {"leads": ("I", *LEADS[:11])}),
    ],
)
def test_what_is_wrong_is_refused(counts: made.Counts, error: type[EcgError], change: dict[str, Any]) -> None:
    with pytest.raises(error):
        opened(made.document(made.strip(counts, **change)))


def test_averaged_beats_alone_are_no_recording() -> None:
    with pytest.raises(HeaderInvalid, match="no strip"):
        opened(made.document())


def test_a_missing_rate_is_asked_for(counts: made.Counts) -> None:
    data = made.document(re.sub("<SampleRate.*</SampleRate>", "", made.strip(counts)))

    with pytest.raises(SamplingRateUnknown):
        opened(data)
    assert opened(data, fs_hz=500.0).fs_hz == 500.0


def test_a_list_with_a_gap_or_a_word_is_refused(counts: made.Counts) -> None:
    strip = made.strip(counts)
    place = strip.index(",", strip.index("WaveformData"))

    with pytest.raises((SignalTruncated, SignalInvalid)):
        opened(made.document(strip[:place] + "," + strip[strip.index(",", place + 1) :]))
    with pytest.raises(SignalInvalid):
        opened(made.document(strip[:place] + "x" + strip[place:]))


def test_a_comma_behind_the_last_sample_is_no_sample(counts: made.Counts) -> None:
    strip = made.strip(counts).replace("</WaveformData>", ",\n</WaveformData>")

    np.testing.assert_allclose(opened(made.document(strip)).signal, counts * 0.005, atol=1e-6)


def test_a_list_that_is_much_too_long_is_refused_unparsed(counts: made.Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    long = made.document(made.strip(counts).replace("</WaveformData>", ",1" * 50_000 + "</WaveformData>"))
    monkeypatch.setattr("ecg_core.readers.xml.stated.numbers", lambda *_: pytest.fail("the list was parsed"))

    with pytest.raises(HeaderInvalid, match="more samples"):
        opened(long)


def test_a_file_cut_anywhere_is_refused(counts: made.Counts) -> None:
    data = made.document(made.strip(counts))

    for place in np.linspace(200, len(data) - 20, 40).astype(int):
        with pytest.raises(EcgError):
            opened(data[:place])

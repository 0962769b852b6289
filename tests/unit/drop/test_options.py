"""Metadata of a dropped object as options of classify(): they fill in what the file leaves open."""

import json
from base64 import b64encode

import pytest

from ecg_core import EcgError, classify
from ecg_core.drop.addresses import SVG
from ecg_core.drop.options import OPTIONS, options_of, stated
from ecg_core.synthesis.heart import synthesize
from tests.unit.drop.conftest import Place
from tests.unit.drop.disturbance import without_hooks
from tests.unit.drop.fake import once
from tests.unit.drop.records import Files


@pytest.fixture(scope="module")
def bare() -> bytes:
    """A table that states neither its sampling rate nor its unit, in mV at 500 Hz."""
    recording = synthesize("normal")
    rows = (",".join(f"{value:.3f}" for value in row) for row in recording.signal.T)
    return "\n".join([",".join(recording.leads), *rows, ""]).encode()


def dropped(place: Place, key: str, body: bytes, **metadata: str) -> bytes:
    """The outcome of an upload with metadata."""
    place.inbox.upload(key, body, {name.replace("_", "-"): text for name, text in metadata.items()})
    place.told(key)
    return place.outcomes[f"{key}.json"]


def test_metadata_fill_in_what_the_file_leaves_open(place: Place, bare: bytes) -> None:
    expected = classify({"a.csv": bare}, fs_hz=500, units="mV").to_json()
    assert dropped(place, "a.csv", bare, fs_hz="500", units="mV") == expected


def test_leads_and_gain_settle_raw_counts(place: Place) -> None:
    signal = synthesize("normal", fs_hz=250).only(("I", "II")).signal
    counts = b"ch1,ch2\n" + b"".join(
        b"%d,%d\n" % (1024 + 200 * one, 1024 + 200 * two) for one, two in signal.T.tolist()
    )
    expected = classify({"a.csv": counts}, fs_hz=250, leads="I,II", gain=200).to_json()
    assert dropped(place, "a.csv", counts, fs_hz="250", leads="I,II", gain="200") == expected


def test_metadata_of_a_header_count_for_its_record(place: Place, pair: Files) -> None:
    header = pair["record.hea"].replace(b"record 12 500 5000", b"record 12")
    files = {"record.hea": header, "record.dat": pair["record.dat"]}
    place.inbox.upload("record.dat", files["record.dat"], {"fs-hz": "250"})
    expected = classify(files, fs_hz=500.0).to_json()
    assert dropped(place, "record.hea", header, fs_hz="500") == expected


def test_new_metadata_of_the_same_bytes_change_the_outcome_and_its_forms(place: Place, bare: bytes) -> None:
    place.forms = (SVG,)
    first = dropped(place, "a.csv", bare, fs_hz="500", units="mV")
    plot = place.results["a.csv.svg"]
    second = dropped(place, "a.csv", bare, fs_hz="400", units="mV")
    assert json.loads(second)["recording"]["fs_hz"] == 400
    assert place.results["a.csv.svg"] != plot
    assert json.loads(dropped(place, "a.csv", bare))["code"]
    assert dropped(place, "a.csv", bare, units="mV", fs_hz="500") == first
    assert place.results["a.csv.svg"] == plot
    written = len(place.results.written)
    dropped(place, "a.csv", bare, units="mV", fs_hz="500")
    assert len(place.results.written) == written


def test_new_metadata_change_the_corrections_of_the_same_recording(place: Place, archive: bytes) -> None:
    plain = dropped(place, "a.zip", archive)
    contradicted = dropped(place, "a.zip", archive, fs_hz="250")
    assert contradicted == classify({"a.zip": archive}, fs_hz=250).to_json()
    assert dropped(place, "a.zip", archive) == plain


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        *(({"fs_hz": text, "units": "mV"}, "sampling_rate_out_of_range") for text in ("fast", "0", "nan", "-5", "1e9")),
        ({"fs_hz": "500", "units": "apples"}, "units_unknown"),
        ({"fs_hz": "500", "gain": "much"}, "units_unknown"),
        ({"fs_hz": "500", "units": "mV", "leads": "I,VII"}, "no_ecg_leads"),
    ],
)
def test_a_wrong_value_gives_its_refusal(place: Place, bare: bytes, metadata: dict[str, str], code: str) -> None:
    assert json.loads(dropped(place, "a.csv", bare, **metadata))["code"] == code


def test_a_worker_that_read_older_metadata_does_not_have_the_last_word(place: Place, bare: bytes) -> None:
    dropped(place, "a.csv", bare)
    place.inbox.upload("a.csv", bare, {"fs-hz": "400", "units": "mV"})

    def comes() -> None:
        dropped(place, "a.csv", bare)

    place.results.before = [once("put", "a.csv.json", without_hooks(place, comes))]
    place.told("a.csv")
    place.results.before = []
    with pytest.raises(EcgError) as refused:
        classify({"a.csv": bare})
    assert place.outcomes["a.csv.json"] == refused.value.to_json()


def test_other_and_empty_metadata_state_nothing() -> None:
    assert stated({"mtime": "1", "fs-hz": " ", "Units": " uV "}) == {"units": "uV"}
    assert options_of({"units": "uV", "fs-hz": "500"}) == {"fs_hz": 500.0, "units": "uV"}
    assert list(OPTIONS) == ["fs-hz", "units", "leads", "gain"]


def test_what_is_not_ascii_is_decoded() -> None:
    micro = f"=?UTF-8?B?{b64encode('µV'.encode()).decode()}?="
    assert stated({"units": micro}) == {"units": "µV"}
    assert stated({"units": "=?broken"}) == {"units": "=?broken"}
    assert stated({"units": "=?no-such-charset?B?wrVW?="}) == {"units": "=?no-such-charset?B?wrVW?="}

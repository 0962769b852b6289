"""What is written for a record, at which address, and when nothing is written."""

import json

import pytest

from ecg_core import __version__, classify
from ecg_core.drop.addresses import DICOM_SR, FHIR, FHIR_BUNDLE, FORMS, HL7, SVG, address
from ecg_core.readers.source import Bytes
from ecg_core.recording import MAX_BYTES
from ecg_core.synthesis.writers import zip_bytes
from tests.unit.drop.conftest import Place
from tests.unit.drop.fake import once
from tests.unit.drop.records import Files, holter


def test_a_large_file_of_no_fixed_layout_is_refused_after_a_look_at_its_beginning(place: Place) -> None:
    place.inbox["table.csv"] = b"time,I\n" + b"0.5,1\n" * (MAX_BYTES // 6)
    (answer,) = place.told("table.csv")
    assert (answer.state, answer.code) == ("written", "file_too_large")
    assert place.inbox.bytes_read < 200_000
    assert place.told("table.csv")[0].state == "unchanged"


def test_a_long_record_is_answered_from_its_windows(place: Place) -> None:
    files = holter()
    place.inbox.drop(files)
    (answer,) = place.told("record.dat")
    assert (answer.key, answer.state, answer.code) == ("record.hea", "written", None)
    expected = classify({"record.hea": files["record.hea"], "record.dat": Bytes(files["record.dat"])})
    assert place.outcomes == {"record.hea.json": expected.to_json()}
    assert place.inbox.bytes_read < 4_000_000
    assert place.told("record.dat")[0].state == "unchanged"


def test_a_long_record_that_changes_while_it_is_read_is_read_again(place: Place) -> None:
    files = holter()
    place.inbox.drop(files)
    other = bytes(600) + files["record.dat"][600:]
    place.inbox.before = [once("range", "record.dat", lambda: place.inbox.drop({"record.dat": other}))]
    place.told("record.dat")
    expected = classify({"record.hea": files["record.hea"], "record.dat": Bytes(other)})
    assert place.outcomes == {"record.hea.json": expected.to_json()}


@pytest.mark.parametrize("forms", [(), (SVG,), (FHIR,), (SVG, FHIR), FORMS])
def test_other_forms_are_written_before_the_outcome(place: Place, table: bytes, forms: tuple[str, ...]) -> None:
    place.forms = forms
    place.arrives({"a.csv": table})
    assert place.results.written == [*(f"a.csv{form}" for form in forms), "a.csv.json"]
    starts = {
        SVG: b"<svg",
        FHIR: b'{"resourceType": "DiagnosticReport"',
        FHIR_BUNDLE: b'{"resourceType": "Bundle"',
        DICOM_SR: bytes(128) + b"DICM",
        HL7: b"MSH|",
    }
    assert all(place.results[f"a.csv{form}"].startswith(starts[form]) for form in forms)


def test_every_form_is_byte_stable_whenever_the_record_is_answered(place: Place, table: bytes) -> None:
    place.forms = FORMS
    place.arrives({"a.csv": table})
    first = place.outcomes
    for key in first:
        place.results[key] = b""
    place.clock.passes(days=3)
    place.told("a.csv")
    assert place.outcomes == first
    assert len(first) == len(FORMS) + 1


def test_a_form_that_is_configured_later_is_added(place: Place, table: bytes) -> None:
    place.arrives({"a.csv": table})
    place.forms = (SVG,)
    assert place.told("a.csv")[0].state == "written"
    assert place.results["a.csv.svg"].startswith(b"<svg")
    assert place.told("a.csv")[0].state == "unchanged"


def test_a_form_that_no_longer_belongs_to_the_outcome_is_emptied(place: Place, table: bytes) -> None:
    place.forms = (SVG, FHIR)
    place.arrives({"a.csv": table})
    place.arrives({"a.csv": b"I\n" + b"0\n" * 5000})
    assert json.loads(place.results["a.csv.json"])["code"]
    assert place.results["a.csv.svg"] == place.results["a.csv.fhir.json"] == b""
    place.forms = ()
    place.arrives({"a.csv": table})
    assert place.results["a.csv.svg"] == b""
    place.forms = (SVG,)
    assert place.told("a.csv")[0].state == "written"
    assert place.results["a.csv.svg"].startswith(b"<svg")


def test_a_repeated_event_writes_nothing_and_classifies_nothing(
    place: Place, pair: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.arrives(pair)
    written = list(place.results.written)
    monkeypatch.setattr(type(place.classifier), "classify", None)
    answers = place.told(*pair, *pair)
    assert [(answer.key, answer.state) for answer in answers] == [("record.hea", "unchanged")] * 4
    assert place.results.written == written


def test_the_same_bytes_uploaded_again_change_nothing(place: Place, pair: Files) -> None:
    place.arrives(pair)
    before = place.results.objects["record.hea.json"]
    place.clock.passes(days=1)
    place.arrives(pair)
    assert place.results.objects["record.hea.json"] is before


def test_the_same_record_in_another_zip_changes_nothing(place: Place, pair: Files, archive: bytes) -> None:
    place.arrives({"x.zip": archive})
    assert place.arrives({"x.zip": zip_bytes(dict(reversed(pair.items())))})[0].state == "unchanged"


def test_new_bytes_give_a_new_outcome_at_the_same_address(place: Place, pair: Files, other_pair: Files) -> None:
    place.arrives(pair)
    place.arrives({"record.dat": other_pair["record.dat"]})
    assert json.loads(place.outcomes["record.hea.json"])["code"] == "checksum_mismatch"
    place.arrives({"record.hea": other_pair["record.hea"]})
    assert place.outcomes == {"record.hea.json": classify(other_pair).to_json()}


def test_another_release_classifies_again(place: Place, table: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    place.arrives({"a.csv": table})
    assert place.results.objects["a.csv.json"].metadata["release"] == __version__
    monkeypatch.setattr("ecg_core.drop.outcome.__version__", "99.0.0")
    # It was looked at again, and said the same.
    assert place.told("a.csv")[0].state == "unchanged"
    old = place.results.objects["a.csv.json"]
    place.results["a.csv.json"] = old.body.replace(b'"probability"', b'"probabilitY"')
    assert place.told("a.csv")[0].state == "written"


def test_an_answer_that_differs_in_rounding_only_is_not_written_again(
    place: Place, archive: bytes, pair: Files
) -> None:
    place.arrives({"x.zip": archive})
    stored = place.results.objects["x.zip.json"]
    place.results.put(
        "x.zip.json",
        stored.body.replace(b'"probability": 0.9', b'"probability": 0.8'),
        replaces=stored.etag,
        content_type="application/json",
        metadata=stored.metadata,
    )
    assert place.arrives({"x.zip": zip_bytes(dict(reversed(pair.items())))})[0].state == "unchanged"


def test_versions_and_digests_are_in_the_metadata_and_not_in_the_body(place: Place, pair: Files) -> None:
    place.arrives(pair)
    stored = place.results.objects["record.hea.json"]
    versions = [place.inbox.objects[name].version for name in ("record.hea", "record.dat")]
    assert stored.metadata["source-versions"] == ",".join(map(str, versions))
    assert stored.metadata["record-sha256"] == json.loads(stored.body)["recording"]["sha256"]
    assert set(json.loads(stored.body)) == set(json.loads(classify(pair).to_json()))


def test_an_event_of_a_missing_key_writes_nothing(place: Place) -> None:
    answers = place.told("gone.hea", "gone.csv", "gone.dat")
    assert [answer.state for answer in answers] == ["gone", "gone", "gone"]
    assert place.results.objects == {}


def test_a_batch_reads_a_record_once(place: Place, pair: Files) -> None:
    place.inbox.drop(pair)
    drop = place.drop()
    first = drop.arrived("record.dat")
    reads = list(place.inbox.calls)
    assert drop.arrived("record.hea") == drop.arrived("record.dat") == first
    assert place.inbox.calls == reads


def test_deleting_files_from_the_inbox_keeps_the_outcome(place: Place, pair: Files) -> None:
    place.arrives(pair)
    del place.inbox.objects["record.dat"]
    assert place.told("record.hea")[0].state == "waiting"
    place.clock.passes(hours=30)
    place.sweep()
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}
    assert not place.waiting


@pytest.mark.parametrize(
    "key",
    [
        "waiting/a.csv",
        "members/a.csv",
        "sha256/a.csv",
        "manifests/a.csv",
        "backfill/a/b.csv",
        "a.csv.fhir",
        "a.csv.fhir-bundle",
        "ä" * 510,
    ],
)
def test_a_key_with_a_prefix_of_the_drop_gets_a_hashed_address(place: Place, table: bytes, key: str) -> None:
    place.arrives({key: table})
    (found,) = place.outcomes
    assert found == address(key)
    assert found.startswith("sha256/")
    assert len(found) == len("sha256/") + 64 + len(".json")


@pytest.mark.parametrize(("length", "hashed"), [(1019, False), (1020, True), (1024, True)])
def test_the_longest_keys_have_an_address(place: Place, table: bytes, length: int, hashed: bool) -> None:
    key = "k" * (length - 4) + ".csv"
    place.arrives({key: table})
    (found,) = place.outcomes
    assert found.startswith("sha256/") == hashed
    assert len(found.encode()) <= 1024


def test_a_pair_with_keys_of_the_longest_length_waits_and_is_answered(place: Place, pair: Files) -> None:
    folder = "f" * 1013 + "/"
    answers = place.arrives({folder + name: body for name, body in pair.items()})
    assert [answer.state for answer in answers] == ["waiting", "written"]
    assert all(len(key.encode()) <= 1024 for key in place.results.objects)


def test_a_header_may_name_a_file_with_the_extension_csv(place: Place, pair: Files, table: bytes) -> None:
    header = pair["record.hea"].replace(b"record.dat", b"record.csv")
    place.arrives({"record.hea": header, "record.csv": pair["record.dat"]})
    assert list(place.outcomes) == ["record.hea.json"]


def test_an_error_of_the_service_is_raised_and_writes_no_outcome(
    place: Place, table: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(type(place.classifier), "classify", broken)
    place.inbox["a.csv"] = table
    with pytest.raises(MemoryError):
        place.told("a.csv")
    assert place.outcomes == {}


def test_a_csv_takes_four_calls_to_the_stores(place: Place, table: bytes) -> None:
    place.inbox["a.csv"] = table
    place.told("a.csv")
    assert len(place.inbox.calls) + len(place.results.calls) == 4


def test_a_pair_in_one_batch_takes_at_most_ten_calls_to_the_stores(place: Place, pair: Files) -> None:
    place.inbox.drop(pair)
    drop = place.drop()
    for name in pair:
        drop.arrived(name)
    assert len(place.inbox.calls) + len(place.results.calls) <= 10

"""The content of a file decides whether it is an ECG, not its name. What is ignored is listed with its reason."""

import json

import pytest

from ecg_core import classify
from ecg_core.drop.addresses import SVG
from ecg_core.readers.names import Listing, noise
from ecg_core.synthesis.writers import zip_bytes
from tests.unit.drop.conftest import Place
from tests.unit.drop.disturbance import without_hooks
from tests.unit.drop.fake import once
from tests.unit.drop.records import Files

NAMES = (
    *("records_0001.txt", "notice-of-visit.txt", ".clinic/x.csv", "patient.sta", "README", "RECORDS", "plot.svg"),
    *("Thumbs.db", "__MACOSX/a.csv", ".hidden", "a/", "._x.csv", "changes.md", "a/.b/LICENSE"),
)


def ignored(place: Place) -> dict[str, str]:
    """Key to reason, of the list."""
    found = (body for key, body in place.everything.items() if key.startswith("ignored/"))
    return {entry["key"]: entry["reason"] for entry in map(json.loads, found)}


@pytest.mark.parametrize("key", NAMES)
def test_an_ecg_is_answered_whatever_its_name(place: Place, table: bytes, key: str) -> None:
    (answer,) = place.arrives({key: table})
    assert (answer.state, answer.code) == ("written", None)
    assert place.outcomes == {f"{key}.json": classify({"a.csv": table}).to_json()}
    assert ignored(place) == {}


@pytest.mark.parametrize("key", ["notice-of-visit.txt", ".clinic/x.csv"])
def test_a_table_that_lacks_something_gets_its_refusal_whatever_its_name(place: Place, key: str) -> None:
    (answer,) = place.arrives({key: b"I,II\n" + b"1,2\n" * 3000})
    assert answer.code == "units_unknown"
    assert ignored(place) == {}


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        *((key, b"text", "document") for key in ("README.md", "LICENSE.txt", "plot.svg", "a/report.PDF")),
        ("RECORDS", b"100\n101\n102\n", "document"),
        ("README.md", b"| lead | value |\n|---|---|\n| I | 3 |\n", "document"),
        ("SHA256SUMS.txt", b"0123abcd  a/1.dat\n" * 9, "document"),
        *((key, b"\0\1", "annotation") for key in ("record.atr", "patient.sta", ".a/b.qrs")),
        *((key, b"\0\1", "system") for key in ("a/.DS_Store", "Thumbs.db", "__MACOSX/a.txt")),
        *((f"__MACOSX/._record{suffix}", b"\0\5\x16\7", "system") for suffix in (".hea", ".dat", ".csv", ".zip")),
        ("a/", b"", "folder"),
        (".git/HEAD", b"ref: refs/heads/main\n", "hidden"),
    ],
)
def test_a_file_without_an_ecg_is_listed_with_the_reason(place: Place, key: str, body: bytes, reason: str) -> None:
    for _ in range(2):
        (answer,) = place.arrives({key: body})
        assert (answer.key, answer.state, answer.reason) == (key, "ignored", reason)
    assert ignored(place) == {key: reason}
    assert place.outcomes == {}
    assert len(place.results.written) == 1
    assert place.drop().place_of(answer) == f"ignored/{key}.json"


def test_an_annotation_beside_a_header_is_listed(place: Place, pair: Files) -> None:
    place.arrives({**pair, "record.xyz": b"\0\1"})
    assert ignored(place) == {"record.xyz": "annotation"}


@pytest.mark.parametrize("turned", [False, True])
def test_a_table_beside_a_header_is_a_record_whatever_its_extension(
    place: Place, pair: Files, table: bytes, turned: bool
) -> None:
    files = list({**pair, "record.xyz": table}.items())
    place.arrives(dict(reversed(files) if turned else files))
    assert set(place.outcomes) == {"record.hea.json", "record.xyz.json"}


def test_a_hidden_signal_waits_for_its_header(place: Place, pair: Files) -> None:
    files = {f".clinic/{name}": body for name, body in reversed(pair.items())}
    assert [answer.state for answer in place.arrives(files)] == ["waiting", "written"]
    assert list(place.outcomes) == [".clinic/record.hea.json"]
    assert ignored(place) == {}


@pytest.mark.parametrize("turned", [False, True])
def test_an_annotation_that_a_header_names_as_its_signal_is_read_and_not_listed(
    place: Place, pair: Files, turned: bool
) -> None:
    files = {
        "patient.hea": pair["record.hea"].replace(b"record.dat", b"patient.sta"),
        "patient.sta": pair["record.dat"],
    }
    place.arrives(dict(reversed(files.items())) if turned else files)
    assert list(place.outcomes) == ["patient.hea.json"]
    assert ignored(place) == {}


def test_new_bytes_move_a_file_from_the_list_to_the_outcomes_and_back(place: Place, table: bytes) -> None:
    place.forms = (SVG,)
    key = "records_0001.txt"
    for _ in range(2):
        place.arrives({key: b"nothing"})
        assert (place.outcomes, ignored(place)) == ({}, {key: "document"})
        place.arrives({key: table})
        assert (set(place.outcomes), ignored(place)) == ({f"{key}.json", f"{key}.svg"}, {})


@pytest.mark.parametrize("operation", ["get", "put"])
def test_a_slow_worker_does_not_list_a_file_whose_newer_bytes_are_answered(
    place: Place, table: bytes, operation: str
) -> None:
    key = "records_0001.txt"
    place.inbox[key] = b"nothing"

    def comes() -> None:
        place.inbox[key] = table
        place.told(key)

    place.results.before = [once(operation, f"ignored/{key}.json", without_hooks(place, comes))]
    place.told(key)
    place.results.before = []
    assert (list(place.outcomes), ignored(place)) == ([f"{key}.json"], {})


@pytest.mark.parametrize("key", ["ignored/a.csv", "ignored/README.md"])
def test_a_key_of_the_inbox_is_never_taken_for_an_entry(place: Place, table: bytes, key: str) -> None:
    place.arrives({key: table})
    assert all(name.startswith("sha256/") for name in place.everything)


def test_the_longest_keys_have_an_entry(place: Place) -> None:
    key = "a" * 1010 + "/README.md"
    place.arrives({key: b"text"})
    assert ignored(place) == {key: "document"}


def test_a_zip_may_hold_its_ecg_under_any_name(table: bytes) -> None:
    for name in ("records_0001.txt", ".clinic/x.csv", "patient.sta"):
        for more in ({}, {"README.md": b"text", ".DS_Store": b"\0"}):
            files = {**more, name: table}
            assert classify({"a.zip": zip_bytes(files)}).diagnosis == classify(files).diagnosis == "CD"


def test_noise_is_passed_over_beside_a_record_only() -> None:
    assert list(Listing(["README", "a.csv", ".b/c.csv"]).singles((), {})) == ["a.csv"]
    assert list(Listing(["README", ".b/c.csv", ".DS_Store"]).singles((), {})) == ["README", ".b/c.csv"]
    assert Listing([".b/r.hea", "README"]).headers == [".b/r.hea"]
    assert Listing([".b/r.hea", "r.hea"]).headers == ["r.hea"]


def test_a_plain_name_is_no_noise() -> None:
    for name in ("a.csv", "uploads/0123", "x", "record.dat", "a.b/c.d.zip", "recordings.csv"):
        assert noise(name) is None

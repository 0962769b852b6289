"""The sweep: records that wait too long, and notes that nobody needs any more."""

import json
from datetime import timedelta

import pytest

from ecg_core import EcgError, classify
from tests.unit.drop.conftest import Place

Files = dict[str, bytes]


def refusal(files: Files) -> bytes:
    with pytest.raises(EcgError) as caught:
        classify(files)
    return caught.value.to_json()


def test_a_header_without_its_signal_is_answered_after_the_patience(place: Place, pair: Files) -> None:
    place.arrives({"a/record.hea": pair["record.hea"]})
    place.clock.passes(hours=23)
    swept = place.sweep()
    assert (swept.waiting, swept.settled, place.outcomes) == (1, 0, {})
    place.clock.passes(hours=2)
    swept = place.sweep()
    assert [(answer.key, answer.state, answer.code) for answer in swept.answers] == [
        ("a/record.hea", "written", "record_incomplete")
    ]
    assert place.outcomes == {"a/record.hea.json": refusal({"record.hea": pair["record.hea"]})}
    assert not place.waiting
    assert place.sweep().answers == []


def test_a_signal_without_its_header_is_answered_after_the_patience(place: Place, pair: Files) -> None:
    place.arrives({"record.dat": pair["record.dat"], "other.xyz": b"\1\2\3"})
    place.clock.passes(hours=25)
    place.sweep()
    assert {key: json.loads(body)["code"] for key, body in place.outcomes.items()} == {
        "record.dat.json": "record_incomplete",
        "other.xyz.json": "unsupported_format",
    }


def test_a_file_that_arrives_after_the_sweep_completes_the_record(place: Place, pair: Files) -> None:
    place.arrives({"record.hea": pair["record.hea"]})
    place.clock.passes(days=3)
    place.sweep()
    place.arrives({"record.dat": pair["record.dat"]})
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}


def test_the_sweep_answers_a_complete_record_and_settles_its_note(place: Place, pair: Files) -> None:
    place.arrives({"record.hea": pair["record.hea"]})
    # The event of this file is lost or late.
    place.inbox["record.dat"] = pair["record.dat"]
    place.clock.passes(minutes=10)
    assert place.sweep().settled == 1
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}


def test_the_sweep_settles_a_note_whose_files_are_gone(place: Place, pair: Files) -> None:
    place.arrives({"record.hea": pair["record.hea"]})
    place.inbox.objects.clear()
    place.clock.passes(hours=25)
    assert place.sweep().settled == 1
    assert place.outcomes == {}


def test_the_sweep_skips_notes_younger_than_the_grace(place: Place, pair: Files) -> None:
    place.arrives({"record.hea": pair["record.hea"]})
    place.inbox.calls.clear()
    swept = place.sweep()
    assert (swept.waiting, swept.settled, swept.left) == (0, 0, 0)
    assert place.inbox.calls == []
    assert place.sweep(grace=timedelta(0)).waiting == 1


def test_the_sweep_reads_overdue_notes_first_and_stops_in_time(place: Place, pair: Files) -> None:
    place.arrives({"z.hea": pair["record.hea"].replace(b"record", b"z")})
    place.clock.passes(hours=20)
    place.arrives({f"{name}.hea": pair["record.hea"].replace(b"record", name.encode()) for name in "abc"})
    place.clock.passes(hours=5)
    # in_time() is called for each of the four notes in the listing, then for each note that is not overdue.
    turns = iter([True, True, True, True, False])
    swept = place.sweep(in_time=lambda: next(turns))
    assert list(place.outcomes) == ["z.hea.json"]
    assert swept.left == 3


def test_a_fault_in_one_note_does_not_stop_the_sweep(place: Place, pair: Files) -> None:
    for name in "ab":
        place.arrives({f"{name}.hea": pair["record.hea"].replace(b"record", name.encode())})
    place.clock.passes(hours=25)

    def denied(operation: str, key: str) -> None:
        if key == "a.hea":
            raise PermissionError

    place.inbox.before = [denied]
    swept = place.sweep()
    assert [type(fault) for fault in swept.faults] == [PermissionError]
    assert list(place.outcomes) == ["b.hea.json"]
    assert place.waiting == {"waiting/a.dat"}


def test_the_sweep_does_not_read_settled_notes(place: Place, pair: Files) -> None:
    place.arrives(pair)
    place.clock.passes(hours=25)
    place.results.calls.clear()
    place.sweep()
    assert {operation for operation, _ in place.results.calls} == {"list"}


def test_a_header_that_changes_in_the_second_of_its_outcome_is_swept(pair: Files, place: Place) -> None:
    place.arrives(pair)
    place.arrives({"record.hea": pair["record.hea"].replace(b"record.dat", b"other.dat")})
    place.clock.passes(days=2)
    place.sweep()
    assert json.loads(place.outcomes["record.hea.json"])["code"] == "record_incomplete"

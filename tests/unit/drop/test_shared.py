"""Many headers that name one file: bounded work for each hint, and every record ends with its right outcome."""

import json

import pytest

from ecg_core.drop import Archived, batch, notes, sweep
from ecg_core.drop.addresses import ARCHIVED, MEMBERS, WAITING
from tests.unit.drop.conftest import PATIENCE, Place
from tests.unit.drop.disturbance import without_hooks
from tests.unit.drop.fake import once
from tests.unit.drop.records import Files, segmented

COUNT = 8


@pytest.fixture(autouse=True)
def _small_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MAX_KEYS", {MEMBERS: 2, WAITING: 3, ARCHIVED: 3})
    monkeypatch.setattr("ecg_core.drop.drop.MAX_KEYS", {MEMBERS: 2})


def headers(pair: Files, count: int = COUNT) -> Files:
    """Headers of different stems that all name record.dat."""
    return {f"a/h{index}.hea": pair["record.hea"].replace(b"# synthetic", b"# %d" % index) for index in range(count)}


def codes(place: Place) -> dict[str, str | None]:
    return {key: json.loads(body).get("code") for key, body in place.outcomes.items()}


def swept_to_the_end(place: Place, steps: int = 1_000) -> int:
    """Sweeps that end after so many looks, until no note is open. How many it took."""
    for number in range(1, 50):
        place.clock.passes(minutes=10)
        turns = iter(range(steps))
        swept = sweep(place.drop, place.results, place.clock.now, PATIENCE, lambda turns=turns: next(turns, -1) >= 0)
        assert swept.faults == []
        if not any(key.startswith(("waiting/", "archived/", "shared/")) for key in place.everything):
            return number
    raise AssertionError("a note stays open for ever")


def test_more_headers_than_a_note_holds_wait_for_one_file(place: Place, pair: Files) -> None:
    answers = place.arrives(headers(pair))
    assert {answer.state for answer in answers} == {"waiting"}
    place.arrives({"a/record.dat": pair["record.dat"]})
    swept_to_the_end(place)
    assert codes(place) == dict.fromkeys((f"{key}.json" for key in headers(pair)), None)


def test_more_headers_than_a_note_holds_are_refused_if_the_file_never_comes(place: Place, pair: Files) -> None:
    place.arrives(headers(pair))
    place.clock.passes(days=2)
    swept_to_the_end(place)
    assert codes(place) == dict.fromkeys((f"{key}.json" for key in headers(pair)), "record_incomplete")


@pytest.mark.parametrize("steps", [1_000, 3])
def test_new_bytes_of_a_shared_file_reach_every_record(place: Place, pair: Files, steps: int) -> None:
    others = {"a/broken.hea": b"garbage", "a/b/h.hea": b"garbage", "a/z.csv": b"text"}
    place.arrives({"a/record.dat": pair["record.dat"], **others, **headers(pair)})
    swept_to_the_end(place)
    place.arrives({"a/record.dat": pair["record.dat"][:-400] + pair["record.dat"][:400]})
    assert list(codes(place).values()).count("checksum_mismatch") < COUNT
    sweeps = swept_to_the_end(place, steps)
    assert {codes(place)[f"{key}.json"] for key in headers(pair)} == {"checksum_mismatch"}
    assert (sweeps > 1) == (steps < 10)


def test_newer_bytes_during_the_search_begin_it_anew(place: Place, pair: Files) -> None:
    place.arrives({"a/record.dat": pair["record.dat"], **headers(pair)})
    swept_to_the_end(place)
    place.arrives({"a/record.dat": pair["record.dat"][:-400] + pair["record.dat"][:400]})
    place.clock.passes(minutes=10)
    turns = iter(range(6))
    sweep(place.drop, place.results, place.clock.now, PATIENCE, lambda: next(turns, -1) >= 0)
    place.arrives({"a/record.dat": pair["record.dat"]})
    swept_to_the_end(place)
    assert {codes(place)[f"{key}.json"] for key in headers(pair)} == {None}


def test_a_header_that_fails_keeps_no_other_from_its_turn(place: Place, pair: Files) -> None:
    place.arrives({"a/record.dat": pair["record.dat"], **headers(pair)})
    place.arrives({"a/record.dat": pair["record.dat"][:-400] + pair["record.dat"][:400]})

    def denied(operation: str, key: str) -> None:
        if key == "a/h4.hea":
            raise PermissionError

    place.inbox.before = [denied]
    place.clock.passes(minutes=10)
    assert [type(fault) for fault in place.sweep().faults] == [PermissionError]
    assert [key for key, code in codes(place).items() if code is None] == ["a/h4.hea.json"]
    place.inbox.before = []
    swept_to_the_end(place)
    assert codes(place)["a/h4.hea.json"] == "checksum_mismatch"


def test_two_workers_may_ask_for_the_same_search(place: Place, pair: Files) -> None:
    place.arrives({"a/record.dat": pair["record.dat"], **headers(pair)})
    place.inbox["a/record.dat"] = pair["record.dat"][:-400] + pair["record.dat"][400:800]
    other = without_hooks(place, lambda: place.told("a/record.dat"))
    place.results.before = [once("put", "shared/a/record.dat", other)]
    place.told("a/record.dat")
    place.results.before = []
    swept_to_the_end(place)
    assert set(codes(place).values()) == {"checksum_mismatch"}


def test_more_records_than_a_note_holds_wait_for_one_archived_file(place: Place, pair: Files) -> None:
    archived = True

    def archive(operation: str, key: str) -> None:
        if operation == "get" and key == "a/record.dat" and archived:
            raise Archived(key)

    place.inbox.before = [archive]
    place.arrives({"a/record.dat": pair["record.dat"], **headers(pair)})
    place.clock.passes(days=2)
    place.sweep()
    assert place.outcomes == {}
    archived = False
    swept_to_the_end(place)
    assert codes(place) == dict.fromkeys((f"{key}.json" for key in headers(pair)), None)


def test_masters_that_share_their_segments_are_read_a_few_at_a_time(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MAX_FILES", 10)
    monkeypatch.setattr(notes, "MAX_KEYS", {MEMBERS: 100, WAITING: 1_000, ARCHIVED: 3})
    monkeypatch.setattr("ecg_core.drop.drop.MAX_KEYS", {MEMBERS: 100})
    files = segmented(3)
    masters = {f"m{index:02}.hea": files["whole.hea"].replace(b"whole/", b"m%02d/" % index) for index in range(20)}
    place.arrives({**masters, **{name: body for name, body in files.items() if name != "whole.hea"}})
    place.inbox.bytes_read = 0
    place.told("whole_0001.dat")
    # Two masters, and the segment on its own.
    assert place.inbox.bytes_read < 5 * sum(map(len, files.values()))
    swept_to_the_end(place)
    assert set(codes(place).items()) == {(f"{name}.json", None) for name in masters}

"""Files in an archive (S3 Glacier): they are there, but cannot be read before they are restored."""

import itertools
import json
from datetime import timedelta

import pytest

from ecg_core import classify
from ecg_core.drop import Archived, sweep
from tests.unit.drop.conftest import PATIENCE, Place
from tests.unit.drop.records import Files, renamed_segments


class Archive:
    """A hook of the inbox: a GET of these keys is refused."""

    def __init__(self, place: Place, *keys: str) -> None:
        self.keys = set(keys)
        place.inbox.before = [self]

    def __call__(self, operation: str, key: str) -> None:
        if operation == "get" and key in self.keys:
            raise Archived(key)


def archived(place: Place) -> dict[str, list[str]]:
    """The open entries: file to the records that need it."""
    entries = {key: json.loads(body) for key, body in place.everything.items() if key.startswith("archived/")}
    return {key.removeprefix("archived/"): list(entry) for key, entry in entries.items()}


def test_an_archived_file_has_a_state_and_an_entry(place: Place, table: bytes) -> None:
    archive = Archive(place, "a.csv")
    for _ in range(2):
        assert [answer.state for answer in place.arrives({"a.csv": table})] == ["archived"]
    assert (archived(place), place.outcomes) == ({"a.csv": ["a.csv"]}, {})
    archive.keys.clear()
    assert place.told("a.csv")[0].state == "written"


@pytest.mark.parametrize("key", ["record.hea", "record.dat"])
@pytest.mark.parametrize("order", list(itertools.permutations(["record.hea", "record.dat"])))
def test_a_record_with_an_archived_file_is_never_overdue_and_the_sweep_answers_it_after_its_restoration(
    place: Place, pair: Files, key: str, order: list[str]
) -> None:
    archive = Archive(place, key)
    place.arrives({name: pair[name] for name in order})
    for _ in range(3):
        place.clock.passes(days=2)
        assert place.sweep().faults == []
    assert (archived(place), place.outcomes) == ({key: ["record.hea"]}, {})
    archive.keys.clear()
    place.clock.passes(days=2)
    place.sweep()
    assert (archived(place), place.waiting) == ({}, set())
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}


@pytest.mark.parametrize("key", ["record.hea", "record.dat"])
def test_the_event_of_a_restoration_answers_the_record(place: Place, pair: Files, key: str) -> None:
    archive = Archive(place, key)
    place.arrives(pair)
    archive.keys.clear()
    place.told(key)
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}


def test_an_archived_master_leaves_its_segments_alone_until_it_is_restored(place: Place) -> None:
    files = renamed_segments()
    archive = Archive(place, "whole.hea")
    place.arrives(files)
    assert set(place.outcomes) == {"whole_0000.hea.json", "whole_0001.hea.json"}
    archive.keys.clear()
    place.told("whole.hea")
    assert set(place.outcomes) == {"whole.hea.json"}


def test_a_note_outlives_the_archived_file_s_deletion_by_one_sweep(place: Place, table: bytes) -> None:
    Archive(place, "a.csv")
    place.arrives({"a.csv": table})
    del place.inbox.objects["a.csv"]
    place.clock.passes(hours=1)
    place.sweep()
    assert archived(place) == {}


def test_many_archived_files_keep_nothing_from_its_turn(place: Place, pair: Files, table: bytes) -> None:
    Archive(place, *(f"{number}.csv" for number in range(5)))
    place.arrives({**{f"{number}.csv": table for number in range(5)}, "record.hea": pair["record.hea"]})
    place.clock.passes(days=2)
    seen = set()
    for _ in range(30):
        # One note about a missing file comes first: it is listed, then looked at in the first sweep only.
        turns = iter([True] * 8)
        place.clock.passes(hours=1)
        swept = sweep(place.drop, place.results, place.clock.now, PATIENCE, lambda turns=turns: next(turns, False))
        assert swept.faults == []
        seen |= {answer.key for answer in swept.answers}
    assert "record.hea.json" in place.outcomes
    assert seen == {"record.hea", *(f"{number}.csv" for number in range(5))}


def test_an_outcome_in_an_archive_is_compared_by_its_metadata(place: Place, table: bytes) -> None:
    place.arrives({"a.csv": table})

    def archive(operation: str, key: str) -> None:
        if operation == "get" and key == "a.csv.json":
            raise Archived(key)

    place.results.before = [archive]
    assert place.told("a.csv")[0].state == "unchanged"
    (answer,) = place.arrives({"a.csv": b"no ecg"})
    assert (answer.state, answer.code) == ("written", "unsupported_format")


def test_a_restored_file_that_is_archived_again_keeps_its_entry(place: Place, table: bytes) -> None:
    archive = Archive(place, "a.csv")
    place.arrives({"a.csv": table})
    place.clock.passes(hours=1)
    swept = sweep(place.drop, place.results, place.clock.now, PATIENCE, grace=timedelta(0))
    assert (swept.waiting, swept.settled) == (1, 0)
    assert archived(place) == {"a.csv": ["a.csv"]}
    archive.keys.clear()
    assert sweep(place.drop, place.results, place.clock.now, PATIENCE).settled == 1

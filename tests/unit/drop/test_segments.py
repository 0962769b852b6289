"""Segmented records: a master header names the headers of its segments."""

import itertools
import json

import pytest

from ecg_core import classify
from ecg_core.drop.addresses import SVG
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files
from tests.unit.drop.conftest import Place
from tests.unit.drop.fake import MemoryStore
from tests.unit.drop.records import renamed_segments, segmented


def test_segments_of_a_complete_record_get_no_outcome(place: Place) -> None:
    files = segmented()
    place.arrives(files)
    assert place.outcomes == {"whole.hea.json": classify(files).to_json()}
    assert not place.waiting


def test_outcomes_of_segments_are_emptied_when_their_master_arrives(place: Place) -> None:
    files = segmented()
    place.forms = (SVG,)
    place.arrives({name: body for name, body in reversed(files.items()) if name != "whole.hea"})
    assert len(place.outcomes) == 4
    place.forms = ()
    place.arrives({"whole.hea": files["whole.hea"]})
    assert place.outcomes == {"whole.hea.json": classify(files).to_json()}
    assert place.results["whole_0000.hea.json"] == place.results["whole_0000.hea.svg"] == b""
    place.told(*files)
    assert list(place.outcomes) == ["whole.hea.json"]


def test_a_segment_that_its_master_no_longer_names_is_a_record_again(place: Place) -> None:
    files = segmented()
    place.arrives(files)
    first = {name: body for name, body in files.items() if name.startswith("whole_0000")}
    shorter = segmented(1)["whole.hea"]
    place.arrives({"whole.hea": shorter, **{name: body for name, body in files.items() if "0001" in name}})
    assert place.outcomes["whole.hea.json"] == classify({"whole.hea": shorter, **first}).to_json()
    assert "whole_0001.hea.json" in place.outcomes


def test_new_bytes_of_a_segment_give_a_new_result_of_the_whole_record(place: Place) -> None:
    files = segmented()
    place.arrives(files)
    other = segmented(seed=7)
    place.arrives({name: body for name, body in other.items() if "0001" in name})
    both = {name: other[name] if "0001" in name else body for name, body in files.items()}
    assert place.outcomes == {"whole.hea.json": classify(both).to_json()}


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))))
def test_segments_whose_signals_have_another_stem_may_arrive_in_any_order(place: Place, order: tuple[int, ...]) -> None:
    files = renamed_segments()
    names = [list(files)[index] for index in order]
    place.arrives({name: files[name] for name in names})
    assert place.outcomes == {"whole.hea.json": classify(files).to_json()}
    place.told(*names, *names)
    assert list(place.outcomes) == ["whole.hea.json"]


def test_complete_segments_are_answered_while_their_record_waits(place: Place) -> None:
    files = segmented()
    del files["whole_0001.dat"]
    place.arrives(files)
    assert list(place.outcomes) == ["whole_0000.hea.json"]
    del place.inbox.objects["whole.hea"]
    place.clock.passes(days=2)
    place.sweep()
    assert set(place.outcomes) == {"whole_0000.hea.json", "whole_0001.hea.json"}


def test_a_record_that_stays_incomplete_does_not_empty_the_outcomes_of_records_it_names(place: Place) -> None:
    files = segmented()
    victims = {name: body for name, body in files.items() if name != "whole.hea"}
    place.forms = (SVG,)
    place.arrives(victims)
    before = dict(place.outcomes)
    evil = files["whole.hea"].replace(b"/2 ", b"/3 ").replace(b"10000", b"15000") + b"never 5000\n"
    place.arrives({"evil.hea": evil})
    place.clock.passes(days=2)
    place.sweep()
    assert json.loads(place.outcomes.pop("evil.hea.json"))["code"] == "record_incomplete"
    after = dict(place.outcomes)
    after.pop("evil.hea.json", None)
    assert after == before
    place.arrives({name: body for name, body in segmented(seed=5).items() if "0000" in name})
    assert place.outcomes["whole_0000.hea.json"] != before["whole_0000.hea.json"]


def test_a_record_with_too_many_names_is_refused_before_all_are_looked_up(place: Place) -> None:
    lines = "".join(f"s{index}\n" for index in range(900))
    place.inbox["many.hea"] = f"many/900 1 500 900\n{lines.replace(chr(10), ' 1' + chr(10))}".encode()
    for index in range(900):
        signals = "".join(f"s{index}_{number}.dat 16 200 16 0 0 0 0 I\n" for number in range(10))
        place.inbox[f"s{index}.hea"] = f"s{index} 10 500 1\n{signals}".encode()
        for number in range(10):
            place.inbox.objects[f"s{index}_{number}.dat"] = place.inbox.objects["many.hea"]
    (answer,) = place.told("many.hea")
    assert (answer.state, answer.code) == ("written", "file_too_large")
    assert len(place.inbox.calls) < 3_000


def test_segments_of_a_refused_record_get_their_own_outcomes(place: Place) -> None:
    files = segmented()
    spoiled = files["whole_0001.hea"].replace(b"500 5000", b"250 5000")
    place.arrives({**files, "whole_0001.hea": spoiled})
    assert json.loads(place.outcomes["whole.hea.json"])["code"] == "header_invalid"
    first = {name: body for name, body in files.items() if "0000" in name}
    assert place.outcomes["whole_0000.hea.json"] == classify(first).to_json()


def test_segments_of_a_record_that_stays_incomplete_get_the_same_outcomes_in_any_order(place: Place) -> None:
    files = {"outer.hea": b"outer/1 12 500\ninner 5000\n", **segmented(1, "inner")}
    names = list(files)
    ends = set()
    for order in itertools.permutations(names):
        fresh = Place(place.clock, MemoryStore(place.clock), MemoryStore(place.clock), place.classifier)
        fresh.arrives({name: files[name] for name in order})
        place.clock.passes(days=2)
        fresh.sweep()
        ends.add(tuple(sorted(fresh.outcomes.items())))
    # A record of segments is no segment: the inner one has its own outcome, whatever came first.
    assert len(ends) == 1
    assert dict(ends.pop())["inner.hea.json"] == classify({name: files[name] for name in names[1:]}).to_json()


def test_an_outdated_note_does_not_make_a_segment_a_record_again(place: Place) -> None:
    files = segmented(1)
    segment = {name: body for name, body in files.items() if name != "whole.hea"}
    place.arrives({"whole_0000.hea": b"whole_0000/1 12 500\nx 5000\n"})
    place.arrives({**segment, "whole.hea": files["whole.hea"]})
    assert list(place.outcomes) == ["whole.hea.json"]
    place.arrives(wfdb_files(synthesize("normal"), "x"))
    assert set(place.outcomes) == {"whole.hea.json", "x.hea.json"}


def test_a_replaced_segment_header_makes_the_record_incomplete(place: Place) -> None:
    place.arrives(segmented())
    place.arrives({"whole_0001.hea": segmented()["whole_0001.hea"].replace(b"1.dat", b"new.dat")})
    place.clock.passes(days=2)
    place.sweep()
    assert json.loads(place.outcomes["whole.hea.json"])["code"] == "record_incomplete"


def test_a_corrupted_segment_does_not_keep_its_old_result(place: Place) -> None:
    files = segmented()
    place.arrives({**files, "whole_0001.hea": files["whole_0001.hea"].replace(b"500 5000", b"250 5000")})
    place.arrives({"whole_0000.dat": files["whole_0000.dat"][:-400] + files["whole_0000.dat"][:400]})
    assert json.loads(place.outcomes["whole_0000.hea.json"])["code"] == "checksum_mismatch"


def test_a_record_with_many_files_is_not_read_again_at_every_arrival(place: Place) -> None:
    count = 40
    files = segmented(count)
    for order in (list(files), list(reversed(files)), sorted(files, key=lambda name: name[::-1])):
        place.inbox.objects.clear()
        place.results.objects.clear()
        place.inbox.calls.clear()
        place.results.calls.clear()
        place.inbox.bytes_read = 0
        place.arrives({name: files[name] for name in order})
        assert place.outcomes == {"whole.hea.json": classify(files).to_json()}
        # Each segment by itself at its two arrivals, the whole, and what was read of it in vain.
        assert place.inbox.bytes_read < 6 * sum(map(len, files.values()))
        assert len(place.inbox.calls) + len(place.results.calls) < 40 * len(files)

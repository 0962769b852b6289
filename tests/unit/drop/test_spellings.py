"""Two keys may mean one name: an extension in another case, a letter in another form of Unicode."""

import itertools
import json
from unicodedata import normalize

import pytest

from ecg_core import classify
from tests.unit.drop.conftest import Place
from tests.unit.drop.fake import MemoryStore
from tests.unit.drop.records import Files, renamed_segments, two_signals

FORMS = ("NFC", "NFD")


def renamed(files: Files, old: str, new: str) -> Files:
    """The same record under another name, its headers too."""
    return {name.replace(old, new): body.replace(old.encode(), new.encode()) for name, body in files.items()}


@pytest.mark.parametrize(("key_form", "header_form"), list(itertools.product(FORMS, FORMS)))
@pytest.mark.parametrize("turned", [False, True])
def test_a_name_of_macos_is_the_name_in_the_header(
    place: Place, pair: Files, key_form: str, header_form: str, turned: bool
) -> None:
    header = pair["record.hea"].replace(b"record.dat", normalize(header_form, "Müller.dat").encode())
    files = {"Müller.hea": header, "Müller.dat": pair["record.dat"]}
    keys = {f"süd/{normalize(key_form, name)}": body for name, body in files.items()}
    place.arrives(dict(reversed(keys.items())) if turned else keys)
    assert list(place.outcomes) == [f"süd/{normalize(key_form, 'Müller.hea')}.json"]
    assert json.loads(*place.outcomes.values())["diagnosis"] == "NORM"
    assert not place.waiting


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_signal_with_another_stem_is_found_in_any_form_and_order(place: Place, order: tuple[int, ...]) -> None:
    header, *signals = renamed(two_signals(), "chest", "brüst").items()
    files = [header, *((normalize("NFD", f"süd/{name}"), body) for name, body in signals)]
    files = [(normalize("NFC", f"süd/{header[0]}"), header[1]), *files[1:]]
    place.arrives(dict(files[index] for index in order))
    place.clock.passes(hours=30)
    place.sweep()
    assert list(place.outcomes) == ["süd/record.hea.json"]
    assert json.loads(place.outcomes["süd/record.hea.json"])["diagnosis"] == "NORM"
    assert not place.waiting


def test_segments_of_macos_are_part_of_their_record(place: Place) -> None:
    files = renamed(renamed_segments(), "whole", "früh")
    names = list(files)
    for order in itertools.permutations(range(5)):
        fresh = Place(place.clock, MemoryStore(place.clock), MemoryStore(place.clock), place.classifier)
        fresh.arrives({normalize("NFD", names[index]): files[names[index]] for index in order})
        assert list(fresh.outcomes) == [normalize("NFD", "früh.hea.json")]


def test_a_name_without_extension_is_found_in_any_form(place: Place, pair: Files) -> None:
    header = pair["record.hea"].replace(b"record.dat", "Müller".encode())
    place.arrives({normalize("NFD", "Müller"): pair["record.dat"], "record.hea": header})
    assert json.loads(place.outcomes["record.hea.json"])["diagnosis"] == "NORM"


@pytest.mark.parametrize("order", list(itertools.permutations(["record.hea", "record.HEA", "record.dat"])))
def test_two_headers_that_differ_in_case_have_an_outcome_each(place: Place, pair: Files, order: list[str]) -> None:
    other = pair["record.hea"].replace(b"# synthetic", b"# another")
    files = {**pair, "record.HEA": other}
    place.arrives({name: files[name] for name in order})
    assert set(place.outcomes) == {"record.hea.json", "record.HEA.json"}
    assert not place.waiting
    place.arrives({"record.dat": pair["record.dat"][:-400] + pair["record.dat"][:400]})
    assert {json.loads(body)["code"] for body in place.outcomes.values()} == {"checksum_mismatch"}


def test_a_segment_beside_a_header_that_differs_in_case_is_no_reason_to_lose_that_header(place: Place) -> None:
    files = renamed_segments()
    place.arrives({**files, "whole_0000.HEA": files["whole_0001.hea"]})
    assert set(place.outcomes) == {"whole.hea.json", "whole_0000.HEA.json"}


def test_a_backfill_does_not_skip_a_header_that_differs_in_case(place: Place, pair: Files) -> None:
    place.inbox.drop({**pair, "record.HEA": pair["record.hea"]})
    drop = place.drop()
    drop.arrived("record.hea")
    assert drop.has_seen("record.dat")
    assert not drop.has_seen("record.HEA")


def test_a_signal_beside_the_one_that_the_header_names_exactly_is_not_lost(place: Place, pair: Files) -> None:
    place.arrives({**pair, "record.DAT": pair["record.dat"]})
    place.clock.passes(hours=30)
    place.sweep()
    assert place.outcomes["record.hea.json"] == classify(pair).to_json()
    assert json.loads(place.outcomes["record.DAT.json"])["code"] == "record_incomplete"

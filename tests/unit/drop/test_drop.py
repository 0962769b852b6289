"""Which record a file belongs to: single files, pairs, signals with another stem, annotations."""

import itertools
import json

import pytest

from ecg_core import classify
from tests.unit.drop.conftest import Place
from tests.unit.drop.records import Files, refusal, two_signals


def test_a_single_file_gets_the_same_bytes_as_from_classify(place: Place, table: bytes) -> None:
    (answer,) = place.arrives({"clinic/watch.csv": table})
    assert (answer.key, answer.state, answer.code) == ("clinic/watch.csv", "written", None)
    assert place.outcomes == {"clinic/watch.csv.json": classify({"watch.csv": table}).to_json()}


def test_an_archive_is_a_single_file(place: Place, archive: bytes, pair: Files) -> None:
    place.arrives({"x.zip": archive})
    assert place.outcomes == {"x.zip.json": classify(pair).to_json()}


def test_an_upload_without_extension_is_a_single_file(place: Place, archive: bytes) -> None:
    place.arrives({"uploads/0123456789abcdef0123456789abcdef": archive})
    assert list(place.outcomes) == ["uploads/0123456789abcdef0123456789abcdef.json"]


def test_a_file_that_cannot_be_read_gets_the_refusal_of_classify(place: Place) -> None:
    (answer,) = place.arrives({"uploads/x": b"nonsense"})
    assert (answer.state, answer.code) == ("written", "unsupported_format")
    assert place.outcomes == {"uploads/x.json": refusal({"x": b"nonsense"}).to_json()}
    assert place.results.objects["uploads/x.json"].metadata["code"] == "unsupported_format"


@pytest.mark.parametrize("order", list(itertools.permutations(["record.hea", "record.dat"])))
@pytest.mark.parametrize("folder", ["", "a/b/c/", "a//", "ü +%/"])
def test_a_pair_has_one_outcome_in_any_order(place: Place, pair: Files, order: list[str], folder: str) -> None:
    first, second = place.arrives({folder + name: pair[name] for name in order})
    assert (first.state, second.state) == ("waiting", "written")
    assert place.outcomes == {f"{folder}record.hea.json": classify(pair).to_json()}
    assert not place.waiting


def test_the_note_tells_which_file_is_missing_and_who_waits(place: Place, pair: Files) -> None:
    place.arrives({"a/record.hea": pair["record.hea"]})
    assert list(json.loads(place.results["waiting/a/record.dat"])) == ["a/record.hea"]
    place.clock.passes(hours=5)
    place.arrives({"a/record.dat": pair["record.dat"]})
    assert place.results["waiting/a/record.dat"] == b""


def test_a_signal_waits_for_its_header(place: Place, pair: Files) -> None:
    (answer,) = place.arrives({"a/record.dat": pair["record.dat"]})
    assert answer.state == "waiting"
    assert list(json.loads(place.results["waiting/a/record.hea"])) == ["a/record.dat"]
    assert place.outcomes == {}


@pytest.mark.parametrize(
    "names", [("record.HEA", "record.DAT"), ("record.Hea", "record.dat"), ("record.hea", "record.Dat")]
)
@pytest.mark.parametrize("turned", [False, True])
def test_extensions_are_found_in_any_case(place: Place, pair: Files, names: tuple[str, str], turned: bool) -> None:
    files = list(zip(names, pair.values(), strict=True))
    place.arrives(dict(reversed(files) if turned else files))
    assert place.outcomes == {f"{names[0]}.json": classify(pair).to_json()}
    assert not place.waiting


def test_a_stem_must_match_exactly(place: Place, pair: Files) -> None:
    answers = place.arrives({"record.hea": pair["record.hea"], "Record.dat": pair["record.dat"]})
    assert [answer.state for answer in answers] == ["waiting", "waiting"]


def test_a_record_never_leaves_its_folder(place: Place, pair: Files) -> None:
    answers = place.arrives({"a/record.hea": pair["record.hea"], "b/record.dat": pair["record.dat"]})
    assert [answer.state for answer in answers] == ["waiting", "waiting"]
    (answer,) = place.arrives({"c/record.hea": pair["record.hea"].replace(b"record.dat", b"../record.dat")})
    assert (answer.state, answer.code) == ("written", "header_invalid")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_signal_with_another_stem_is_found_in_any_order(place: Place, order: tuple[int, ...]) -> None:
    files = two_signals()
    names = list(files)
    place.arrives({f"a/{names[index]}": files[names[index]] for index in order})
    assert place.outcomes == {"a/record.hea.json": classify(files).to_json()}
    # What the orphan wrote before anybody claimed it is settled by the sweep, and never reported.
    place.clock.passes(hours=30)
    swept = place.sweep()
    assert (swept.waiting, swept.faults) == (0, [])
    assert not place.waiting
    assert list(place.outcomes) == ["a/record.hea.json"]


def test_new_bytes_of_a_signal_with_another_stem_give_a_new_result(place: Place) -> None:
    files = two_signals()
    place.arrives(files)
    changed = files["chest.dat"][:-400] + files["chest.dat"][400:800]
    (answer,) = place.arrives({"chest.dat": changed})
    assert (answer.key, answer.state, answer.code) == ("record.hea", "written", "checksum_mismatch")


def test_a_signal_that_two_headers_name_belongs_to_both_records(place: Place, pair: Files) -> None:
    second = pair["record.hea"].replace(b"record 12", b"second 12")
    place.arrives({"record.hea": pair["record.hea"], "second.hea": second})
    answers = place.arrives({"record.dat": pair["record.dat"]})
    assert {(answer.key, answer.state) for answer in answers} == {("record.hea", "written"), ("second.hea", "written")}
    assert not place.waiting


def test_an_annotation_beside_a_header_is_ignored(place: Place, pair: Files) -> None:
    place.arrives(pair)
    answers = place.arrives({"record.atr": b"\0\1", "record.xyz": b"\0\1"})
    assert [answer.state for answer in answers] == ["ignored", "ignored"]
    assert list(place.outcomes) == ["record.hea.json"]


def test_an_annotation_without_a_header_is_ignored(place: Place) -> None:
    (answer,) = place.arrives({"record.atr": b"\0\1"})
    assert answer.state == "ignored"
    assert list(place.everything) == ["ignored/record.atr.json"]


def test_a_file_with_an_unknown_extension_waits_for_a_header(place: Place, pair: Files) -> None:
    header = pair["record.hea"].replace(b"record.dat", b"record.xyz")
    answers = place.arrives({"record.xyz": pair["record.dat"], "record.hea": header})
    assert [answer.state for answer in answers] == ["waiting", "written"]
    assert list(place.outcomes) == ["record.hea.json"]


def test_another_file_of_the_same_stem_is_a_record_of_its_own(place: Place, pair: Files, table: bytes) -> None:
    place.arrives({**pair, "record.csv": table})
    assert set(place.outcomes) == {"record.hea.json", "record.csv.json"}


def test_a_csv_table_with_the_extension_dat_is_read(place: Place, table: bytes) -> None:
    (answer,) = place.arrives({"export.dat": table})
    assert answer.state == "written"


def test_a_broken_header_gets_an_outcome_and_its_signal_does_not(place: Place, pair: Files) -> None:
    answers = place.arrives({"record.hea": b"garbage", "record.dat": pair["record.dat"]})
    assert [(answer.key, answer.code) for answer in answers] == [("record.hea", "header_invalid")] * 2
    assert place.outcomes == {"record.hea.json": refusal({"record.hea": b"garbage"}).to_json()}
    place.arrives({"record.hea": pair["record.hea"]})
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}


def test_the_refusal_of_a_file_is_emptied_when_a_header_names_the_file(place: Place, pair: Files) -> None:
    files = {"record.csv": pair["record.dat"], "record.hea": pair["record.hea"].replace(b"record.dat", b"record.csv")}
    place.arrives({"record.csv": files["record.csv"]})
    assert json.loads(place.outcomes["record.csv.json"])["code"]
    place.arrives({"record.hea": files["record.hea"]})
    assert list(place.outcomes) == ["record.hea.json"]


def test_the_refusal_of_a_signal_is_emptied_when_its_header_arrives(place: Place, pair: Files) -> None:
    place.arrives({"record.dat": pair["record.dat"]})
    place.clock.passes(days=2)
    place.sweep()
    assert list(place.outcomes) == ["record.dat.json"]
    place.arrives({"record.hea": pair["record.hea"]})
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}


def test_a_table_beside_a_waiting_header_of_many_files_is_answered(place: Place, table: bytes) -> None:
    lines = "".join(
        f"s{index}.dat 16 200/mV 16 0 0 0 0 {lead}\n" for index, lead in enumerate(("I", "II", *"abcdefgh"))
    )
    place.arrives({"record.hea": f"record 10 500 5000\n{lines}".encode(), "record.dat": table})
    assert list(place.outcomes) == ["record.dat.json"]


def test_an_event_of_a_file_that_is_gone_settles_no_note(place: Place, pair: Files) -> None:
    place.arrives({"record.hea": pair["record.hea"]})
    assert place.told("record.dat")[0].state == "waiting"
    assert place.waiting == {"waiting/record.dat"}


def test_a_file_with_an_unknown_extension_is_no_annotation_without_a_header_of_its_stem(place: Place) -> None:
    place.arrives({"c.hea": b"c/1 12 500\na 5000\n"})
    assert [answer.state for answer in place.arrives({"a.xyz": b"\0\1"})] == ["waiting"]
    assert place.waiting == {"waiting/a.hea"}


@pytest.mark.parametrize("spoil", [b"", b"\0\0"])
def test_the_refusal_of_a_signal_is_emptied_even_after_its_note_expired(
    place: Place, pair: Files, spoil: bytes
) -> None:
    place.arrives({"record.dat": pair["record.dat"][: len(pair["record.dat"]) - len(spoil)]})
    place.clock.passes(days=2)
    place.sweep()
    del place.results.objects["waiting/record.hea"]
    place.arrives({"record.hea": pair["record.hea"]})
    assert list(place.outcomes) == ["record.hea.json"]

"""Which record an arrival is about, and what is written for it."""

import itertools
import json
from collections.abc import Mapping

import pytest

from ecg_core import EcgError, __version__, classify
from ecg_core.drop.addresses import FHIR, SVG, address
from ecg_core.recording import MAX_BYTES
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, zip_bytes
from tests.unit.drop.conftest import Place
from tests.unit.drop.fake import MemoryStore

Files = dict[str, bytes]


def refusal(files: Mapping[str, bytes]) -> EcgError:
    with pytest.raises(EcgError) as caught:
        classify(files)
    return caught.value


def in_folder(folder: str, files: Files) -> Files:
    return {f"{folder}/{name}": body for name, body in files.items()}


def renamed(files: Files, old: str, new: str) -> Files:
    """The record with another name, in its header too."""
    header = files[f"{old}.hea"].replace(old.encode(), new.encode())
    return {f"{new}.hea": header, f"{new}.dat": files[f"{old}.dat"]}


def segmented(count: int = 2, name: str = "whole", seed: int = 0) -> Files:
    """A record of several segments, each with its own header and signal, the master header first."""
    parts = [wfdb_files(synthesize("normal", seed=seed + index), f"{name}_{index:04}") for index in range(count)]
    lines = [f"{name}_{index:04} 5000" for index in range(count)]
    master = f"{name}/{count} 12 500 {5000 * count}\n" + "\n".join(lines) + "\n"
    return {f"{name}.hea": master.encode(), **{key: body for part in parts for key, body in part.items()}}


def two_signals() -> Files:
    """A record whose leads lie in two signal files, one with another stem."""
    limb, chest = synthesize("normal").only(("I", "II")), synthesize("normal").only(("V1", "V2"))
    first, second = wfdb_files(limb, "record"), wfdb_files(chest, "chest")
    lines = second["chest.hea"].decode().splitlines()[1:3]
    head, *rest = first["record.hea"].decode().splitlines()
    header = "\n".join([head.replace("record 2", "record 4"), *rest[:2], *lines]) + "\n"
    return {"record.hea": header.encode(), "record.dat": first["record.dat"], "chest.dat": second["chest.dat"]}


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
    assert place.results.objects == {}


def test_a_file_with_an_unknown_extension_waits_for_a_header(place: Place, pair: Files) -> None:
    header = pair["record.hea"].replace(b"record.dat", b"record.xyz")
    answers = place.arrives({"record.xyz": pair["record.dat"], "record.hea": header})
    assert [answer.state for answer in answers] == ["waiting", "written"]
    assert list(place.outcomes) == ["record.hea.json"]


@pytest.mark.parametrize("key", ["a/", "a/.DS_Store", "__MACOSX/._record.hea", "Thumbs.db", ".git/record.hea"])
def test_files_of_operating_systems_are_ignored_without_a_call(place: Place, key: str) -> None:
    place.arrives({key: b""})
    assert place.results.calls == place.inbox.calls == []


@pytest.mark.parametrize("key", ["README.md", "LICENSE.txt", "RECORDS", "plot.svg"])
def test_documents_are_ignored(place: Place, key: str) -> None:
    assert [answer.state for answer in place.arrives({key: b"text"})] == ["ignored"]
    assert place.outcomes == {}


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


def renamed_segments() -> Files:
    """As MIMIC-IV names them: the signal of a segment has another stem than its header."""
    files = {}
    for name, body in segmented().items():
        files[name.replace(".dat", "e.dat")] = body.replace(b"0.dat", b"0e.dat").replace(b"1.dat", b"1e.dat")
    return files


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


def test_an_object_above_the_limit_is_refused_unread(place: Place) -> None:
    place.inbox["holter.edf"] = bytes(MAX_BYTES + 1)
    (answer,) = place.told("holter.edf")
    assert (answer.state, answer.code) == ("written", "file_too_large")
    assert place.inbox.bytes_read == 0
    assert place.told("holter.edf")[0].state == "unchanged"


def test_the_size_limit_holds_for_all_files_of_a_record_together(place: Place, pair: Files) -> None:
    header = pair["record.hea"]
    place.inbox.drop({"record.hea": header, "record.dat": bytes(MAX_BYTES)})
    (answer,) = place.told("record.dat")
    assert (answer.key, answer.code) == ("record.hea", "file_too_large")
    assert place.inbox.bytes_read == len(header)


@pytest.mark.parametrize("forms", [(), (SVG,), (FHIR,), (SVG, FHIR)])
def test_other_forms_are_written_before_the_outcome(place: Place, table: bytes, forms: tuple[str, ...]) -> None:
    place.forms = forms
    place.arrives({"a.csv": table})
    assert place.results.written == [*(f"a.csv{form}" for form in forms), "a.csv.json"]
    starts = {SVG: b"<svg", FHIR: b'{"resourceType": "DiagnosticReport"'}
    assert all(place.results[f"a.csv{form}"].startswith(starts[form]) for form in forms)


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
    ["waiting/a.csv", "members/a.csv", "sha256/a.csv", "manifests/a.csv", "backfill/a/b.csv", "a.csv.fhir", "ä" * 510],
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

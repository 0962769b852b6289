"""Two workers at the same time, files that change during an attempt, calls that fail.

Most tests repeat the disturbance at every single call of the drop to a store.
"""

import itertools
import json
from collections.abc import Callable

import pytest

from ecg_core import classify
from ecg_core.drop import Contended
from ecg_core.drop.addresses import FHIR, SVG
from ecg_core.recording import MAX_BYTES
from ecg_core.synthesis.writers import zip_bytes
from tests.unit.drop.conftest import Place
from tests.unit.drop.disturbance import At, Killed, raising, told, without_hooks
from tests.unit.drop.fake import MemoryStore, once
from tests.unit.drop.records import Files, segmented

# More calls than any worker of these tests makes.
MANY_CALLS = 60


def forms_of(place: Place) -> dict[str, bytes]:
    return {key: body for key, body in place.outcomes.items() if not key.endswith("hea.json")}


@pytest.mark.parametrize("key", ["record.hea", "record.dat"])
@pytest.mark.parametrize("other", ["record.hea", "record.dat"])
def test_two_workers_write_one_outcome_whenever_the_second_starts(
    pair: Files, place: Place, key: str, other: str
) -> None:
    for number in itertools.count(1):
        fresh = Place(place.clock, MemoryStore(place.clock), MemoryStore(place.clock), place.classifier)
        fresh.inbox.drop(pair)
        second = At(number, without_hooks(fresh, lambda fresh=fresh: fresh.told(other)))  # type: ignore[misc]
        told(fresh, second, key)
        if not second.happened:
            break
        assert fresh.outcomes == {"record.hea.json": classify(pair).to_json()}
        assert fresh.results.written == ["record.hea.json"]
    assert number > 5


@pytest.mark.parametrize("forms", [(), (SVG, FHIR)])
@pytest.mark.parametrize("key", ["record.hea", "record.dat"])
@pytest.mark.parametrize("known", [False, True])
def test_a_slow_worker_does_not_overwrite_the_outcome_of_newer_bytes(
    pair: Files, other_pair: Files, place: Place, key: str, known: bool, forms: tuple[str, ...]
) -> None:
    expected = None
    for number in itertools.count(1):
        fresh = Place(place.clock, MemoryStore(place.clock), MemoryStore(place.clock), place.classifier, forms)
        fresh.inbox.drop(pair)
        if known:
            fresh.told("record.hea")

        def overtaken(fresh: Place = fresh) -> None:
            for name, body in other_pair.items():
                fresh.inbox[name] = body
                fresh.told(name)

        hook = At(number, without_hooks(fresh, overtaken))
        told(fresh, hook, key)
        if not hook.happened:
            break
        assert fresh.outcomes["record.hea.json"] == classify(other_pair).to_json(), number
        expected = expected or forms_of(fresh)
        assert forms_of(fresh) == expected, number


def test_bytes_that_change_and_change_back_during_an_attempt_leave_the_right_outcome(
    pair: Files, other_pair: Files, place: Place
) -> None:
    """The ABA problem: the outcome has its first etag again, but had another content in between."""
    for first, second in itertools.combinations(range(1, MANY_CALLS), 2):
        fresh = Place(place.clock, MemoryStore(place.clock), MemoryStore(place.clock), place.classifier)
        fresh.inbox.drop(pair)
        fresh.told("record.hea")

        def replaced(files: Files, fresh: Place = fresh) -> Callable[[], None]:
            def deed() -> None:
                fresh.inbox.drop(files)
                fresh.told(*files)

            return without_hooks(fresh, deed)

        there, back = At(first, replaced(other_pair)), At(second, replaced(pair))
        fresh.inbox.before = fresh.results.before = [there, back]
        fresh.told("record.dat")
        fresh.inbox.before = fresh.results.before = []
        if not there.happened:
            break
        if back.happened:
            assert fresh.outcomes["record.hea.json"] == classify(pair).to_json(), (first, second)


@pytest.mark.parametrize("fault", [OSError("throttled"), Killed()])
@pytest.mark.parametrize("order", [("record.hea", "record.dat"), ("record.dat", "record.hea")])
def test_after_a_failed_call_the_next_event_completes_the_record(
    pair: Files, place: Place, fault: BaseException, order: tuple[str, str]
) -> None:
    for number in range(1, MANY_CALLS):
        fresh = Place(place.clock, MemoryStore(place.clock), MemoryStore(place.clock), place.classifier, (SVG,))
        failing = At(number, raising(fault))
        for name in order:
            fresh.inbox[name] = pair[name]
            try:
                told(fresh, failing, name)
            except (OSError, Killed):
                fresh.told(name)
        assert fresh.outcomes["record.hea.json"] == classify(pair).to_json()
        assert fresh.results.written.count("record.hea.json") == 1
        assert fresh.outcomes["record.hea.svg"].startswith(b"<svg")
        if not failing.happened:
            break
    assert number > 15


def test_a_write_whose_answer_is_lost_is_not_repeated(pair: Files, place: Place) -> None:
    place.inbox.drop(pair)
    store = place.results.put

    def put_and_fail(key: str, body: bytes, **about: object) -> None:
        store(key, body, **about)  # type: ignore[arg-type]
        raise TimeoutError

    place.results.put = put_and_fail  # type: ignore[method-assign]
    with pytest.raises(TimeoutError):
        place.told("record.hea")
    place.results.put = store  # type: ignore[method-assign]
    assert place.told("record.hea")[0].state == "unchanged"
    assert place.results.written == ["record.hea.json"]


def test_an_object_that_is_deleted_between_event_and_read_writes_nothing(pair: Files, place: Place) -> None:
    place.inbox.drop(pair)
    place.inbox.before = [once("get", "record.hea", lambda: place.inbox.objects.clear())]
    assert place.told("record.hea")[0].state == "gone"
    assert place.outcomes == {}


def test_a_worker_gives_up_after_too_many_conflicts(place: Place, table: bytes) -> None:
    place.inbox["a.csv"] = table

    def ahead(operation: str, key: str) -> None:
        if operation == "put":
            place.results["a.csv.json"] = str(len(place.results.calls)).encode()

    place.results.before = [ahead]
    with pytest.raises(Contended):
        place.told("a.csv")


def test_a_note_that_two_workers_write_at_the_same_time_holds_both_keys(pair: Files, place: Place) -> None:
    second = pair["record.hea"].replace(b"record 12", b"second 12")
    place.inbox.drop({"record.hea": pair["record.hea"], "second.hea": second})
    hook = once("put", "waiting/record.dat", without_hooks(place, lambda: place.told("second.hea")))
    place.results.before = [hook]
    place.told("record.hea")
    place.results.before = []
    assert set(json.loads(place.results["waiting/record.dat"])) == {"record.hea", "second.hea"}
    place.arrives({"record.dat": pair["record.dat"]})
    assert set(place.outcomes) == {"record.hea.json", "second.hea.json"}
    assert not place.waiting


def test_a_segment_keeps_no_outcome_if_its_master_arrives_during_its_attempt(place: Place) -> None:
    files = segmented()
    for number in itertools.count(1):
        fresh = Place(place.clock, MemoryStore(place.clock), MemoryStore(place.clock), place.classifier)
        fresh.inbox.drop({name: body for name, body in files.items() if name != "whole.hea"})

        def comes(fresh: Place = fresh) -> None:
            fresh.arrives({"whole.hea": files["whole.hea"]})

        hook = At(number, without_hooks(fresh, comes))
        told(fresh, hook, "whole_0000.hea")
        if not hook.happened:
            break
        assert "whole_0000.hea.json" not in fresh.outcomes, number
        assert "whole.hea.json" in fresh.outcomes
    assert number > 5


def test_a_plot_left_by_a_killed_worker_is_replaced(place: Place, table: bytes, pair: Files) -> None:
    """A worker is killed after it wrote the plot of new bytes, before their outcome. Then the old bytes come back."""
    place.forms = (SVG,)
    place.arrives({"a.zip": zip_bytes(pair)})
    good = place.results["a.zip.svg"]
    place.inbox["a.zip"] = table
    place.results.before = [once("put", "a.zip.json", raising(Killed()))]
    with pytest.raises(Killed):
        place.told("a.zip")
    place.results.before = []
    assert place.results["a.zip.svg"] != good
    place.arrives({"a.zip": zip_bytes(pair)})
    assert place.results["a.zip.svg"] == good


def test_a_file_that_was_too_large_only_during_an_attempt_keeps_its_result(place: Place, table: bytes) -> None:
    place.arrives({"a.csv": table})
    place.inbox["a.csv"] = bytes(MAX_BYTES + 1)

    def back() -> None:
        place.inbox["a.csv"] = table
        place.told("a.csv")

    place.results.before = [once("put", "a.csv.json", without_hooks(place, back))]
    place.told("a.csv")
    place.results.before = []
    assert place.outcomes == {"a.csv.json": classify({"a.csv": table}).to_json()}


def test_a_signal_that_arrives_during_the_sweep_is_classified(pair: Files, place: Place) -> None:
    place.arrives({"record.hea": pair["record.hea"].replace(b"# synthetic", b"# another")})
    place.inbox["record.hea"] = pair["record.hea"]
    place.told("record.hea")
    place.clock.passes(days=2)

    def back() -> None:
        place.inbox["record.dat"] = pair["record.dat"]
        place.told("record.dat")

    place.results.before = [once("put", "record.hea.json", without_hooks(place, back))]
    place.sweep()
    place.results.before = []
    assert place.outcomes == {"record.hea.json": classify(pair).to_json()}


def test_a_note_that_is_needed_again_is_not_settled(pair: Files, place: Place) -> None:
    place.arrives({"record.hea": pair["record.hea"]})
    del place.inbox.objects["record.hea"]
    place.clock.passes(hours=1)

    def again() -> None:
        place.inbox["record.hea"] = pair["record.hea"]
        place.told("record.hea")

    place.results.before = [once("put", "waiting/record.dat", without_hooks(place, again))]
    place.sweep()
    place.results.before = []
    assert place.waiting == {"waiting/record.dat"}

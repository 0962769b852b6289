import json
import runpy
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from ecg_core.drop import Drop
from ecg_core.model.classifier import default_classifier
from functions.s3_drop.events import hints_of_batch
from tests.s3_drop.events import backfill_batch
from tests.sam.conftest import ROOT
from tests.unit.drop.fake import Clock, MemoryStore

EXAMPLES = ROOT / "examples"
HEADER, SIGNAL = ({f"a/{name}": (EXAMPLES / name).read_bytes()} for name in ("normal.hea", "normal.dat"))
SINGLE = {"a/st_depression.csv": (EXAMPLES / "st_depression.csv").read_bytes()}
# The batches of each road: what is dropped ahead of it, and the hints that are looked at.
DROPPED: dict[str, list[tuple[dict[str, bytes], Iterable[str]]]] = {
    "a single file": [(SINGLE, SINGLE)],
    "a pair in one batch": [(HEADER | SIGNAL, HEADER | SIGNAL)],
    "a pair in two batches": [(HEADER | SIGNAL, SIGNAL), ({}, HEADER)],
    "a pair, one waits": [(SIGNAL, SIGNAL), (HEADER, HEADER)],
    "single files by the backfill": [(SINGLE, SINGLE)],
    "pairs by the backfill": [
        (HEADER | SIGNAL, [hint.key for hint in hints_of_batch(backfill_batch(*HEADER, *SIGNAL), "")]),
    ],
}


@pytest.fixture(scope="module")
def cost() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "infra/cost.py"))


def call(**changed: Any) -> dict[str, Any]:
    usual = {"ms": 10, "memory_mb": 1024, "cold_share": 0.0, "cold_ms": 1000, "answer_kb": 1, "log_kb": 1}
    return {**usual, "architecture": "x86_64", **changed}


def test_a_million_calls_of_ten_milliseconds_are_ten_thousand_seconds(cost: dict[str, Any]) -> None:
    assert cost["per_million"](**call())["Lambda, duration"] == pytest.approx(10_000 * 0.0000166667)


def test_a_cold_start_is_billed_with_its_share(cost: dict[str, Any]) -> None:
    seconds = 1_000_000 * (0.010 + 0.02 * 1.0)
    assert cost["per_million"](**call(cold_share=0.02))["Lambda, duration"] == pytest.approx(seconds * 0.0000166667)


def test_memory_is_billed_in_proportion_and_milliseconds_are_rounded_up(cost: dict[str, Any]) -> None:
    twice = cost["per_million"](**call(memory_mb=2048, ms=9.1))["Lambda, duration"]
    assert twice == pytest.approx(2 * cost["per_million"](**call())["Lambda, duration"])


def calls(road: str, forms: tuple[str, ...] = ()) -> list[str]:
    """Of S3, as the drop makes them."""
    inbox, results = MemoryStore(Clock()), MemoryStore(Clock())
    for dropped, hints in DROPPED[road]:
        inbox.drop(dropped)
        drop = Drop(inbox, results, default_classifier(), forms)
        for key in hints:
            # As the function does with a listing.
            if not ("backfill" in road and drop.has_seen(key)):
                drop.arrived(key)
    return [operation for operation, _ in (*inbox.calls, *results.calls)]


@pytest.mark.parametrize("road", sorted(DROPPED))
def test_the_calls_to_s3_are_those_that_the_drop_makes(cost: dict[str, Any], road: str) -> None:
    said, made = (cost["ROADS"] | cost["BACKFILLED"])[road], calls(road)
    assert said.reads == made.count("get") + made.count("head")
    assert (said.writes, said.lists) == (made.count("put"), made.count("list"))
    assert (said.files, said.batches) == (sum(len(files) for files, _ in DROPPED[road]), len(DROPPED[road]))


def test_another_form_costs_one_head_and_one_put(cost: dict[str, Any]) -> None:
    plain, with_forms = (calls("a single file", forms) for forms in ((), (".svg", ".fhir.json")))
    assert [with_forms.count(one) - plain.count(one) for one in ("head", "put", "get", "list")] == [2, 2, 0, 0]


def priced(cost: dict[str, Any], **changed: Any) -> Callable[[str], float]:
    """Of a road of a million single files, ten milliseconds each, nothing cold."""
    usual = {"ms": 10, "s3_ms": 0, "memory_mb": 1024, "cold_share": 0.0}
    rows = cost["drop_per_million"](cost["ROADS"]["a single file"], cost["Function"](**{**usual, **changed}))
    return lambda name: float(rows[name])


def test_a_million_files_are_a_million_notifications_and_as_many_batches(cost: dict[str, Any]) -> None:
    paid = priced(cost)
    assert paid("SQS") == pytest.approx(3 * 0.40)
    assert paid("Lambda, requests") == pytest.approx(0.20)
    assert paid("Lambda, duration") == pytest.approx(10_000 * 0.0000166667)
    assert paid("S3, read") == pytest.approx(3 * 0.43)
    assert paid("S3, written") == pytest.approx(5.40)


def test_the_time_of_s3_is_paid_for_and_full_batches_save_requests_only(cost: dict[str, Any]) -> None:
    slow, full = priced(cost, s3_ms=5), priced(cost, records=10)
    assert slow("Lambda, duration") == pytest.approx(3 * priced(cost)("Lambda, duration"))
    assert full("Lambda, requests") == pytest.approx(0.02)
    assert full("Lambda, duration") == pytest.approx(priced(cost)("Lambda, duration"))


def test_another_form_is_billed_as_one_head_and_one_put(cost: dict[str, Any]) -> None:
    assert priced(cost, forms=2)("S3, written") == pytest.approx(3 * 5.40)
    assert priced(cost, forms=2)("S3, read") == pytest.approx(5 * 0.43)
    assert priced(cost, forms=2)("EventBridge") == pytest.approx(3 * 1.00)


def test_the_backfill_pays_for_its_batches(cost: dict[str, Any]) -> None:
    function = cost["Function"](ms=10, s3_ms=0, memory_mb=1024, cold_share=0.0)
    rows = cost["backfill_per_million"](cost["ROADS"]["a single file"], function)
    assert rows["Step Functions"] == pytest.approx(0.01 * (25.00 + 1.00) + 10_000 / 16 * 0.00001667)
    assert rows["S3, keys listed"] == pytest.approx(0.0054)
    assert rows["Lambda, requests"] == pytest.approx(0.002)
    assert rows["Lambda, duration"] == pytest.approx(10_000 * 0.0000166667)


def test_the_cost_script_counts_what_the_template_has(cost: dict[str, Any], stack: dict[str, Any]) -> None:
    kinds = [resource["Type"] for resource in stack["Resources"].values()]
    alarms = [one for one in stack["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    asked = [one for one in alarms if "Condition" in one]
    assert (cost["ALARMS"], cost["ANOMALY_ALARMS"]) == (len(alarms) - len(asked), len(asked))
    assert cost["IMAGES"] == kinds.count("AWS::Lambda::Function")
    batcher = json.loads((ROOT / "infra/backfill.asl.json").read_text())["States"]["Records"]["ItemBatcher"]
    assert cost["FILES_A_BATCH"] == batcher["MaxItemsPerBatch"]


def test_every_table_adds_up(cost: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    cost["main"](["--ms", "14"])
    shown = capsys.readouterr().out
    head, *tables = shown.split("\n\n")
    cost["main"](["--ms", "14", "--anomaly-alarm"])
    tables.append(capsys.readouterr().out.split("\n\n")[-1])
    idle = [float(lines.split("sum")[1]) for lines in tables[-2:]]
    assert idle[1] - idle[0] == pytest.approx(cost["PRICES"]["Anomaly alarm, a month"])
    assert "check them" in head
    assert len(tables) == 1 + len(DROPPED) + 2
    for lines in tables:
        amounts = [float(line.rsplit(maxsplit=1)[1]) for line in lines.splitlines()[1:]]
        assert amounts[-1] == pytest.approx(sum(amounts[:-1]), abs=0.05)


def test_the_guide_s_table_is_the_script_s(cost: dict[str, Any]) -> None:
    usual, roads = cost["Function"](), cost["ROADS"]
    tables = {name: cost["drop_per_million"](road, usual) for name, road in roads.items()}
    tables |= {name: cost["backfill_per_million"](road, usual) for name, road in cost["BACKFILLED"].items()}
    columns = [
        ("SQS", "Step Functions"),
        ("Lambda, requests", "Lambda, duration"),
        ("S3, read", "S3, written", "S3, keys listed"),
        ("EventBridge",),
        ("CloudWatch Logs", "X-Ray"),
    ]
    guide = (ROOT / "infra/README.md").read_text()
    for name, rows in tables.items():
        cells = [*(sum(rows.get(one, 0) for one in column) for column in columns), sum(rows.values())]
        assert f"| {name} | {' | '.join(f'{cell:.2f}' for cell in cells)} |\n" in guide
    assert f"about {sum(cost['per_month'](0.14).values()):.2f} a month" in guide
    form = sum(cost["drop_per_million"](roads["a single file"], usual._replace(forms=1)).values())
    assert f"adds {form - sum(tables['a single file'].values()):.2f} a million" in guide

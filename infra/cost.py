"""What a million ECGs cost on AWS: python infra/cost.py [--ms 14 --memory-mb 1769 --cold-share 0.01 ...]

Three ways are counted: HTTP, files dropped into the inbox, and the backfill. The defaults are measured (`make sam`
prints them), except the time of a call to S3. The prices are from memory: see PRICES.
"""

import argparse
from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

MILLION = 1_000_000

# US dollars, list prices of eu-central-1 (Frankfurt), without free tier and taxes. Written from memory in 2026, not
# looked up: check them at https://aws.amazon.com/pricing before you rely on a sum.
REGION = "eu-central-1"
PRICES = {
    "REST API, a million requests": 3.70,
    "Lambda, a million requests": 0.20,
    "Lambda x86_64, a GB-second": 0.0000166667,
    "Lambda arm64, a GB-second": 0.0000133334,
    "CloudWatch Logs, a GB taken in": 0.63,
    "X-Ray, a million traces": 5.00,
    "Traffic to the internet, a GB": 0.09,
    "Alarm, a month": 0.10,
    # Three metrics: the requests, and the two limits of what is usual.
    "Anomaly alarm, a month": 0.30,
    "ECR, a GB and month": 0.10,
    "SQS, a million requests": 0.40,
    "S3, a million GET or HEAD": 0.43,
    "S3, a million PUT or LIST": 5.40,
    "EventBridge, a million events of S3": 1.00,
    "Step Functions, a million transitions": 25.00,
    "Step Functions, a million express executions": 1.00,
    "Step Functions, a GB-second of express": 0.00001667,
}
# Share of requests that X-Ray traces. Its default rule: the first of each second, and 5 % of the others.
TRACED = 0.05
ALARMS = 9
# On request: the parameter AnomalyAlarm.
ANOMALY_ALARMS = 1
# Each of the two functions has a repository of its own, with the same layers.
IMAGES = 2
# Lambda polls an empty queue with five readers. Each request waits 20 s.
POLLS_A_MONTH = 5 * 30 * 24 * 3600 / 20
# Size of one log line.
LINE_KB = 0.3
# The backfill: see infra/backfill.asl.json. An express execution is billed for at least 64 MB.
FILES_A_BATCH = 100
EXPRESS_GB = 64 / 1024
KEYS_A_LIST = 1000


class Road(NamedTuple):
    """What one record needs. batches: how many its files come in. reads: GET and HEAD. writes: PUT. lists: LIST."""

    files: int
    batches: int
    reads: int
    writes: int
    lists: int


# These numbers are verified by tests/sam/test_cost.py, which counts the calls.
ROADS = {
    "a single file": Road(1, 1, 3, 1, 0),
    "a pair in one batch": Road(2, 1, 9, 1, 0),
    "a pair in two batches": Road(2, 2, 13, 1, 0),
    "a pair, one waits": Road(2, 2, 15, 3, 1),
}
# The header comes first in a batch and answers the record, so the key of its signal file is skipped.
BACKFILLED = {"single files by the backfill": ROADS["a single file"], "pairs by the backfill": Road(2, 1, 7, 1, 0)}


class Function(NamedTuple):
    """The function behind the inbox.

    ms: one classification, warm. s3_ms: one call to S3. cold_share: share of invocations that are cold starts. cold_ms:
    what a cold start adds. forms: written beside each result. records: in one batch.
    """

    ms: float = 14
    s3_ms: float = 20
    memory_mb: float = 1769
    cold_share: float = 0.01
    cold_ms: float = 700
    log_kb: float = 1.0
    forms: int = 0
    records: float = 1
    architecture: str = "x86_64"


def per_million(
    ms: float, memory_mb: float, cold_share: float, cold_ms: float, answer_kb: float, log_kb: float, architecture: str
) -> dict[str, float]:
    """US dollars for a million HTTP requests, by service. ms: a warm call. cold_ms: what a cold start adds."""
    # Lambda bills whole milliseconds, cold starts included.
    seconds = (ceil(ms) + cold_share * ceil(cold_ms)) / 1000
    return {
        "API Gateway": PRICES["REST API, a million requests"],
        "Lambda, requests": PRICES["Lambda, a million requests"],
        "Lambda, duration": MILLION * seconds * memory_mb / 1024 * PRICES[f"Lambda {architecture}, a GB-second"],
        "CloudWatch Logs": MILLION * log_kb / 1e6 * PRICES["CloudWatch Logs, a GB taken in"],
        "X-Ray": TRACED * PRICES["X-Ray, a million traces"],
        "Traffic": MILLION * answer_kb / 1e6 * PRICES["Traffic to the internet, a GB"],
    }


def drop_per_million(road: Road, function: Function) -> dict[str, float]:
    """US dollars for a million records dropped into the inbox, by service, without the uploads themselves."""
    invocations = road.batches / function.records
    # One request sends each notification, one receives a batch, one deletes it.
    requests = road.files + 2 * invocations
    return {"SQS": requests * PRICES["SQS, a million requests"], **_worked(road, function, invocations)}


def backfill_per_million(road: Road, function: Function) -> dict[str, float]:
    """US dollars for a million records that are in a bucket already, by service.

    Batches are full, so function.records is not used.
    """
    batches = road.files / FILES_A_BATCH
    seconds = _seconds(road, function, batches)
    steps = (
        batches * PRICES["Step Functions, a million transitions"]
        + batches * PRICES["Step Functions, a million express executions"]
        + MILLION * seconds * EXPRESS_GB * PRICES["Step Functions, a GB-second of express"]
    )
    listed = road.files / KEYS_A_LIST * PRICES["S3, a million PUT or LIST"]
    return {"Step Functions": steps, "S3, keys listed": listed, **_worked(road, function, batches)}


def _worked(road: Road, function: Function, invocations: float) -> dict[str, float]:
    """What both ways have in common. invocations: for one record."""
    gb_second = PRICES[f"Lambda {function.architecture}, a GB-second"]
    log_kb = invocations * function.log_kb + road.files * LINE_KB
    reads, writes = road.reads + function.forms, road.writes + function.forms
    return {
        "Lambda, requests": invocations * PRICES["Lambda, a million requests"],
        "Lambda, duration": MILLION * _seconds(road, function, invocations) * function.memory_mb / 1024 * gb_second,
        "S3, read": reads * PRICES["S3, a million GET or HEAD"],
        "S3, written": (writes + road.lists) * PRICES["S3, a million PUT or LIST"],
        "EventBridge": writes * PRICES["EventBridge, a million events of S3"],
        "CloudWatch Logs": MILLION * log_kb / 1e6 * PRICES["CloudWatch Logs, a GB taken in"],
        "X-Ray": TRACED * invocations * PRICES["X-Ray, a million traces"],
    }


def _seconds(road: Road, function: Function, invocations: float) -> float:
    """Seconds of the function for one record."""
    calls = road.reads + road.writes + road.lists + 2 * function.forms
    return (function.ms + calls * function.s3_ms + invocations * function.cold_share * function.cold_ms) / 1000


def per_month(image_gb: float, anomaly_alarm: bool = False) -> dict[str, float]:
    """US dollars for a month without requests."""
    asked = ANOMALY_ALARMS * PRICES["Anomaly alarm, a month"] if anomaly_alarm else 0.0
    return {
        "Alarms": ALARMS * PRICES["Alarm, a month"] + asked,
        "Images": IMAGES * image_gb * PRICES["ECR, a GB and month"],
        "SQS": POLLS_A_MONTH / MILLION * PRICES["SQS, a million requests"],
    }


def table(rows: Mapping[str, float]) -> str:
    return "\n".join(f"  {name:<18}{dollars:8.2f}" for name, dollars in {**rows, "sum": sum(rows.values())}.items())


def main(arguments: Sequence[str] | None = None) -> None:
    usual = Function()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ms", type=float, default=usual.ms, help="duration of one classification, warm")
    parser.add_argument(
        "--s3-ms", type=float, default=usual.s3_ms, help="duration of one call to S3; assumed, not measured"
    )
    parser.add_argument("--memory-mb", type=float, default=usual.memory_mb)
    parser.add_argument(
        "--cold-share", type=float, default=usual.cold_share, help="share of calls that are cold starts"
    )
    parser.add_argument("--cold-ms", type=float, default=usual.cold_ms, help="what a cold start adds")
    parser.add_argument("--answer-kb", type=float, default=1.5, help="size of an answer; an SVG has 110")
    parser.add_argument(
        "--log-kb", type=float, default=usual.log_kb, help="size of the log lines of one call, Lambda's own included"
    )
    parser.add_argument("--forms", type=int, default=usual.forms, help="forms written beside each result, 0 to 2")
    parser.add_argument("--records", type=float, default=usual.records, help="records in one batch")
    parser.add_argument("--architecture", choices=["x86_64", "arm64"], default=usual.architecture)
    parser.add_argument("--image-gb", type=float, default=0.14, help="compressed, as ECR stores it")
    parser.add_argument("--anomaly-alarm", action="store_true", help="with AnomalyAlarm=true")
    given = vars(parser.parse_args(arguments))
    image_gb, answer_kb, anomaly_alarm = (given.pop(name) for name in ("image_gb", "answer_kb", "anomaly_alarm"))
    function = Function(**given)
    http = per_million(
        answer_kb=answer_kb,
        **{name: given[name] for name in ("ms", "memory_mb", "cold_share", "cold_ms", "log_kb", "architecture")},
    )
    print(f"US dollars, list prices of {REGION}, from memory: check them.\n\na million requests\n{table(http)}")
    for name, road in ROADS.items():
        print(f"\na million records dropped: {name}\n{table(drop_per_million(road, function))}")
    for name, road in BACKFILLED.items():
        print(f"\na million records: {name}\n{table(backfill_per_million(road, function))}")
    print(f"\na month, idle\n{table(per_month(image_gb, anomaly_alarm))}")


if __name__ == "__main__":
    main()

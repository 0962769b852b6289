"""`make chaos`: thousands of records, every kind of mishap, and in the end each has its one outcome.

python -m tests.s3_drop.chaos [--records 2000] [--seed 1]. Files of a record arrive apart and in any order, events are
shuffled and 30 % of them doubled, 10 % of the function's calls to S3 fail (throttled, refused, carried out but answered
with an error, cut off), workers are killed at random moments, messages are poisoned, and some keys may not be read.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from werkzeug.wrappers import Request

from ecg_core.drop import Drop, sweep
from ecg_core.drop.addresses import FHIR, address
from ecg_core.drop.sweep import GRACE
from ecg_core.model.classifier import default_classifier
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, zip_bytes
from functions.s3_drop.store import BucketStore
from tests.s3_drop.cloud import INBOX, RESULTS, Cloud, arn_of, environment, furnished
from tests.s3_drop.faults import DENIED, Fault, Layer, at_random, served
from tests.unit.drop.command import classified

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 6
FAULTS, DOUBLED, POISONED = 0.10, 0.30, 0.01
# One of the workers is killed after so many calls of theirs to S3: a slow machine sees as many kills as a fast one.
KILL_AFTER_CALLS = (100, 300)
# Several times what a batch takes with all its mishaps, as deployed: a message that comes again while it is worked on
# uses up its receives. The messages of a killed worker come again after this time.
VISIBILITY_S = 16
WAVES = 10
# What must never be seen in a log.
SECRET = "Hans-Meier"
FOLDERS = (f"{SECRET}/2026/", "klinik süd/", "a+b 100%/", "")
FORBIDDEN = f"{SECRET}/forbidden/"


@dataclass
class Plan:
    """files: key to the bytes that count in the end. before: bytes that lay there first, of some keys."""

    files: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)


def plan(records: int, chance: random.Random) -> Plan:
    """Pairs and single files in equal parts; of both, some are refused or replaced, and some never come whole."""
    made = Plan()
    hearts = ("normal", "lbbb", "rbbb", "st_depression", "t_inversion")
    for index in range(records):
        name, folder = f"r{index:05}", chance.choice(FOLDERS)
        recording = synthesize(chance.choice(hearts), fs_hz=100, duration_s=chance.choice((10, 10, 7)), seed=index)
        pair = wfdb_files(recording, name)
        kind = index % 20
        if kind < 10:
            files = _of_pair(kind, name, pair, whole=bool(index // 20 % 2))
            if kind == 8:
                other = wfdb_files(synthesize("normal", fs_hz=100, seed=index + records), name)
                made.before.update({folder + key: body for key, body in other.items()})
        elif kind < 14:
            files = {f"{name}.zip": zip_bytes(pair)}
        elif kind < 19:
            files = {f"{name}.csv": csv_bytes(recording)}
            if kind == 18:
                made.before[f"{folder}{name}.csv"] = b"time,I\n"
        else:
            files = {f"{name}.bin.zip": chance.randbytes(2000), "README.md": b"notes", f"{name}.atr": b"\0\1"}
        if index % 50 == 1:
            # Segments, whose signals have names of their own.
            files = _segmented(name, index)
        made.files.update({folder + key: body for key, body in files.items()})
    for index in range(max(2, records // 200)):
        key = f"{FORBIDDEN}f{index}.csv"
        made.files[key] = b"time,I\n"
        made.forbidden.add(key)
    return made


def _of_pair(kind: int, name: str, pair: Mapping[str, bytes], whole: bool) -> dict[str, bytes]:
    header, signal = pair[f"{name}.hea"], pair[f"{name}.dat"]
    if kind == 5:
        return {f"{name}.HEA": header, f"{name}.Dat": signal}
    if kind == 6:
        # A signal whose name does not lead to its header.
        return {f"{name}.hea": header.replace(f"{name}.dat".encode(), f"s{name}.dat".encode()), f"s{name}.dat": signal}
    if kind == 7:
        return {f"{name}.hea": b"garbage", f"{name}.dat": signal}
    if kind == 9:
        return {f"{name}.dat": signal[:-2], f"{name}.hea": header} if whole else {f"{name}.hea": header}
    return dict(pair)


def _segmented(name: str, seed: int) -> dict[str, bytes]:
    parts = [wfdb_files(synthesize("normal", fs_hz=100, seed=seed + part), f"{name}_{part}") for part in range(3)]
    lines = "".join(f"{name}_{part} 1000\n" for part in range(3))
    files = {f"{name}.hea": f"{name}/3 12 100 3000\n{lines}".encode()}
    for part in parts:
        for key, body in part.items():
            files[key.replace(".dat", "e.dat")] = body.replace(b".dat 16", b"e.dat 16")
    return files


class Workers:
    """Processes of the function. One that ends is started again."""

    def __init__(self, aws: Cloud, endpoint: str, log: Path, chance: random.Random, layer: Layer, count: int) -> None:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "AWS_LAMBDA_LOG_FORMAT": "JSON"}
        queue = {"QUEUE": aws.queue, "QUEUE_ENDPOINT": aws.endpoint, "FORMS": "fhir"}
        self._environment = {**plain, **environment(endpoint), **queue, **threads}
        self._log, self._chance, self._layer = log, chance, layer
        self._processes = [self._started() for _ in range(count)]
        self._next_kill = chance.randint(*KILL_AFTER_CALLS)
        self.kills = 0

    def _started(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.s3_drop.worker"]
        with self._log.open("ab") as written:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=written, stderr=written)

    def mishap(self, killing: bool = True) -> None:
        """Kills one, if it is its turn; and each that has ended is started again."""
        if killing and self._layer.calls > self._next_kill:
            victim = self._chance.randrange(len(self._processes))
            self._processes[victim].kill()
            self._processes[victim].wait()
            self.kills += 1
            self._next_kill = self._layer.calls + self._chance.randint(*KILL_AFTER_CALLS)
        for index, process in enumerate(self._processes):
            if process.poll() is not None:
                self._processes[index] = self._started()

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


class Post:
    """Takes S3's events and hands them on, late, in any order, some twice, and poison among them."""

    def __init__(self, aws: Cloud, chance: random.Random) -> None:
        self._aws, self._chance = aws, chance
        self._raw = aws.sqs.create_queue(QueueName="arrivals")["QueueUrl"]
        told = {"QueueConfigurations": [{"QueueArn": arn_of(aws.sqs, self._raw), "Events": ["s3:ObjectCreated:*"]}]}
        aws.s3.put_bucket_notification_configuration(Bucket=INBOX, NotificationConfiguration=told)
        # What S3 sends to a new queue is no event of an object.
        aws.sqs.purge_queue(QueueUrl=self._raw)
        self._kept: list[str] = []
        self.sent: Counter[str] = Counter()
        self.poison: Counter[str] = Counter()

    def deliver(self, last: bool = False) -> None:
        while messages := self._aws.received(self._raw):
            for message in messages:
                self._kept.append(message["Body"])
                self._aws.sqs.delete_message(QueueUrl=self._raw, ReceiptHandle=message["ReceiptHandle"])
        self._chance.shuffle(self._kept)
        count = len(self._kept) if last else len(self._kept) * 2 // 3
        going, self._kept = self._kept[:count], self._kept[count:]
        going += [body for body in going if self._chance.random() < DOUBLED]
        poison = [f"poison {self._chance.random()}" for _ in going if self._chance.random() < POISONED]
        if last:
            poison.append("poison at the end")
        self.poison.update(poison)
        self.sent.update(going)
        going += poison
        self._chance.shuffle(going)
        for body in going:
            self._aws.sqs.send_message(QueueUrl=self._aws.queue, MessageBody=body)


@contextmanager
def two_doors(faulty: Layer) -> Iterator[tuple[str, str]]:
    """Addresses of one moto: one that works, and one with the layer in front."""
    with served(Layer()) as plain, served(faulty) as rough:
        yield plain, rough


def is_forbidden(request: Request) -> Fault | None:
    return DENIED if request.path.startswith(f"/{INBOX}/{FORBIDDEN}") else None


def expected(aws: Cloud, planned: Plan, folder: Path) -> dict[str, bytes]:
    """What `ekg classify --json` says to the same files, by the address of the outcome."""
    for key in planned.files:
        if key not in planned.forbidden:
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(aws.s3.get_object(Bucket=INBOX, Key=key)["Body"].read())
    return classified(folder)


def _outcomes(aws: Cloud) -> dict[str, bytes]:
    """The JSON outcomes, without emptied ones."""
    return {key: body for key, body in aws.outcomes().items() if body and key.endswith(".json") and FHIR not in key}


def keys_of(body: str) -> list[str]:
    return [unquote_plus(record["s3"]["object"]["key"]) for record in json.loads(body)["Records"]]


def run(records: int, seed: int, workers_count: int = WORKERS) -> dict[str, Any]:
    """The figures of one run; what must be zero is counted, not asserted."""
    chance = random.Random(seed)
    planned = plan(records, chance)
    layer = Layer()
    with two_doors(layer) as (plain, rough), tempfile.TemporaryDirectory() as name:
        aws = furnished(plain, VISIBILITY_S, notified=False)
        post = Post(aws, chance)
        layer.rules = [is_forbidden, at_random(FAULTS, seed)]
        log = Path(name) / "log"
        workers = Workers(aws, rough, log, chance, layer, workers_count)
        start = time.monotonic()
        try:
            _upload(aws, planned, post, workers, chance)
            _wait(aws, workers)
            _sweep(aws)
        finally:
            workers.end()
        seconds = time.monotonic() - start
        found, wanted = _outcomes(aws), expected(aws, planned, Path(name) / "inbox")
        results = {key for key, body in found.items() if b'"diagnosis"' in body[:20]}
        forms = {key.removesuffix(".json") for key in results} ^ {
            key.removesuffix(FHIR) for key, body in aws.outcomes().items() if body and key.endswith(FHIR)
        }
        versions = {key: count for key, count in aws.versions().items() if key in found}
        dead = Counter(message["Body"] for message in _dead(aws))
        predicted = post.poison + Counter(
            {body: count for body, count in post.sent.items() if set(keys_of(body)) <= planned.forbidden}
        )
        replaced = {address(key) for key in planned.before}
        open_notes = [key for key, body in aws.results("waiting/").items() if body]
        return {
            "seed": seed,
            "records": len(wanted),
            "files": len(planned.files) + len(planned.before),
            "messages": sum((post.sent + post.poison).values()),
            "calls": layer.calls,
            "faults": layer.faults,
            "kills": workers.kills,
            "seconds": round(seconds),
            "lost": len(wanted.keys() - found.keys()),
            "unexpected": len(found.keys() - wanted.keys()),
            "different": sum(found[key] != wanted[key] for key in wanted.keys() & found.keys()),
            "forms_wrong": len(forms),
            "doubled": sum(count > 1 for key, count in versions.items() if key not in replaced),
            "waiting": len(open_notes),
            "dead": sum(dead.values()),
            "dead_unpredicted": sum((dead - predicted).values()),
            "dead_missing": sum((predicted - dead).values()),
            "secrets_logged": log.read_text(errors="replace").count(SECRET),
        }


def _upload(aws: Cloud, planned: Plan, post: Post, workers: Workers, chance: random.Random) -> None:
    uploads = list(planned.files.items())
    chance.shuffle(uploads)
    # The first bytes of replaced keys come first, so that most are answered before the new bytes arrive.
    first = list(planned.before.items())
    waves = [first + uploads[:: WAVES * 2], *(uploads[offset :: WAVES * 2] for offset in range(1, WAVES * 2))]
    replaced = [(key, planned.files[key]) for key in planned.before]
    for wave in [*waves, replaced]:
        for key, body in wave:
            if key in planned.before and wave is not replaced and (key, body) not in first:
                continue
            aws.s3.put_object(Bucket=INBOX, Key=key, Body=body)
            workers.mishap()
        post.deliver()
    post.deliver(last=True)


def _wait(aws: Cloud, workers: Workers) -> None:
    """Waits until every message is processed or in the dead letter queue."""
    while aws.depth(aws.queue):
        workers.mishap()
        # A sweep runs beside the workers. No record is overdue yet.
        _sweep(aws, later=timedelta(0), grace=timedelta(0))
        time.sleep(1)


def _sweep(aws: Cloud, later: timedelta = timedelta(hours=25), grace: timedelta = GRACE) -> None:
    inbox, results = BucketStore(aws.s3, INBOX), BucketStore(aws.s3, RESULTS)
    now = datetime.now(UTC) + later
    swept = sweep(
        lambda: Drop(inbox, results, default_classifier(), (FHIR,)), results, now, timedelta(hours=24), grace=grace
    )
    assert not swept.faults, swept.faults


def _dead(aws: Cloud) -> list[dict[str, Any]]:
    found = []
    while messages := aws.received(aws.dead):
        found += messages
        for message in messages:
            aws.sqs.delete_message(QueueUrl=aws.dead, ReceiptHandle=message["ReceiptHandle"])
    return found


MUST_BE_ZERO = (
    *("lost", "unexpected", "different", "forms_wrong", "doubled", "waiting"),
    *("dead_unpredicted", "dead_missing", "secrets_logged"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    figures = run(given.records, given.seed)
    print(json.dumps(figures, indent=1))
    return 1 if any(figures[name] for name in MUST_BE_ZERO) else 0


if __name__ == "__main__":
    raise SystemExit(main())

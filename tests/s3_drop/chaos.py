"""`make chaos`: thousands of records, every kind of mishap, and in the end each has its one outcome.

python -m tests.s3_drop.chaos [--records 2000] [--seed 1]. Files of a record arrive apart and in any order, events are
shuffled and 30 % of them doubled, 10 % of the function's calls to S3 fail (throttled, refused, carried out but answered
with an error, cut off), workers are killed at random moments, messages are poisoned, some keys may not be read, and
some objects lie in an archive until the end.
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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from werkzeug.wrappers import Request

from ecg_core.drop import Drop, sweep
from ecg_core.drop.addresses import FHIR, IGNORED, MEMBERS, NOTES, address
from ecg_core.drop.sweep import GRACE
from ecg_core.model.classifier import default_classifier
from functions.s3_drop.store import BucketStore
from tests.s3_drop.cloud import INBOX, RESULTS, Cloud, arn_of, environment, furnished
from tests.s3_drop.events import s3_event
from tests.s3_drop.faults import DENIED, Fault, Layer, at_random, served
from tests.s3_drop.plan import FORBIDDEN, SECRET, Plan, plan
from tests.s3_drop.queue import RETURNED, digest_of
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
# Types of faults that the storage, the network or a poisoned message cause. Any other is a fault of the drop, which
# may give back a message only for one of these.
FAULTS_OF_OTHERS = (
    *("ClientError", "AccessDenied", "UnknownEvent", "TimeoutError", "ConnectionError", "ConnectionClosedError"),
    *("IncompleteReadError", "ResponseStreamingError", "ProtocolError"),
)


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
        self._send(going)

    def restore(self, planned: Plan) -> None:
        """Takes all objects out of the archive. S3 tells so of every second one; the sweep finds the others."""
        for index, key in enumerate(sorted(planned.archived)):
            self._aws.s3.restore_object(Bucket=INBOX, Key=key, RestoreRequest={"Days": 1})
            if index % 2:
                body = json.dumps(s3_event(key, name="ObjectRestore:Completed"))
                self.sent[body] += 1
                self._send([body])

    def _send(self, bodies: list[str]) -> None:
        for body in bodies:
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
        if key not in planned.forbidden and not key.endswith("/"):
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(aws.s3.get_object(Bucket=INBOX, Key=key)["Body"].read())
    return classified(folder, *sorted(planned.apart))


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
            post.restore(planned)
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
        open_notes = [key for kind in NOTES if kind != MEMBERS for key, body in aws.results(kind).items() if body]
        ignored = {entry["key"]: entry["reason"] for entry in map(json.loads, aws.results(IGNORED).values())}
        innocent = {digest_of(body) for body in post.sent} - {digest_of(body) for body in predicted}
        returned = [line.split()[1:] for line in log.read_text(errors="replace").splitlines() if RETURNED in line]
        logged = _faults_in(log)
        often = Counter(name for name, body in returned if body in innocent)
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
            "miscounted": len(wanted) - planned.outcomes,
            "ignored": len(ignored),
            "ignored_wrong": len(ignored.items() ^ planned.ignored.items()),
            "returned": len(often),
            "returned_for": dict(logged),
            "faults_of_ours": sum(count for name, count in logged.items() if not name.endswith(FAULTS_OF_OTHERS)),
            "returned_twice": sum(count > 1 for count in often.values()),
            "dead": sum(dead.values()),
            "dead_unpredicted": sum((dead - predicted).values()),
            "dead_missing": sum((predicted - dead).values()),
            "secrets_logged": log.read_text(errors="replace").count(SECRET),
        }


def _faults_in(log: Path) -> Counter[str]:
    """How often each type of fault was logged."""
    lines = (line for line in log.read_text(errors="replace").splitlines() if '"fault"' in line)
    return Counter(str(json.loads(line)["error"]) for line in lines)


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
            archive = {"StorageClass": "GLACIER"} if key in planned.archived else {}
            aws.s3.put_object(Bucket=INBOX, Key=key, Body=body, **archive)
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
    *("lost", "unexpected", "different", "forms_wrong", "doubled", "waiting", "miscounted", "ignored_wrong"),
    *("faults_of_ours", "dead_unpredicted", "dead_missing", "secrets_logged"),
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

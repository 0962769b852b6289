"""The function behind the inbox: batches of its queue, S3's own events, the backfill's batches, and the sweep."""

import time
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any

from ecg_core.model.classifier import default_classifier
from functions.cold_start import quick_start

with quick_start():
    from ecg_core.drop import Answer, Drop, sweep
    from ecg_core.drop.addresses import BACKFILL
    from functions import log, s3
    from functions.s3_drop.events import Hint, UnknownEvent, hints_of, hints_of_batch, hints_of_message, is_batch
    from functions.s3_drop.settings import Settings
    from functions.s3_drop.store import BucketStore

    # A call ends within half a minute, its pauses included.
    CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 4
    client = s3.client(CONNECT_SECONDS, READ_SECONDS, ATTEMPTS)

# A record takes a tenth of a second, one of thousand segments a minute. Lambda would end a batch with all its messages:
# with so little time left nothing is begun, and with less nothing is asked of S3.
RESERVE_SECONDS, LAST_SECONDS = 20.0, 5.0
# Of a key's sha256 in a log line: enough to find it again for whoever knows the key, or guesses it.
HASH_DIGITS = 16

settings = Settings.of()
classifier = default_classifier()


class Unfinished(Exception):
    """Something could not be answered now; the call may be repeated. The log says what. Its text names no key."""


class OtherBucket(Exception):
    """The notification is about a bucket that this function does not serve."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers one event. A file's own fault is an outcome; any other fault goes back to where the event came from.

    Raises Unfinished, and UnknownEvent for an event that is none of the four.
    """
    if not isinstance(event, dict):
        raise UnknownEvent("The event is no object.")
    run = Run(context)
    if event.get("sweep"):
        return run.sweep()
    if "Items" in event:
        return {"answers": run.all(hints_of_batch(event, settings.backfill or settings.inbox), listed=True)}
    if is_batch(event):
        return run.batch(event)
    return {"answers": run.all(hints_of(event))}


class Run:
    """One invocation."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._drops: dict[str, Drop] = {}

    def batch(self, event: dict[str, Any]) -> dict[str, Any]:
        """The queue's messages that must come again.

        Not by Powertools' batch processor: it takes 7 % of a cold start, and keeps to itself what a message raises.
        """
        failed = [message["messageId"] for message in event["Records"] if not self._answered(message)]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    def _answered(self, message: dict[str, Any]) -> bool:
        try:
            hints = hints_of_message(message["body"])
        except UnknownEvent as fault:
            self._fault(fault, message_id=message["messageId"])
            return False
        try:
            for hint in hints:
                self._answers(hint)
        except Exception:
            # Logged where it arose.
            return False
        return True

    def all(self, hints: list[Hint], listed: bool = False) -> list[dict[str, Any]]:
        """The answers, each record once. Every hint is tried. Raises Unfinished if any could not be answered.

        listed: the hints are all that is there, so that a file of a record that was answered leads to no other.
        """
        answers: dict[Hint, Answer] = {}
        unfinished = 0
        for hint in hints:
            if listed and hint.bucket in self._drops and self._drops[hint.bucket].has_seen(hint.key):
                continue
            try:
                answers.update((Hint(hint.bucket, answer.key), answer) for answer in self._answers(hint))
            except Exception:
                unfinished += 1
        if unfinished:
            raise Unfinished(f"{unfinished} of {len(hints)} could not be answered.")
        return [self._shown(bucket, answer) for (bucket, _), answer in answers.items()]

    def sweep(self) -> dict[str, Any]:
        """Looks at what waits. Raises Unfinished if a note could not be looked at; the others were."""
        total = {"reported": 0, "settled": 0, "waiting": 0, "left": 0, "faults": 0}
        for bucket in filter(None, (settings.inbox, settings.backfill)):
            now, in_time = datetime.now(UTC), lambda: self._left_seconds() >= RESERVE_SECONDS
            swept = sweep(partial(self._new_drop, bucket), self._results(bucket), now, settings.patience, in_time)
            for fault in swept.faults:
                self._fault(fault)
            reported = sum(answer.state == "written" for answer in swept.answers)
            counted = (reported, swept.settled, swept.waiting, swept.left, len(swept.faults))
            total = {name: total[name] + number for name, number in zip(total, counted, strict=True)}
        log.said("sweep", request_id=self._context.aws_request_id, **total)
        if total["faults"]:
            raise Unfinished("Not every note could be looked at.")
        return total

    def _answers(self, hint: Hint) -> tuple[Answer, ...]:
        start = time.perf_counter()
        try:
            answers = self._arrived(hint)
        except Exception as fault:
            self._fault(fault, key=_hash(hint.key))
            raise
        ms = round((time.perf_counter() - start) * 1000, 2)
        for answer in answers:
            about = {"key": _hash(hint.key), "record": _hash(answer.key), "state": answer.state, "code": answer.code}
            log.said("record", request_id=self._context.aws_request_id, **about, ms=ms)
        return answers

    def _arrived(self, hint: Hint) -> tuple[Answer, ...]:
        self._hurry(RESERVE_SECONDS)
        if hint.bucket not in (settings.inbox, settings.backfill):
            raise OtherBucket
        return self._drop(hint.bucket).arrived(hint.key)

    def _drop(self, bucket: str) -> Drop:
        if bucket not in self._drops:
            self._drops[bucket] = self._new_drop(bucket)
        return self._drops[bucket]

    def _new_drop(self, bucket: str) -> Drop:
        inbox = BucketStore(client, bucket, hurry=self._hurry)
        return Drop(inbox, self._results(bucket), classifier, settings.forms)

    def _results(self, bucket: str) -> BucketStore:
        return BucketStore(client, settings.results, _prefix(bucket), self._hurry)

    def _left_seconds(self) -> float:
        return float(self._context.get_remaining_time_in_millis()) / 1000

    def _hurry(self, needed_seconds: float = LAST_SECONDS) -> None:
        if self._left_seconds() < needed_seconds:
            raise Unfinished("There was no time left.")

    def _shown(self, bucket: str, answer: Answer) -> dict[str, Any]:
        """A line of the backfill's manifest."""
        place = _prefix(bucket) + self._drop(bucket).address(answer.key)
        outcome = place if answer.state in ("written", "unchanged") else None
        return {"key": answer.key, "state": answer.state, "code": answer.code, "outcome": outcome}

    def _fault(self, fault: Exception, **about: object) -> None:
        """Its words may name a key, and stay out of the log."""
        log.fault(fault, request_id=self._context.aws_request_id, **about)


def _prefix(bucket: str) -> str:
    """Two buckets may hold the same key; the inbox has the plain addresses."""
    return "" if bucket == settings.inbox else f"{BACKFILL}{bucket}/"


def _hash(key: str) -> str:
    return sha256(key.encode(errors="surrogatepass")).hexdigest()[:HASH_DIGITS]

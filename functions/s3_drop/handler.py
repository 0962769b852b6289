"""The Lambda function behind the inbox.

It takes four kinds of events: a batch of the inbox's queue, an event of S3, a batch of the backfill, and the sweep.
"""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ecg_core.model.classifier import default_classifier
from functions.cold_start import quick_start

with quick_start():
    from ecg_core.classification import Classification
    from ecg_core.drop import Answer, Drop, sweep
    from ecg_core.drop.addresses import BACKFILL
    from functions import log, s3
    from functions.metrics import metrics
    from functions.s3_drop.events import Hint, UnknownEvent, hints_of, hints_of_batch, hints_of_message, is_batch
    from functions.s3_drop.settings import Settings
    from functions.s3_drop.store import BucketStore
    from functions.shadow import shadow

    # With these, a call to S3 takes at most half a minute, pauses between attempts included.
    CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 4
    client = s3.client(CONNECT_SECONDS, READ_SECONDS, ATTEMPTS)

# If Lambda's time runs out, all messages of a batch come again. So no record is begun with less than RESERVE_SECONDS
# left, and no call to S3 with less than LAST_SECONDS. A record takes 0.1 s, one of a thousand segments a minute.
RESERVE_SECONDS, LAST_SECONDS = 20.0, 5.0

settings = Settings.of()
classifier = default_classifier()


class Unfinished(Exception):
    """Something could not be answered now. The call may be repeated. The log says what; this text names no key."""


class OtherBucket(Exception):
    """The event is about a bucket that this function does not serve."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers one event. A fault in a file becomes its outcome; any other fault is reported to the sender of the event.

    Raises Unfinished, and UnknownEvent for an event of another kind.
    """
    if not isinstance(event, dict):
        raise UnknownEvent("The event is no object.")
    run = Run(context)
    if event.get("sweep"):
        return run.sweep()
    if "Items" in event:
        return {"answers": run.answer_all(hints_of_batch(event, settings.backfill or settings.inbox), listed=True)}
    if is_batch(event):
        return run.batch(event)
    return {"answers": run.answer_all(hints_of(event))}


class Run:
    """One invocation."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._drops: dict[str, Drop] = {}

    def batch(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answers the messages of the queue. Returns the ids of those that failed: SQS sends only these again.

        AWS Powertools has a batch processor for this. It adds 7 % to a cold start and hides what a message raises.
        """
        failed = [message["messageId"] for message in event["Records"] if not self._message_answered(message)]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    def _message_answered(self, message: dict[str, Any]) -> bool:
        try:
            hints = hints_of_message(message["body"])
        except UnknownEvent as fault:
            self._fault(fault, message_id=message["messageId"])
            return False
        try:
            for hint in hints:
                self._answer_and_log(hint)
        except Exception:
            # _answer_and_log() has logged it.
            return False
        return True

    def answer_all(self, hints: list[Hint], listed: bool = False) -> list[dict[str, Any]]:
        """The answers, one for each record. Tries every hint; raises Unfinished if one could not be answered.

        listed: the keys come from a listing, headers first. A file of a record that has its result is then skipped: the
        listing holds the headers of all other records that it may belong to.
        """
        answers: dict[Hint, Answer] = {}
        unfinished = 0
        for hint in hints:
            if listed and hint.bucket in self._drops and self._drops[hint.bucket].has_seen(hint.key):
                continue
            try:
                answers.update((Hint(hint.bucket, answer.key), answer) for answer in self._answer_and_log(hint))
            except Exception:
                unfinished += 1
        if unfinished:
            raise Unfinished(f"{unfinished} of {len(hints)} could not be answered.")
        return [self._manifest_line(bucket, answer) for (bucket, _), answer in answers.items()]

    def sweep(self) -> dict[str, Any]:
        """Sweeps the open notes of all inboxes. Raises Unfinished if a note failed, after it has swept the others."""
        total = {"reported": 0, "settled": 0, "waiting": 0, "left": 0, "faults": 0}
        for bucket in filter(None, (settings.inbox, settings.backfill)):
            now, in_time = datetime.now(UTC), lambda: self._left_seconds() >= RESERVE_SECONDS
            swept = sweep(partial(self._new_drop, bucket), self._results(bucket), now, settings.patience, in_time)
            for fault in swept.faults:
                self._fault(fault)
            reported = sum(answer.state == "written" for answer in swept.answers)
            counted = (reported, swept.settled, swept.waiting, swept.left, len(swept.faults))
            total = {name: total[name] + number for name, number in zip(total, counted, strict=True)}
        log.line("sweep", request_id=self._context.aws_request_id, **total)
        if total["faults"]:
            raise Unfinished("Not every note could be looked at.")
        return total

    def _answer_and_log(self, hint: Hint) -> tuple[Answer, ...]:
        start = time.perf_counter()
        try:
            answers = self._answer(hint)
        except Exception as fault:
            self._fault(fault, key=log.hashed(hint.key))
            raise
        ms = round((time.perf_counter() - start) * 1000, 2)
        for answer in answers:
            about = {"key": log.hashed(hint.key), "record": log.hashed(answer.key), "state": answer.state}
            log.line("record", request_id=self._context.aws_request_id, **about, code=answer.code, ms=ms)
            if answer.state == "written":
                metrics.worked(ms, answer.code)
            if answer.probabilities:
                metrics.classified(answer.diagnosis, answer.probabilities)
        return answers

    def _answer(self, hint: Hint) -> tuple[Answer, ...]:
        self._check_time(RESERVE_SECONDS)
        if hint.bucket not in (settings.inbox, settings.backfill):
            raise OtherBucket
        return self._drop(hint.bucket).arrived(hint.key)

    def _drop(self, bucket: str) -> Drop:
        if bucket not in self._drops:
            self._drops[bucket] = self._new_drop(bucket)
        return self._drops[bucket]

    def _new_drop(self, bucket: str) -> Drop:
        inbox = BucketStore(client, bucket, before_call=self._check_time)
        return Drop(inbox, self._results(bucket), classifier, settings.forms, self._written)

    def _written(self, result: Classification) -> None:
        """The second model is asked only while the batch has time for it."""
        if self._left_seconds() >= RESERVE_SECONDS:
            shadow.compare(result)

    def _results(self, bucket: str) -> BucketStore:
        return BucketStore(client, settings.results, _prefix(bucket), self._check_time)

    def _left_seconds(self) -> float:
        return float(self._context.get_remaining_time_in_millis()) / 1000

    def _check_time(self, needed_seconds: float = LAST_SECONDS) -> None:
        if self._left_seconds() < needed_seconds:
            raise Unfinished("There was no time left.")

    def _manifest_line(self, bucket: str, answer: Answer) -> dict[str, Any]:
        """A line of the backfill's manifest."""
        place = self._drop(bucket).place_of(answer)
        outcome = place and _prefix(bucket) + place
        return {"key": answer.key, "state": answer.state, "code": answer.code, "outcome": outcome}

    def _fault(self, fault: Exception, **about: object) -> None:
        """Logs a fault without its text, which may name a key."""
        log.fault(fault, request_id=self._context.aws_request_id, **about)


def _prefix(bucket: str) -> str:
    """The prefix of a bucket's outcomes. Two buckets may hold the same key, so only the inbox has no prefix."""
    return "" if bucket == settings.inbox else f"{BACKFILL}{bucket}/"

"""An event -> hints: which keys of which bucket may be new."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from ecg_core.readers.names import is_header


class Hint(NamedTuple):
    bucket: str
    key: str


class UnknownEvent(ValueError):
    """The event is no notification about objects. The text of this error never quotes the event."""


def is_batch(event: dict[str, Any]) -> bool:
    """Whether the event is a batch of SQS messages."""
    messages = event.get("Records")
    return isinstance(messages, list) and bool(messages) and all(_source(each) == "aws:sqs" for each in messages)


def _source(record: Any) -> object:
    return record.get("eventSource") if isinstance(record, dict) else None


def hints_of_message(body: str) -> list[Hint]:
    """The hints of the body of an SQS message. Raises UnknownEvent."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise UnknownEvent("The message is no JSON.") from None
    return hints_of(event)


def hints_of(event: Any) -> list[Hint]:
    """The hints of an S3 event, sent by S3 itself or through EventBridge. Raises UnknownEvent.

    No hints for the test event that S3 sends to a new queue, and for deletions.
    """
    try:
        if event.get("Event") == "s3:TestEvent":
            return []
        return list(_hints(event))
    except (KeyError, TypeError, AttributeError):
        raise UnknownEvent("The event is no notification about objects.") from None


def hints_of_batch(event: dict[str, Any], bucket: str) -> list[Hint]:
    """The hints of a batch of the backfill: keys from a listing of S3, headers first, since they name the other files.

    bucket: used if the batch names none. Raises UnknownEvent.
    """
    try:
        bucket = str((event.get("BatchInput") or {}).get("bucket") or bucket)
        keys = [item["Key"] for item in event["Items"]]
    except (KeyError, TypeError, AttributeError):
        raise UnknownEvent("The event is no batch of a listing.") from None
    if not all(isinstance(key, str) for key in keys):
        raise UnknownEvent("A key of the batch is no text.")
    return [Hint(bucket, key) for key in sorted(keys, key=lambda key: not is_header(key))]


def _hints(event: dict[str, Any]) -> Iterator[Hint]:
    if event.get("source") == "aws.s3":
        # EventBridge does not URL-encode the key; S3's own events do.
        if event["detail-type"] != "Object Deleted":
            yield Hint(str(event["detail"]["bucket"]["name"]), str(event["detail"]["object"]["key"]))
        return
    if not isinstance(event["Records"], list):
        raise UnknownEvent("The event's records are no list.")
    for record in event["Records"]:
        if record["eventSource"] != "aws:s3":
            raise UnknownEvent("A record of the event is not S3's.")
        if not str(record["eventName"]).removeprefix("s3:").startswith(("ObjectRemoved:", "LifecycleExpiration:")):
            yield Hint(str(record["s3"]["bucket"]["name"]), unquote_plus(str(record["s3"]["object"]["key"])))

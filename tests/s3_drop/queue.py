"""What Lambda's event source mapping does: receives, invokes, deletes what the function did not return."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tests.s3_drop.cloud import REGION, Cloud

# The first word of a worker's line about a message that the function gave back.
RETURNED = "returned-message"
Invoke = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Context:
    """left_s: until Lambda would end the invocation."""

    left_s: float = 120.0
    aws_request_id: str = "11111111-2222-3333-4444-555555555555"
    asked: list[float] = field(default_factory=list)

    def get_remaining_time_in_millis(self) -> int:
        self.asked.append(self.left_s)
        return int(self.left_s * 1000)


def digest_of(body: str) -> str:
    return sha256(body.encode()).hexdigest()


def event_of(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The event that the function gets for a batch, from the field list of AWS's documentation."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": message["Attributes"]["ApproximateReceiveCount"]},
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:inbox",
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


def work(cloud: Cloud, invoke: Invoke, most: int = 10) -> int:
    """Hands one batch to the function; how many messages it took off the queue."""
    messages = cloud.received(most=most)
    if not messages:
        return 0
    answer = invoke(event_of(messages))
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    done = [message for message in messages if message["MessageId"] not in failed]
    for message in done:
        cloud.sqs.delete_message(QueueUrl=cloud.queue, ReceiptHandle=message["ReceiptHandle"])
    return len(done)


def drain(cloud: Cloud, invoke: Invoke, most: int = 10) -> None:
    """Until nothing is visible."""
    while work(cloud, invoke, most) or cloud.depth(cloud.queue):
        pass

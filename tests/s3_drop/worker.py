"""One execution environment of the function, as a process that may be killed: python -m tests.s3_drop.worker.

QUEUE and QUEUE_ENDPOINT: where the messages are. The rest of the environment is the function's.
"""

import os
import time
from typing import Any

from functions.s3_drop.handler import handler
from tests.s3_drop.cloud import client
from tests.s3_drop.queue import RETURNED, Context, digest_of, event_of

# Smaller than a deployed batch, so that a kill hits fewer messages: each has five chances.
BATCH = 3
AGAIN_S = 2


def main() -> None:
    sqs, queue = client("sqs", os.environ["QUEUE_ENDPOINT"]), os.environ["QUEUE"]
    while True:
        found: dict[str, Any] = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=BATCH,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        messages = found.get("Messages", [])
        if not messages:
            time.sleep(0.2)
            continue
        answer = handler(event_of(messages), Context())
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in messages:
            named = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
            if message["MessageId"] in failed:
                print(RETURNED, message["MessageId"], digest_of(message["Body"]), flush=True)
                # Deployed, it comes again when its visibility ends. Waiting for that would show nothing more.
                sqs.change_message_visibility(**named, VisibilityTimeout=AGAIN_S)
            else:
                sqs.delete_message(**named)


if __name__ == "__main__":
    main()

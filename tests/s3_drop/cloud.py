"""The buckets and queues of the template, in moto's server over HTTP."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from ecg_core.drop.addresses import IGNORED, NOTES

REGION = "eu-central-1"
INBOX, RESULTS = "ekg-inbox-test", "ekg-results-test"
# As in the template.
MAX_RECEIVES = 5


@dataclass(frozen=True)
class Cloud:
    """endpoint: of every service. queue, dead: addresses of queues."""

    endpoint: str
    s3: Any
    sqs: Any
    queue: str
    dead: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the function."""
        return environment(self.endpoint)

    def drop(self, files: Mapping[str, bytes]) -> None:
        for key, body in files.items():
            self.s3.put_object(Bucket=INBOX, Key=key, Body=body)

    def results(self, prefix: str = "") -> dict[str, bytes]:
        """What lies in the results bucket now."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=RESULTS, Prefix=prefix)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        return {key: self.s3.get_object(Bucket=RESULTS, Key=key)["Body"].read() for key in keys}

    def outcomes(self) -> dict[str, bytes]:
        """The results without the drop's notes and lists."""
        ours = (*NOTES, IGNORED)
        return {key: body for key, body in self.results().items() if not key.startswith(ours)}

    def versions(self, bucket: str = RESULTS) -> dict[str, int]:
        """How often each key was written."""
        counted: dict[str, int] = {}
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for found in page.get("Versions", []):
                counted[found["Key"]] = counted.get(found["Key"], 0) + 1
        return counted

    def received(self, queue: str | None = None, most: int = 10, wait_s: int = 0) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(
            QueueUrl=queue or self.queue,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return list(found.get("Messages", []))

    def visible(self, queue: str) -> int:
        return self._counted(queue, "ApproximateNumberOfMessages")

    def depth(self, queue: str) -> int:
        """Messages that are visible or being worked on."""
        return self._counted(queue, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

    def _counted(self, queue: str, *names: str) -> int:
        found = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names))["Attributes"]
        return sum(int(found[name]) for name in names)


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "INBOX_BUCKET": INBOX,
        "RESULTS_BUCKET": RESULTS,
    }


def client(service: str, endpoint: str) -> Any:
    known = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = Config(s3={"addressing_style": "path"}) if service == "s3" else None
    return boto3.client(service, endpoint_url=endpoint, config=config, **known)


@contextmanager
def cloud(visibility_s: int = 30, notified: bool = True) -> Iterator[Cloud]:
    """notified: the inbox tells the queue of what arrives."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield furnished(f"http://{host}:{port}", visibility_s, notified)
    finally:
        server.stop()


def furnished(endpoint: str, visibility_s: int = 30, notified: bool = True) -> Cloud:
    """A server's buckets and queues, made anew: moto's servers of one process share what they hold."""
    urlopen(f"{endpoint}/moto-api/reset", data=b"").close()
    s3, sqs = client("s3", endpoint), client("sqs", endpoint)
    for bucket in (INBOX, RESULTS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn = arn_of(sqs, dead)
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": MAX_RECEIVES})
    attributes = {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": redrive}
    queue = sqs.create_queue(QueueName="inbox", Attributes=attributes)["QueueUrl"]
    if notified:
        told = {"QueueConfigurations": [{"QueueArn": arn_of(sqs, queue), "Events": ["s3:ObjectCreated:*"]}]}
        s3.put_bucket_notification_configuration(Bucket=INBOX, NotificationConfiguration=told)
    return Cloud(endpoint, s3, sqs, queue, dead)


def arn_of(sqs: Any, queue: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

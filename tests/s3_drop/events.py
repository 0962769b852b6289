"""Events as S3, EventBridge, SQS and Step Functions send them, from the field lists of AWS's documentation."""

import json
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

from tests.s3_drop.cloud import INBOX, REGION

ACCOUNT = "123456789012"
TIME = "2026-11-23T12:00:00.000Z"


def s3_event(*keys: str, bucket: str = INBOX, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {"Records": [_record(key, bucket, name) for key in keys]}


def _record(key: str, bucket: str, name: str) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": TIME,
        "eventName": name,
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "inbox",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A3NL"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }


def eventbridge_event(key: str, bucket: str = INBOX, kind: str = "Object Created") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": TIME,
        "region": REGION,
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": 5,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "sequencer": "00617F08299329D189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": ACCOUNT,
            "reason": "PutObject",
        },
    }


TEST_EVENT = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": TIME,
    "Bucket": INBOX,
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}


def sqs_event(*bodies: object) -> dict[str, Any]:
    """bodies: events, or text as it is. The messages' ids are 0, 1, 2 and so on."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [_message(str(index), text) for index, text in enumerate(texts)]}


def _message(name: str, body: str) -> dict[str, Any]:
    return {
        "messageId": name,
        "receiptHandle": uuid4().hex,
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1795435200000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1795435200001",
        },
        "messageAttributes": {},
        "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:inbox",
        "awsRegion": REGION,
    }


def backfill_batch(*keys: str, bucket: str | None = INBOX) -> dict[str, Any]:
    """What the distributed map's ItemBatcher makes of a listing."""
    items = [
        {
            "Etag": '"d41d8cd98f00b204e9800998ecf8427e"',
            "Key": key,
            "LastModified": 1795435200,
            "Size": 1024,
            "StorageClass": "STANDARD",
        }
        for key in keys
    ]
    return {"BatchInput": {"bucket": bucket} if bucket else {}, "Items": items}


SWEEP = {"sweep": True}

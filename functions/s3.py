"""The client of S3, and what its refusals mean. boto3 is imported at the first call: it costs 0.25 s."""

from os import environ
from typing import Any

MISSING = 404


def client(connect_s: float, read_s: float, attempts: int) -> Any:
    """connect_s, read_s: of one attempt. attempts: of a call, the first included; S3's own faults are tried again."""
    import boto3
    from botocore.config import Config

    # A bucket's own regional name: a presigned POST to the global one is redirected, and browsers drop it.
    style = "path" if environ.get("AWS_ENDPOINT_URL") or environ.get("AWS_ENDPOINT_URL_S3") else "virtual"
    return boto3.client(
        "s3",
        config=Config(
            signature_version="s3v4",
            connect_timeout=connect_s,
            read_timeout=read_s,
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": style},
        ),
    )


def status_of(error: Any) -> int:
    """The HTTP status of a ClientError."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

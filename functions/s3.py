"""The S3 client, and how to read the status of its errors. boto3 is imported at the first call: it takes 0.25 s."""

from os import environ
from typing import Any

MISSING = 404


def client(connect_s: float, read_s: float, attempts: int) -> Any:
    """connect_s, read_s: timeouts of one attempt. attempts: the most for one call; errors of S3 itself are retried."""
    import boto3
    from botocore.config import Config

    # "virtual" is the bucket's own regional host. The global host redirects a presigned PUT: that fails in browsers.
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

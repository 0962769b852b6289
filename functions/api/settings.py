"""The settings of the service, from environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ecg_core.recording import MAX_BYTES
from functions.api.capacity import USUAL, Limits

# Lambda takes 6 MB in a synchronous call. Base64 makes four bytes of three, and the event needs some room.
LAMBDA_BODY_BYTES = 4_500_000
# Room for the boundaries and headers of a multipart body, in addition to the largest record.
ENVELOPE_BYTES = 64_000


@dataclass(frozen=True)
class Settings:
    """inbox, results: names of the drop's buckets, None without buckets. max_body_bytes: the limit of a request's body.

    uploads_origin: where a browser sends large files, such as https://BUCKET.s3.REGION.amazonaws.com.
    alone: this process serves one request at a time, as on Lambda; then limits are not used.
    auth: what the gateway asks of callers: key, iam or cognito. For the documentation only.
    """

    inbox: str | None = None
    results: str | None = None
    max_body_bytes: int = MAX_BYTES + ENVELOPE_BYTES
    alone: bool = False
    limits: Limits = USUAL
    uploads_origin: str | None = None
    auth: str = "key"

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        on_lambda = "AWS_LAMBDA_FUNCTION_NAME" in environment
        limit = LAMBDA_BODY_BYTES if on_lambda else MAX_BYTES + ENVELOPE_BYTES
        inbox, results = (environment.get(name) or None for name in ("INBOX_BUCKET", "RESULTS_BUCKET"))
        origin = _origin(inbox, environment) if inbox else None
        auth = environment.get("API_AUTH") or "key"
        return cls(inbox, results, limit, on_lambda, uploads_origin=origin, auth=auth)


def _origin(bucket: str, environment: Mapping[str, str]) -> str:
    """The origin of a presigned address, as functions/s3.py makes it: the bucket's own regional host."""
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        return "/".join(endpoint.split("/")[:3])
    region = environment.get("AWS_REGION", "us-east-1")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{bucket}.s3.{region}.{suffix}"

"""What the environment says."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ecg_core.recording import MAX_BYTES

# A synchronous call of Lambda holds 6 MB, and base64 makes four bytes of three.
LAMBDA_BODY_BYTES = 4_500_000
# Boundaries and headers of a multipart body, beside the largest record.
ENVELOPE_BYTES = 64_000


@dataclass(frozen=True)
class Settings:
    """inbox, results: names of the drop's buckets, None where there are none. max_body_bytes: of a request.

    alone: one request at a time comes to this process.
    """

    inbox: str | None = None
    results: str | None = None
    max_body_bytes: int = MAX_BYTES + ENVELOPE_BYTES
    alone: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        on_lambda = "AWS_LAMBDA_FUNCTION_NAME" in environment
        limit = LAMBDA_BODY_BYTES if on_lambda else MAX_BYTES + ENVELOPE_BYTES
        return cls(environment.get("INBOX_BUCKET") or None, environment.get("RESULTS_BUCKET") or None, limit, on_lambda)

"""Who calls, for a service that asks for more than a key: a token, or a signature for AWS IAM."""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from ecg_core.cli.calls import Identity, WrongCall

ALGORITHM, SERVICE = "AWS4-HMAC-SHA256", "execute-api"
_HOST = re.compile(rf"[\w-]+\.{SERVICE}\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")


class Credentials(NamedTuple):
    """Of AWS. token: of a role's session, empty for those of a user."""

    key_id: str
    secret: str
    token: str

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Credentials":
        """Raises WrongCall if the variables are missing."""
        key_id, secret = (environment.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        if not key_id or not secret:
            raise WrongCall('No AWS credentials: run eval "$(aws configure export-credentials --format env)" before.')
        return cls(key_id, secret, environment.get("AWS_SESSION_TOKEN", ""))


def bearer(token: str) -> Identity:
    return lambda method, url, body: {"Authorization": f"Bearer {token}"}


def sigv4(url: str, environment: Mapping[str, str] = os.environ) -> Identity:
    """Signs for the API Gateway at this address, with the credentials of the environment. Raises WrongCall."""
    credentials = Credentials.of(environment)
    known = _HOST.fullmatch(urlsplit(url).hostname or "")
    region = known[1] if known else environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise WrongCall("The address does not tell its AWS region: set AWS_REGION.")
    return lambda method, url, body: signature(method, url, body, credentials, region, datetime.now(UTC))


def signature(
    method: str, url: str, body: bytes, credentials: Credentials, region: str, now: datetime
) -> dict[str, str]:
    """The headers of Signature Version 4.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    parts = urlsplit(url)
    time, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {"host": parts.netloc, "x-amz-date": time}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(headers)
    query = sorted((quote(name, "-_.~"), quote(value, "-_.~")) for name, value in parse_qsl(parts.query, True))
    canonical = [
        method,
        # Encoded once more than in the address: only S3 is signed otherwise.
        quote(parts.path or "/", "/-_.~"),
        "&".join(f"{name}={value}" for name, value in query),
        *(f"{name}:{value}" for name, value in headers.items()),
        *("", names, hashlib.sha256(body).hexdigest()),
    ]
    scope = f"{day}/{region}/{SERVICE}/aws4_request"
    to_sign = "\n".join([ALGORITHM, time, scope, hashlib.sha256("\n".join(canonical).encode()).hexdigest()])
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signed = hmac.digest(key, to_sign.encode(), "sha256").hex()
    said = f"{ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signed}"
    return {**{name: value for name, value in headers.items() if name != "host"}, "Authorization": said}

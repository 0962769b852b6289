"""Events as the three kinds of gateway send them, from the field lists of AWS's documentation."""

import base64
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl
from uuid import uuid4

Kind = Literal["rest", "http", "url"]
KINDS: tuple[Kind, ...] = ("rest", "http", "url")


def event(
    kind: Kind,
    method: str,
    path: str,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    stage: str = "prod",
) -> dict[str, Any]:
    """bytes leave in base64, as BinaryMediaTypes makes them; str leaves as it is. path may carry a query."""
    path, _, query = path.partition("?")
    made = (
        rest(method, path, query, headers or {}, stage)
        if kind == "rest"
        else version_2(kind, method, path, query, headers or {}, stage)
    )
    binary = isinstance(body, bytes)
    text = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return {**made, "body": text, "isBase64Encoded": binary}


def rest(method: str, path: str, query: str, headers: Mapping[str, str], stage: str) -> dict[str, Any]:
    """REST API, payload 1.0: the path without the stage, the context's path with it."""
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    sent = {"Host": "abc123.execute-api.eu-central-1.amazonaws.com", "X-Forwarded-Proto": "https", **headers}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": pairs or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in pairs.items()} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "abc",
            "resourcePath": path,
            "httpMethod": method,
            "path": f"/{stage}{path}",
            "stage": stage,
            "requestId": str(uuid4()),
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "test"},
            "accountId": "123456789012",
            "apiId": "abc123",
        },
    }


def version_2(kind: Kind, method: str, path: str, query: str, headers: Mapping[str, str], stage: str) -> dict[str, Any]:
    """HTTP API, payload 2.0, whose path carries the stage; a function URL has the stage $default."""
    stage = "$default" if kind == "url" else stage
    full = path if stage == "$default" else f"/{stage}{path}"
    domain = (
        "abc123.lambda-url.eu-central-1.on.aws" if kind == "url" else "abc123.execute-api.eu-central-1.amazonaws.com"
    )
    sent = {"host": domain, "x-forwarded-proto": "https", "x-forwarded-port": "443"}
    return {
        "version": "2.0",
        "routeKey": "$default" if kind == "url" else f"{method} {path}",
        "rawPath": full,
        "rawQueryString": query,
        "headers": {**sent, **{name.lower(): value for name, value in headers.items()}},
        "queryStringParameters": dict(parse_qsl(query)),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": domain,
            "domainPrefix": "abc123",
            "http": {
                "method": method,
                "path": full,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "test",
            },
            "requestId": str(uuid4()),
            "routeKey": "$default" if kind == "url" else f"{method} {path}",
            "stage": stage,
            "time": "23/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795435200000,
        },
    }


def multipart(files: Mapping[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """(body, headers) of a form with the files as parts named file."""
    boundary = "ekg-boundary"
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        + data
        + b"\r\n"
        for name, data in files.items()
    )
    return body + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}

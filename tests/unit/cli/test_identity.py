"""The signature of a request, compared with what botocore makes of the same request."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as AwsCredentials

from ecg_core.cli.calls import WrongCall
from ecg_core.cli.identity import Credentials, bearer, signature, sigv4

AT = datetime(2026, 3, 1, 23, 59, 58, tzinfo=UTC)
HOST = "https://abc123.execute-api.eu-central-1.amazonaws.com"
VARIABLES = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalr+EXAMPLE/KEY"}


@pytest.mark.parametrize("token", ["", "FwoGZXIvYXdzEBY/token+/="])
@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"{HOST}/v1/results/0123456789abcdef", b""),
        ("POST", f"{HOST}/v1/uploads?size=123456", b""),
        (
            "POST",
            f"{HOST}/v1/diagnosis?units=mV&leads=I%2CII%2C-&fs_hz=500&filename=a%20b%C3%A4.csv&x=",
            bytes(range(256)),
        ),
        ("POST", "http://[::1]:8000/a%20b/diagnosis", b"body"),
        ("GET", HOST, b""),
    ],
)
def test_the_signature_is_that_of_botocore(method: str, url: str, body: bytes, token: str) -> None:
    found = signature(method, url, body, Credentials("AKIDEXAMPLE", "wJalr+EXAMPLE/KEY", token), "eu-central-1", AT)
    signer = SigV4Auth(AwsCredentials("AKIDEXAMPLE", "wJalr+EXAMPLE/KEY", token or None), "execute-api", "eu-central-1")
    asked = AWSRequest(method, url, {"X-Amz-Date": found["x-amz-date"]}, body)
    if token:
        asked.headers["X-Amz-Security-Token"] = found["x-amz-security-token"]
    asked.context["timestamp"] = "20260301T235958Z"
    signed = signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)
    assert found["x-amz-date"] == "20260301T235958Z"
    assert found["Authorization"].endswith(f"Signature={signed}")
    assert set(found) == {"Authorization", "x-amz-date", *(["x-amz-security-token"] if token else [])}


def test_the_region_is_that_of_the_address_or_of_the_environment() -> None:
    def region(url: str, **variables: str) -> str:
        said = sigv4(url, {**VARIABLES, **variables})("GET", url, b"")["Authorization"]
        return said.split("/")[2]

    assert region(f"{HOST}/v1", AWS_REGION="us-east-1") == "eu-central-1"
    assert region("https://ecg.example.org", AWS_REGION="us-east-1") == "us-east-1"
    assert region("https://x.execute-api.cn-north-1.amazonaws.com.cn/v1") == "cn-north-1"
    with pytest.raises(WrongCall, match="AWS_REGION"):
        sigv4("https://ecg.example.org", VARIABLES)


def test_without_credentials_nothing_is_signed() -> None:
    with pytest.raises(WrongCall, match="export-credentials"):
        sigv4(HOST, {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"})


def test_a_token_is_sent_as_it_is() -> None:
    assert bearer("a.b.c")("GET", HOST, b"") == {"Authorization": "Bearer a.b.c"}

"""The roles, read from the template and tried: each may do what its code does, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ecg_core.drop import Drop, sweep
from ecg_core.drop.addresses import FORMS
from ecg_core.model.classifier import classify, default_classifier
from functions.s3_drop.store import BucketStore
from tests.sam.conftest import ROOT
from tests.sam.policies import Statement, allows, listed, statements_of
from tests.sam.template import ACCOUNT, REGION, Deployed

INBOX, RESULTS = "ekg-inbox-123456789012-eu-central-1", "ekg-results-123456789012-eu-central-1"
ARCHIVE = "archive"
OURS = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000"
ACTIONS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "PutObject": "s3:PutObject",
}
RECORD = {name: (ROOT / "examples" / name).read_bytes() for name in ("normal.hea", "normal.dat")}
TABLE = (ROOT / "examples/st_depression.csv").read_bytes()


def arn(bucket: str, key: str | None = None) -> str:
    return f"arn:aws:s3:::{bucket}" + (f"/{key}" if key is not None else "")


def role(stack: dict[str, Any], name: str, **given: Any) -> list[Statement]:
    return statements_of(Deployed(stack, given).properties(name))


def rights(statements: list[Statement]) -> set[tuple[str, str]]:
    """Every action with every resource that it is allowed on."""
    assert {one["Effect"] for one in statements} == {"Allow"}
    for one in statements:
        # A bucket with the right name in another account is not ours.
        of_s3 = any(action.startswith("s3:") for action in listed(one["Action"]))
        assert one.get("Condition") == (OURS if of_s3 else None)
    return {
        (action, resource)
        for one in statements
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    }


class Guarded:
    """A client of S3 that obeys a role, as S3 does: without the right to list, a missing key is forbidden."""

    def __init__(self, s3: Any, statements: list[Statement]) -> None:
        self._s3, self._statements = s3, statements
        self.client = boto3.client("s3", region_name=REGION)
        self.client.meta.events.register("provide-client-params.s3", self._asked)

    def _asked(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        action, bucket = ACTIONS[model.name], params["Bucket"]
        if not self._may(action, arn(bucket, params.get("Key"))):
            raise self._denied(model.name)
        if action == "s3:GetObject" and not self._may("s3:ListBucket", arn(bucket)):
            try:
                self._s3.head_object(Bucket=bucket, Key=params["Key"])
            except ClientError:
                raise self._denied(model.name) from None

    def _may(self, action: str, resource: str) -> bool:
        return allows(self._statements, action, resource, {"aws:ResourceAccount": ACCOUNT})

    def _denied(self, operation: str) -> ClientError:
        answer = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        return ClientError(answer, operation)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Three buckets in this process, as whoever may do everything."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        for bucket in (INBOX, RESULTS, ARCHIVE):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


def works(s3: Any, statements: list[Statement], bucket: str, prefix: str = "") -> dict[str, bytes]:
    """The drop's whole work on a bucket within a role; the outcomes."""
    client = Guarded(s3, statements).client
    inbox, results = BucketStore(client, bucket), BucketStore(client, RESULTS, prefix)

    def dropped(key: str, body: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        Drop(inbox, results, default_classifier(), FORMS).arrived(key)

    dropped("a/normal.hea", RECORD["normal.hea"])
    dropped("a/normal.dat", RECORD["normal.dat"])
    dropped("a/table.csv", TABLE)
    dropped("a/lonely.hea", RECORD["normal.hea"].replace(b"normal", b"lonely"))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    swept = sweep(lambda: Drop(inbox, results, default_classifier()), results, tomorrow, timedelta(hours=1))
    if swept.faults:
        raise swept.faults[0]
    written = s3.list_objects_v2(Bucket=RESULTS, Prefix=f"{prefix}a/")["Contents"]
    return {one["Key"]: s3.get_object(Bucket=RESULTS, Key=one["Key"])["Body"].read() for one in written}


def test_within_its_role_the_drop_does_all_its_work(stack: dict[str, Any], s3: Any) -> None:
    outcomes = works(s3, role(stack, "DropRole"), INBOX)
    assert outcomes["a/normal.hea.json"] == classify(RECORD).to_json()
    assert outcomes["a/table.csv.json"] == classify({"table.csv": TABLE}).to_json()
    assert b"record_incomplete" in outcomes["a/lonely.hea.json"]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", arn(INBOX, "*")),
        ("s3:ListBucket", arn(INBOX)),
        ("s3:GetObject", arn(RESULTS, "*")),
        ("s3:PutObject", arn(RESULTS, "*")),
        ("s3:ListBucket", arn(RESULTS)),
    ],
)
def test_the_drop_needs_each_of_its_rights_to_s3(stack: dict[str, Any], s3: Any, action: str, resource: str) -> None:
    granted = {right for right in rights(role(stack, "DropRole")) if right[0].startswith("s3:")}
    assert (action, resource) in granted
    assert len(granted) == 5
    fewer = [
        {"Effect": "Allow", "Action": one, "Resource": other, "Condition": OURS}
        for one, other in granted
        if (one, other) != (action, resource)
    ]
    with pytest.raises(ClientError, match="AccessDenied"):
        works(s3, fewer, INBOX)


def test_the_drop_s_other_rights_are_to_read_its_queue_to_log_and_to_trace(stack: dict[str, Any]) -> None:
    granted = {right for right in rights(role(stack, "DropRole")) if not right[0].startswith("s3:")}
    queue = f"arn:aws:sqs:{REGION}:123456789012:ekg-inbox"
    log = f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/lambda/ekg/drop:*"
    assert granted == {
        ("sqs:ReceiveMessage", queue),
        ("sqs:DeleteMessage", queue),
        ("sqs:GetQueueAttributes", queue),
        ("sqs:ChangeMessageVisibility", queue),
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
    }


def test_another_bucket_is_read_only_where_one_is_named(stack: dict[str, Any], s3: Any) -> None:
    without, given = role(stack, "DropRole"), role(stack, "DropRole", BackfillBucket=ARCHIVE)
    assert rights(given) - rights(without) == {("s3:GetObject", arn(ARCHIVE, "*")), ("s3:ListBucket", arn(ARCHIVE))}
    outcomes = works(s3, given, ARCHIVE, prefix=f"backfill/{ARCHIVE}/")
    assert outcomes[f"backfill/{ARCHIVE}/a/normal.hea.json"] == classify(RECORD).to_json()
    with pytest.raises(ClientError, match="AccessDenied"):
        works(s3, without, ARCHIVE)


@pytest.mark.parametrize("name", ["DropRole", "ApiRole", "BackfillRole"])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteObject", arn(INBOX, "a/normal.hea")),
        ("s3:DeleteObject", arn(RESULTS, "a/normal.hea.json")),
        ("s3:DeleteObjectVersion", arn(RESULTS, "a/normal.hea.json")),
        ("s3:PutObject", arn(INBOX, "a/normal.hea")),
        ("s3:GetObject", arn("elsewhere", "a/normal.hea")),
        ("s3:PutBucketPolicy", arn(INBOX)),
        ("sqs:SendMessage", f"arn:aws:sqs:{REGION}:123456789012:ekg-inbox"),
        ("sqs:DeleteMessage", f"arn:aws:sqs:{REGION}:123456789012:ekg-inbox-dead"),
    ],
)
def test_no_role_may(stack: dict[str, Any], name: str, action: str, resource: str) -> None:
    context = {"aws:ResourceAccount": ACCOUNT}
    assert not allows(role(stack, name, BackfillBucket=ARCHIVE), action, resource, context)


@pytest.mark.parametrize("name", ["DropRole", "ApiRole", "BackfillRole"])
def test_no_role_reaches_a_bucket_of_another_account(stack: dict[str, Any], name: str) -> None:
    statements = role(stack, name, BackfillBucket=ARCHIVE)
    for bucket in (INBOX, RESULTS, ARCHIVE):
        for action, key in (("s3:GetObject", "uploads/x"), ("s3:PutObject", "manifests/x"), ("s3:ListBucket", None)):
            stranger = {"aws:ResourceAccount": "210987654321"}
            assert not allows(statements, action, arn(bucket, key), stranger)
    assert allows(statements, "s3:ListBucket", arn(INBOX), {"aws:ResourceAccount": ACCOUNT})


@pytest.mark.parametrize(
    ("name", "services"), [("DropRole", {"s3", "sqs"}), ("ApiRole", {"s3"}), ("BackfillRole", {"s3"})]
)
def test_a_role_uses_the_key_only_where_one_is_given_and_only_through_its_services(
    stack: dict[str, Any], name: str, services: set[str]
) -> None:
    given = role(stack, name, KmsKeyArn=KEY)
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        for service in ("s3", "sqs", "logs"):
            through = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
            assert allows(given, action, KEY, through) == (service in services)
            assert not allows(given, action, KEY.replace("0000", "0001"), through)
            assert not allows(role(stack, name), action, KEY, through)
        assert not allows(given, action, KEY)
    assert [one for one in given if one not in role(stack, name)] == given[-1:]


def test_the_api_puts_uploads_reads_uploads_and_their_outcomes_and_lists(stack: dict[str, Any]) -> None:
    log = f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/lambda/ekg/api:*"
    assert rights(role(stack, "ApiRole")) == {
        ("s3:PutObject", arn(INBOX, "uploads/*")),
        ("s3:GetObject", arn(INBOX, "uploads/*")),
        ("s3:GetObject", arn(RESULTS, "uploads/*")),
        ("s3:ListBucket", arn(INBOX)),
        ("s3:ListBucket", arn(RESULTS)),
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
    }


def test_the_backfill_lists_keys_invokes_the_drop_writes_manifests_and_runs_itself(stack: dict[str, Any]) -> None:
    states, manifests = f"arn:aws:states:{REGION}:123456789012", arn(RESULTS, "manifests/*")
    granted = {
        ("s3:ListBucket", arn(INBOX)),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:123456789012:function:S3DropFunction:live"),
        ("s3:PutObject", manifests),
        ("s3:GetObject", manifests),
        ("s3:ListMultipartUploadParts", manifests),
        ("s3:AbortMultipartUpload", manifests),
        ("states:StartExecution", f"{states}:stateMachine:ekg-backfill"),
        ("states:DescribeExecution", f"{states}:execution:ekg-backfill:*"),
        ("states:StopExecution", f"{states}:execution:ekg-backfill:*"),
        ("states:RedriveExecution", f"{states}:execution:ekg-backfill/Records:*"),
    }
    assert rights(role(stack, "BackfillRole")) == granted
    assert rights(role(stack, "BackfillRole", BackfillBucket=ARCHIVE)) == granted | {("s3:ListBucket", arn(ARCHIVE))}


@pytest.mark.parametrize(
    ("name", "service"),
    [("ApiRole", "lambda"), ("DropRole", "lambda"), ("BackfillRole", "states")],
)
def test_only_its_service_takes_a_role(stack: dict[str, Any], name: str, service: str) -> None:
    trusted = Deployed(stack).properties(name)["AssumeRolePolicyDocument"]["Statement"]
    assert trusted == [
        {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]

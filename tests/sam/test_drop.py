"""What the template promises of the drop: two buckets, a queue between them, and the function behind it."""

import json
import re
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from ecg_core.drop.addresses import (
    ARCHIVED,
    BACKFILL,
    FHIR,
    IGNORED,
    MANIFESTS,
    MEMBERS,
    NAMED,
    SHARED,
    SVG,
    WAITING,
    address,
    note_address,
)
from functions.s3_drop.events import hints_of, hints_of_message
from functions.s3_drop.settings import Settings
from tests.s3_drop.cloud import INBOX, MAX_RECEIVES
from tests.sam import events
from tests.sam.conftest import ROOT
from tests.sam.policies import Statement, allows
from tests.sam.template import ACCOUNT, REGION, Deployed, default, of_type, only, properties

DAY_SECONDS = 24 * 60 * 60


@pytest.fixture
def deployed(stack: dict[str, Any]) -> Deployed:
    return Deployed(stack)


def statements(deployed: Deployed, policy: str) -> list[Statement]:
    found: list[Statement] = deployed.properties(policy)["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("bucket", ["InboxBucket", "ResultsBucket"])
def test_a_bucket_is_encrypted_versioned_and_private(deployed: Deployed, bucket: str) -> None:
    made = deployed.properties(bucket)
    (rule,) = made["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert made["Tags"] == [{"Key": "data", "Value": "health"}]
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(made["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(made["PublicAccessBlockConfiguration"]) == 4
    assert made["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


@pytest.mark.parametrize("bucket", ["InboxBucket", "ResultsBucket"])
def test_a_bucket_is_reached_over_tls_only(deployed: Deployed, bucket: str) -> None:
    name = deployed.properties(bucket)["BucketName"]
    policy = deployed.properties(f"{bucket}Policy")
    assert policy["Bucket"] == name
    anything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    found = [anything, *statements(deployed, f"{bucket}Policy")]
    for resource in (f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/a/normal.hea"):
        assert not allows(found, "s3:GetObject", resource, {"aws:SecureTransport": "false"})
        assert allows(found, "s3:GetObject", resource, {"aws:SecureTransport": "true"})


def test_a_key_of_the_account_encrypts_buckets_queues_and_logs_where_one_is_given(stack: dict[str, Any]) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000"
    with_key, without = Deployed(stack, {"KmsKeyArn": key}), Deployed(stack)
    for bucket in ("InboxBucket", "ResultsBucket"):
        (rule,) = with_key.properties(bucket)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        # The bucket key saves a call of KMS for each file.
        assert rule == {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_default}
    for queue in ("InboxQueue", "DeadLetterQueue"):
        # SQS takes one of the two, not both.
        assert with_key.properties(queue)["KmsMasterKeyId"] == key
        assert "SqsManagedSseEnabled" not in with_key.properties(queue)
        assert "KmsMasterKeyId" not in without.properties(queue)
    for group in of_type(stack, "AWS::Logs::LogGroup"):
        assert with_key.properties(group)["KmsKeyId"] == key
        assert "KmsKeyId" not in without.properties(group)


@pytest.mark.parametrize("queue", ["InboxQueue", "DeadLetterQueue"])
def test_a_queue_is_reached_over_tls_only(deployed: Deployed, queue: str) -> None:
    assert properties(deployed.stack, f"{queue}Policy")["Queues"] == [{"Ref": queue}]
    name = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{deployed.properties(queue)['QueueName']}"
    anything = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    found = [anything, *statements(deployed, f"{queue}Policy")]
    for action in ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"):
        assert not allows(found, action, name, {"aws:SecureTransport": "false"})
        assert allows(found, action, name, {"aws:SecureTransport": "true"})


@pytest.mark.parametrize("bucket", ["InboxBucket", "ResultsBucket"])
def test_a_bucket_outlives_the_stack_but_not_a_first_deployment_that_failed(stack: dict[str, Any], bucket: str) -> None:
    made = stack["Resources"][bucket]
    assert (made["DeletionPolicy"], made["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("which", ["Inbox", "Results"])
def test_a_bucket_has_the_name_that_is_given_or_one_of_stack_account_and_region(
    stack: dict[str, Any], which: str
) -> None:
    name = f"ekg-{which.lower()}-{ACCOUNT}-{REGION}"
    assert Deployed(stack).properties(f"{which}Bucket")["BucketName"] == name
    given = Deployed(stack, {f"{which}BucketName": "given"})
    assert given.properties(f"{which}Bucket")["BucketName"] == "given"


def lifecycle(deployed: Deployed, bucket: str) -> dict[str, dict[str, Any]]:
    rules = deployed.properties(bucket)["LifecycleConfiguration"]["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    return {rule["Id"]: {name: rule[name] for name in rule if name not in ("Id", "Status")} for rule in rules}


def test_old_versions_expire_and_files_expire_only_on_request(stack: dict[str, Any]) -> None:
    always = {
        "rests-of-uploads": {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        "old-versions": {"NoncurrentVersionExpiration": {"NoncurrentDays": 365}, "ExpiredObjectDeleteMarker": True},
    }
    assert lifecycle(Deployed(stack), "InboxBucket") == always
    asked = lifecycle(Deployed(stack, {"InboxDays": 90, "OldVersionsDays": 7}), "InboxBucket")
    assert asked["files"] == {"ExpirationInDays": 90}
    assert asked["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}


def test_a_file_outlives_its_message_and_the_wait_for_its_record(stack: dict[str, Any]) -> None:
    dead_s = properties(stack, "DeadLetterQueue")["MessageRetentionPeriod"]
    wait_s = stack["Parameters"]["WaitHours"]["MaxValue"] * 60 * 60
    for days in stack["Parameters"]["InboxDays"]["AllowedValues"]:
        assert days == 0 or days * DAY_SECONDS > dead_s + wait_s


def test_only_settled_notes_expire_in_the_results_bucket(stack: dict[str, Any]) -> None:
    emptied = {
        "settled-notes": WAITING,
        "emptied-archived": ARCHIVED,
        "emptied-shared": SHARED,
        "emptied-ignored": IGNORED,
    }
    always = {"rests-of-uploads", "old-versions", *emptied}
    rules = lifecycle(Deployed(stack, {"BackfillBucket": "archive"}), "ResultsBucket")
    assert set(lifecycle(Deployed(stack), "ResultsBucket")) == always
    assert set(rules) == always | {f"{rule}-of-the-backfill" for rule in emptied}
    # Only empty ones: one that is open holds keys, and stays however old it is.
    settled = {"ObjectSizeLessThan": "1", "ExpirationInDays": 1}
    for rule, prefix in emptied.items():
        assert rules[rule] == {"Prefix": prefix, **settled}
        assert rules[f"{rule}-of-the-backfill"] == {"Prefix": f"{BACKFILL}archive/{prefix}", **settled}


def test_whatever_arrives_in_the_inbox_is_told_to_the_queue(stack: dict[str, Any]) -> None:
    inbox = properties(stack, "InboxBucket")
    queue = {"Fn::GetAtt": ["InboxQueue", "Arn"]}
    told = [{"Event": event, "Queue": queue} for event in ("s3:ObjectCreated:*", "s3:ObjectRestore:Completed")]
    assert inbox["NotificationConfiguration"] == {"QueueConfigurations": told}
    # S3 tries it out, so the policy must be there first.
    assert stack["Resources"]["InboxBucket"]["DependsOn"] in ("InboxQueuePolicy", ["InboxQueuePolicy"])


def test_the_results_tell_eventbridge_and_never_the_queue(stack: dict[str, Any]) -> None:
    told = properties(stack, "ResultsBucket")["NotificationConfiguration"]
    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


@pytest.mark.parametrize("given", [{}, {"InboxBucketName": "given"}])
def test_only_s3_for_this_bucket_of_this_account_may_send_and_over_tls(
    stack: dict[str, Any], given: dict[str, str]
) -> None:
    deployed = Deployed(stack, given)
    inbox = f"arn:aws:s3:::{deployed.properties('InboxBucket')['BucketName']}"
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:ekg-inbox"
    found = statements(deployed, "InboxQueuePolicy")
    assert properties(stack, "InboxQueuePolicy")["Queues"] == [{"Ref": "InboxQueue"}]

    def may(
        action: str = "sqs:SendMessage",
        service: str = "s3.amazonaws.com",
        bucket: str = inbox,
        account: str = ACCOUNT,
        tls: str = "true",
    ) -> bool:
        context = {"aws:SourceArn": bucket, "aws:SourceAccount": account, "aws:SecureTransport": tls}
        return allows(found, action, queue, context, service)

    assert may()
    assert not may(action="sqs:ReceiveMessage")
    assert not may(service="sns.amazonaws.com")
    assert not may(bucket=f"{inbox}-of-another")
    assert not may(account="210987654321")
    assert not may(tls="false")
    assert not allows(found, "sqs:SendMessage", queue, {"aws:SecureTransport": "true"}, "s3.amazonaws.com")


def test_the_policies_do_not_refer_to_the_bucket_that_waits_for_them(stack: dict[str, Any]) -> None:
    for name in ("InboxQueuePolicy", "InboxQueue", "DeadLetterQueue"):
        assert "InboxBucket" not in re.findall(r"\w+", json.dumps(properties(stack, name)))


def test_the_queue_hides_a_batch_for_six_times_as_long_as_it_may_take(stack: dict[str, Any]) -> None:
    queue = properties(stack, "InboxQueue")
    # As AWS advises, with the time in which a batch is gathered.
    longest = stack["Parameters"]["BatchSeconds"]["MaxValue"]
    assert queue["VisibilityTimeout"] == 6 * properties(stack, "S3DropFunction")["Timeout"] + longest
    # One that failed once is hidden for that long, and no reason for an alarm yet.
    assert default(stack, "QueueAgeAlarmSeconds") > queue["VisibilityTimeout"]


def test_after_five_receives_a_message_lies_in_the_dead_letter_queue_for_two_weeks(deployed: Deployed) -> None:
    queue, dead = deployed.properties("InboxQueue"), deployed.properties("DeadLetterQueue")
    name = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": f"{name}:ekg-inbox-dead", "maxReceiveCount": 5}
    assert queue["RedrivePolicy"]["maxReceiveCount"] == MAX_RECEIVES
    # By name, since the queue itself refers to the other one.
    assert dead["RedriveAllowPolicy"] == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [f"{name}:{queue['QueueName']}"],
    }
    assert queue["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == 14 * DAY_SECONDS
    assert queue["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True
    assert queue["Tags"] == dead["Tags"] == [{"Key": "data", "Value": "health"}]


def test_batches_are_small_few_at_once_and_return_what_failed(stack: dict[str, Any]) -> None:
    assert only(stack, "AWS::Lambda::EventSourceMapping") == {
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": {"Ref": "BatchSeconds"},
        "EventSourceArn": {"Fn::GetAtt": ["InboxQueue", "Arn"]},
        "FunctionName": {"Ref": "S3DropFunctionAliaslive"},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "DropConcurrency"}},
    }
    # Lambda takes no less, and a new account has ten executions in all.
    assert stack["Parameters"]["DropConcurrency"]["MinValue"] == 2
    assert default(stack, "DropConcurrency") + default(stack, "BackfillConcurrency") < 10


def test_the_sweep_comes_every_hour_and_is_not_repeated(stack: dict[str, Any]) -> None:
    rule = only(stack, "AWS::Events::Rule")
    (target,) = rule["Targets"]
    assert rule["ScheduleExpression"] == "rate(1 hour)"
    assert rule.get("State", "ENABLED") == "ENABLED"
    assert json.loads(target["Input"]) == {"sweep": True}
    assert target["Arn"] == {"Ref": "S3DropFunctionAliaslive"}
    settings = only(stack, "AWS::Lambda::EventInvokeConfig")
    assert (settings["MaximumRetryAttempts"], settings["Qualifier"]) == (0, "live")
    callers = {name: one["Principal"] for name, one in of_type(stack, "AWS::Lambda::Permission").items()}
    assert callers["S3DropFunctionSweepPermission"] == "events.amazonaws.com"


def environment(deployed: Deployed) -> dict[str, str]:
    variables = deployed.properties("S3DropFunction")["Environment"]["Variables"]
    return {name: str(value) for name, value in variables.items()}


def test_the_function_reads_its_settings_from_what_it_gets(stack: dict[str, Any]) -> None:
    settings = Settings.of(environment(Deployed(stack)))
    assert settings == Settings(f"ekg-inbox-{ACCOUNT}-{REGION}", f"ekg-results-{ACCOUNT}-{REGION}")
    given = {
        "InboxBucketName": "in",
        "ResultsBucketName": "out",
        "BackfillBucket": "old",
        "Forms": "svg,fhir",
        "WaitHours": 168,
    }
    asked = Settings.of(environment(Deployed(stack, given)))
    assert asked == Settings("in", "out", "old", (SVG, FHIR), timedelta(days=7))
    assert environment(Deployed(stack))["AWS_ENDPOINT_URL"] == ""


def test_every_choice_of_forms_is_one_that_the_function_knows(stack: dict[str, Any]) -> None:
    allowed = re.compile(stack["Parameters"]["Forms"]["AllowedPattern"])
    for forms in ("", *NAMED, ",".join(NAMED)):
        assert allowed.search(forms)
        Settings.of(environment(Deployed(stack, {"Forms": forms})))
    assert not any(map(allowed.search, ("pdf", "svg,", ",svg", "svg fhir", "svg,,fhir", "svg,pdf")))


def test_the_function_is_the_drop_s_with_a_memory_of_its_own(stack: dict[str, Any]) -> None:
    function = properties(stack, "S3DropFunction")
    assert function["ImageConfig"] == {"Command": ["functions.s3_drop.handler.handler"]}
    assert function["MemorySize"] == {"Ref": "DropMemorySize"}
    assert function["Role"] == {"Fn::GetAtt": ["DropRole", "Arn"]}
    assert stack["Resources"]["S3DropFunction"]["Metadata"]["DockerTag"] == "drop"


def test_the_outputs_name_buckets_queues_function_log_and_machine(stack: dict[str, Any]) -> None:
    named = {
        "InboxBucket": "InboxBucket",
        "ResultsBucket": "ResultsBucket",
        "QueueUrl": "InboxQueue",
        "DeadLetterQueueUrl": "DeadLetterQueue",
        "DropFunctionName": "S3DropFunction",
        "DropLogGroupName": "DropLogGroup",
        "BackfillArn": "Backfill",
    }
    for name, resource in named.items():
        assert stack["Outputs"][name]["Value"] == {"Ref": resource}


def test_the_rule_in_the_guide_hears_of_every_outcome_and_of_nothing_else() -> None:
    guide = (ROOT / "infra/README.md").read_text()
    (written,) = re.findall(r"EventPattern: (\{.*?\})\n +Targets", guide, re.DOTALL)
    pattern = json.loads(written)
    ((key,), kinds) = pattern["detail"]["object"]["key"], pattern["detail-type"]
    assert (pattern["source"], kinds) == (["aws.s3"], ["Object Created"])

    def hears(of: str) -> bool:
        return not any(fnmatchcase(of, unwanted) for unwanted in key["anything-but"]["wildcard"])

    records = (
        "x.hea",
        "a/x.zip",
        "waiting/x.zip",
        "manifests/x.csv",
        "a/x.svg",
        "a/x.fhir",
        "x.fhir-bundle",
        "ü" * 600,
    )
    for record in records:
        assert hears(address(record))
        assert not any(hears(address(record, form)) for form in NAMED.values())
    for kind in (WAITING, MEMBERS):
        assert not hears(note_address(kind, "a/x.dat"))
    assert not hears(f"{MANIFESTS}a/manifest.json")


def test_the_events_hint_at_the_keys_as_they_are() -> None:
    made = events.events()
    assert [hint.key for hint in hints_of(made["s3-drop.json"])] == list(events.PAIR)
    assert {hint.bucket for hint in hints_of(made["s3-drop.json"])} == {INBOX}
    messages = made["sqs-drop.json"]["Records"]
    assert [hint.key for one in messages for hint in hints_of_message(one["body"])] == list(events.PAIR)
    assert [item["Key"] for item in made["backfill-batch.json"]["Items"]] == [*events.PAIR, events.TABLE]
    assert "+" in (ROOT / "infra/events/s3-drop.json").read_text()

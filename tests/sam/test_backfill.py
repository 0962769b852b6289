"""The backfill's definition: validated as a whole, and run as far as moto runs it, with the real function."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from ecg_core.model.classifier import classify
from tests.s3_drop.cloud import INBOX, REGION, RESULTS
from tests.s3_drop.events import backfill_batch
from tests.s3_drop.function import invoke, loaded
from tests.sam.conftest import ROOT, output_of, run
from tests.sam.template import Deployed, default, properties

DEFINITION = ROOT / "infra/backfill.asl.json"
# Where the Makefile puts it.
VALIDATOR = ROOT / ".node/node_modules/asl-validator/dist/bin/asl-validator.js"
RECORD = {name: (ROOT / "examples" / name).read_bytes() for name in ("normal.hea", "normal.dat")}
TABLE = (ROOT / "examples/st_depression.csv").read_bytes()
DONE_SECONDS = 60


def filled(stack: dict[str, Any], **given: Any) -> dict[str, Any]:
    """The definition as CloudFormation makes it of the template's parameters."""
    written = DEFINITION.read_text()
    substitutions = Deployed(stack, given).properties("Backfill")["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", written)) == set(substitutions)
    for name, value in substitutions.items():
        written = written.replace(f"${{{name}}}", str(value))
    definition: dict[str, Any] = json.loads(written)
    return definition


@pytest.fixture(scope="session")
def validator() -> Path:
    if not VALIDATOR.exists():
        pytest.skip("asl-validator is not installed: `make test` does, with npm")
    return VALIDATOR


def test_the_definition_is_valid(validator: Path, stack: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "definition.json").write_text(json.dumps(filled(stack)))
    assert "is valid" in output_of(["node", validator, "--json-path", tmp_path / "definition.json"])


def test_the_validator_finds_what_is_wrong(validator: Path, stack: dict[str, Any], tmp_path: Path) -> None:
    broken = filled(stack)
    broken["States"]["Records"]["MaxConcurrencyPath"] = "max_concurrency"
    (tmp_path / "definition.json").write_text(json.dumps(broken))
    assert run(["node", validator, "--json-path", tmp_path / "definition.json"]).returncode


def test_a_batch_is_done_well_before_the_function_must_stop(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = loaded({"INBOX_BUCKET": INBOX, "RESULTS_BUCKET": RESULTS, "AWS_DEFAULT_REGION": REGION}, monkeypatch)
    timeout_s = properties(stack, "S3DropFunction")["Timeout"]
    batcher = filled(stack)["States"]["Records"]["ItemBatcher"]
    # Half a second each: three times of what a record takes with slow answers of S3.
    assert batcher["MaxItemsPerBatch"] * 0.5 < timeout_s - function.RESERVE_SECONDS
    # An express execution ends after five minutes: the batch and one repetition, with their waiting, must fit.
    _, again = filled(stack)["States"]["Records"]["ItemProcessor"]["States"]["Classify"]["Retry"]
    assert 2 * timeout_s + again["IntervalSeconds"] * again["BackoffRate"] < 5 * 60
    # Step Functions hands on 262,144 bytes; an answer names each key twice.
    assert 2 * batcher["MaxInputBytesPerBatch"] + batcher["MaxItemsPerBatch"] * 200 < 262_144


def test_a_batch_that_was_not_finished_is_repeated(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    function = loaded({"INBOX_BUCKET": INBOX, "RESULTS_BUCKET": RESULTS, "AWS_DEFAULT_REGION": REGION}, monkeypatch)
    task = filled(stack)["States"]["Records"]["ItemProcessor"]["States"]["Classify"]
    busy, again = task["Retry"]
    assert "Lambda.TooManyRequestsException" in busy["ErrorEquals"]
    # The runtime calls a fault by its class.
    assert function.Unfinished.__name__ in again["ErrorEquals"]
    assert all(rule["BackoffRate"] > 1 and rule["MaxAttempts"] >= 2 for rule in task["Retry"])


def test_the_machine_has_its_own_name_role_and_the_template_s_numbers(stack: dict[str, Any]) -> None:
    machine = properties(stack, "Backfill")
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["StateMachineName"] == {"Fn::Sub": "${AWS::StackName}-backfill"}
    assert machine["RoleArn"] == {"Fn::GetAtt": ["BackfillRole", "Arn"]}
    records = filled(stack)["States"]["Records"]
    assert records["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    # The role names it.
    assert records["Label"] == "Records"
    settings = Deployed(stack, {"BackfillConcurrency": 50}).properties("Backfill")["DefinitionSubstitutions"]
    assert (settings["MaxConcurrency"], settings["ToleratedFailurePercentage"]) == (
        50,
        default(stack, "BackfillToleratedPercent"),
    )


def as_moto_runs_it(definition: dict[str, Any]) -> dict[str, Any]:
    """moto knows no ItemBatcher, express child or WriterConfig: a batch of one is made by hand, of the same shape."""
    records = definition["States"]["Records"]
    batch_input = records.pop("ItemBatcher")["BatchInput"]
    records["ItemSelector"] = {"Items.$": "States.Array($$.Map.Item.Value)", "BatchInput": batch_input}
    records["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "STANDARD"
    assert records["ResultWriter"].pop("WriterConfig") == {"Transformation": "FLATTEN", "OutputType": "JSONL"}
    for rule in records["ItemProcessor"]["States"]["Classify"]["Retry"]:
        rule["IntervalSeconds"] = 1
        del rule["JitterStrategy"], rule["BackoffRate"]
        rule.pop("MaxDelaySeconds", None)
    return definition


class Account:
    """Buckets, the real function behind the name of the template's, and the machine, all in this process."""

    def __init__(self, stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
        self.s3 = boto3.client("s3", region_name=REGION)
        for bucket in {INBOX, RESULTS, *filter(None, [given.get("BackfillBucket")])}:
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        role = boto3.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        boto3.client("lambda", region_name=REGION).create_function(
            FunctionName="S3DropFunction",
            PackageType="Image",
            Code={"ImageUri": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/ekg:test"},
            Role=role,
        )
        environment = {"INBOX_BUCKET": INBOX, "RESULTS_BUCKET": RESULTS, "AWS_DEFAULT_REGION": REGION}
        self._function = loaded({**environment, "BACKFILL_BUCKET": given.get("BackfillBucket", "")}, monkeypatch)
        self.batches: list[dict[str, Any]] = []
        self.faults = 0
        monkeypatch.setattr(LambdaSimpleBackend, "invoke", self._invoked)
        self._states = boto3.client("stepfunctions", region_name=REGION)
        names = {"InboxBucketName": INBOX, "ResultsBucketName": RESULTS, **given}
        definition = json.dumps(as_moto_runs_it(filled(stack, **names)))
        made = self._states.create_state_machine(name="ekg-backfill", definition=definition, roleArn=role)
        self._machine = made["stateMachineArn"]

    def _invoked(self, name: str, qualifier: Any, body: Any, headers: Any, response_headers: Any) -> bytes:
        self.batches.append(json.loads(body))
        try:
            if self.faults:
                self.faults -= 1
                raise self._function.Unfinished("not now")
            return json.dumps(invoke(self._function, json.loads(body))).encode()
        except self._function.Unfinished as fault:
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": type(fault).__name__, "errorMessage": str(fault)}).encode()

    def run(self, **given: Any) -> dict[str, Any]:
        """What an execution says at its end."""
        name, text = uuid4().hex, json.dumps(given)
        started = self._states.start_execution(stateMachineArn=self._machine, name=name, input=text)
        deadline = time.monotonic() + DONE_SECONDS
        while (said := self._states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return dict(said)

    def map_run(self, said: dict[str, Any]) -> dict[str, Any]:
        return dict(self._states.describe_map_run(mapRunArn=json.loads(said["output"])["MapRunArn"]))

    def results(self, prefix: str = "") -> dict[str, bytes]:
        found = self.s3.list_objects_v2(Bucket=RESULTS, Prefix=prefix).get("Contents", [])
        return {one["Key"]: self.s3.get_object(Bucket=RESULTS, Key=one["Key"])["Body"].read() for one in found}


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        yield


@pytest.mark.usefixtures("in_process")
def test_every_key_of_the_prefix_comes_as_it_is_and_its_record_is_classified(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(stack, monkeypatch)
    for key, body in {"old/a b/ü+%.csv": TABLE, **{f"old/{name}": body for name, body in RECORD.items()}}.items():
        account.s3.put_object(Bucket=INBOX, Key=key, Body=body)
    account.s3.put_object(Bucket=INBOX, Key="new/normal.zip", Body=b"not asked for")
    said = account.run(prefix="old/")
    assert said["status"] == "SUCCEEDED"
    assert sorted(batch["Items"][0]["Key"] for batch in account.batches) == [
        "old/a b/ü+%.csv",
        "old/normal.dat",
        "old/normal.hea",
    ]
    assert account.results("old/") == {
        "old/a b/ü+%.csv.json": classify({"ü+%.csv": TABLE}).to_json(),
        "old/normal.hea.json": classify(RECORD).to_json(),
    }
    assert account.map_run(said)["itemCounts"]["succeeded"] == 3
    manifest = json.loads(said["output"])["ResultWriterDetails"]
    assert manifest["Bucket"] == RESULTS
    assert list(account.results("manifests/")) == [manifest["Key"]]


@pytest.mark.usefixtures("in_process")
def test_a_batch_has_the_shape_that_the_function_is_tested_with(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(stack, monkeypatch)
    account.s3.put_object(Bucket=INBOX, Key="a/x.csv", Body=TABLE)
    account.run()
    ((batch,), tested) = account.batches, backfill_batch("a/x.csv", bucket=INBOX)
    assert set(batch) == set(tested)
    assert batch["BatchInput"] == tested["BatchInput"]
    assert {"Key", "Size", "LastModified"} <= set(batch["Items"][0]) & set(tested["Items"][0])


@pytest.mark.usefixtures("in_process")
def test_the_input_overrides_the_template(stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(stack, monkeypatch, BackfillBucket="archive")
    account.s3.put_object(Bucket=INBOX, Key="x.csv", Body=TABLE)
    account.s3.put_object(Bucket="archive", Key="x.csv", Body=TABLE)
    usual = account.map_run(account.run())
    assert (usual["maxConcurrency"], account.batches[-1]["BatchInput"]) == (3, {"bucket": "archive"})
    assert usual["toleratedFailurePercentage"] == 5
    asked = account.map_run(account.run(bucket=INBOX, max_concurrency=7, tolerated_failure_percentage=50))
    assert (asked["maxConcurrency"], account.batches[-1]["BatchInput"]) == (7, {"bucket": INBOX})
    assert asked["toleratedFailurePercentage"] == 50
    # Two buckets may hold the same key: their outcomes lie apart.
    assert {"x.csv.json", "backfill/archive/x.csv.json"} <= set(account.results())


@pytest.mark.usefixtures("in_process")
def test_an_unfinished_batch_comes_again_and_a_second_run_writes_nothing(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(stack, monkeypatch)
    account.s3.put_bucket_versioning(Bucket=RESULTS, VersioningConfiguration={"Status": "Enabled"})
    account.s3.put_object(Bucket=INBOX, Key="x.csv", Body=TABLE)
    account.faults = 1
    assert account.run()["status"] == "SUCCEEDED"
    assert len(account.batches) == 2
    account.run()
    versions = account.s3.list_object_versions(Bucket=RESULTS, Prefix="x.csv")["Versions"]
    assert len(versions) == 1

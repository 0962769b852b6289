"""What the template promises, read from what SAM makes of it: no linter sees most of this."""

import asyncio
import json
import re
import runpy
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from ecg_core.classification import DIAGNOSES, SUPERCLASSES
from ecg_core.errors import EcgError
from ecg_core.model.classifier import default_classifier
from functions.api import docs
from functions.api.app import app, create_app
from functions.api.edge import TLS_HEADERS
from functions.api.page import files
from functions.api.settings import LAMBDA_BODY_BYTES, Settings
from functions.metrics import (
    CODE,
    COLD_STARTS,
    FUNCTION,
    LATENCY,
    NAMESPACE,
    REFUSALS,
    SHADOW_AGREEMENT,
    SHADOW_DIFFERENCE,
    SHADOW_ERRORS,
    SHADOW_MS,
    WITHOUT,
    answers,
    score,
)
from tests.docs.pages import rows, section
from tests.sam import events
from tests.sam.conftest import REGION, ROOT, TEMPLATE, output_of
from tests.sam.policies import allows, listed, statements_of
from tests.sam.template import ACCOUNT, NOTHING, Deployed, default, of_type, only, properties

OPEN = {
    ("get", "/"),
    ("get", "/docs"),
    ("get", "/docs/{proxy+}"),
    ("get", "/ui"),
    ("get", "/ui/{proxy+}"),
    ("get", "/openapi.json"),
    ("get", "/health"),
    ("get", "/model"),
}
GUIDE = ROOT / "infra/README.md"
# Each with the largest of its files.
ASSETS = {("get", "/docs/{proxy+}"): "swagger-ui-bundle.js", ("get", "/ui/{proxy+}"): "left_bundle_branch_block.zip"}
KEYED = {
    ("post", "/diagnosis"),
    ("post", "/signal"),
    ("post", "/uploads"),
    ("get", "/results/{id}"),
    ("get", "/results/{id}/signal"),
}
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
RESPONSE_TYPES = {
    *("ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"),
    *("BAD_REQUEST_PARAMETERS", "BAD_REQUEST_BODY", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN"),
    *("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE"),
    *("MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED"),
    *("UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED"),
}


POOL = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_clinic"
# The parameters of each way to say who calls.
WAYS = {"key": {}, "iam": {"Auth": "iam"}, "cognito": {"Auth": "cognito", "UserPoolArn": POOL}}


def body(stack: dict[str, Any], given: dict[str, Any] | None = None) -> dict[str, Any]:
    described: dict[str, Any] = Deployed(stack, given or {}).properties("Api")["Body"]
    return described


def methods(stack: dict[str, Any], given: dict[str, Any] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    paths = body(stack, given)["paths"]
    return {(method, path): one for path, found in paths.items() for method, one in found.items()}


def test_the_template_and_what_sam_makes_of_it_are_clean(sam: Path, transformed: Path) -> None:
    output_of([sam / "sam", "validate", "--lint", "--region", REGION])
    # W3005: SAM's own DependsOn. W2001: SAM writes the usage plan's parameters out as values.
    output_of([sam / "cfn-lint", "-i", "W3005", "W2001", "-r", REGION, "-t", transformed])


def test_checkov_finds_nothing_that_has_no_reason(checkov: Path, transformed: Path) -> None:
    files = ["-f", TEMPLATE, "-f", transformed, "-f", ROOT / "functions/Dockerfile"]
    options = ["--framework", "cloudformation", "dockerfile", "--quiet", "--compact", "--skip-download"]
    # Their reasons stand at the API in the template; SAM does not hand them on to the stage that it makes.
    output_of([checkov, *files, *options, "--skip-check", "CKV_AWS_73,CKV_AWS_76,CKV_AWS_120"])


@pytest.mark.parametrize("way", sorted(WAYS))
def test_these_routes_are_open_and_these_need_a_key_and_a_caller(stack: dict[str, Any], way: str) -> None:
    needed = [{"api_key": []}] if way == "key" else [{"caller": []}, {"api_key": []}]
    found = {route: one["security"] for route, one in methods(stack, WAYS[way]).items()}
    assert found == {**{route: [] for route in OPEN}, **dict.fromkeys(KEYED, needed)}
    schemes = body(stack, WAYS[way])["components"]["securitySchemes"]
    assert schemes.pop("api_key") == {"type": "apiKey", "name": "x-api-key", "in": "header"}
    # The extensions of API Gateway:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
    authorization = {"type": "apiKey", "name": "Authorization", "in": "header"}
    pool = {"type": "cognito_user_pools", "providerARNs": [POOL]}
    assert (
        schemes
        == {
            "key": {},
            "iam": {"caller": {**authorization, "x-amazon-apigateway-authtype": "awsSigv4"}},
            "cognito": {
                "caller": {
                    **authorization,
                    "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": pool,
                }
            },
        }[way]
    )


def test_a_key_is_enough_unless_asked(stack: dict[str, Any]) -> None:
    assert (default(stack, "Auth"), default(stack, "UserPoolArn")) == ("key", "")
    assert set(stack["Parameters"]["Auth"]["AllowedValues"]) == set(WAYS)


def test_another_way_to_call_is_deployed_at_once(sam: Path, stack: dict[str, Any]) -> None:
    """SAM names the deployment by the text of the body, where a condition looks the same for every parameter."""
    assert "AlwaysDeploy: true" in TEMPLATE.read_text()
    # Named by the time in seconds.
    pause = Event()
    pause.wait(1.1)
    second = json.loads(output_of([sam / "python", ROOT / "tests/sam/transform.py", TEMPLATE, "Auth=iam"]))
    names = [set(of_type(one, "AWS::ApiGateway::Deployment")) for one in (stack, second)]
    assert not names[0] & names[1]
    for one, (name,) in zip((stack, second), names, strict=True):
        assert only(one, "AWS::ApiGateway::Stage")["DeploymentId"] == {"Ref": name}


@pytest.mark.parametrize(
    ("given", "broken"),
    [
        *((given, []) for given in WAYS.values()),
        ({"Auth": "cognito"}, ["PoolForCognito"]),
        ({"UserPoolArn": POOL}, ["PoolForNothingElse"]),
        ({"Auth": "iam", "UserPoolArn": POOL}, ["PoolForNothingElse"]),
    ],
)
def test_a_pool_is_given_for_cognito_and_for_nothing_else(
    stack: dict[str, Any], given: dict[str, Any], broken: list[str]
) -> None:
    deployed = Deployed(stack, given)
    found = [
        name
        for name, rule in stack["Rules"].items()
        if deployed.holds(rule["RuleCondition"])
        and not all(deployed.holds(one["Assert"]) for one in rule["Assertions"])
    ]
    assert found == broken


def test_the_gateway_has_the_app_s_routes_and_no_others() -> None:
    served = {
        (method.lower(), re.sub(r"^/(docs|ui)/\{.*\}$", r"/\1/{proxy+}", route.path))
        for route in create_app(Settings(alone=True), default_classifier()).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == OPEN | KEYED


def test_every_route_calls_the_function_and_the_gateway_may(stack: dict[str, Any]) -> None:
    (permission,) = (
        Deployed(stack).value(one)
        for one in of_type(stack, "AWS::Lambda::Permission").values()
        if one["Principal"] == "apigateway.amazonaws.com"
    )
    assert permission["Action"] == "lambda:InvokeFunction"
    alias = permission["FunctionName"]
    assert alias.endswith(":ApiFunction:live")
    assert permission["SourceArn"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:Api/{default(stack, 'StageName')}/*"
    for one in methods(stack).values():
        integration = one["x-amazon-apigateway-integration"]
        # The gateway calls a function by POST, whatever the method of the request is.
        assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST")
        invoked = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{alias}/invocations"
        assert integration["uri"] == invoked
        assert "credentials" not in integration


def test_bodies_arrive_as_bytes(stack: dict[str, Any]) -> None:
    assert only(stack, "AWS::ApiGateway::RestApi")["BinaryMediaTypes"] == ["*~1*"]
    assert body(stack)["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_there_is_one_stage_and_the_key_s_plan_holds_for_it(stack: dict[str, Any]) -> None:
    assert list(of_type(stack, "AWS::ApiGateway::Stage")) == ["ApiStage"]
    assert "StageName" not in only(stack, "AWS::ApiGateway::Deployment")
    plan = only(stack, "AWS::ApiGateway::UsagePlan")
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "ApiStage"}}]
    assert plan["Throttle"] == {
        "RateLimit": default(stack, "KeyRateLimit"),
        "BurstLimit": default(stack, "KeyBurstLimit"),
    }
    assert plan["Quota"] == {"Limit": default(stack, "KeyQuotaPerDay"), "Period": "DAY"}
    link = only(stack, "AWS::ApiGateway::UsagePlanKey")
    assert (link["KeyId"], link["UsagePlanId"]) == ({"Ref": "ApiApiKey"}, {"Ref": "ApiUsagePlan"})


def test_every_method_is_throttled_and_no_body_is_logged(stack: dict[str, Any]) -> None:
    settings = {
        (one["HttpMethod"].lower(), one["ResourcePath"].replace("~1", "/").replace("//", "/")): one
        for one in only(stack, "AWS::ApiGateway::Stage")["MethodSettings"]
    }
    kinds = {("*", "/*"): "Open", **dict.fromkeys(ASSETS, "Asset"), **dict.fromkeys(KEYED, "Method")}
    assert set(settings) == set(kinds)
    for route, one in settings.items():
        kind = kinds[route]
        assert one["ThrottlingRateLimit"] == {"Ref": f"{kind}RateLimit"}
        assert one["ThrottlingBurstLimit"] == {"Ref": f"{kind}BurstLimit"}
        assert one["DataTraceEnabled"] is False


def test_one_key_cannot_use_up_a_method(stack: dict[str, Any]) -> None:
    assert default(stack, "KeyRateLimit") < default(stack, "MethodRateLimit")
    assert default(stack, "KeyBurstLimit") < default(stack, "MethodBurstLimit")


def test_answers_are_compressed(stack: dict[str, Any]) -> None:
    assert only(stack, "AWS::ApiGateway::RestApi")["MinimumCompressionSize"] == 1024


def test_the_budget_is_there_if_somebody_is_to_be_told(stack: dict[str, Any]) -> None:
    assert stack["Resources"]["DailyBudget"]["Condition"] == "Budgeted"
    assert default(stack, "BudgetEmail") == ""
    budget = properties(stack, "DailyBudget")
    assert (budget["Budget"]["TimeUnit"], budget["Budget"]["BudgetType"]) == ("DAILY", "COST")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "BudgetDollars"}, "Unit": "USD"}
    (told,) = budget["NotificationsWithSubscribers"]
    assert told["Subscribers"] == [{"SubscriptionType": "EMAIL", "Address": {"Ref": "BudgetEmail"}}]
    assert (told["Notification"]["Threshold"], told["Notification"]["ThresholdType"]) == (100, "PERCENTAGE")


# What a call of an open method takes, rounded up: milliseconds of the function, kB of its log lines.
OPEN_MS, OPEN_LOG_KB = 5, 1.0


def open_kb() -> dict[tuple[str, str], float]:
    """kB of the largest answer of each open method, without compression where the client may ask for none."""

    async def size(path: str) -> float:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return int((await client.get(path)).headers["content-length"]) / 1000

    largest = {
        route: max(len(one.asset(name).packed) for name in one.ASSETS) / 1000
        for route, one in zip(ASSETS, (docs, files), strict=True)
    }
    # In a thread of its own: a browser of another test may hold the event loop of this one.
    with ThreadPoolExecutor(1) as thread:
        asked = {route: thread.submit(lambda path=route[1]: asyncio.run(size(path))) for route in OPEN - set(ASSETS)}
        return {route: largest[route] if route in ASSETS else asked[route].result() for route in OPEN}


def test_the_guide_says_what_the_open_methods_can_cost_in_a_day(stack: dict[str, Any]) -> None:
    cost = runpy.run_path(str(ROOT / "infra/cost.py"))
    table = rows(section(GUIDE.read_text(), "What anybody can spend"))
    told = {row[0]: [float(cell) for cell in row[1:] if cell] for row in table}
    total = 0.0
    for route, kb in open_kb().items():
        rate = default(stack, "AssetRateLimit" if route in ASSETS else "OpenRateLimit")
        million = cost["per_million"](
            ms=OPEN_MS,
            memory_mb=default(stack, "MemorySize"),
            cold_share=0,
            cold_ms=0,
            answer_kb=kb,
            log_kb=OPEN_LOG_KB,
            architecture="x86_64",
        )
        dollars = sum(million.values())
        a_day = rate * 86_400 / 1e6 * dollars
        path = route[1].replace("{proxy+}", ASSETS.get(route, ""))
        # Answers grow with the service. A tenth more does not change what the guide says.
        assert told.pop(path) == pytest.approx([rate, kb, dollars, a_day], rel=0.1, abs=0.1), path
        total += a_day
    assert told.pop("sum") == pytest.approx([total], rel=0.1)
    assert not told


def problems(
    stack: dict[str, Any], given: dict[str, Any] | None = None
) -> Iterator[tuple[str, int, dict[str, Any], dict[str, str]]]:
    for kind, response in body(stack, given)["x-amazon-apigateway-gateway-responses"].items():
        (template,) = response["responseTemplates"].values()
        yield kind, int(response["statusCode"]), json.loads(template), response["responseParameters"]


def codes(error: type[EcgError] = EcgError) -> dict[str, int]:
    found = {error.code: error.status}
    for one in error.__subclasses__():
        found |= codes(one)
    return found


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_refusal_of_the_gateway_is_a_problem_like_the_app_s(stack: dict[str, Any], way: str) -> None:
    shape = EcgError("message").to_dict()
    ours = codes()
    seen = set()
    for kind, status, problem, headers in problems(stack, WAYS[way]):
        code = problem["code"]
        assert list(problem) == list(shape), kind
        assert problem["status"] == status, kind
        assert problem["type"] == f"urn:ekg:problem:{code}", kind
        assert problem["title"] == code.replace("_", " ").capitalize(), kind
        assert all(isinstance(problem[name], str) and problem[name] for name in ("detail", "hint")), kind
        # The same code never stands for two statuses.
        assert ours.get(code, status) == status, kind
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'", kind
        assert headers["gatewayresponse.header.X-Content-Type-Options"] == "'nosniff'", kind
        strict = TLS_HEADERS["strict-transport-security"]
        assert headers["gatewayresponse.header.Strict-Transport-Security"] == f"'{strict}'", kind
        # The gateway replaces $context in it.
        assert "$" not in json.dumps(problem), kind
        seen.add(kind)
    assert seen == RESPONSE_TYPES


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("INVALID_API_KEY", 403, "api_key_invalid"),
        ("MISSING_AUTHENTICATION_TOKEN", 404, "not_found"),
        ("REQUEST_TOO_LARGE", 413, "file_too_large"),
        ("THROTTLED", 429, "too_many_requests"),
        ("QUOTA_EXCEEDED", 429, "quota_exceeded"),
        ("INTEGRATION_TIMEOUT", 504, "service_timeout"),
    ],
)
def test_the_refusals_that_clients_meet(stack: dict[str, Any], kind: str, status: int, code: str) -> None:
    found = {name: (number, problem["code"]) for name, number, problem, _ in problems(stack)}
    assert found[kind] == (status, code)


def test_an_unsigned_request_is_not_told_that_nothing_is_there(stack: dict[str, Any]) -> None:
    found = {
        (way, number, problem["code"])
        for way, given in WAYS.items()
        for name, number, problem, _ in problems(stack, given)
        if name == "MISSING_AUTHENTICATION_TOKEN"
    }
    assert found == {("key", 404, "not_found"), ("cognito", 404, "not_found"), ("iam", 401, "unauthorized")}


def test_the_results_bucket_must_have_a_name_of_its_own(stack: dict[str, Any]) -> None:
    def differs(name: str) -> dict[str, Any]:
        return {"Fn::Not": [{"Fn::Equals": [{"Ref": "ResultsBucketName"}, {"Ref": name}]}]}

    rule = stack["Rules"]["ResultsElsewhere"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ResultsBucketName"}, ""]}]}
    assert [one["Assert"] for one in rule["Assertions"]] == [differs("InboxBucketName"), differs("BackfillBucket")]
    assert default(stack, "InboxBucketName") == default(stack, "ResultsBucketName") == ""


def test_the_function_gets_the_variables_that_it_reads(stack: dict[str, Any]) -> None:
    function = properties(stack, "ApiFunction")
    assert function["Environment"]["Variables"] == {
        "INBOX_BUCKET": {"Ref": "InboxBucket"},
        "RESULTS_BUCKET": {"Ref": "ResultsBucket"},
        "API_BASE_PATH": {"Ref": "BasePath"},
        "API_AUTH": {"Ref": "Auth"},
        "METRICS": {"Fn::If": ["Measured", "on", "off"]},
        "EKG_SHADOW": {"Ref": "ShadowModel"},
        "EKG_SHADOW_SHARE": {"Ref": "ShadowPercent"},
        "AWS_ENDPOINT_URL": "",
    }
    assert function["ImageConfig"] == {"Command": ["functions.api.handler.handler"]}
    assert function["Role"] == {"Fn::GetAtt": ["ApiRole", "Arn"]}


def test_both_functions_are_traced_and_run_the_same_image_on_the_same_processor(stack: dict[str, Any]) -> None:
    functions = of_type(stack, "AWS::Lambda::Function")
    assert set(functions) == {"ApiFunction", "S3DropFunction"}
    for name, function in functions.items():
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["Architectures"] == [{"Ref": "Architecture"}]
        metadata = stack["Resources"][name]["Metadata"]
        found = [metadata[field] for field in ("Dockerfile", "DockerContext", "DockerBuildTarget")]
        assert found == ["functions/Dockerfile", ".", "function"]


def test_nothing_is_reserved_and_nothing_alarms_unless_asked(stack: dict[str, Any]) -> None:
    function = properties(stack, "ApiFunction")
    assert "ReservedConcurrentExecutions" not in properties(stack, "S3DropFunction")
    assert function["ReservedConcurrentExecutions"]["Fn::If"] == ["Reserved", {"Ref": "ReservedConcurrency"}, NOTHING]
    assert default(stack, "ReservedConcurrency") == 0
    assert default(stack, "Architecture") == "x86_64"
    assert default(stack, "Timeout") == stack["Parameters"]["Timeout"]["MaxValue"] == 29
    assert default(stack, "AlarmEmail") == default(stack, "AlarmTopicArn") == ""
    assert default(stack, "AccessLogs") == "false"


def test_logs_are_json_and_expire(stack: dict[str, Any]) -> None:
    for name, group in {"ApiFunction": "ApiLogGroup", "S3DropFunction": "DropLogGroup"}.items():
        logging = properties(stack, name)["LoggingConfig"]
        assert (logging["LogFormat"], logging["LogGroup"]) == ("JSON", {"Ref": group})
    groups = of_type(stack, "AWS::Logs::LogGroup")
    assert set(groups) == {"ApiLogGroup", "DropLogGroup", "AccessLogGroup"}
    assert all(one["RetentionInDays"] == {"Ref": "LogRetentionDays"} for one in groups.values())


def test_the_access_log_is_json_without_the_client_s_address(stack: dict[str, Any]) -> None:
    condition, given, otherwise = only(stack, "AWS::ApiGateway::Stage")["AccessLogSetting"]["Fn::If"]
    assert (condition, otherwise) == ("AccessLogged", NOTHING)
    assert "requestId" in json.loads(given["Format"])
    assert not re.search(r"sourceIp|userAgent|\$context\.path|apiKey\b", given["Format"])


def always_on(stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = of_type(stack, "AWS::CloudWatch::Alarm")
    return {name: one for name, one in found.items() if "Condition" not in stack["Resources"][name]}


def test_an_alarm_watches_for_unusually_many_requests_on_request(stack: dict[str, Any]) -> None:
    assert default(stack, "AnomalyAlarm") == "false"
    for name in ("RequestAnomaly", "RequestAnomalyAlarm"):
        assert stack["Resources"][name]["Condition"] == "Watchful"
    deployed = Deployed(stack, {"AnomalyAlarm": "true", "AlarmTopicArn": "arn:aws:sns:any"})
    learned = deployed.properties("RequestAnomaly")["SingleMetricAnomalyDetector"]
    alarm = deployed.properties("RequestAnomalyAlarm")
    band, requests = alarm["Metrics"]
    # The same metric that the other alarms of the API look at.
    api = deployed.properties("ServerErrorAlarm")
    watched = {"Namespace": api["Namespace"], "MetricName": "Count", "Dimensions": api["Dimensions"]}
    assert requests["MetricStat"] == {"Metric": watched, "Period": 900, "Stat": "Sum"}
    assert learned == {**watched, "Stat": "Sum"}
    assert re.fullmatch(rf"ANOMALY_DETECTION_BAND\({requests['Id']}, \d\)", band["Expression"])
    assert (alarm["ThresholdMetricId"], alarm["ComparisonOperator"]) == (band["Id"], "GreaterThanUpperThreshold")
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == alarm["OKActions"] == ["arn:aws:sns:any"]


def test_both_functions_are_traced_and_the_gateway_is_not(stack: dict[str, Any]) -> None:
    """A trace of the gateway holds the client's address and the URL, which has the id of an upload."""
    assert only(stack, "AWS::ApiGateway::Stage")["TracingEnabled"] is False


def test_the_alarms_watch_the_api_both_functions_both_queues_and_the_backfill(stack: dict[str, Any]) -> None:
    api = [{"Name": "ApiName", "Value": {"Ref": "AWS::StackName"}}, {"Name": "Stage", "Value": {"Ref": "StageName"}}]

    def function(name: str) -> list[dict[str, Any]]:
        return [{"Name": "FunctionName", "Value": {"Ref": name}}]

    def queue(name: str) -> list[dict[str, Any]]:
        return [{"Name": "QueueName", "Value": {"Fn::GetAtt": [name, "QueueName"]}}]

    age = {"Ref": "QueueAgeAlarmSeconds"}
    alarms = always_on(stack)
    watched = {
        (
            *(one["Namespace"], one["MetricName"], one.get("Statistic") or one["ExtendedStatistic"]),
            *(str(one["Dimensions"]), str(one["Threshold"])),
        )
        for one in alarms.values()
    }
    assert watched == {
        ("AWS/ApiGateway", "5XXError", "Sum", str(api), "1"),
        ("AWS/ApiGateway", "Latency", "p99", str(api), str({"Ref": "LatencyAlarmMs"})),
        ("AWS/Lambda", "Errors", "Sum", str(function("ApiFunction")), "1"),
        ("AWS/Lambda", "Throttles", "Sum", str(function("ApiFunction")), "1"),
        ("AWS/Lambda", "Errors", "Sum", str(function("S3DropFunction")), "1"),
        ("AWS/Lambda", "Throttles", "Sum", str(function("S3DropFunction")), "1"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", str(queue("DeadLetterQueue")), "1"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", str(queue("InboxQueue")), str(age)),
        (
            "AWS/States",
            "ExecutionsFailed",
            "Sum",
            str([{"Name": "StateMachineArn", "Value": {"Ref": "Backfill"}}]),
            "1",
        ),
    }
    assert only(stack, "AWS::ApiGateway::RestApi")["Name"] == {"Ref": "AWS::StackName"}
    for one in alarms.values():
        assert one["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert one["TreatMissingData"] == "notBreaching"
        assert one["AlarmActions"]["Fn::If"][0] == "Alarmed"


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Those that allow something, of roles and of resources."""
    if isinstance(value, dict):
        if value.get("Effect") == "Allow":
            yield value
        for found in value.values():
            yield from statements(found)
    elif isinstance(value, list):
        for found in value:
            yield from statements(found)


def test_no_statement_allows_every_action_and_none_reaches_everything_but_tracing(stack: dict[str, Any]) -> None:
    found = list(statements(stack))
    assert not [one for one in found if "*" in json.dumps(one["Action"])]
    assert not [one for one in found if {"NotAction", "NotResource", "NotPrincipal"} & set(one)]
    everywhere = [listed(one["Action"])[0] for one in found if "*" in listed(one.get("Resource", ""))]
    assert sorted(everywhere) == ["cloudwatch:DescribeAlarms", "xray:PutTraceSegments", "xray:PutTraceSegments"]


FUNCTIONS = ("ApiFunction", "S3DropFunction")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_new_version_takes_over_step_by_step(stack: dict[str, Any], name: str) -> None:
    alias = properties(stack, f"{name}Aliaslive")
    version = alias["FunctionVersion"]["Fn::GetAtt"][0]
    assert properties(stack, version)["FunctionName"] == {"Ref": name} == alias["FunctionName"]
    moved = stack["Resources"][f"{name}Aliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert moved["DeploymentGroupName"] == {"Ref": f"{name}DeploymentGroup"}
    group = properties(stack, f"{name}DeploymentGroup")
    assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["DeploymentRole", "Arn"]}
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": default(stack, "DeploymentType")}
    # An alarm looks at five minutes. A shorter canary would be over before it goes off.
    minutes = int(re.findall(r"(\d+)Minutes", default(stack, "DeploymentType"))[0])
    assert minutes * 60 >= 2 * properties(stack, "FunctionErrorAlarm")["Period"]


@pytest.mark.parametrize(
    ("name", "alarms"),
    [
        ("ApiFunction", {"ServerErrorAlarm", "LatencyAlarm", "FunctionErrorAlarm", "ThrottleAlarm"}),
        ("S3DropFunction", {"DropErrorAlarm", "DropThrottleAlarm"}),
    ],
)
def test_an_alarm_of_the_function_brings_the_old_version_back(
    stack: dict[str, Any], name: str, alarms: set[str]
) -> None:
    watched = Deployed(stack).properties(f"{name}DeploymentGroup")["AlarmConfiguration"]
    assert watched["Enabled"] is True
    assert {one["Name"] for one in watched["Alarms"]} == alarms
    assert alarms <= set(of_type(stack, "AWS::CloudWatch::Alarm"))
    at_once = Deployed(stack, {"DeploymentType": "AllAtOnce"}).properties(f"{name}DeploymentGroup")
    assert not at_once.get("AlarmConfiguration", {}).get("Alarms")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_property_makes_a_version_and_not_only_the_image(sam: Path, tmp_path: Path, name: str) -> None:
    def versions(text: str) -> set[str]:
        (tmp_path / "template.yaml").write_text(text)
        made = json.loads(output_of([sam / "python", ROOT / "tests/sam/transform.py", tmp_path / "template.yaml"]))
        return set(of_type(made, "AWS::Lambda::Version"))

    template = TEMPLATE.read_text()
    before = versions(template)
    variable = {"ApiFunction": "API_BASE_PATH: ", "S3DropFunction": "FORMS: "}[name]
    (changed,) = versions(template.replace(variable, f"MORE: any\n          {variable}")) - before
    assert changed.startswith(f"{name}Version")


def test_codedeploy_may_move_the_aliases_of_this_stack_and_read_alarms(stack: dict[str, Any]) -> None:
    role = Deployed(stack).properties("DeploymentRole")
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    found = statements_of(role)
    ours, other = (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}" for name in ("ekg-ApiFunction-X", "other"))
    assert allows(found, "lambda:UpdateAlias", ours)
    assert not allows(found, "lambda:UpdateAlias", other)
    assert allows(found, "cloudwatch:DescribeAlarms", "*")
    for action in ("lambda:UpdateFunctionCode", "lambda:InvokeFunction", "cloudwatch:DisableAlarmActions"):
        assert not allows(found, action, ours)


def test_executions_of_the_api_are_kept_ready_on_request(stack: dict[str, Any]) -> None:
    assert "ProvisionedConcurrencyConfig" not in Deployed(stack).properties("ApiFunctionAliaslive")
    asked = Deployed(stack, {"ProvisionedConcurrency": 2}).properties("ApiFunctionAliaslive")
    assert asked["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 2}
    assert "ProvisionedConcurrencyConfig" not in properties(stack, "S3DropFunctionAliaslive")


ENDPOINT = "vpce-0123456789abcdef0"


def test_with_an_endpoint_the_api_is_private_and_only_this_endpoint_reaches_it(stack: dict[str, Any]) -> None:
    usual, private = (Deployed(stack, given).properties("Api") for given in ({}, {"VpcEndpointId": ENDPOINT}))
    assert usual["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert "Policy" not in usual
    assert private["EndpointConfiguration"] == {"Types": ["PRIVATE"], "VpcEndpointIds": [ENDPOINT]}
    found = private["Policy"]["Statement"]
    call = ("execute-api:Invoke", "execute-api:/*")
    assert allows(found, *call, {"aws:SourceVpce": ENDPOINT})
    assert not allows(found, *call, {"aws:SourceVpce": "vpce-other"})
    # From the internet there is no endpoint at all.
    assert not allows(found, *call, {})
    assert not allows(found, "execute-api:ManageConnections", "execute-api:/*", {"aws:SourceVpce": ENDPOINT})


def test_a_private_api_leaves_it_to_iam_who_may_call(stack: dict[str, Any]) -> None:
    """Within an account, IAM allows what either the API's policy or the caller's policy allows."""
    given = {"VpcEndpointId": ENDPOINT, "Auth": "iam"}
    found = Deployed(stack, given).properties("Api")["Policy"]["Statement"]
    stage = default(stack, "StageName")
    for method, path in OPEN | KEYED:
        asked = path.replace("{proxy+}", "any").replace("{id}", "any")
        call = ("execute-api:Invoke", f"execute-api:/{stage}/{method.upper()}{asked}")
        assert allows(found, *call, {"aws:SourceVpce": ENDPOINT}) == ((method, path) in OPEN), path
        assert not allows(found, *call, {"aws:SourceVpce": "vpce-other"})


def firewall(stack: dict[str, Any]) -> dict[str, Any]:
    return Deployed(stack, {"Waf": "true"}).properties("Firewall")


def test_the_firewall_is_there_only_on_request_and_stands_before_the_stage(stack: dict[str, Any]) -> None:
    assert default(stack, "Waf") == "false"
    for name in ("Firewall", "FirewallAssociation"):
        assert stack["Resources"][name]["Condition"] == "Filtered"
    association = properties(stack, "FirewallAssociation")
    assert association["WebACLArn"] == {"Fn::GetAtt": ["Firewall", "Arn"]}
    assert association["ResourceArn"]["Fn::Sub"].endswith("/restapis/${Api}/stages/${ApiStage}")


def test_the_firewall_limits_each_address_and_keeps_no_samples_of_requests(stack: dict[str, Any]) -> None:
    made = firewall(stack)
    assert (made["Scope"], made["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    rate, size = made["Rules"]
    limit = {"AggregateKeyType": "IP", "Limit": default(stack, "WafRateLimit"), "EvaluationWindowSec": 300}
    assert rate["Statement"] == {"RateBasedStatement": limit}
    seen = [one["VisibilityConfig"] for one in (made, rate, size)]
    assert [one["SampledRequestsEnabled"] for one in seen] == [False] * 3
    # Without this, an address could use up the whole rate of a key and never meet the firewall.
    assert limit["Limit"] / 300 < default(stack, "KeyRateLimit")


@pytest.mark.parametrize(
    ("stated", "refused"),
    [
        *((stated, False) for stated in ("0", "120000", str(LAMBDA_BODY_BYTES), "5999999")),
        *((stated, True) for stated in ("6000000", "0006000000", "9999999", "10000000", "123456789012")),
    ],
)
def test_the_firewall_refuses_a_body_that_lambda_cannot_take(stack: dict[str, Any], stated: str, refused: bool) -> None:
    _, size = firewall(stack)["Rules"]
    match = size["Statement"]["RegexMatchStatement"]
    assert match["FieldToMatch"] == {"SingleHeader": {"Name": "content-length"}}
    assert bool(re.search(match["RegexString"], stated)) == refused


def test_the_firewall_answers_as_the_gateway_does(stack: dict[str, Any]) -> None:
    made = firewall(stack)
    of_gateway = [problem for _, _, problem, _ in problems(stack)]
    for rule, code in zip(made["Rules"], ("too_many_requests", "file_too_large"), strict=True):
        answer = rule["Action"]["Block"]["CustomResponse"]
        problem = json.loads(made["CustomResponseBodies"][answer["CustomResponseBodyKey"]]["Content"])
        assert (problem["code"], problem["status"]) == (code, answer["ResponseCode"])
        assert problem in of_gateway


def test_the_runbook_has_every_alarm_and_every_metric(stack: dict[str, Any]) -> None:
    runbook = (ROOT / "docs/operations.md").read_text()
    assert {row[0] for row in rows(section(runbook, "Alarms"))} == set(of_type(stack, "AWS::CloudWatch::Alarm"))
    named = {name for row in rows(section(runbook, "Metrics")) for name in row[0].split(", ")}
    usual = {LATENCY, COLD_STARTS, REFUSALS, *map(answers, (*DIAGNOSES, WITHOUT)), *map(score, SUPERCLASSES)}
    assert named == usual | SHADOW
    charts = {one["properties"]["title"].split(",")[0].split(":")[0] for one in widgets(stack, EVERYTHING)}
    for row in rows(section(runbook, "Alarms")):
        assert set(re.findall(r"\*([A-Z][^*]+)\*", row[2])) <= charts


# With everything that is there on request.
EVERYTHING = {"AnomalyAlarm": "true", "ShadowModel": "artifacts/next"}
SHADOW = {SHADOW_AGREEMENT, SHADOW_DIFFERENCE, SHADOW_MS, SHADOW_ERRORS}


def widgets(stack: dict[str, Any], given: dict[str, Any]) -> list[dict[str, Any]]:
    deployed = Deployed(stack, given)
    # An expression holds braces of its own, which Fn::Sub leaves alone.
    body = json.loads(deployed.properties("Dashboard")["DashboardBody"])
    found: list[dict[str, Any]] = body["widgets"]
    return found


@pytest.mark.parametrize("given", [{}, EVERYTHING])
def test_the_dashboard_shows_every_alarm_and_only_metrics_that_are_written(
    stack: dict[str, Any], given: dict[str, Any]
) -> None:
    assert stack["Resources"]["Dashboard"]["Condition"] == "Measured"
    alarms, *charts = widgets(stack, given)
    shown = {arn.rsplit(":", 1)[1] for arn in alarms["properties"]["alarms"]}
    assert shown == set(of_type(stack, "AWS::CloudWatch::Alarm") if given else always_on(stack))
    written = {LATENCY, COLD_STARTS, *map(answers, (*DIAGNOSES, WITHOUT)), *map(score, SUPERCLASSES)}
    written |= SHADOW if given else set()
    own = [line for chart in charts for line in chart["properties"]["metrics"] if line[0] == NAMESPACE]
    for name in FUNCTIONS:
        assert {line[1] for line in own if line[2:4] == [FUNCTION, name]} == written
    (refusals,) = [chart for chart in charts if "Refusals" in chart["properties"]["title"]]
    for (search,), name in zip(refusals["properties"]["metrics"], FUNCTIONS, strict=True):
        assert f'{{{NAMESPACE},{FUNCTION},{CODE}}} MetricName="{REFUSALS}"' in search["expression"]
        assert f'{FUNCTION}="{name}"' in search["expression"]


@pytest.mark.parametrize("given", [{}, EVERYTHING])
def test_the_widgets_do_not_overlap_and_stay_on_the_page(stack: dict[str, Any], given: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for one in widgets(stack, given)
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


def test_both_functions_measure_unless_told_otherwise(stack: dict[str, Any]) -> None:
    for name in FUNCTIONS:
        for given, found in (({}, "on"), ({"Metrics": "false"}, "off")):
            assert Deployed(stack, given).properties(name)["Environment"]["Variables"]["METRICS"] == found


def test_there_is_no_second_model_unless_asked_and_none_that_nobody_counts(stack: dict[str, Any]) -> None:
    assert default(stack, "ShadowModel") == ""
    (rule,) = [one["Assert"] for one in stack["Rules"]["ShadowIsMeasured"]["Assertions"]]
    for given, told in (({}, True), ({"Metrics": "false"}, False)):
        deployed = Deployed(stack, {"ShadowModel": "artifacts/next", **given})
        assert deployed.holds(stack["Rules"]["ShadowIsMeasured"]["RuleCondition"])
        assert deployed.holds(rule) == told
        for name in FUNCTIONS:
            variables = deployed.properties(name)["Environment"]["Variables"]
            # The folder of artifacts is in the image, and functions run in the folder above it.
            assert variables["EKG_SHADOW"] == "artifacts/next"
            assert variables["EKG_SHADOW_SHARE"] == default(stack, "ShadowPercent")


def test_the_stack_is_tagged(stack: dict[str, Any]) -> None:
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    tags = dict(tag.split("=") for tag in settings["default"]["deploy"]["parameters"]["tags"].split())
    # Tags of the stack go to everything in it. Those of a resource must not contradict them.
    assert tags == {"application": "ekg"}
    assert not set(tags) & {tag["Key"] for tag in properties(stack, "InboxBucket")["Tags"]}


def test_no_role_takes_a_policy_from_elsewhere(stack: dict[str, Any]) -> None:
    roles = of_type(stack, "AWS::IAM::Role")
    assert set(roles) == {"ApiRole", "DropRole", "BackfillRole", "DeploymentRole"}
    assert all(set(role) == {"AssumeRolePolicyDocument", "Policies"} for role in roles.values())
    assert of_type(stack, "AWS::IAM::Policy") == of_type(stack, "AWS::IAM::ManagedPolicy") == {}


def test_the_outputs_say_how_to_call_it(stack: dict[str, Any]) -> None:
    outputs = {name: json.dumps(one["Value"]) for name, one in stack["Outputs"].items()}
    assert "execute-api" in outputs["ApiUrl"]
    assert "${StageName}" in outputs["ApiUrl"]
    assert "get-api-key" in outputs["ApiKeyCommand"]
    assert "ApiApiKey" in outputs["ApiKeyId"]


def test_the_image_s_stage_is_the_one_that_sam_local_can_extend(stack: dict[str, Any]) -> None:
    metadata = stack["Resources"]["ApiFunction"]["Metadata"]
    dockerfile = (ROOT / metadata["Dockerfile"]).read_text()
    assert metadata["DockerContext"] == "."
    _, _, stage = dockerfile.partition(f" AS {metadata['DockerBuildTarget']}\n")
    own, _, last = stage.partition(f"FROM {metadata['DockerBuildTarget']}\n")
    assert "\nUSER" not in own
    assert last.strip().startswith("USER ")


def test_every_risk_of_the_guide_s_table_has_a_test_that_is_there() -> None:
    table = rows(section(GUIDE.read_text(), "Security"))
    assert [row[0].split()[0] for row in table[:10]] == [f"S{number}" for number in range(1, 11)]
    for _, measure, tests in table:
        assert measure
        for name in tests.split(", "):
            assert "def test_" in (ROOT / name).read_text()


def test_the_guide_names_every_parameter_and_output_that_it_uses(stack: dict[str, Any]) -> None:
    guide = GUIDE.read_text()
    assert [name for name in stack["Parameters"] if f"`{name}`" not in guide] == []
    assert set(re.findall(r"\bstack ([A-Z]\w+)", guide)) <= set(stack["Outputs"])


@pytest.mark.parametrize("name", sorted(events.events()))
def test_the_events_are_those_that_the_examples_make(name: str) -> None:
    written = (events.FOLDER / name).read_text()
    assert written == events.text(events.events()[name]), "python -m tests.sam.events writes them again"
    assert len(written) < 200_000

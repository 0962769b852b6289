"""Reads a template as CloudFormation does: its resources, and what its functions come to."""

import re
from dataclasses import dataclass, field
from typing import Any

ACCOUNT, REGION, STACK = "123456789012", "eu-central-1", "ekg"
NOTHING = {"Ref": "AWS::NoValue"}
_ABSENT = object()
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": _ABSENT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
}


def of_type(stack: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: found["Properties"] for name, found in stack["Resources"].items() if found["Type"] == kind}


def only(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    (properties,) = of_type(stack, kind).values()
    return properties


def properties(stack: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = stack["Resources"][name]["Properties"]
    return found


def default(stack: dict[str, Any], parameter: str) -> Any:
    return stack["Parameters"][parameter]["Default"]


@dataclass(frozen=True)
class Deployed:
    """A stack whose parameters are given; the others have their defaults."""

    stack: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)

    def properties(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.value(properties(self.stack, name))
        return found

    def value(self, expression: Any) -> Any:
        """Without functions: names, ARNs and numbers instead."""
        match expression:
            case {"Ref": str(name)}:
                return self._ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self._attribute(name, attribute)
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
            case {"Fn::Sub": [str(text), dict(variables)]}:
                return self._substituted(text, variables)
            case {"Fn::If": [condition, yes, no]}:
                return self.value(yes if self.holds({"Condition": condition}) else no)
            case dict():
                return self._present(expression)
            case list():
                return [found for found in map(self.value, expression) if found is not _ABSENT]
        return expression

    def holds(self, condition: dict[str, Any]) -> bool:
        match condition:
            case {"Condition": name}:
                return self.holds(self.stack["Conditions"][name])
            case {"Fn::Not": [other]}:
                return not self.holds(other)
            case {"Fn::And": others}:
                return all(map(self.holds, others))
            case {"Fn::Or": others}:
                return any(map(self.holds, others))
            case {"Fn::Equals": [one, other]}:
                return str(self.value(one)) == str(self.value(other))
        raise NotImplementedError(condition)

    def _substituted(self, text: str, variables: dict[str, Any]) -> str:
        def value(name: str) -> str:
            return str(self.value(variables[name]) if name in variables else self._named(name))

        return re.sub(r"\$\{([\w:.]+)\}", lambda found: value(found[1]), text)

    def _present(self, fields: dict[str, Any]) -> dict[str, Any]:
        values = {name: self.value(found) for name, found in fields.items()}
        return {name: found for name, found in values.items() if found is not _ABSENT}

    def _named(self, name: str) -> Any:
        resource, _, attribute = name.partition(".")
        return self._attribute(resource, attribute) if attribute else self._ref(name)

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.stack["Parameters"]:
            return self.given.get(name, default(self.stack, name))
        if self.stack["Resources"][name]["Type"] == "AWS::Lambda::Alias":
            made = properties(self.stack, name)
            return f"{self._attribute(made['FunctionName']['Ref'], 'Arn')}:{made['Name']}"
        return self._name(name)

    def _name(self, resource: str) -> str:
        found = properties(self.stack, resource)
        given = next((found[one] for one in ("BucketName", "QueueName", "LogGroupName") if one in found), resource)
        return str(self.value(given))

    def _attribute(self, resource: str, attribute: str) -> str:
        if attribute == "QueueName":
            return self._name(resource)
        if attribute == "Version":
            return "1"
        assert attribute == "Arn", (resource, attribute)
        service, kind = {
            "AWS::S3::Bucket": ("s3", ""),
            "AWS::SQS::Queue": ("sqs", ""),
            "AWS::Lambda::Function": ("lambda", "function:"),
            "AWS::Logs::LogGroup": ("logs", "log-group:"),
            "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:"),
            "AWS::Events::Rule": ("events", "rule/"),
            "AWS::IAM::Role": ("iam", "role/"),
        }[self.stack["Resources"][resource]["Type"]]
        place = "::" if service == "s3" else f"{REGION}:{ACCOUNT}:"
        return f"arn:aws:{service}:{place}{kind}{self._name(resource)}" + (":*" if service == "logs" else "")

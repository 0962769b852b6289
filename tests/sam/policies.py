"""Whether a policy allows a call: IAM's rules, as far as the template's policies need them."""

import re
from collections.abc import Mapping
from typing import Any

Statement = dict[str, Any]


def statements_of(role: dict[str, Any]) -> list[Statement]:
    """Of a role's own policies, their functions evaluated."""
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allows(
    statements: list[Statement],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
    service: str | None = None,
) -> bool:
    """service: who calls, for the policy of a resource. A denial goes before everything that allows."""
    effects = {one["Effect"] for one in statements if _applies(one, action, resource, context or {}, service)}
    return effects == {"Allow"}


def _applies(statement: Statement, action: str, resource: str, context: Mapping[str, str], service: str | None) -> bool:
    return (
        statement.get("Principal", "*") in ("*", {"Service": service})
        and any(_like(pattern.lower(), action.lower()) for pattern in listed(statement["Action"]))
        and any(_like(pattern, resource) for pattern in listed(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), expected)
            for operator, asked in statement.get("Condition", {}).items()
            for key, expected in asked.items()
        )
    )


def _holds(operator: str, found: str | None, expected: Any) -> bool:
    assert operator in ("ArnLike", "StringEquals", "StringNotEquals", "Bool"), operator
    if operator == "StringNotEquals":
        # A missing key is not equal to anything.
        return found not in listed(expected)
    if found is None:
        return False
    return _like(expected, found) if operator == "ArnLike" else found in listed(expected)


def _like(pattern: str, text: str) -> bool:
    """With the wildcards * and ?."""
    parts = ({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None

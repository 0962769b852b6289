"""The real handler in this process."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

NAME = "functions.s3_drop.handler"


@dataclass
class Context:
    """left_s: until Lambda would end the invocation."""

    left_s: float = 120.0
    aws_request_id: str = "11111111-2222-3333-4444-555555555555"
    asked: list[float] = field(default_factory=list)

    def get_remaining_time_in_millis(self) -> int:
        self.asked.append(self.left_s)
        return int(self.left_s * 1000)


def loaded(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Imported anew: it reads its environment at import, as a cold start does."""
    for name in ("BACKFILL_BUCKET", "FORMS", "WAIT_HOURS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sys.modules.pop(NAME, None)
    return import_module(NAME)


def invoke(function: ModuleType, event: Any, context: Context | None = None) -> Any:
    return function.handler(event, context or Context())

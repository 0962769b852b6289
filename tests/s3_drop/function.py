"""The real handler in this process."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from tests.s3_drop.queue import Context

NAME = "functions.s3_drop.handler"


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

"""A shorter cold start: pydantic builds each model at its first use instead of at import."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict


@contextmanager
def deferred_models() -> Iterator[None]:
    """Wraps the first import of fastapi. It defines 30 models of OpenAPI, and only the documentation uses them."""
    settings = BaseModel.model_config
    BaseModel.model_config = ConfigDict(defer_build=True)
    try:
        yield
    finally:
        BaseModel.model_config = settings

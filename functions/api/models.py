"""Pydantic's models, each built at its first use."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict


@contextmanager
def deferred_models() -> Iterator[None]:
    """Around the import of fastapi: it describes OpenAPI in 30 models, which only the documentation uses."""
    settings = BaseModel.model_config
    BaseModel.model_config = ConfigDict(defer_build=True)
    try:
        yield
    finally:
        BaseModel.model_config = settings

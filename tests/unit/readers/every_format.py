"""Every example file of every format that is read: one module of made/ for each, found by its name."""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from tests.unit.readers import made

Files = dict[str, bytes]
# What an example of arrays leaves open. Examples of other formats need no option.
OPTIONS: dict[str, dict[str, object]] = {}


@cache
def formats() -> tuple[str, ...]:
    """The names of the modules."""
    return tuple(module.name for module in pkgutil.iter_modules(made.__path__))


@cache
def _examples(name: str) -> dict[str, Files]:
    found: dict[str, Files] = import_module(f"{made.__name__}.{name}").examples()
    return found


def examples(name: str) -> dict[str, Files]:
    """The examples of a format by title, each with the files of one record."""
    return _examples(name)


def every_example() -> Iterator[tuple[str, str, Files]]:
    """(format, title, files) of every example."""
    for name in formats():
        for title, files in examples(name).items():
            yield name, title, files

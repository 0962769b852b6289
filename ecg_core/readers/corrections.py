"""The list of corrections: everything that a reader changed or assumed is reported to the caller."""

from collections.abc import Iterator


class Corrections:
    """What a reader changed or assumed, in order. Each correction is kept once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def add(self, correction: str) -> None:
        self._said[correction] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)

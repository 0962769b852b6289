"""What was changed or assumed in reading a file: nothing of it is silent."""

from collections.abc import Iterator


class Corrections:
    """What was changed or assumed in reading, each said once, in order."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def add(self, correction: str) -> None:
        self._said[correction] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)

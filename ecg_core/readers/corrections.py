"""The list of corrections: everything that a reader changed or assumed is reported to the caller."""

from collections.abc import Iterator


class Corrections:
    """What a reader changed or assumed, in order. Each correction is kept once."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}

    def add(self, correction: str) -> None:
        self._said.setdefault(correction, 0)

    def count(self, what: str, number: int) -> None:
        """ "what: number". Numbers of the same thing are added: a file may be read in pieces."""
        self._said[what] = self._said.get(what, 0) + number

    def __iter__(self) -> Iterator[str]:
        return (f"{said}: {number}" if number else said for said, number in self._said.items())

"""Disturbances of a worker: another worker's deed, or a failure, before the nth call to a store."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.drop.conftest import Place


class Killed(BaseException):
    """The process is killed here. `except Exception` does not catch it."""


@dataclass
class At:
    """A hook that does a deed before the nth call to any of the stores."""

    number: int
    deed: Callable[[], object]
    counted: int = 0

    def __call__(self, operation: str, key: str) -> None:
        self.counted += 1
        if self.counted == self.number:
            self.deed()

    @property
    def happened(self) -> bool:
        return self.counted >= self.number


def told(place: Place, hook: At, *keys: str) -> None:
    """One worker, with the hook on both of its stores."""
    stores = (place.inbox, place.results)
    for store in stores:
        store.before = [hook]
    try:
        place.told(*keys)
    finally:
        for store in stores:
            store.before = []


def raising(fault: BaseException) -> Callable[[], object]:
    def deed() -> None:
        raise fault

    return deed


def without_hooks(place: Place, deed: Callable[[], object]) -> Callable[[], None]:
    """A deed of another worker. Its calls are not counted by the hooks."""

    def done() -> None:
        hooks = [store.before for store in (place.inbox, place.results)]
        place.inbox.before = place.results.before = []
        deed()
        place.inbox.before, place.results.before = hooks

    return done

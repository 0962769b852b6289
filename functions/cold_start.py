"""What makes a start short: it takes a quarter off the time of the imports, measured."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from ecg_core.errors import ArtifactError
from ecg_core.model.classifier import default_classifier


@contextmanager
def quick_start() -> Iterator[None]:
    """Around the imports of a function's other modules, while the model is loaded."""
    # The collector finds nothing to free among modules, and need not look at them again.
    gc.disable()
    # ONNX Runtime reads the model without the interpreter's lock.
    loading = Thread(target=_load)
    loading.start()
    try:
        yield
    finally:
        loading.join()
        gc.freeze()
        gc.enable()


def _load() -> None:
    # The function asks again, and stops the start.
    with suppress(ArtifactError):
        default_classifier()

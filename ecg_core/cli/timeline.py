"""`ekg classify --timeline`: one line of JSON for every ten seconds of a recording."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.recording import WINDOW_S, Recording
from ecg_core.reports.text import Outcome
from ecg_core.signal.preparation import MIN_DURATION_S


@dataclass(frozen=True)
class Stretch:
    """Seconds of the recording."""

    start_s: float
    end_s: float


def stretches(duration_s: float) -> Iterator[Stretch]:
    """Every ten seconds. A rest below five seconds belongs to the stretch before it."""
    count = max(1, math.floor((duration_s + MIN_DURATION_S) / WINDOW_S))
    for number in range(count):
        end_s = duration_s if number == count - 1 else (number + 1) * WINDOW_S
        yield Stretch(number * WINDOW_S, end_s)


def answer(classifier: Classifier, recording: Recording, stretch: Stretch, statements: str) -> Outcome:
    """The answer for these seconds alone, as if they were a file of their own."""
    try:
        return classifier.classify(recording.part(stretch.start_s, stretch.end_s), statements=statements)
    except EcgError as refusal:
        return refusal

"""What the product says to one recording: a refusal, or findings with their notices."""

from dataclasses import dataclass

import numpy as np

from ecg_core.classification import SUPERCLASSES, Notice
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.recording import Files, Recording
from ecg_core.training.metrics import Floats

# They say what was sent, not that anything is wrong with the signal.
CIRCUMSTANCES = frozenset({"leads_missing", "short_recording", "long_recording"})


@dataclass(frozen=True, eq=False)
class Outcome:
    """refusal: an error's code. notices: those that concern the signal. probabilities: [5], .5 if refused.

    above: [5], at or above its threshold.
    """

    refusal: str | None
    notices: tuple[Notice, ...]
    probabilities: Floats
    above: tuple[bool, ...]
    conclusive: bool

    @property
    def warned(self) -> bool:
        return bool(self.notices)

    @property
    def silent(self) -> bool:
        """A diagnosis without a word of doubt."""
        return self.conclusive and not self.notices


def refused(code: str) -> Outcome:
    return Outcome(code, (), np.full(len(SUPERCLASSES), 0.5), (False,) * len(SUPERCLASSES), False)


def outcome(classifier: Classifier, source: Files | Recording) -> Outcome:
    """Through the product's own road."""
    try:
        result = classifier.classify(source)
    except EcgError as error:
        return refused(error.code)
    notices = tuple(notice for notice in result.quality if notice.code not in CIRCUMSTANCES)
    probabilities = np.array([result.probabilities[label] for label in SUPERCLASSES])
    above = tuple(result.probabilities[label] >= result.thresholds[label] for label in SUPERCLASSES)
    return Outcome(None, notices, probabilities, above, result.conclusive)

"""A classifier without a network, for what is counted around one."""

from dataclasses import replace
from typing import cast

import numpy as np

from ecg_core.classification import SUPERCLASSES, Classification, Notice
from ecg_core.errors import SignalNoisy
from ecg_core.model.classifier import Classifier
from ecg_core.readers import read
from ecg_core.recording import Files, Recording
from tests.builders import make_classification


class FakeClassifier:
    """Calls NORM by the height of lead II; refuses 500 Hz; warns, with the given notice, if lead I points down."""

    def __init__(self, notice: Notice | None = None) -> None:
        self.notice = notice or Notice("arm_reversal_suspected", "The arms seem to be exchanged.")

    def classify(self, source: Files | Recording) -> Classification:
        recording = source if isinstance(source, Recording) else read(source)
        if recording.fs_hz == 500:
            raise SignalNoisy("noise")
        height = float(np.nanmax(np.abs(recording.signal[-1])))
        probabilities = dict(
            zip(SUPERCLASSES, 0.5 + 0.4 * np.tanh(np.array([1, -1, -1, -1, -1]) * (height - 1)), strict=True)
        )
        first = recording.signal[0] - np.median(recording.signal[0])
        notices = (self.notice,) if first.max() < -first.min() else ()
        return replace(
            make_classification({k: float(v) for k, v in probabilities.items()}, notices), recording=recording
        )


def fake_classifier(notice: Notice | None = None) -> Classifier:
    return cast("Classifier", FakeClassifier(notice))

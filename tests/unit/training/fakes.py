"""Stand-ins: a classifier without a network, smaller data sets, fewer bootstrap draws, a machine with one core."""

import csv
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from ecg_core import metrics
from ecg_core.classification import SUPERCLASSES, Classification, Notice
from ecg_core.errors import SignalNoisy
from ecg_core.model.classifier import Classifier
from ecg_core.readers import read
from ecg_core.recording import Files, Recording
from tests.builders import make_classification

# Enough for an interval. The 1000 draws of the commands take seconds.
DRAWS = 20


class FakeClassifier:
    """NORM depends on the height of the last lead. 500 Hz is refused. If lead I points down, it gives the notice."""

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


Row = dict[str, str]


def with_rows(ptbxl: Path, out: Path, change: Callable[[list[Row]], list[Row]]) -> Path:
    """A data set in out with the same signals and other rows in its database."""
    out.mkdir()
    shutil.copy(ptbxl / "scp_statements.csv", out)
    (out / "records100").symlink_to(ptbxl / "records100")
    with (ptbxl / "ptbxl_database.csv").open(newline="") as file:
        rows = change(list(csv.DictReader(file)))
    with (out / "ptbxl_database.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out


@contextmanager
def few_draws() -> Iterator[None]:
    """Bootstrap with DRAWS draws only."""
    weights, error = metrics.bootstrap_weights, metrics.perfect_calibration_error
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(metrics, "bootstrap_weights", lambda patients, draws=DRAWS: weights(patients, DRAWS))
        patched.setattr(metrics, "perfect_calibration_error", lambda probability: error(probability, draws=DRAWS))
        yield


@contextmanager
def one_core() -> Iterator[None]:
    """fit_all() trains one network after the other in this process. New processes would import torch first."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("os.cpu_count", lambda: 1)
        yield

"""Records through the product's own road: files in, a refusal or rounded probabilities and warnings out."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from ecg_core.classification import SUPERCLASSES, Notice
from ecg_core.errors import EcgError
from ecg_core.measurements.features import features
from ecg_core.measurements.measure import measured
from ecg_core.metrics import Bools, Floats
from ecg_core.model.classifier import Classifier
from ecg_core.model.placement import KINDS
from ecg_core.model.statements import CODES
from ecg_core.readers import read
from ecg_core.recording import Files, LargeFiles, Recording
from ecg_core.signal import quality
from ecg_core.signal.preparation import prepare
from ecg_core.training.data.ptbxl import PtbXl, record_files

T = TypeVar("T")
WORKERS = 2
# Codes of warnings that describe what was sent. They do not say that anything is wrong with the signal.
CIRCUMSTANCES = frozenset({"leads_missing", "short_recording", "long_recording"})


@dataclass(frozen=True, eq=False)
class Outcome:
    """The answer to one recording.

    refusal: the code of the error, or None. quality: all warnings. probabilities: [5], .5 if refused.
    above: [5], whether each probability reaches its threshold.
    """

    refusal: str | None
    quality: tuple[Notice, ...]
    probabilities: Floats
    above: tuple[bool, ...]
    conclusive: bool

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The warnings about the signal."""
        return tuple(notice for notice in self.quality if notice.code not in CIRCUMSTANCES)

    @property
    def warned(self) -> bool:
        return bool(self.notices)

    @property
    def silent(self) -> bool:
        """A diagnosis without any warning about the signal."""
        return self.conclusive and not self.notices


def refused(code: str) -> Outcome:
    return Outcome(code, (), np.full(len(SUPERCLASSES), 0.5), (False,) * len(SUPERCLASSES), False)


def outcome(classifier: Classifier, source: LargeFiles | Recording, leads: Collection[str] | None = None) -> Outcome:
    """leads: keep only these leads of the files."""
    try:
        if leads is not None and not isinstance(source, Recording):
            source = read(source).only(leads)
        result = classifier.classify(source)
    except EcgError as error:
        return refused(error.code)
    probabilities = np.array([result.probabilities[label] for label in SUPERCLASSES])
    above = tuple(result.probabilities[label] >= result.thresholds[label] for label in SUPERCLASSES)
    return Outcome(None, result.quality, probabilities, above, result.conclusive)


def each(data: PtbXl, work: Callable[[Files], T], said: str) -> list[T]:
    """work(files) for every record, in order, with a progress bar."""
    with ThreadPoolExecutor(WORKERS) as pool:
        done = pool.map(lambda path: work(record_files(path)), data.paths)
        return list(tqdm(done, said, len(data), unit=" records", leave=False, disable=None))


@dataclass(frozen=True, eq=False)
class Outputs:
    """The network's raw outputs of n records: the means over their windows. 0 for a refused record.

    logits: [n, 5]. placement: [n, KINDS]. statements: [n, 71], logits with the measured terms. refused: [n].
    """

    logits: Floats
    placement: Floats
    statements: Floats
    refused: Bools

    def select(self, keep: Bools) -> "Outputs":
        return Outputs(self.logits[keep], self.placement[keep], self.statements[keep], self.refused[keep])


def outputs(classifier: Classifier, data: PtbXl, leads: Collection[str]) -> Outputs:
    """With only these leads of the files."""

    def one(files: Files) -> Floats | None:
        try:
            fit, _ = quality.usable(read(files).only(leads))
            prepared = prepare(fit)
            quality.judge(prepared)
        except EcgError:
            return None
        logits, placement, statements = classifier.run(prepared.signal, prepared.lead_mask)
        with_terms = classifier.measured_terms(statements, features(measured(fit)))
        all_outputs = np.concatenate([logits, placement, with_terms], axis=1)
        return np.asarray(all_outputs.mean(axis=0), np.float64)

    rows = each(data, one, "measuring")
    none = np.zeros(len(SUPERCLASSES) + len(KINDS) + len(CODES))
    found = np.stack([none if row is None else row for row in rows])
    logits, placement, statements = np.split(found, np.cumsum([len(SUPERCLASSES), len(KINDS)]), axis=1)
    return Outputs(logits, placement, statements, np.array([row is None for row in rows]))

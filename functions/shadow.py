"""A second model in the shadow of the first: it reads a share of the records that were answered, and is only counted.

EKG_SHADOW names its folder of artifacts, EKG_SHADOW_SHARE the percentage of records. The checksum of a record decides
whether it is read, so a repeated request decides the same. Nothing that the second model says, and no fault of it,
reaches an answer. A request that is read waits for it, LIMIT_S at most: on Lambda nothing runs after the answer.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

from ecg_core.classification import Classification
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from functions import log
from functions.metrics import Metrics, metrics

FOLDER, SHARE = "EKG_SHADOW", "EKG_SHADOW_SHARE"
USUAL_PERCENT = 5.0
LIMIT_S = 1.0


class Shadow:
    """folder: None for no second model. percent: of the records. limit_s: how long an answer waits for it."""

    def __init__(self, folder: Path | None, percent: float, counts: Metrics, limit_s: float = LIMIT_S) -> None:
        self._folder, self._share, self._counts, self._limit_s = folder, percent / 100, counts, limit_s
        self._classifier: Classifier | None = None
        self._running: Thread | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ, counts: Metrics = metrics) -> "Shadow":
        """Raises ValueError for a wrong setting, so that the function does not start."""
        folder = environment.get(FOLDER)
        percent = float(environment.get(SHARE) or USUAL_PERCENT)
        if not 0 <= percent <= 100:
            raise ValueError(f"{SHARE} is a percentage from 0 to 100.")
        if folder and not counts.written:
            raise ValueError(
                f"{FOLDER} needs METRICS=on, on Lambda: without it nobody would learn what the model says."
            )
        return cls(Path(folder) if folder else None, percent, counts)

    def compare(self, result: Classification) -> None:
        """Counts how the second model answers this record, if it is one of the share. Raises nothing."""
        if self._folder is None or not self._reads(result.recording.sha256):
            return
        if self._running is not None and self._running.is_alive():
            # It was too slow before. Two of them would be slower.
            self._counts.shadow_failed()
            return
        found: list[tuple[bool, float | None]] = []
        start = time.perf_counter()
        self._running = Thread(target=self._ask, args=(self._folder, result, found), daemon=True)
        self._running.start()
        self._running.join(self._limit_s)
        # What comes after the limit goes into a list that nobody reads.
        if found:
            self._counts.shadow_compared(*found[0], (time.perf_counter() - start) * 1000)
        else:
            self._counts.shadow_failed()

    def _reads(self, sha256: str) -> bool:
        return int(sha256[:8], 16) < self._share * 2**32

    def _ask(self, folder: Path, result: Classification, found: list[tuple[bool, float | None]]) -> None:
        try:
            # Loaded at the first record, so a cold start takes no longer.
            self._classifier = self._classifier or Classifier(folder)
            other = self._classifier.classify(result.recording)
        except EcgError as refusal:
            if refusal.status >= 500:
                log.fault(refusal)
                return
            # The first model has answered.
            found.append((False, None))
        except Exception as fault:
            log.fault(fault)
        else:
            agrees = (other.diagnosis, set(other.findings)) == (result.diagnosis, set(result.findings))
            differences = [abs(other.probabilities[name] - known) for name, known in result.probabilities.items()]
            found.append((agrees, max(differences)))


shadow = Shadow.of()

"""The way of a record: files or a Recording in, a Classification out."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import SUPERCLASSES, Classification, ModelIdentity, Notice
from ecg_core.errors import AmplitudeImplausible, ArtifactError, SignalUnlikeEcg
from ecg_core.leads import LEAD_SETS, lead_set_of
from ecg_core.model.artifacts import OUTPUTS, UNREADABLE_CARD, artifacts_folder, read_artifacts, session
from ecg_core.model.calibration import WEAKEST_SET, Calibration, performance_of, thresholds_of
from ecg_core.model.placement import UNLIKE_CODE, PlacementRule
from ecg_core.readers import read
from ecg_core.recording import WINDOW_S, LargeFiles, Recording
from ecg_core.signal import quality
from ecg_core.signal.preparation import ROUNDING_S, ModelInput, leads_of, prepare

_loading = Lock()

Outputs = NDArray[np.float32]


class Classifier:
    """The network of a folder of artifacts, loaded once. Threads may share it."""

    def __init__(self, artifacts: Path | None = None) -> None:
        """Raises ArtifactError if the artifacts are missing, altered or do not fit each other."""
        model, card = read_artifacts(artifacts or artifacts_folder())
        try:
            self.card = card
            self.identity = ModelIdentity(card["name"], card["version"], card["sha256"])
            if tuple(card["superclasses"]) != SUPERCLASSES:
                raise ArtifactError("The model's outputs are not the five superclasses.")
            self.calibrations = {name: Calibration.of(card["calibration"][name]) for name in LEAD_SETS}
            self.thresholds = {name: thresholds_of(card, name) for name in LEAD_SETS}
            self.performance = {name: performance_of(card, name) for name in LEAD_SETS}
            self.placement = {name: PlacementRule.of(card["placement"]["thresholds"][name]) for name in LEAD_SETS}
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(UNREADABLE_CARD) from error
        self._session = session(model)

    def classify(
        self,
        source: LargeFiles | Recording,
        *,
        fs_hz: float | None = None,
        units: str | None = None,
        leads: Sequence[str] | str | None = None,
        gain: float | None = None,
        explain: bool = False,
    ) -> Classification:
        """Classifies one record: its files, or a Recording that read() returned.

        fs_hz, units, leads and gain say what the file leaves open: see ecg_core.read. explain: also show where the
        network looks; the network then reads 60 to 120 windows more. Raises EcgError.
        """
        recording = (
            source if isinstance(source, Recording) else read(source, fs_hz=fs_hz, units=units, leads=leads, gain=gain)
        )
        fit, notices = quality.usable(recording)
        prepared = prepare(fit)
        notices = (*notices, *quality.judge(prepared), *_length_notices(recording, prepared))
        logits, kinds = self.run(prepared.signal, prepared.lead_mask)
        probabilities = self._probabilities(prepared, logits)
        known = lead_set_of(prepared.leads)
        placed = self._placed(prepared, kinds)
        result = Classification(
            recording=recording,
            leads=prepared.leads,
            windows=len(prepared.signal),
            corrections=prepared.corrections,
            probabilities=dict(zip(SUPERCLASSES, probabilities.tolist(), strict=True)),
            thresholds=self.thresholds[known[0] if known else WEAKEST_SET],
            model=self.identity,
            expected_performance=replace(self.performance[known[0]], at_least=not known[1]) if known else None,
            quality=(*notices, *placed),
        )
        if explain:
            from ecg_core.model.explanation import explained

            return replace(result, explanation=explained(self.log_odds, prepared, result.foremost))
        return result

    def run(self, signal: NDArray[np.float32], lead_mask: NDArray[np.float32]) -> tuple[Outputs, Outputs]:
        """(logits [windows, 5] without calibration, probabilities of placement.KINDS [windows, 15])."""
        logits, kinds = self._session.run(OUTPUTS, {"signal": signal, "lead_mask": lead_mask})
        return logits, kinds

    def log_odds(self, prepared: ModelInput) -> NDArray[np.float64]:
        """[windows, 5]: calibrated log-odds. Each window is calibrated for the leads that it has."""
        logits, _ = self.run(prepared.signal, prepared.lead_mask)
        rows = zip(self._calibrations(prepared), logits, strict=True)
        return np.array([calibration.log_odds(row) for calibration, row in rows])

    def _probabilities(self, prepared: ModelInput, logits: Outputs) -> NDArray[np.float64]:
        """[5]: the mean over the windows. Each window is calibrated for the leads that it has."""
        if not np.isfinite(logits).all():
            raise AmplitudeImplausible("The signal's values are beyond what the network can read.")
        calibrated = [calibrate(row) for calibrate, row in zip(self._calibrations(prepared), logits, strict=True)]
        return np.asarray(np.mean(calibrated, axis=0))

    def _placed(self, prepared: ModelInput, kinds: Outputs) -> tuple[Notice, ...]:
        """What the network says about the electrodes. Raises SignalUnlikeEcg or RhythmUnreadable."""
        known = lead_set_of(prepared.leads)
        try:
            placed = self.placement[known[0] if known else WEAKEST_SET](kinds.mean(axis=0))
        except SignalUnlikeEcg as error:
            raise quality.unreadable(prepared) or error from None
        doubtful = UNLIKE_CODE in [said.code for said in placed]
        if doubtful and (refusal := quality.unreadable(prepared)):
            raise refusal
        return placed

    def _calibrations(self, prepared: ModelInput) -> list[Calibration]:
        sets = [lead_set_of(leads_of(mask)) for mask in prepared.lead_mask]
        return [self.calibrations[known[0] if known else WEAKEST_SET] for known in sets]


def _length_notices(recording: Recording, prepared: ModelInput) -> list[Notice]:
    windows, duration_s = len(prepared.signal), recording.duration_s
    if duration_s < WINDOW_S - ROUNDING_S:
        return [Notice("short_recording", f"{duration_s:.4g} s, padded to 10 s: less reliable.")]
    if not prepared.whole:
        message = f"Of {duration_s:.0f} s {windows * WINDOW_S:.0f} s were read: brief events may be missed."
        return [Notice("long_recording", message)]
    if windows > 1:
        return [Notice("long_recording", f"{duration_s:.0f} s were read in {windows} windows; the mean is given.")]
    return []


@cache
def _default_classifier() -> Classifier:
    return Classifier()


def default_classifier() -> Classifier:
    """The Classifier of artifacts_folder(), loaded at the first call. Raises ArtifactError."""
    with _loading:
        return _default_classifier()


def classify(
    source: LargeFiles | Recording,
    *,
    fs_hz: float | None = None,
    units: str | None = None,
    leads: Sequence[str] | str | None = None,
    gain: float | None = None,
    explain: bool = False,
) -> Classification:
    """Classifies one record with the shipped model: see Classifier.classify."""
    classifier = default_classifier()
    return classifier.classify(source, fs_hz=fs_hz, units=units, leads=leads, gain=gain, explain=explain)

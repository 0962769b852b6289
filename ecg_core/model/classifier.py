"""The way of a record: files or a Recording in, a Classification out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecg_core.classification import SUPERCLASSES, Classification, Notice
from ecg_core.errors import AmplitudeImplausible, ArtifactError, SignalUnlikeEcg
from ecg_core.identity import ModelIdentity
from ecg_core.leads import LEAD_SETS, lead_set_of
from ecg_core.model.artifacts import OUTPUTS, UNREADABLE_CARD, artifacts_folder, read_artifacts, session
from ecg_core.model.calibration import WEAKEST_SET, Calibration, performance_of, thresholds_of
from ecg_core.model.local_calibration import LocalCalibration, local_calibration_file, read_local_calibration
from ecg_core.model.measured_terms import METADATA, NO_TERMS, MeasuredTerms
from ecg_core.model.placement import KINDS, UNLIKE_CODE, PlacementRule
from ecg_core.model.statements import CODES, StatementRule, statements_of
from ecg_core.readers import read
from ecg_core.recording import WINDOW_S, LargeFiles, Recording
from ecg_core.signal import quality
from ecg_core.signal.preparation import ROUNDING_S, ModelInput, leads_of, prepare
from ecg_core.statements import ALL, FINDINGS, NORMAL, SHOWN

_loading = Lock()

# The statement NORM and the superclass NORM have the same label.
NORMAL_CLASS, NORMAL_STATEMENT = SUPERCLASSES.index(NORMAL), CODES.index(NORMAL)


class Outputs(NamedTuple):
    """What the network gives for each window.

    logits: [windows, 5], without calibration. placement: [windows, 15], probabilities of placement.KINDS.
    statements: [windows, 71], logits without calibration, in the order of statement_table.STATEMENTS.
    """

    logits: NDArray[np.float32]
    placement: NDArray[np.float32]
    statements: NDArray[np.float32]


class Seen(NamedTuple):
    """A recording after its checks and the network, before calibration.

    fit: without leads that cannot be used. sets: the lead set of each window. notices: about the recording.
    """

    fit: Recording
    prepared: ModelInput
    outputs: Outputs
    sets: tuple[str, ...]
    notices: tuple[Notice, ...]


class Classifier:
    """The network of a folder of artifacts, loaded once. Threads may share it.

    local: the calibration of a hospital, which takes the place of the card's.
    """

    def __init__(self, artifacts: Path | None = None, calibration: Path | None = None) -> None:
        """Without arguments: what EKG_ARTIFACTS and EKG_CALIBRATION name. calibration: a file of `ekg recalibrate`.

        Raises ArtifactError if a file is missing, altered, or does not fit the others.
        """
        if artifacts is None and calibration is None:
            calibration = local_calibration_file()
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
            published = {name: card["statements"]["sets"][name]["published"] for name in LEAD_SETS}
            self.statement_rules = {name: StatementRule.of(rows) for name, rows in published.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(UNREADABLE_CARD) from error
        self._session = session(model)
        given = {output.name: output.shape[-1] for output in self._session.get_outputs()}
        if given != dict(zip(OUTPUTS, (len(SUPERCLASSES), len(KINDS), len(CODES)), strict=True)):
            raise ArtifactError("The model's outputs are not those that this release reads.")
        terms = self._session.get_modelmeta().custom_metadata_map.get(METADATA)
        try:
            self.measured_terms = MeasuredTerms.of(json.loads(terms) if terms else NO_TERMS)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError("The model's measured terms cannot be read.") from error
        self.local: LocalCalibration | None = None
        if calibration:
            self._use(read_local_calibration(calibration, self.identity))

    def _use(self, local: LocalCalibration) -> None:
        self.local, self.identity = local, replace(self.identity, calibration=local.identity)
        for name, rows in local.sets.items():
            given = {label: row._asdict() for label, row in rows.items()}
            published = self.card["statements"]["sets"][name]["published"]
            self.calibrations[name] = Calibration.of({**self.card["calibration"][name], **given})
            self.thresholds[name] |= {label: row.threshold for label, row in rows.items()}
            if NORMAL in rows and NORMAL in published:
                self.statement_rules[name] = StatementRule.of({**published, NORMAL: given[NORMAL]})

    def classify(
        self,
        source: LargeFiles | Recording,
        *,
        fs_hz: float | None = None,
        units: str | None = None,
        leads: Sequence[str] | str | None = None,
        gain: float | None = None,
        explain: bool = False,
        statements: str = FINDINGS,
    ) -> Classification:
        """Classifies one record: its files, or a Recording that read() returned.

        fs_hz, units, leads and gain say what the file leaves open: see ecg_core.read. explain: also show where the
        network looks; the network then reads 60 to 120 windows more. statements: "findings" or "all", see
        Classification.statements. Raises EcgError, and ValueError for another value of statements.
        """
        if statements not in SHOWN:
            raise ValueError(f"statements: {' or '.join(SHOWN)}")
        recording = (
            source if isinstance(source, Recording) else read(source, fs_hz=fs_hz, units=units, leads=leads, gain=gain)
        )
        seen = self.see(recording)
        result = self.answer(recording, seen, every_statement=statements == ALL)
        if explain:
            from ecg_core.model.explanation import explained

            return replace(result, explanation=explained(self.log_odds, seen.prepared, result.foremost))
        return result

    def see(self, recording: Recording) -> Seen:
        """Checks a recording and runs the network. Raises EcgError."""
        fit, notices = quality.usable(recording)
        prepared = prepare(fit)
        notices = (*notices, *quality.judge(prepared), *_length_notices(recording, prepared))
        outputs = self.run(prepared.signal, prepared.lead_mask)
        if not (np.isfinite(outputs.logits).all() and np.isfinite(outputs.statements).all()):
            raise AmplitudeImplausible("The signal's values are beyond what the network can read.")
        sets = tuple(_nearest_set(leads_of(mask)) for mask in prepared.lead_mask)
        return Seen(fit, prepared, outputs, sets, (*notices, *self._placed(prepared, outputs.placement)))

    def answer(self, recording: Recording, seen: Seen, *, every_statement: bool = False) -> Classification:
        """The answer to a recording that see() has seen."""
        from ecg_core.measurements.features import features
        from ecg_core.measurements.measure import measured

        prepared, sets, rules = seen.prepared, seen.sets, self.statement_rules
        known = lead_set_of(prepared.leads)
        found = measured(seen.fit)
        statement_logits = self.measured_terms(seen.outputs.statements, features(found))
        model, notices = self.local.used(self.identity, sets) if self.local else (self.identity, ())
        return Classification(
            recording=recording,
            leads=prepared.leads,
            windows=len(prepared.signal),
            corrections=prepared.corrections,
            probabilities=dict(zip(SUPERCLASSES, self._probabilities(seen).tolist(), strict=True)),
            thresholds=self.thresholds[_nearest_set(prepared.leads)],
            model=model,
            expected_performance=replace(self.performance[known[0]], at_least=not known[1]) if known else None,
            quality=(*seen.notices, *notices),
            measurements=found.measurements,
            published=statements_of(rules[known[0]], [rules[name] for name in sets], statement_logits) if known else (),
            every_statement=every_statement,
        )

    def run(self, signal: NDArray[np.float32], lead_mask: NDArray[np.float32]) -> Outputs:
        """signal [windows, 12, 1000] mV, lead_mask [windows, 12]. The statement NORM gets the logit of the class."""
        outputs = Outputs(*self._session.run(OUTPUTS, {"signal": signal, "lead_mask": lead_mask}))
        outputs.statements[:, NORMAL_STATEMENT] = outputs.logits[:, NORMAL_CLASS]
        return outputs

    def log_odds(self, prepared: ModelInput) -> NDArray[np.float64]:
        """[windows, 5]: calibrated log-odds. Each window is calibrated for the leads that it has."""
        logits = self.run(prepared.signal, prepared.lead_mask).logits
        sets = [_nearest_set(leads_of(mask)) for mask in prepared.lead_mask]
        return np.array([self.calibrations[name].log_odds(row) for name, row in zip(sets, logits, strict=True)])

    def _probabilities(self, seen: Seen) -> NDArray[np.float64]:
        """[5]: the mean over the windows."""
        windows = zip(seen.sets, seen.outputs.logits, strict=True)
        return np.asarray(np.mean([self.calibrations[name](row) for name, row in windows], axis=0))

    def _placed(self, prepared: ModelInput, kinds: NDArray[np.float32]) -> tuple[Notice, ...]:
        """What the network says about the electrodes. Raises SignalUnlikeEcg or RhythmUnreadable."""
        try:
            placed = self.placement[_nearest_set(prepared.leads)](kinds.mean(axis=0))
        except SignalUnlikeEcg as error:
            raise quality.unreadable(prepared) or error from None
        doubtful = UNLIKE_CODE in [said.code for said in placed]
        if doubtful and (refusal := quality.unreadable(prepared)):
            raise refusal
        return placed


def _nearest_set(leads: Sequence[str]) -> str:
    """The largest measured set of these leads; without one, the weakest."""
    known = lead_set_of(leads)
    return known[0] if known else WEAKEST_SET


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
    statements: str = FINDINGS,
) -> Classification:
    """Classifies one record with the shipped model: see Classifier.classify."""
    return default_classifier().classify(
        source, fs_hz=fs_hz, units=units, leads=leads, gain=gain, explain=explain, statements=statements
    )

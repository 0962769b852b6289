"""`ekg abstain`: how often wrong input is refused or warned about, and how often sound records are."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ecg_core import metrics
from ecg_core.classification import Notice
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.readers import read
from ecg_core.readers.paths import Input, find_inputs
from ecg_core.recording import Files
from ecg_core.training.data.conditions import rng_of
from ecg_core.training.data.corruptions import CORRUPTIONS, Corruption
from ecg_core.training.data.ptbxl import VALIDATION_FOLD, read_ptbxl
from ecg_core.training.measure.outcomes import WORKERS, Outcome, each, outcome, refused

# Records that each corruption is made from. A share of .99 then has an interval of one percent to each side.
RECORDS = 500
SEED = 20
ARMS = {"RA", "LA"}
ARM_REVERSAL, ELECTRODE_REVERSAL = "arm_reversal_suspected", "electrode_reversal_suspected"


def abstention(classifier: Classifier, ptbxl: Path, records: int = RECORDS) -> dict[str, Any]:
    """The outcomes of each corruption, made from `records` records of fold 9, and of all records unchanged."""
    data = read_ptbxl(ptbxl, {VALIDATION_FOLD})
    sound = each(data, lambda files: outcome(classifier, files), "sound records")
    chosen = np.zeros(len(data), bool)
    chosen[np.random.default_rng(SEED).permutation(len(data))[:records]] = True

    def all_corruptions(files: Files) -> list[Outcome]:
        recording = read(files)
        changed = (made.change(recording, rng_of(recording, made.kind + made.name)) for made in CORRUPTIONS)
        return [outcome(classifier, made) for made in changed]

    rows = each(data.select(chosen), all_corruptions, "spoiling")
    report: dict[str, Any] = {"sound": shares(sound), "corruptions": {"foreign": {}, "spoiled": {}, "placed": {}}}
    for index, made in enumerate(CORRUPTIONS):
        outcomes = [row[index] for row in rows]
        found = shares(outcomes)
        if made.pair:
            found |= _reversal(made, outcomes, sound)
        report["corruptions"][made.kind][made.name] = found
    return report


def shares(outcomes: list[Outcome]) -> dict[str, Any]:
    """n, the shares that are refused, warned and silently diagnosed, and how often each code was given."""
    n = len(outcomes)
    return {
        "n": n,
        "refused": metrics.wilson(sum(found.refusal is not None for found in outcomes), n),
        "warned": metrics.wilson(sum(found.warned for found in outcomes), n),
        "silent": metrics.wilson(sum(found.silent for found in outcomes), n),
        "codes": _counted(code for found in outcomes for code in _codes(found)),
    }


def _codes(found: Outcome) -> set[str]:
    return {found.refusal} if found.refusal else {notice.code for notice in found.notices}


def _counted(codes: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(codes).items(), key=lambda item: (-item[1], item[0])))


def names(notice: Notice, pair: tuple[str, str]) -> bool:
    """Does the notice say that these two electrodes are exchanged?"""
    if notice.code == ARM_REVERSAL:
        return set(pair) == ARMS
    one, other = pair
    message = notice.message
    return notice.code == ELECTRODE_REVERSAL and (f"{one} and {other}" in message or f"{other} and {one}" in message)


def _reversal(made: Corruption, outcomes: list[Outcome], sound: list[Outcome]) -> dict[str, Any]:
    """sensitivity: the exchanged pair is named. any_reversal: some pair is. specificity: on sound records it is not."""
    assert made.pair is not None
    pair = made.pair
    named = sum(any(names(notice, pair) for notice in found.notices) for found in outcomes)
    any_pair = sum(bool(_codes(found) & {ARM_REVERSAL, ELECTRODE_REVERSAL}) for found in outcomes)
    quiet = sum(not any(names(notice, pair) for notice in found.notices) for found in sound)
    return {
        "sensitivity": metrics.wilson(named, len(outcomes)),
        "any_reversal": metrics.wilson(any_pair, len(outcomes)),
        "specificity": metrics.wilson(quiet, len(sound)),
    }


def samples(classifier: Classifier, folder: Path) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """For a folder of real files: (how often each code is given, the codes of each file)."""
    inputs = find_inputs([str(folder)])
    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = list(pool.map(lambda item: _read(classifier, item), inputs))
    answered = [found for found in outcomes if found.refusal is None]
    counts = {
        "n": len(outcomes),
        "refused": _counted(found.refusal for found in outcomes if found.refusal),
        "warned": _counted(code for found in answered for code in _codes(found)),
        "answered_with_warning": sum(found.warned for found in answered),
        "answered_without_warning": sum(not found.warned for found in answered),
        "conclusive": sum(found.conclusive for found in answered),
    }
    said = {
        Path(item.shown).relative_to(folder).as_posix(): sorted(_codes(found)) or ["answered"]
        for item, found in zip(inputs, outcomes, strict=True)
    }
    return counts, said


def _read(classifier: Classifier, item: Input) -> Outcome:
    try:
        return outcome(classifier, item.files())
    except EcgError as error:
        return refused(error.code)

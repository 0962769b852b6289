"""`ekg abstain`: does it know what it does not know? Foreign and spoiled input, exchanged electrodes, sound records."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ecg_core.classification import Notice
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier
from ecg_core.readers import read
from ecg_core.readers.paths import Input, find_inputs
from ecg_core.recording import Files
from ecg_core.training import metrics
from ecg_core.training.data.conditions import rng_of
from ecg_core.training.data.corruptions import CORRUPTIONS, Corruption
from ecg_core.training.data.ptbxl import VALIDATION_FOLD, read_ptbxl
from ecg_core.training.measure.outcomes import WORKERS, Outcome, each, outcome, refused

# Records that each corruption is made from: a share of .99 then has an interval of one percent to both sides.
RECORDS = 500
SEED = 20
# A sound record that is refused is a patient without an answer.
MAX_WRONGLY_REFUSED = 0.01
ARMS = {"RA", "LA"}
ARM_REVERSAL, ELECTRODE_REVERSAL = "arm_reversal_suspected", "electrode_reversal_suspected"


def abstention(classifier: Classifier, ptbxl: Path, records: int = RECORDS) -> dict[str, Any]:
    """What is said to each corruption of some records of fold 9, and to all of them as they are."""
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
    """n, and of them refused, warned and silently diagnosed; how often each code was given."""
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
    """Whether a notice says that these two electrodes are exchanged."""
    if notice.code == ARM_REVERSAL:
        return set(pair) == ARMS
    one, other = pair
    message = notice.message
    return notice.code == ELECTRODE_REVERSAL and (f"{one} and {other}" in message or f"{other} and {one}" in message)


def _reversal(made: Corruption, outcomes: list[Outcome], sound: list[Outcome]) -> dict[str, Any]:
    """How often the pair is named where it is exchanged, any pair is, and this pair is not named where none is."""
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
    """Every record of a folder of real files: how often each code is given, and what is said to each."""
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

"""`ekg drift-reference`: the distributions on fold 9 that `ekg drift` compares with, for each set of leads."""

from collections import Counter
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

from ecg_core.leads import LEAD_SETS
from ecg_core.model.classifier import Classifier
from ecg_core.population.records import Observed, observed
from ecg_core.population.reference import summary
from ecg_core.readers import read
from ecg_core.recording import Files
from ecg_core.training.data.ptbxl import VALIDATION_FOLD, read_ptbxl
from ecg_core.training.measure.outcomes import each

DATA = f"PTB-XL 1.0.3, fold {VALIDATION_FOLD}"


def drift_reference(classifier: Classifier, ptbxl: Path) -> dict[str, Any]:
    """The section of the card. The records are those that calibration and frequencies were measured on."""
    data = read_ptbxl(ptbxl, {VALIDATION_FOLD}).scored()
    sets = {}
    for name, leads in LEAD_SETS.items():
        found = each(data, partial(_observed, classifier, leads), name)
        # A lead without a signal is left out, and then the record has another set.
        kept = [one for one in found if one.lead_set == name]
        refusals = Counter(one.refusal for one in found if one.refusal)
        sets[name] = summary(kept, refusals, data.superclasses)
    return {"data": DATA, "model_sha256": classifier.identity.sha256, "sets": sets}


def _observed(classifier: Classifier, leads: Collection[str], files: Files) -> Observed:
    return observed(classifier, read(files).only(leads))

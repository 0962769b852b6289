import numpy as np

from ecg_core.classification import SUPERCLASSES
from ecg_core.training.evaluate import Scores, measure


def test_findings_have_a_precision_and_a_refused_record_finds_nothing() -> None:
    norm = SUPERCLASSES.index("NORM")
    truth, probability = np.zeros((4, 5), bool), np.zeros((4, 5))
    truth[:2, norm] = True
    probability[:, norm] = [0.9, 0.9, 0.9, 0.9]
    refused = np.array([False, True, False, True])
    found = measure(Scores(truth, probability, np.full((4, 5), 0.5), refused, probability), np.ones(4))
    assert found["classes.NORM.precision"] == 0.5
    assert found["classes.NORM.sensitivity"] == 0.5
    assert found["classes.NORM.specificity"] == 0.5
    assert np.isnan(found["classes.CD.precision"])

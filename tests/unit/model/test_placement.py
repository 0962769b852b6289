import numpy as np
import pytest

from ecg_core.errors import SignalUnlikeEcg
from ecg_core.model.placement import CHEST_KINDS, KINDS, LIMB_KINDS, PlacementRule, notice

RULE = PlacementRule.of(dict.fromkeys(KINDS[1:], 0.5) | {"V1 and V2": 0.9})


def likely(kind: str, probability: float) -> np.ndarray:
    rest = (1 - probability) / (len(KINDS) - 1)
    return np.array([probability if other == kind else rest for other in KINDS])


def test_correct_electrodes_give_no_notice() -> None:
    assert RULE(likely("sound", 0.9)) == ()


@pytest.mark.parametrize("kind", [*LIMB_KINDS, *CHEST_KINDS])
def test_the_electrodes_that_are_exchanged_are_named(kind: str) -> None:
    (said,) = RULE(likely(kind, 0.95))
    wanted = "arm_reversal_suspected" if kind == "RA and LA" else "electrode_reversal_suspected"
    assert said.code == wanted
    assert said == notice(kind)
    if kind != "RA and LA":
        assert kind in said.message


def test_each_kind_has_a_threshold_of_its_own() -> None:
    assert RULE(likely("V1 and V2", 0.85)) == ()
    assert [said.code for said in RULE(likely("inverted", 0.85))] == ["polarity_reversed"]


def test_a_missing_threshold_is_an_error() -> None:
    with pytest.raises(KeyError):
        PlacementRule.of(dict.fromkeys(KINDS[2:], 0.5))


def test_a_certain_non_ecg_is_refused_and_a_doubtful_one_gives_a_notice() -> None:
    assert [said.code for said in RULE(likely("unlike", 0.8))] == ["signal_unlike_ecg"]
    with pytest.raises(SignalUnlikeEcg):
        RULE(likely("unlike", 0.95))


def test_nan_gives_no_notice() -> None:
    assert RULE(np.full(len(KINDS), np.nan)) == ()

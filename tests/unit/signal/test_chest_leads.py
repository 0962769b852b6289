from dataclasses import replace

import numpy as np
import pytest

from ecg_core.leads import CHEST_LEADS, LEADS
from ecg_core.recording import Recording
from ecg_core.signal import quality
from ecg_core.signal.quality.chest_leads import USUAL_RATIO, out_of_scale
from ecg_core.synthesis.heart import synthesize


def scaled(lead: str, factor: float, seed: int = 0) -> Recording:
    recording = synthesize("normal", seed=seed)
    signal = recording.signal.copy()
    signal[LEADS.index(lead)] *= factor
    return replace(recording, signal=signal)


@pytest.mark.parametrize("rhythm", ["normal", "lbbb", "rbbb", "st_depression", "t_inversion", "paced"])
def test_the_chest_leads_of_one_heart_fit_each_other(rhythm: str) -> None:
    for seed in range(10):
        _, notices = quality.usable(synthesize(rhythm, seed=seed))
        assert notices == ()


@pytest.mark.parametrize("lead", CHEST_LEADS)
@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_a_lead_ten_times_out_of_scale_is_named(lead: str, factor: float) -> None:
    for seed in range(5):
        _, notices = quality.usable(scaled(lead, factor, seed))
        (said,) = [notice for notice in notices if notice.code == "lead_scale_suspected"]
        assert said.message.startswith(lead)


def test_a_lead_is_compared_only_with_neighbours_that_are_there() -> None:
    recording = scaled("V2", 0.1)
    _, notices = quality.usable(recording.only([lead for lead in LEADS if lead not in ("V1", "V3")]))
    assert notices == ()
    assert out_of_scale({}) == []


def test_only_the_lead_that_is_farthest_outside_is_named() -> None:
    usual = dict.fromkeys(CHEST_LEADS, 1.0)
    (said,) = out_of_scale(usual | {"V3": 0.01})
    assert said.message.startswith("V3 is 0.01 times")


def test_each_limit_encloses_equal_leads() -> None:
    assert tuple(USUAL_RATIO) == CHEST_LEADS
    assert all(low < 1 < high for low, high in USUAL_RATIO.values())
    assert np.isfinite(list(USUAL_RATIO.values())).all()

"""The features of the statements, on synthetic hearts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ecg_core.measurements.features import features
from ecg_core.measurements.measure import measured
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize


def of(recording: Recording) -> dict[str, float]:
    return features(measured(recording))


def test_the_rate_and_its_bends() -> None:
    slow, fast = of(synthesize(heart_rate_bpm=45)), of(synthesize(heart_rate_bpm=110))
    assert (slow["rate"], fast["rate"]) == (pytest.approx(0.45, abs=0.01), pytest.approx(1.1, abs=0.02))
    assert slow["slow"] == pytest.approx(0.75, abs=0.05)
    assert (slow["fast"], fast["slow"]) == (0, 0)
    assert fast["fast"] == pytest.approx(0.25, abs=0.05)


def test_a_regular_rhythm_has_no_early_beat_and_no_pause() -> None:
    found = of(synthesize(seed=1))
    assert found["premature"] < 0.05
    assert found["pause"] < 0.05
    assert found["spread"] < math.log(0.05)


def with_an_early_beat(recording: Recording) -> Recording:
    """Without 0.25 s of the baseline before one of the beats."""
    beats = recording_beats(recording)
    stop = beats[5] - round(0.25 * recording.fs_hz)
    return replace(recording, signal=np.delete(recording.signal, np.s_[stop - round(0.25 * recording.fs_hz) : stop], 1))


def recording_beats(recording: Recording) -> list[int]:
    found = measured(recording).found
    assert found is not None
    return [int(beat) for beat in found.beats[0]]


def test_an_early_beat_shows_in_the_intervals() -> None:
    regular = synthesize(seed=1, heart_rate_bpm=60)
    before, after = of(regular), of(with_an_early_beat(regular))
    assert after["premature"] == pytest.approx(0.25, abs=0.04)
    assert after["spread"] > before["spread"] + 0.7
    assert after["pause"] < 0.1


def test_heights_need_their_leads() -> None:
    full = of(synthesize(seed=1))
    limb = of(synthesize(seed=1).only(["I", "II"]))
    assert {"sokolow", "cornell", "chest_height", "limb_height"} <= full.keys()
    assert "limb_height" in limb
    assert not {"sokolow", "cornell", "chest_height"} & limb.keys()


def test_heights_follow_the_gain() -> None:
    one = synthesize(seed=1)
    half = replace(one, signal=one.signal / 2)
    assert of(half)["limb_height"] - of(one)["limb_height"] == pytest.approx(-math.log(2), abs=0.05)
    assert of(half)["sokolow"] == pytest.approx(of(one)["sokolow"] / 2, abs=0.02)


def test_nothing_is_said_without_beats() -> None:
    flat = synthesize(seed=1)
    noise = np.random.default_rng(1).normal(0, 0.1, flat.signal.shape).astype(np.float32)
    assert of(replace(flat, signal=noise)) == {}


def test_every_value_is_a_number() -> None:
    assert all(math.isfinite(value) for value in of(synthesize("lbbb", seed=2)).values())

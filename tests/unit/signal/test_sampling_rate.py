from dataclasses import replace

import pytest

from ecg_core.classification import Notice
from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.signal import quality
from ecg_core.signal.preparation import prepare
from ecg_core.synthesis.heart import synthesize


def said(recording: Recording) -> list[Notice]:
    fit, _ = quality.usable(recording)
    return [notice for notice in quality.judge(prepare(fit)) if notice.code == "sampling_rate_suspected"]


def sharp(seed: int, rate_bpm: float = 70.0) -> Recording:
    """QRS as sharp as in most persons: shorter by a fifth than that of the synthetic heart."""
    recording = synthesize("normal", heart_rate_bpm=rate_bpm / 1.25, duration_s=20, seed=seed, noise_mv=0.02)
    return replace(recording, fs_hz=1.25 * recording.fs_hz)


@pytest.mark.parametrize("leads", [LEADS, ("I",)])
@pytest.mark.parametrize("rate_bpm", [55, 70, 100])
def test_a_heart_at_its_own_rate_contradicts_nothing(leads: tuple[str, ...], rate_bpm: float) -> None:
    for seed in range(5):
        assert said(sharp(seed, rate_bpm).only(leads)) == []
        assert said(synthesize("normal", heart_rate_bpm=rate_bpm, seed=seed).only(leads)) == []


@pytest.mark.parametrize("leads", [LEADS, ("II",)])
def test_a_rate_stated_half_makes_a_slow_heart_with_wide_waves(leads: tuple[str, ...]) -> None:
    for seed in range(5):
        recording = sharp(seed).only(leads)
        (notice,) = said(replace(recording, fs_hz=recording.fs_hz / 2))
        assert "beats 35 times" in notice.message or "beats 3" in notice.message
        assert "too low" in notice.message


def test_a_rate_stated_twice_makes_a_fast_heart_with_narrow_waves() -> None:
    for seed in range(5):
        recording = sharp(seed)
        (notice,) = said(replace(recording, fs_hz=recording.fs_hz * 2))
        assert "too high" in notice.message


def test_a_slow_heart_and_a_fast_heart_alone_are_no_reason() -> None:
    assert said(sharp(0, 50)) == []
    assert said(sharp(0, 150)) == []

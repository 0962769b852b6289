"""What the whole road, with the shipped network, says to rhythms without normal beats."""

from dataclasses import replace

import numpy as np
import pytest

from ecg_core import EcgError, classify
from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

SETS = (LEADS, LEADS[:6], ("I",), ("II",), ("V5",), ("I", "II", "V2"))
SUSPECTED = "ventricular_rhythm_suspected"


def said(recording: Recording) -> str:
    """The code of the refusal, SUSPECTED, or "answered" without that warning."""
    try:
        result = classify(recording)
    except EcgError as error:
        return error.code
    return SUSPECTED if SUSPECTED in [notice.code for notice in result.quality] else "answered"


@pytest.mark.parametrize("rhythm", ["ventricular_tachycardia", "torsade_de_pointes", "ventricular_fibrillation"])
@pytest.mark.parametrize("fs_hz", [100.0, 250.0, 1000.0])
@pytest.mark.parametrize("noise_mv", [0.005, 0.03])
def test_a_ventricular_emergency_is_never_called_noise_or_no_ecg(rhythm: str, fs_hz: float, noise_mv: float) -> None:
    for seed in range(4):
        recording = synthesize(rhythm, fs_hz=fs_hz, noise_mv=noise_mv, wander_mv=0.1, seed=seed)
        assert said(recording) == "rhythm_unreadable"
        for leads in SETS[1:]:
            assert said(recording.only(leads)) in ("rhythm_unreadable", SUSPECTED)


@pytest.mark.parametrize("rate_bpm", [150, 180, 220, 260, 300])
def test_tachycardia_is_recognised_at_every_rate(rate_bpm: float) -> None:
    for seed in range(4):
        recording = synthesize("ventricular_tachycardia", heart_rate_bpm=rate_bpm, seed=seed)
        assert said(recording) in ("rhythm_unreadable", SUSPECTED)


def test_fine_fibrillation_is_hardly_ever_answered_without_a_warning() -> None:
    found = [
        said(synthesize("fine_ventricular_fibrillation", seed=seed).only(leads)) for seed in range(10) for leads in SETS
    ]
    assert sum(each in ("rhythm_unreadable", SUSPECTED) for each in found) >= len(found) - 1


def test_p_waves_without_a_ventricle_are_refused_because_of_the_rhythm() -> None:
    for seed in range(10):
        assert said(synthesize("ventricular_standstill", seed=seed)) == "rhythm_unreadable"


@pytest.mark.parametrize("rhythm", ["atrial_flutter", "paced"])
def test_flutter_and_a_paced_rhythm_are_answered(rhythm: str) -> None:
    for seed in range(6):
        assert said(synthesize(rhythm, seed=seed)) == "answered"


@pytest.mark.parametrize("rate_bpm", [120, 150])
def test_a_fast_heart_with_narrow_beats_is_answered(rate_bpm: float) -> None:
    for seed in range(4):
        assert said(synthesize("normal", heart_rate_bpm=rate_bpm, seed=seed)) == "answered"


def test_a_wide_tachycardia_is_answered_with_the_warning() -> None:
    assert said(synthesize("lbbb", heart_rate_bpm=150)) == SUSPECTED


def test_shuffled_pieces_and_noise_keep_their_reasons() -> None:
    recording = synthesize("normal")
    order = np.random.default_rng(0).permutation(50)
    pieces = np.split(recording.signal, 50, axis=1)
    shuffled = np.concatenate([pieces[place] for place in order], axis=1)
    assert said(replace(recording, signal=shuffled)) == "signal_unlike_ecg"
    noise = 0.5 * np.random.default_rng(0).standard_normal((12, 5000))
    assert said(replace(recording, signal=noise.astype(np.float32))) == "signal_noisy"


def test_a_five_hertz_sine_may_be_a_flutter() -> None:
    sine = np.tile(0.5 * np.sin(2 * np.pi * 5 * np.arange(5000) / 500), (12, 1)).astype(np.float32)
    assert said(replace(synthesize("normal"), signal=sine)) == "rhythm_unreadable"

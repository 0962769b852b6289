"""Fast and wide waves, and waves without QRS. What the whole road says to them: tests/unit/model/test_rhythms.py."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.errors import RhythmUnreadable, SignalNoisy
from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.signal import quality
from ecg_core.signal.preparation import ModelInput, prepare
from ecg_core.signal.quality.rhythm import (
    BURSTS,
    REFUSED,
    REGULAR,
    WITHOUT_REST,
    fast_windows,
    peakedness,
    without_qrs,
)
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.waves import RHYTHMS
from tests.builders import make_recording

FAST = ("ventricular_tachycardia", "torsade_de_pointes", "ventricular_fibrillation", "fine_ventricular_fibrillation")
SETS = (LEADS, LEADS[:6], ("I",), ("II",), ("V5",), ("I", "II", "V2"))


def prepared(recording: Recording) -> ModelInput:
    fit, _ = quality.usable(recording)
    return prepare(fit)


def fast(windows: ModelInput) -> int:
    return fast_windows(windows, peakedness(windows), WITHOUT_REST, REGULAR)


def signal_of(rows: NDArray[np.float64], fs_hz: float = 500.0) -> Recording:
    return Recording(rows.astype(np.float32), fs_hz, LEADS[: len(rows)], "test", "0" * 64)


def codes(windows: ModelInput) -> list[str]:
    return [notice.code for notice in quality.judge(windows)]


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("rate_bpm", [40, 60, 90, 120, 150])
@pytest.mark.parametrize("leads", SETS[:4])
def test_normal_beats_are_neither_fast_waves_nor_without_qrs(
    rhythm: str, rate_bpm: float, leads: tuple[str, ...]
) -> None:
    windows = prepared(synthesize(rhythm, heart_rate_bpm=rate_bpm, seed=int(rate_bpm)).only(leads))
    assert not without_qrs(windows)
    # A bundle branch block from 120 per minute is a wide tachycardia: the warning about it is right.
    assert fast(windows) == 0 or (rhythm in ("lbbb", "rbbb") and rate_bpm >= 120)


@pytest.mark.parametrize("rhythm", FAST)
@pytest.mark.parametrize("leads", SETS)
def test_fast_waves_of_the_ventricles_are_recognised(rhythm: str, leads: tuple[str, ...]) -> None:
    found = 0
    for seed in range(20):
        windows = prepared(synthesize(rhythm, seed=seed, noise_mv=0.02).only(leads))
        found += fast_windows(windows, peakedness(windows), WITHOUT_REST, REGULAR, REFUSED, BURSTS)
    assert found >= 19


@pytest.mark.parametrize("rate_bpm", [150, 180, 210, 250, 300])
@pytest.mark.parametrize("fs_hz", [100.0, 512.508, 1000.0])
def test_tachycardia_is_recognised_at_every_rate(rate_bpm: float, fs_hz: float) -> None:
    for seed in range(5):
        recording = synthesize("ventricular_tachycardia", heart_rate_bpm=rate_bpm, fs_hz=fs_hz, seed=seed)
        assert fast(prepared(recording)) == 1


def test_a_short_recording_is_judged_without_its_padding() -> None:
    for seed in range(10):
        windows = prepared(synthesize("ventricular_fibrillation", duration_s=6, wander_mv=0.2, seed=seed))
        assert fast(windows) == 1


def test_one_window_of_tachycardia_in_a_long_recording_is_named() -> None:
    sound = synthesize("normal", duration_s=30).signal
    sound[:, 5000:10000] = synthesize("ventricular_tachycardia").signal
    (notice,) = quality.judge(prepared(signal_of(sound.astype(np.float64))))
    assert notice.code == "ventricular_rhythm_suspected"
    assert "in 1 of 3 windows" in notice.message


def test_fast_waves_are_not_called_noise() -> None:
    windows = prepared(synthesize("ventricular_tachycardia", heart_rate_bpm=150, seed=8).only(["V1", "V2", "V3"]))
    # Between the limits of a refusal and of the warning "noisy".
    assert 3.6 < float(np.median(peakedness(windows))) < 5
    assert codes(windows) == ["ventricular_rhythm_suspected", "leads_missing"]


@pytest.mark.parametrize("hz", [2.5, 4.0, 5.0, 8.0])
def test_a_sine_of_a_tachycardias_rate_may_be_a_flutter(hz: float) -> None:
    rows = np.tile(0.5 * np.sin(2 * np.pi * hz * np.arange(5000) / 500), (12, 1))
    with pytest.raises(RhythmUnreadable, match="No normal beats"):
        quality.judge(prepared(signal_of(rows)))


@pytest.mark.parametrize("hz", [0.8, 1.2, 12.0, 16.7, 50.0, 60.0])
def test_a_sine_of_another_rate_is_no_ecg(hz: float) -> None:
    rows = np.tile(0.5 * np.sin(2 * np.pi * hz * np.arange(5000) / 500), (12, 1))
    with pytest.raises(SignalNoisy):
        quality.judge(prepared(signal_of(rows)))


@pytest.mark.parametrize("exponent", [0, 1, 2])
@pytest.mark.parametrize("leads", [12, 1])
def test_noise_of_any_colour_is_no_rhythm(exponent: int, leads: int) -> None:
    for seed in range(20):
        spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((leads, 5000)))
        coloured = np.fft.irfft(spectrum * np.maximum(np.arange(2501), 5) ** (-exponent / 2))
        rows = 0.5 * coloured / coloured.std(axis=1, keepdims=True)
        with pytest.raises(SignalNoisy):
            quality.judge(prepared(signal_of(rows)))


def test_electrode_motion_is_no_rhythm() -> None:
    frequency = np.fft.rfftfreq(5000, 1 / 500)
    for seed in range(20):
        spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((12, 5000)))
        moved = np.fft.irfft(spectrum * ((frequency >= 1) & (frequency <= 10)))
        with pytest.raises(SignalNoisy):
            quality.judge(prepared(signal_of(0.5 * moved / moved.std(axis=1, keepdims=True))))


@pytest.mark.parametrize("wave", ["saw", "square"])
@pytest.mark.parametrize("hz", [0.9, 1.5, 2.4])
def test_saws_and_squares_are_no_rhythm(wave: str, hz: float) -> None:
    phase = hz * np.arange(5000) / 500 % 1
    row = 2 * phase - 1 if wave == "saw" else np.sign(phase - 0.5)
    noise = 0.01 * np.random.default_rng(0).standard_normal((12, 5000))
    windows = prepared(signal_of(0.5 * row + noise))
    assert fast_windows(windows, peakedness(windows), WITHOUT_REST, REGULAR, REFUSED, BURSTS) == 0


@pytest.mark.parametrize("leads", SETS)
def test_p_waves_alone_have_no_qrs(leads: tuple[str, ...]) -> None:
    """Except P waves as high as a small QRS complex, in few leads."""
    refused = 0
    for seed in range(10):
        try:
            quality.judge(prepared(synthesize("ventricular_standstill", seed=seed, noise_mv=0.005).only(leads)))
        except RhythmUnreadable:
            refused += 1
    assert refused == 10 if leads == LEADS else refused >= 8


def test_a_beat_in_one_lead_is_a_qrs_complex() -> None:
    standstill = synthesize("ventricular_standstill", fs_hz=500)
    assert without_qrs(prepared(standstill))
    signal = standstill.signal.copy()
    signal[LEADS.index("V3")] += synthesize("normal", fs_hz=500).signal[LEADS.index("V3")]
    assert not without_qrs(prepared(replace(standstill, signal=signal)))


def test_a_slow_drift_is_not_small_and_round() -> None:
    drift = np.tile(np.sin(2 * np.pi * 0.8 * np.arange(5000) / 500), (12, 1))
    windows = prepared(signal_of(drift))
    assert without_qrs(windows)
    assert not without_qrs(windows, small=True)


def test_a_signal_is_unreadable_only_where_a_heart_may_be_behind_it() -> None:
    assert quality.unreadable(prepared(make_recording())) is None
    refusal = quality.unreadable(prepared(synthesize("ventricular_fibrillation")))
    assert refusal is not None
    assert refusal.code == "rhythm_unreadable"

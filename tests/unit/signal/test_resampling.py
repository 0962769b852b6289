import numpy as np
import pytest
import soxr

from ecg_core.signal.resampling import resampled
from ecg_core.synthesis.heart import synthesize

RATES = (50, 62.4725, 125, 128, 200, 250, 360, 500, 512.508, 513.625, 1000, 4000)


def sine(hz: float, fs_hz: float, seconds: float = 10.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * fs_hz)) / fs_hz)[None].astype(np.float32)


@pytest.mark.parametrize("fs_hz", RATES)
@pytest.mark.parametrize("hz", [1, 10, 18])
def test_frequencies_of_an_ecg_pass_without_delay(fs_hz: float, hz: float) -> None:
    out = resampled(sine(hz, fs_hz), fs_hz)
    expected = sine(hz, 100)
    inner = slice(60, min(out.shape[1], 1000) - 60)
    np.testing.assert_allclose(out[:, inner], expected[:, inner], atol=0.03)


@pytest.mark.parametrize("fs_hz", [250, 360, 500, 512.508, 1000, 4000])
@pytest.mark.parametrize("hz", [50, 60, 90, 100, 120])
def test_frequencies_that_100_hz_cannot_hold_are_removed(fs_hz: float, hz: float) -> None:
    out = resampled(sine(hz, fs_hz), fs_hz)[:, 60:940]
    assert np.abs(out).max() < (0.02 if hz == 50 else 0.002)


@pytest.mark.parametrize("fs_hz", [rate for rate in RATES if rate > 90])
def test_a_sine_of_40_hz_keeps_its_amplitude(fs_hz: float) -> None:
    out = resampled(sine(40, fs_hz), fs_hz)[0, 100:900]
    assert np.sqrt(2 * np.mean(out**2)) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("fs_hz", RATES)
def test_a_constant_signal_stays_constant_up_to_its_ends(fs_hz: float) -> None:
    out = resampled(np.full((3, round(7.3 * fs_hz)), -30.0, np.float32), fs_hz)
    np.testing.assert_allclose(out, -30.0, atol=1e-4)


@pytest.mark.parametrize("fs_hz", RATES)
@pytest.mark.parametrize("seconds", [5.0, 7.77, 10.0, 11.0])
def test_the_duration_is_kept(fs_hz: float, seconds: float) -> None:
    samples = round(seconds * fs_hz)
    out = resampled(np.zeros((2, samples), np.float32), fs_hz)
    assert out.shape == (2, pytest.approx(samples / fs_hz * 100, abs=1))


@pytest.mark.parametrize("fs_hz", [250, 360, 500, 1000])
def test_resampling_agrees_with_soxr_on_a_heartbeat(fs_hz: int) -> None:
    signal = synthesize("rbbb", fs_hz=fs_hz).signal
    expected = soxr.resample(signal.T, fs_hz, 100, quality="HQ").T
    difference = np.abs(resampled(signal, fs_hz) - expected)[:, 30:-30]
    assert difference.max() < 0.02


def test_a_step_at_the_end_does_not_change_the_middle() -> None:
    signal = np.zeros((1, 5000), np.float32)
    signal[:, 4900:] = 5
    assert np.abs(resampled(signal, 500)[:, :940]).max() < 0.001

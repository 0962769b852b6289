from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.errors import (
    AmplitudeImplausible,
    FlatSignal,
    SamplingRateOutOfRange,
    SignalClipped,
    SignalMissing,
    SignalNoisy,
    TooShort,
)
from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.recording import Recording
from ecg_core.signal import quality
from ecg_core.signal.preparation import prepare
from tests.builders import make_recording

Signal = NDArray[np.float32]


def changed(recording: Recording, change: Callable[[Signal], Signal]) -> Recording:
    return replace(recording, signal=change(recording.signal.copy()).astype(np.float32))


def codes(recording: Recording) -> list[str]:
    fit, notices = quality.usable(recording)
    return [notice.code for notice in (*notices, *quality.judge(prepare(fit)))]


def test_a_sound_recording_has_no_warnings() -> None:
    assert codes(make_recording()) == []


@pytest.mark.parametrize("fs_hz", [49.0, 4001.0])
def test_a_sampling_rate_out_of_range_is_refused(fs_hz: float) -> None:
    with pytest.raises(SamplingRateOutOfRange):
        quality.usable(replace(make_recording(), fs_hz=fs_hz))


def test_less_than_five_seconds_are_refused_and_five_are_not() -> None:
    with pytest.raises(TooShort):
        quality.usable(make_recording(duration_s=4.9))
    quality.usable(make_recording(duration_s=5))


def test_an_all_zero_recording_is_refused() -> None:
    with pytest.raises(FlatSignal):
        quality.usable(changed(make_recording(), np.zeros_like))


def test_a_constant_recording_is_refused() -> None:
    with pytest.raises(FlatSignal):
        quality.usable(changed(make_recording(), lambda signal: np.full_like(signal, 1.2)))


def test_a_recording_that_toggles_by_one_step_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(FlatSignal):
        quality.usable(changed(make_recording(), lambda signal: rng.integers(0, 2, signal.shape) * 0.005))


def test_a_flat_lead_is_taken_as_missing() -> None:
    def disconnect(signal: Signal) -> Signal:
        signal[LEADS.index("V3")] = 0
        return signal

    fit, notices = quality.usable(changed(make_recording(), disconnect))
    assert "V3" not in fit.leads
    assert [notice.code for notice in notices] == ["flat_leads"]


def test_a_lead_that_is_flat_for_most_of_the_time_is_taken_as_missing() -> None:
    def fall_off(signal: Signal) -> Signal:
        signal[LEADS.index("V6"), 1500:] = 0.3
        return signal

    fit, _ = quality.usable(changed(make_recording(), fall_off))
    assert "V6" not in fit.leads


@pytest.mark.parametrize("scale", [1000.0, 1e6, 1e-3, 1e-6])
def test_a_unit_wrong_by_a_thousand_is_refused(scale: float) -> None:
    with pytest.raises((AmplitudeImplausible, FlatSignal)):
        quality.usable(make_recording(scale=scale))


def test_an_amplitude_at_the_edge_of_the_possible_is_read_with_a_warning() -> None:
    assert {"amplitude_unusual", "unit_doubtful"} <= set(codes(make_recording(scale=5.0)))


def test_a_single_chest_lead_may_be_high() -> None:
    found = codes(make_recording(scale=5.0).only(["V5"]))
    assert "amplitude_unusual" in found
    assert "unit_doubtful" not in found


@pytest.mark.parametrize(
    ("leads", "small_mv", "usual_mv"), [(LEADS, 0.75, 0.85), (LIMB_LEADS, 0.3, 0.4), (("V5",), 0.18, 0.22)]
)
def test_an_ecg_smaller_than_999_of_1000_is_read_with_a_warning(
    leads: tuple[str, ...], small_mv: float, usual_mv: float
) -> None:
    recording = make_recording().only(leads)
    pieces = recording.signal.reshape(len(leads), -1, round(2 * recording.fs_hz))
    largest = np.median(np.ptp(pieces, axis=2), axis=1).max()

    def said(highest_mv: float) -> list[str]:
        return codes(changed(recording, lambda signal: signal * np.float32(highest_mv / largest)))

    assert "amplitude_unusual" in said(small_mv)
    assert "amplitude_unusual" not in said(usual_mv)


def test_infinite_values_are_refused() -> None:
    def overflow(signal: Signal) -> Signal:
        signal[0, :2] = np.inf, -np.inf
        return signal

    with pytest.raises(AmplitudeImplausible):
        quality.usable(changed(make_recording(), overflow))


def test_missing_values_are_counted() -> None:
    def drop(signal: Signal) -> Signal:
        signal[:, 100:600] = np.nan
        return signal

    _, notices = quality.usable(changed(make_recording(), drop))
    assert [(notice.code, notice.message) for notice in notices] == [("signal_gaps", "10 % of the signal is missing.")]


def test_single_missing_samples_do_not_make_a_lead_flat() -> None:
    def speckle(signal: Signal) -> Signal:
        signal[:, ::200] = np.nan
        return signal

    assert codes(changed(make_recording(), speckle)) == ["signal_gaps"]


def test_a_recording_that_is_mostly_missing_is_refused() -> None:
    def drop(signal: Signal) -> Signal:
        signal[:, 2000:] = np.nan
        return signal

    with pytest.raises(SignalMissing):
        quality.usable(changed(make_recording(), drop))


def test_a_saturated_recording_is_refused() -> None:
    def saturate(signal: Signal) -> Signal:
        return np.clip(signal * 4 + np.sin(np.arange(signal.shape[1]) / 300) * 3, -1, 1)

    with pytest.raises(SignalClipped):
        quality.usable(changed(make_recording(), saturate))


def test_clipped_peaks_give_a_warning() -> None:
    def clip(signal: Signal) -> Signal:
        return np.clip(signal, -0.1, 0.1)

    _, notices = quality.usable(changed(make_recording(noise_mv=0), lambda signal: clip(signal) * 2))
    assert "clipped" in [notice.code for notice in notices]


def test_noise_without_a_heart_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(SignalNoisy):
        codes(changed(make_recording(fs_hz=100), lambda signal: 0.5 * rng.standard_normal(signal.shape)))


def test_limb_leads_that_contradict_each_other_give_a_warning() -> None:
    def mislabel(signal: Signal) -> Signal:
        signal[[1, 6]] = signal[[6, 1]]
        return signal

    assert "einthoven_violated" in codes(changed(make_recording(), mislabel))


def test_missing_leads_are_named() -> None:
    fit, _ = quality.usable(make_recording(LEADS[:6]))
    (notice,) = quality.judge(prepare(fit))
    assert (notice.code, notice.message) == ("leads_missing", "Read without V1, V2, V3, V4, V5, V6.")


def test_a_wandering_baseline_gives_a_warning() -> None:
    def wander(signal: Signal) -> Signal:
        return signal + 1.5 * np.sin(2 * np.pi * 0.2 * np.arange(signal.shape[1]) / 500)

    assert "baseline_wander" in codes(changed(make_recording(), wander))


@pytest.mark.parametrize("kind", ["noise", "pink", "walk", "mains", "sine"])
@pytest.mark.parametrize("leads", [("I",), LEADS])
@pytest.mark.parametrize("fs_hz", [50, 100, 500])
def test_a_signal_without_a_heartbeat_is_refused(kind: str, leads: tuple[str, ...], fs_hz: float) -> None:
    rng = np.random.default_rng(1)
    count = round(10 * fs_hz)
    shape = (len(leads), count)
    time = np.arange(count) / fs_hz
    colour = np.maximum(np.arange(count // 2 + 1), 1) ** -0.5
    shapes = {
        "noise": rng.standard_normal(shape),
        "pink": np.fft.irfft(np.fft.rfft(rng.standard_normal(shape)) * colour, count) * 5,
        "walk": np.cumsum(rng.standard_normal(shape), axis=1) / 20,
        "mains": np.tile(np.sin(2 * np.pi * 16.7 * time), (len(leads), 1)),
        "sine": np.tile(np.sin(2 * np.pi * 1.2 * time), (len(leads), 1)),
    }
    with pytest.raises(SignalNoisy):
        codes(changed(make_recording(leads, fs_hz=fs_hz), lambda _: shapes[kind]))


def test_a_lead_that_is_flat_for_a_while_gives_a_warning() -> None:
    def fall_off(signal: Signal) -> Signal:
        signal[:, 3000:] = 0
        return signal

    assert "flat_parts" in codes(changed(make_recording(), fall_off))


def test_volts_read_as_millivolts_are_refused_because_of_the_unit() -> None:
    with pytest.raises(AmplitudeImplausible):
        quality.usable(make_recording(scale=1e-3))


@pytest.mark.parametrize("offset_mv", [-300.0, 30.0])
def test_an_electrode_offset_is_not_taken_for_noise(offset_mv: float) -> None:
    recording = make_recording(fs_hz=500)
    shifted = changed(recording, lambda signal: signal + offset_mv)
    assert codes(shifted) == []
    difference = prepare(shifted).signal - prepare(recording).signal
    assert np.abs(difference).max() < 0.02


def test_an_inverted_augmented_lead_gives_a_warning() -> None:
    def invert(signal: Signal) -> Signal:
        signal[LEADS.index("aVR")] *= -1
        return signal

    assert "einthoven_violated" in codes(changed(make_recording(), invert))


def test_a_copied_channel_gives_a_warning() -> None:
    def copy(signal: Signal) -> Signal:
        signal[LEADS.index("V5")] = signal[LEADS.index("V4")]
        return signal

    assert "leads_identical" in codes(changed(make_recording(), copy))

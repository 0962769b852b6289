from dataclasses import replace

import numpy as np
import pytest

from ecg_core.errors import SignalMissing
from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.recording import MAX_WINDOWS
from ecg_core.signal.preparation import prepare
from tests.builders import make_recording


def test_twelve_leads_at_100_hz_stay_unchanged_except_for_their_median() -> None:
    recording = make_recording(fs_hz=100)
    prepared = prepare(recording)
    assert prepared.signal.shape == (1, 12, 1000)
    assert prepared.lead_mask.all()
    assert prepared.corrections == ()
    expected = recording.signal - np.median(recording.signal, axis=1, keepdims=True)
    np.testing.assert_array_equal(prepared.signal[0], expected)


def test_leads_are_put_into_canonical_order() -> None:
    recording = make_recording(fs_hz=100)
    shuffled = replace(recording, signal=recording.signal[::-1].copy(), leads=recording.leads[::-1])
    np.testing.assert_array_equal(prepare(shuffled).signal, prepare(recording).signal)


@pytest.mark.parametrize("pair", [("I", "II"), ("I", "III"), ("aVR", "aVL"), ("III", "aVF"), ("II", "aVR")])
def test_any_two_limb_leads_give_all_six(pair: tuple[str, str]) -> None:
    whole = prepare(make_recording(LIMB_LEADS, fs_hz=100, noise_mv=0))
    prepared = prepare(make_recording(pair, fs_hz=100, noise_mv=0))
    assert prepared.leads == LIMB_LEADS
    np.testing.assert_allclose(prepared.signal, whole.signal, atol=0.02)
    assert any("derived" in correction for correction in prepared.corrections)


def test_one_limb_lead_stays_alone() -> None:
    prepared = prepare(make_recording(("I", "V2"), fs_hz=100))
    assert prepared.leads == ("I", "V2")
    assert not prepared.signal[0, 1:7].any()


@pytest.mark.parametrize("fs_hz", [50, 125, 250, 360, 500, 512.508, 1000, 4000])
def test_every_sampling_rate_gives_the_same_heart(fs_hz: float) -> None:
    at_100 = prepare(make_recording(fs_hz=100, noise_mv=0)).signal[0]
    resampled = prepare(make_recording(fs_hz=fs_hz, noise_mv=0)).signal[0]
    inner = slice(50, 950)
    tolerance = 0.25 if fs_hz == 50 else 0.02
    assert np.abs(at_100[:, inner] - resampled[:, inner]).max() < tolerance


def test_resampling_removes_mains_hum() -> None:
    recording = make_recording(("II",), fs_hz=500)
    time = np.arange(recording.signal.shape[1]) / 500
    hum = replace(recording, signal=(recording.signal + np.sin(2 * np.pi * 60 * time)).astype(np.float32))
    difference = prepare(hum).signal[0, 1] - prepare(recording).signal[0, 1]
    assert np.abs(difference[50:950]).max() < 0.02


def test_a_short_recording_is_padded_and_says_so() -> None:
    prepared = prepare(make_recording(fs_hz=100, duration_s=6))
    assert prepared.signal.shape == (1, 12, 1000)
    assert not prepared.signal[:, :, 600:].any()
    assert "padded from 6 to 10 s" in prepared.corrections


def test_eleven_seconds_are_read_whole_in_two_windows() -> None:
    assert len(prepare(make_recording(fs_hz=100, duration_s=11)).signal) == 2


def test_a_little_over_ten_seconds_is_cropped_and_says_so() -> None:
    prepared = prepare(make_recording(fs_hz=100, duration_s=10.2))
    assert len(prepared.signal) == 1
    assert "cropped to 10 s" in prepared.corrections


def test_a_long_recording_is_read_in_evenly_spaced_windows_up_to_the_limit() -> None:
    recording = make_recording(("II",), fs_hz=100, duration_s=600)
    prepared = prepare(recording)
    assert len(prepared.signal) == MAX_WINDOWS
    last = recording.signal[0, -1000:]
    np.testing.assert_allclose(prepared.signal[-1, 1], last - np.median(last), atol=1e-6)


def test_a_short_gap_is_bridged_by_a_line() -> None:
    recording = make_recording(("II",), fs_hz=100)
    signal = recording.signal.copy()
    signal[0, 300:310] = np.nan
    prepared = prepare(replace(recording, signal=signal))
    assert np.isfinite(prepared.signal).all()
    bridged = np.diff(prepared.signal[0, 1, 299:311])
    np.testing.assert_allclose(bridged, bridged[0], atol=1e-5)
    assert "short gaps bridged: 1" in prepared.corrections


def test_a_lead_with_a_long_gap_is_left_out_of_that_window_only() -> None:
    recording = make_recording(("I", "V5"), fs_hz=100, duration_s=20)
    signal = recording.signal.copy()
    signal[1, :600] = np.nan
    prepared = prepare(replace(recording, signal=signal))
    assert prepared.lead_mask[:, LEADS.index("V5")].tolist() == [0, 1]
    assert not prepared.signal[0, LEADS.index("V5")].any()


def test_a_window_without_any_lead_is_skipped() -> None:
    recording = make_recording(("I",), fs_hz=100, duration_s=20)
    signal = recording.signal.copy()
    signal[0, :1000] = np.nan
    assert len(prepare(replace(recording, signal=signal)).signal) == 1


@pytest.mark.parametrize("leads", [("I",), LEADS])
@pytest.mark.parametrize("share", [0.2, 0.3, 0.31, 0.4, 0.5, 0.6, 1.0])
def test_missing_samples_become_zero_or_the_recording_is_refused(leads: tuple[str, ...], share: float) -> None:
    recording = make_recording(leads, fs_hz=100)
    signal = recording.signal.copy()
    signal[:, 1000 - round(1000 * share) :] = np.nan
    damaged = replace(recording, signal=signal)
    if share > 0.3:
        with pytest.raises(SignalMissing):
            prepare(damaged)
    else:
        prepared = prepare(damaged)
        assert not prepared.signal[:, :, 1000 - round(1000 * share) :].any()
        assert "longer gaps set to the baseline" in prepared.corrections


def test_a_lead_that_ends_early_is_reported() -> None:
    recording = make_recording(("I", "II", "V2"), fs_hz=100, duration_s=40)
    signal = recording.signal.copy()
    signal[2, 2000:] = np.nan
    prepared = prepare(replace(recording, signal=signal))
    assert prepared.leads == LIMB_LEADS
    assert "V2 read in 2 of the windows only" in prepared.corrections


@pytest.mark.parametrize(
    ("duration_s", "windows", "whole"),
    [(9.99, 1, True), (10, 1, True), (10.5, 1, True), (120, 12, True), (121, 12, False)],
)
def test_windows_cover_a_recording_of_up_to_two_minutes(duration_s: float, windows: int, whole: bool) -> None:
    prepared = prepare(make_recording(("II",), fs_hz=100, duration_s=duration_s))
    assert (len(prepared.signal), prepared.whole) == (windows, whole)
    assert not any("padded" in correction for correction in prepared.corrections)


def test_windows_of_a_resampled_recording_start_at_the_right_time() -> None:
    recording = make_recording(("II",), fs_hz=512.508, duration_s=30, noise_mv=0)
    at_100_hz = make_recording(("II",), fs_hz=100, duration_s=30, noise_mv=0)
    difference = prepare(recording).signal - prepare(at_100_hz).signal
    assert np.abs(difference[:, 1, 20:980]).max() < 0.15


def test_preparation_does_not_change_the_recording() -> None:
    recording = make_recording(("I",), fs_hz=100)
    signal = recording.signal.copy()
    signal[0, 5] = np.nan
    damaged = replace(recording, signal=signal)
    before = damaged.signal.copy()
    prepare(damaged)
    np.testing.assert_array_equal(damaged.signal, before)

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.arrhythmias import ARRHYTHMIAS
from ecg_core.synthesis.heart import ALL_RHYTHMS, rates_bpm, synthesize
from ecg_core.synthesis.waves import RHYTHMS

FS_HZ = 500.0
VENTRICULAR = ("ventricular_tachycardia", "torsade_de_pointes", "ventricular_fibrillation")


def clean(rhythm: str, rate_bpm: float | None = None, seed: int = 0, duration_s: float = 20.0) -> Recording:
    return synthesize(rhythm, heart_rate_bpm=rate_bpm, duration_s=duration_s, noise_mv=0, wander_mv=0, seed=seed)


def row(recording: Recording, lead: str) -> NDArray[np.float64]:
    return np.asarray(recording.signal[recording.leads.index(lead)], np.float64)


def dominant_hz(recording: Recording) -> float:
    signal = recording.signal - recording.signal.mean(axis=1, keepdims=True)
    power = (np.abs(np.fft.rfft(signal, axis=1)) ** 2).sum(axis=0)
    return float(np.argmax(power) / recording.duration_s)


def test_every_rhythm_has_one_name() -> None:
    assert (*RHYTHMS, *ARRHYTHMIAS) == ALL_RHYTHMS
    assert len(set(ALL_RHYTHMS)) == len(ALL_RHYTHMS)


@pytest.mark.parametrize("rhythm", ARRHYTHMIAS)
def test_the_usual_rate_is_taken_where_none_is_given(rhythm: str) -> None:
    lowest, usual, highest = rates_bpm(rhythm)
    assert lowest < usual < highest
    assert synthesize(rhythm).sha256 == synthesize(rhythm, heart_rate_bpm=usual).sha256
    for outside in (lowest - 1, highest + 1):
        with pytest.raises(ValueError, match="heart_rate_bpm"):
            synthesize(rhythm, heart_rate_bpm=outside)


@pytest.mark.parametrize("rhythm", ARRHYTHMIAS)
def test_the_same_arguments_give_the_same_recording(rhythm: str) -> None:
    first, again, other = (synthesize(rhythm, seed=seed) for seed in (1, 1, 2))
    assert first.sha256 == again.sha256 != other.sha256


@pytest.mark.parametrize("rhythm", ARRHYTHMIAS)
@pytest.mark.parametrize("seed", range(5))
def test_twelve_plausible_leads_that_obey_einthoven(rhythm: str, seed: int) -> None:
    recording = synthesize(rhythm, seed=seed)
    i, ii, iii, avr, avl, avf = (row(recording, lead) for lead in LEADS[:6])
    assert recording.leads == LEADS
    assert np.abs(ii - i - iii).max() < 1e-3
    assert np.abs(avr + (i + ii) / 2).max() < 1e-3
    assert np.abs(avl - (i - iii) / 2).max() < 1e-3
    assert np.abs(avf - (ii + iii) / 2).max() < 1e-3
    assert 0.1 < np.ptp(recording.signal, axis=1).max() < 8


@pytest.mark.parametrize("rhythm", [name for name in ARRHYTHMIAS if name != "paced"])
def test_the_same_heart_looks_the_same_at_every_sampling_rate(rhythm: str) -> None:
    slow = synthesize(rhythm, noise_mv=0, wander_mv=0, fs_hz=250).signal
    fast = synthesize(rhythm, noise_mv=0, wander_mv=0, fs_hz=1000).signal
    assert np.abs(slow - fast[:, ::4]).max() <= 0.0011


@pytest.mark.parametrize("rate_bpm", [150, 200, 250])
def test_tachycardia_is_regular_at_the_requested_rate(rate_bpm: float) -> None:
    assert dominant_hz(clean("ventricular_tachycardia", rate_bpm)) == pytest.approx(rate_bpm / 60, rel=0.03)


def test_the_waves_of_tachycardia_are_wide() -> None:
    """No piece is as steep as a narrow QRS complex, whose slope in the largest lead is more than 80 mV/s."""
    for seed in range(5):
        steepness = np.abs(np.diff(clean("ventricular_tachycardia", seed=seed).signal, axis=1)).max() * FS_HZ
        assert steepness < 65 < np.abs(np.diff(clean("normal", seed=seed).signal, axis=1)).max() * FS_HZ


def test_torsade_swells_and_shrinks_and_tachycardia_does_not() -> None:
    def variation(rhythm: str, seed: int) -> float:
        heights = np.ptp(clean(rhythm, seed=seed).signal.reshape(12, 40, -1), axis=2)
        return float((heights.std(axis=1) / heights.mean(axis=1)).max())

    for seed in range(5):
        assert variation("torsade_de_pointes", seed) > 0.2 > variation("ventricular_tachycardia", seed)


def test_fibrillation_is_irregular_between_three_and_nine_hertz() -> None:
    for seed in range(5):
        assert 3 < dominant_hz(clean("ventricular_fibrillation", seed=seed)) < 9
        lead = row(clean("ventricular_fibrillation", seed=seed), "II")
        peaks = np.flatnonzero((lead[1:-1] > lead[:-2]) & (lead[1:-1] >= lead[2:]))
        assert np.diff(peaks).std() / np.diff(peaks).mean() > 0.15


@pytest.mark.parametrize(
    ("rhythm", "lowest_mv", "highest_mv"),
    [("ventricular_fibrillation", 0.6, 2.5), ("fine_ventricular_fibrillation", 0.1, 0.4)],
)
def test_coarse_and_fine_fibrillation_differ_in_size(rhythm: str, lowest_mv: float, highest_mv: float) -> None:
    for seed in range(8):
        lead = row(clean(rhythm, seed=seed), "II")
        assert lowest_mv < np.median(np.ptp(lead.reshape(-1, 500), axis=1)) < highest_mv


def test_flutter_beats_at_half_the_rate_of_its_atria() -> None:
    recording = clean("atrial_flutter", 150)
    power = np.abs(np.fft.rfft(row(recording, "aVF"))) ** 2
    at = {hz: power[round(hz * 20) - 2 : round(hz * 20) + 3].max() for hz in (2.5, 3.7, 5.0)}
    assert min(at[2.5], at[5.0]) > 100 * at[3.7]


def test_paced_beats_begin_with_a_spike_and_are_wide() -> None:
    lead = row(clean("paced", 60), "II")
    spikes = np.flatnonzero(np.abs(np.diff(lead)) * FS_HZ > 120)
    beats = spikes[np.flatnonzero(np.diff(np.concatenate(([-1000], spikes))) > 100)]
    assert len(beats) in (19, 20, 21)
    assert np.abs(np.diff(beats) / FS_HZ - 1).max() < 0.02


def test_standstill_has_p_waves_and_nothing_steep() -> None:
    for seed in range(5):
        lead = row(clean("ventricular_standstill", 60, seed), "II")
        assert 0.08 < lead.max() < 0.35
        assert (np.abs(np.diff(lead)) * FS_HZ).max() < 12

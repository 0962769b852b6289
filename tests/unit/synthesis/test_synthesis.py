"""The synthetic ECGs, measured as a cardiologist would. Waves are timed in recordings without noise."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import DOWER, normal_heart, synthesize
from ecg_core.synthesis.waves import NARROW_QRS_RISE_S, RHYTHMS, WAVES

Beat = dict[str, NDArray[np.float64]]
FS_HZ = 500
BEFORE_S, AFTER_S = 0.30, 0.50
# QRS: where the dipole moves faster than P, ST and T do, in mV/s over the independent leads.
QRS_SLOPE_MV_PER_S = 28.0


def clean(rhythm: str, heart_rate_bpm: float = 60, seed: int = 0) -> Recording:
    return synthesize(rhythm, heart_rate_bpm=heart_rate_bpm, noise_mv=0, wander_mv=0, seed=seed)


def row(recording: Recording, lead: str) -> NDArray[np.float64]:
    return np.asarray(recording.signal[recording.leads.index(lead)], np.float64)


def steepness(recording: Recording) -> NDArray[np.float64]:
    independent = np.array([row(recording, lead) for lead in DOWER])
    slopes: NDArray[np.float64] = np.diff(independent, axis=1) * recording.fs_hz
    return np.asarray(np.sqrt((slopes**2).sum(axis=0)))


def qrs_bounds(recording: Recording) -> list[tuple[int, int]]:
    """First and last sample of every QRS complex. Steep pieces less than 30 ms apart belong together."""
    steep = np.flatnonzero(steepness(recording) > QRS_SLOPE_MV_PER_S)
    groups = np.split(steep, np.flatnonzero(np.diff(steep) > 0.03 * recording.fs_hz) + 1)
    return [(int(group[0]), int(group[-1])) for group in groups]


def inner_bounds(recording: Recording) -> list[tuple[int, int]]:
    return qrs_bounds(recording)[1:-1]


def qrs_duration_s(recording: Recording) -> float:
    return float(np.median([end - start for start, end in inner_bounds(recording)])) / recording.fs_hz


def median_beat(recording: Recording) -> tuple[Beat, int, int]:
    """(the median beat of every lead in mV relative to its PR segment, start and end of QRS in it)."""
    bounds = inner_bounds(recording)
    before, after = round(BEFORE_S * FS_HZ), round(AFTER_S * FS_HZ)
    length = int(np.median([end - start for start, end in bounds]))
    beat = {}
    for lead in recording.leads:
        pieces = [row(recording, lead)[start - before : start + after] for start, _ in bounds]
        piece = np.median([piece for piece in pieces if len(piece) == before + after], axis=0)
        beat[lead] = piece - piece[before - 10]
    return beat, before, before + length


def qrs(beat: Beat, lead: str, start: int, end: int) -> NDArray[np.float64]:
    return beat[lead][start - 8 : end + 8]


def t_wave(beat: Beat, lead: str, end: int) -> float:
    """The largest deflection between 100 ms after the QRS and the beat's end, with its sign."""
    piece = beat[lead][end + 50 :]
    return float(piece[np.argmax(np.abs(piece))])


def st_level(beat: Beat, lead: str, end: int) -> float:
    """At J + 60 ms."""
    return float(beat[lead][end + 30])


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("rate", [45, 60, 75, 95, 120])
def test_the_heart_beats_at_the_requested_rate(rhythm: str, rate: int) -> None:
    bounds = qrs_bounds(synthesize(rhythm, heart_rate_bpm=rate, duration_s=30, noise_mv=0, seed=3))

    measured = 60 * FS_HZ * (len(bounds) - 1) / (bounds[-1][0] - bounds[0][0])

    assert measured == pytest.approx(rate, rel=0.02)


def test_rr_intervals_vary_a_little_as_at_rest() -> None:
    starts = [start for start, _ in qrs_bounds(synthesize(duration_s=60, heart_rate_bpm=60, noise_mv=0))]

    sdnn_ms = 1000 * np.diff(starts).std() / FS_HZ

    assert 10 < sdnn_ms < 50


def test_no_two_beats_are_exactly_alike() -> None:
    recording = clean("normal")
    heights = [row(recording, "II")[start:end].max() for start, end in inner_bounds(recording)]

    assert 0.005 < np.std(heights) / np.mean(heights) < 0.05


@pytest.mark.parametrize(
    ("rhythm", "shortest_s", "longest_s"),
    [
        ("normal", 0.07, 0.11),
        ("st_depression", 0.07, 0.11),
        ("t_inversion", 0.07, 0.11),
        ("rbbb", 0.13, 0.16),
        ("lbbb", 0.14, 0.17),
    ],
)
@pytest.mark.parametrize("rate", [55, 75, 95])
def test_qrs_is_broad_in_bundle_branch_block_only(rhythm: str, shortest_s: float, longest_s: float, rate: int) -> None:
    assert shortest_s <= qrs_duration_s(clean(rhythm, rate)) <= longest_s


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_limb_leads_obey_einthoven_and_goldberger(rhythm: str) -> None:
    recording = synthesize(rhythm, noise_mv=0.05, wander_mv=0.3)
    i, ii, iii, avr, avl, avf = (row(recording, lead) for lead in LEADS[:6])

    assert np.abs(ii - i - iii).max() < 1e-3
    assert np.abs(avr + (i + ii) / 2).max() < 1e-3
    assert np.abs(avl - (i - iii) / 2).max() < 1e-3
    assert np.abs(avf - (ii + iii) / 2).max() < 1e-3


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("seed", range(5))
def test_amplitudes_are_in_the_range_of_real_ecgs(rhythm: str, seed: int) -> None:
    signal = synthesize(rhythm, seed=seed).signal

    heights = np.ptp(signal, axis=1)

    assert (heights > 0.15).all()
    assert (heights < 5.5).all()
    assert np.abs(np.median(signal, axis=1)).max() < 0.15


@pytest.mark.parametrize("seed", range(5))
def test_a_normal_ecg_has_upright_p_before_every_qrs(seed: int) -> None:
    beat, start, _ = median_beat(clean("normal", seed=seed))
    p = {lead: beat[lead][start - 100 : start - 15] for lead in LEADS}

    assert all(0.03 < p[lead].max() < 0.25 for lead in ("I", "II", "aVF"))
    assert p["aVR"].min() < -0.03
    assert 0.02 < p["V1"].max() < 0.1
    assert -0.1 < p["V1"].min() < -0.02


def test_pr_and_qt_of_a_normal_ecg_are_normal() -> None:
    beat, start, _ = median_beat(clean("normal", 60))
    lead = beat["II"]
    p_onset = int(np.flatnonzero(lead[: start - 15] > 0.01)[0])
    t_end = int(np.flatnonzero(lead > 0.02)[-1])

    assert 0.12 <= (start - p_onset) / FS_HZ <= 0.20
    assert 0.36 <= (t_end - start) / FS_HZ <= 0.44


@pytest.mark.parametrize("seed", range(5))
def test_r_grows_from_v1_to_v4_and_s_shrinks_from_v2_to_v6(seed: int) -> None:
    beat, start, end = median_beat(clean("normal", seed=seed))
    r = [qrs(beat, f"V{n}", start, end).max() for n in range(1, 7)]
    s = [-qrs(beat, f"V{n}", start, end).min() for n in range(1, 7)]

    assert all(a < b for a, b in itertools.pairwise(r[:4]))
    assert all(a > b for a, b in itertools.pairwise(s[1:]))
    assert r[0] < s[0]
    assert r[4] > s[4]
    assert r[5] > s[5]
    # Sokolow-Lyon: no hypertrophy.
    assert s[0] + max(r[4], r[5]) < 3.5


@pytest.mark.parametrize("seed", range(5))
def test_a_normal_t_is_upright_and_its_st_level(seed: int) -> None:
    beat, _, end = median_beat(clean("normal", seed=seed))

    assert all(t_wave(beat, lead, end) > 0.05 for lead in ("I", "II", "V2", "V3", "V4", "V5", "V6"))
    assert t_wave(beat, "aVR", end) < -0.05
    assert all(abs(st_level(beat, lead, end)) < 0.1 for lead in LEADS)


def test_qt_shortens_when_the_heart_is_faster() -> None:
    def t_peak_s(rate: float) -> float:
        beat, start, end = median_beat(clean("normal", rate))
        return float(np.argmax(beat["V4"][end + 40 : end + 170]) + end + 40 - start) / FS_HZ

    assert t_peak_s(50) > t_peak_s(70) + 0.015 > t_peak_s(95) + 0.03


@pytest.mark.parametrize("seed", range(5))
def test_left_bundle_branch_block_points_left_and_back(seed: int) -> None:
    beat, start, end = median_beat(clean("lbbb", seed=seed))

    for lead in ("I", "V6"):
        complex_ = qrs(beat, lead, start, end)
        assert complex_.max() > 0.4
        assert complex_.min() > -0.12
        assert t_wave(beat, lead, end) < -0.05
    for lead in ("V1", "V2", "V3"):
        complex_ = qrs(beat, lead, start, end)
        assert -complex_.min() > 1.0
        assert complex_.max() < 0.25 * -complex_.min()
        assert st_level(beat, lead, end) > 0.1
        assert t_wave(beat, lead, end) > 0.2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lead", ["I", "V5", "V6"])
def test_left_bundle_branch_block_has_a_notched_r(seed: int, lead: str) -> None:
    beat, start, end = median_beat(clean("lbbb", seed=seed))
    complex_ = qrs(beat, lead, start, end)
    smooth = np.convolve(complex_, np.ones(5) / 5, "valid")

    turns = np.count_nonzero(np.diff(np.sign(np.diff(smooth))[np.abs(np.diff(smooth)) > 0.002]) != 0)

    assert turns >= 3


@pytest.mark.parametrize("seed", range(5))
def test_right_bundle_branch_block_has_a_second_r_in_v1_and_a_late_s_laterally(seed: int) -> None:
    beat, start, end = median_beat(clean("rbbb", seed=seed))
    v1 = qrs(beat, "V1", start, end)
    s = int(np.argmin(v1))

    assert 0.05 < v1[:s].max() < v1[s:].max()
    assert v1[s] < -0.1
    assert v1[s:].max() > 0.4
    for lead in ("I", "V6"):
        complex_ = qrs(beat, lead, start, end)
        late = complex_[int(np.argmax(complex_)) :]
        assert late.min() < -0.15
        assert np.count_nonzero(late < late.min() / 3) / FS_HZ > 0.04
    assert t_wave(beat, "V1", end) < -0.05
    assert t_wave(beat, "V6", end) > 0.05


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [55, 75, 95])
def test_st_depression_is_seen_at_j_plus_60_ms(seed: int, rate: int) -> None:
    beat, _, end = median_beat(clean("st_depression", rate, seed))

    assert all(-0.3 < st_level(beat, lead, end) < -0.1 for lead in ("V4", "V5", "V6"))
    assert all(-0.2 < st_level(beat, lead, end) < -0.05 for lead in ("I", "II"))
    assert st_level(beat, "aVR", end) > 0.05


@pytest.mark.parametrize("seed", range(5))
def test_t_inversion_is_lateral(seed: int) -> None:
    beat, _, end = median_beat(clean("t_inversion", seed=seed))

    assert all(t_wave(beat, lead, end) < -0.1 for lead in ("I", "V4", "V5", "V6"))
    assert t_wave(beat, "aVL", end) < -0.04
    assert t_wave(beat, "aVR", end) > 0.05


def test_noise_and_wander_are_as_large_as_requested() -> None:
    quiet = clean("normal").signal
    noisy = synthesize(heart_rate_bpm=60, noise_mv=0.05, wander_mv=0).signal
    wandering = synthesize(heart_rate_bpm=60, noise_mv=0, wander_mv=0.4).signal

    assert (noisy - quiet)[0].std() == pytest.approx(0.05, rel=0.1)
    assert 0.2 < np.abs(wandering - quiet)[6:].max() <= 0.401


def test_the_same_arguments_give_the_same_recording() -> None:
    first, again, other = synthesize(seed=1), synthesize(seed=1), synthesize(seed=2)

    assert first.signal.tobytes() == again.signal.tobytes()
    assert first.sha256 == again.sha256
    assert first.sha256 != other.sha256


def test_the_samples_have_not_changed_since_they_were_first_made() -> None:
    """The same on every machine: samples are whole microvolts. Change this value only together with the synthesis."""
    assert synthesize(seed=1).sha256 == "a9b9b3b6afff5316383e03965f2524f3440943a99bc2c7a5856c1f819614d428"


@settings(max_examples=40, deadline=None)
@given(
    rhythm=st.sampled_from(RHYTHMS),
    heart_rate_bpm=st.floats(40, 150),
    duration_s=st.floats(1, 20),
    fs_hz=st.floats(50, 1000),
    seed=st.integers(0, 2**32),
)
def test_any_allowed_request_gives_twelve_finite_leads(
    rhythm: str, heart_rate_bpm: float, duration_s: float, fs_hz: float, seed: int
) -> None:
    recording = synthesize(rhythm, heart_rate_bpm=heart_rate_bpm, duration_s=duration_s, fs_hz=fs_hz, seed=seed)

    assert recording.leads == LEADS
    assert recording.format == "synthetic"
    assert recording.signal.shape == (12, round(duration_s * fs_hz))
    assert recording.signal.dtype == np.float32
    assert np.abs(recording.signal).max() < 6
    assert len(recording.sha256) == 64


@pytest.mark.parametrize(
    "wrong",
    [
        {"rhythm": "atrial_fibrillation"},
        {"heart_rate_bpm": 20},
        {"heart_rate_bpm": 400},
        {"heart_rate_bpm": float("nan")},
        {"duration_s": 0},
        {"duration_s": 1e9},
        {"duration_s": float("inf")},
        {"fs_hz": 0},
        {"fs_hz": 1e6},
        {"noise_mv": -0.1},
        {"wander_mv": 100},
        {"seed": -1},
    ],
)
def test_arguments_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|expected|seed|negative"):
        synthesize(**wrong)  # type: ignore[arg-type]


def test_the_same_heart_looks_the_same_at_every_sampling_rate() -> None:
    slow = synthesize(noise_mv=0, wander_mv=0, fs_hz=250).signal
    fast = synthesize(noise_mv=0, wander_mv=0, fs_hz=1000).signal

    assert np.abs(slow - fast[:, ::4]).max() <= 0.0011


def test_every_rhythm_begins_with_the_same_atria() -> None:
    assert {waves[:2] for waves in WAVES.values()} == {WAVES["normal"][:2]}


def test_the_normal_heart_beats_at_the_given_times_and_is_always_the_same() -> None:
    signal = normal_heart(np.array([1.0, 2.5]), 1.0, 2000, FS_HZ)
    lead_ii = signal[LEADS.index("II")]
    assert signal.shape == (12, 2000)
    assert np.abs(np.array([lead_ii[:875].argmax(), 875 + lead_ii[875:].argmax()]) / FS_HZ - [1.0, 2.5]).max() < 0.02
    assert not signal[:, : round((1.0 - 0.3) * FS_HZ)].any()
    assert np.array_equal(signal, normal_heart(np.array([1.0, 2.5]), 1.0, 2000, FS_HZ))
    begins = np.flatnonzero(np.abs(np.diff(lead_ii[400:875])) * FS_HZ > 5)[0] + 400
    assert abs(begins / FS_HZ - (1.0 - NARROW_QRS_RISE_S)) < 0.03

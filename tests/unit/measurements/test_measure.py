"""The measurements against the synthetic heart, whose waves are known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ecg_core.leads import LEADS, LIMB_LEADS
from ecg_core.measurements import Measurements, measure
from ecg_core.recording import Excerpt, Recording
from ecg_core.synthesis import waves
from ecg_core.synthesis.arrhythmias import VENTRICULAR
from ecg_core.synthesis.dipole import dipole
from ecg_core.synthesis.heart import DOWER, synthesize
from ecg_core.synthesis.waves import RHYTHMS, Wave
from ecg_core.training.measure.measurements import truth_of

# What the errors were when this was written: PR -5 +- 2, QRS 5 +- 1, QT 13 +- 2 ms with twelve leads.
PR_MS, QRS_MS, QT_MS = 12, 10, 20


def without(recording: Recording, start_s: float, end_s: float, leads: tuple[str, ...] = LEADS) -> Recording:
    """The recording with a gap."""
    signal = recording.signal.copy()
    rows = [recording.leads.index(lead) for lead in leads]
    signal[rows, round(start_s * recording.fs_hz) : round(end_s * recording.fs_hz)] = np.nan
    return replace(recording, signal=signal)


def assert_near_truth(measured: Measurements, rhythm: str, rate_bpm: float) -> None:
    truth = truth_of(rhythm, rate_bpm)
    assert measured.heart_rate_bpm == pytest.approx(rate_bpm, rel=0.02, abs=1)
    assert measured.rhythm == "regular"
    assert measured.pr_ms == pytest.approx(truth.pr_ms, abs=PR_MS)
    assert measured.qrs_ms == pytest.approx(truth.qrs_ms, abs=QRS_MS)
    assert measured.qt_ms == pytest.approx(truth.qt_ms, abs=QT_MS)


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 360.0, 500.0, 512.508, 1000.0, 4000.0])
def test_intervals_are_the_same_at_every_sampling_rate(fs_hz: float) -> None:
    assert_near_truth(measure(synthesize(fs_hz=fs_hz, noise_mv=0.02, seed=1)), "normal", 70)


@pytest.mark.parametrize("rate_bpm", [40.0, 55.0, 75.0, 95.0, 110.0])
def test_intervals_are_right_at_every_rate_at_which_t_and_p_are_apart(rate_bpm: float) -> None:
    assert_near_truth(measure(synthesize(heart_rate_bpm=rate_bpm, noise_mv=0.02, seed=2)), "normal", rate_bpm)


@pytest.mark.parametrize("rhythm", [rhythm for rhythm in RHYTHMS if rhythm != "lbbb"])
def test_intervals_of_other_shapes(rhythm: str) -> None:
    assert_near_truth(measure(synthesize(rhythm, seed=3)), rhythm, 70)


def test_a_left_bundle_branch_block_is_wide() -> None:
    """Its end cannot be told from its ST segment to 30 ms: both have the same slope there."""
    measured = measure(synthesize("lbbb", seed=3))
    assert measured.qrs_ms is not None
    assert 150 <= measured.qrs_ms <= 200


@pytest.mark.parametrize("noise_mv", [0.0, 0.02, 0.05])
def test_noise_changes_no_interval_much(noise_mv: float) -> None:
    assert_near_truth(measure(synthesize(noise_mv=noise_mv, wander_mv=0.3, seed=4)), "normal", 70)


def test_noise_that_hides_the_edges_gives_no_interval() -> None:
    measured = measure(synthesize(noise_mv=0.3, seed=4))
    assert (measured.pr_ms, measured.qrs_ms, measured.qt_ms) == (None, None, None)


@pytest.mark.parametrize("leads", [("I", "II"), LIMB_LEADS, ("II",), ("V5",), ("V2", "I")])
def test_few_leads_are_enough_for_the_rate_and_rough_intervals(leads: tuple[str, ...]) -> None:
    measured, truth = measure(synthesize(seed=5).only(leads)), truth_of("normal", 70)
    assert measured.heart_rate_bpm == 70
    # Parts of QRS point across a single lead, so that it is shorter there.
    assert measured.qrs_ms == pytest.approx(truth.qrs_ms, abs=25)
    assert measured.qt_ms == pytest.approx(truth.qt_ms, abs=25)


def test_at_50_hz_only_the_rate_is_measured() -> None:
    measured = measure(synthesize(fs_hz=50, seed=1))
    assert measured == Measurements(heart_rate_bpm=70, rhythm="regular")
    assert_near_truth(measure(synthesize(fs_hz=76, seed=1)), "normal", 70)


def test_mains_hum_changes_nothing() -> None:
    clean = synthesize(seed=6)
    time_s = np.arange(clean.signal.shape[1]) / clean.fs_hz
    hum = (0.2 * np.sin(2 * np.pi * 50 * time_s)).astype(np.float32)
    with_hum = measure(replace(clean, signal=clean.signal + hum))
    assert_near_truth(with_hum, "normal", 70)


def test_qtc_is_that_of_fridericia() -> None:
    measured = measure(synthesize(heart_rate_bpm=90, seed=7))
    assert measured.qt_ms is not None
    assert measured.qtc_ms == pytest.approx(measured.qt_ms / (60 / 90) ** (1 / 3), abs=3)


@pytest.mark.parametrize("turn_deg", [0, 60, 120, 180, 240, 300])
def test_the_axis_turns_with_the_heart(turn_deg: int) -> None:
    recording = synthesize(seed=8).only(("I", "II"))
    i, ii = recording.signal[:2].astype(np.float64)
    # The frontal vector from I and II, turned, and seen by both leads again.
    x, y = i, (2 * ii - i) / np.sqrt(3)
    turn = np.deg2rad(turn_deg)
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    turned = replace(recording, signal=np.stack([x, x / 2 + y * np.sqrt(3) / 2]).astype(np.float32), leads=("I", "II"))
    before, after = measure(recording).axis_deg, measure(turned).axis_deg
    assert before is not None
    assert after is not None
    # QRS is some milliseconds longer or shorter in turned leads.
    assert abs((after - before - turn_deg + 180) % 360 - 180) <= 6
    assert -180 < after <= 180


def test_without_two_limb_leads_there_is_no_axis() -> None:
    assert measure(synthesize(seed=8).only(("I", "V1", "V2"))).axis_deg is None


def test_amplitudes_and_st_are_those_of_the_signal() -> None:
    recording = synthesize(noise_mv=0.0, wander_mv=0.0, seed=9)
    measured = measure(recording)
    for lead, row in zip(LEADS, recording.signal, strict=True):
        if lead == "V2":
            assert measured.leads[lead].s_mv == pytest.approx(-float(row.min()), abs=0.08)
        if lead in ("I", "II", "V4", "V5", "V6"):
            assert measured.leads[lead].r_mv == pytest.approx(float(row.max()), abs=0.08)
    assert abs(measured.leads["V6"].st_mv) < 0.05


def test_a_raised_st_segment_is_measured() -> None:
    """ST of every beat is raised by a plateau of 0.3 mV in V3."""
    recording = synthesize(noise_mv=0.0, seed=10)
    ii = recording.signal[1]
    peaks = np.flatnonzero((ii[1:-1] > ii[:-2]) & (ii[1:-1] >= ii[2:]) & (ii[1:-1] > 0.6 * ii.max())) + 1
    signal = recording.signal.copy()
    for peak in peaks.tolist():
        begin, end = peak + 25, peak + 110
        plateau = np.interp(np.arange(begin, end), [begin, begin + 10, end - 30, end], [0, 0.3, 0.3, 0])
        inside = max(0, min(end, signal.shape[1]) - begin)
        signal[LEADS.index("V3"), begin:end] += plateau[:inside].astype(np.float32)
    raised = measure(replace(recording, signal=signal)).leads["V3"].st_mv - measure(recording).leads["V3"].st_mv
    assert raised == pytest.approx(0.3, abs=0.05)


def test_limb_leads_follow_from_two_others() -> None:
    recording = synthesize(seed=11)
    derived = measure(recording.only(("I", "II"))).leads
    assert set(derived) == set(LIMB_LEADS)
    measured = measure(recording).leads
    assert measured["aVF"].r_mv == pytest.approx(derived["aVF"].r_mv, abs=0.03)


@pytest.mark.parametrize(
    "rhythm",
    ["ventricular_fibrillation", "fine_ventricular_fibrillation", "ventricular_standstill", "torsade_de_pointes"],
)
@pytest.mark.parametrize("seed", range(4))
def test_without_normal_beats_nothing_is_measured(rhythm: str, seed: int) -> None:
    assert measure(synthesize(rhythm, seed=seed)) == Measurements()


@pytest.mark.parametrize("seed", range(4))
def test_ventricular_tachycardia_has_no_intervals(seed: int) -> None:
    measured = measure(synthesize("ventricular_tachycardia", seed=seed))
    assert (measured.pr_ms, measured.qrs_ms, measured.qt_ms, measured.axis_deg) == (None, None, None, None)


@pytest.mark.parametrize("fs_hz", [250.0, 500.0, 1000.0])
def test_paced_beats_have_a_rate_only(fs_hz: float) -> None:
    assert measure(synthesize("paced", fs_hz=fs_hz, seed=1)) == Measurements(heart_rate_bpm=70, rhythm="regular")


@pytest.mark.parametrize("seed", range(4))
def test_atrial_flutter_has_no_pr_and_no_qt(seed: int) -> None:
    measured = measure(synthesize("atrial_flutter", seed=seed))
    assert measured.heart_rate_bpm == pytest.approx(150, abs=2)
    assert (measured.pr_ms, measured.qt_ms, measured.qtc_ms) == (None, None, None)


def test_p_waves_that_run_free_of_the_beats_give_no_pr() -> None:
    """Complete AV block: QRS and T of one heart, P waves of another with another rate."""
    atria = synthesize("ventricular_standstill", heart_rate_bpm=83, seed=2)
    no_p = tuple(wave for wave in waves.WAVES["normal"] if wave.at_s > -0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(waves.WAVES, "normal", no_p)
        beats = synthesize(heart_rate_bpm=45, seed=1)
    measured = measure(replace(beats, signal=beats.signal + np.float32(2) * atria.signal))
    assert measured.heart_rate_bpm == 45
    assert measured.pr_ms is None
    assert measured.qrs_ms is not None


def test_a_tall_t_wave_is_no_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in hyperkalaemia: T is twice as tall as R. A T wave at the start, without its R wave, may count as a beat."""
    *others, t = waves.WAVES["normal"]
    tall = replace(t, x=4 * t.x, y=4 * t.y, z=4 * t.z, rise_s=0.03, fall_s=0.025)
    monkeypatch.setitem(waves.WAVES, "normal", (*others, tall))
    for seed in range(3):
        recording = synthesize(heart_rate_bpm=60, seed=seed)
        assert measure(recording).heart_rate_bpm == pytest.approx(60, abs=2)
        assert measure(recording.only(("V5",))).heart_rate_bpm == pytest.approx(60, abs=2)


def test_the_usual_beat_is_the_normal_one_although_ectopic_beats_are_more_frequent() -> None:
    """A normal beat, two ventricular beats, a pause, and so on."""
    normal_s = np.arange(0.5, 20, 2.2)
    ectopic_s = np.sort(np.concatenate([normal_s + 0.5, normal_s + 1.0]))
    along, across = np.array([0.3, 0.9, 0.5]), np.array([0.9, -0.3, 0.0])
    ventricular = [replace(wave, **_turned(wave, along, across)) for wave in VENTRICULAR]
    samples, fs_hz = 10_000, 500.0
    heart = dipole(waves.WAVES["normal"], normal_s, np.ones(len(normal_s)), np.ones(len(normal_s)), samples, fs_hz)
    heart += dipole(ventricular, ectopic_s, 0.6 * np.ones(len(ectopic_s)), 2 * np.ones(len(ectopic_s)), samples, fs_hz)
    electrodes = (np.array(list(DOWER.values())) @ heart).astype(np.float32)
    measured = measure(Recording(electrodes, fs_hz, tuple(DOWER), "", ""))
    assert measured.qrs_ms == pytest.approx(truth_of("normal", 60).qrs_ms, abs=QRS_MS)
    assert measured.pr_ms == pytest.approx(truth_of("normal", 60).pr_ms, abs=PR_MS)


def _turned(wave: Wave, along: np.ndarray, across: np.ndarray) -> dict[str, float]:
    return dict(zip("xyz", (wave.x * along + wave.y * across).tolist(), strict=True))


def test_irregular_intervals_are_named() -> None:
    """Atrial fibrillation: beats of one shape at random intervals."""
    recording = synthesize(heart_rate_bpm=60, noise_mv=0.005, seed=3, duration_s=60)
    random = np.random.default_rng(0)
    ii = recording.signal[1]
    peaks = np.flatnonzero((ii[1:-1] > ii[:-2]) & (ii[1:-1] >= ii[2:]) & (ii[1:-1] > 0.6 * ii.max())) + 1
    pieces = [
        recording.signal[:, peak - 100 : peak + 200 + int(random.integers(0, 200))] for peak in peaks[1:18].tolist()
    ]
    measured = measure(replace(recording, signal=np.concatenate(pieces, axis=1)))
    assert measured.rhythm == "irregular"


def test_a_gap_hides_no_beat_and_makes_no_long_interval() -> None:
    recording = synthesize(heart_rate_bpm=75, duration_s=20, seed=12)
    measured = measure(without(recording, 6.0, 9.5))
    assert measured.heart_rate_bpm == pytest.approx(75, abs=2)
    assert_near_truth(measured, "normal", 75)


def test_a_lead_with_a_long_gap_is_left_out() -> None:
    recording = synthesize(seed=13)
    measured = measure(without(recording, 2.0, 9.0, ("V4",)))
    assert "V4" not in measured.leads
    assert "V5" in measured.leads
    assert_near_truth(measured, "normal", 70)


def test_a_short_recording_is_enough() -> None:
    measured = measure(synthesize(heart_rate_bpm=70, duration_s=5, seed=14))
    assert measured.heart_rate_bpm == pytest.approx(70, abs=3)
    assert measured.qrs_ms is not None


def test_pieces_of_a_long_recording_give_the_same_as_the_whole() -> None:
    whole = synthesize(fs_hz=100, duration_s=400, seed=15)
    pieces = Excerpt.of(whole.signal.shape[1], whole.fs_hz, whole.between)
    signal = np.concatenate([whole.signal[:, start : start + pieces.length] for start in pieces.starts], axis=1)
    read_in_pieces = replace(whole, signal=signal, excerpt=pieces)
    assert measure(read_in_pieces) == measure(whole)
    assert_near_truth(measure(whole), "normal", 70)


@pytest.mark.parametrize("samples", [0, 1, 200, 5000])
def test_a_flat_or_missing_or_short_signal_gives_nothing(samples: int) -> None:
    for value in (0.0, 1.0, -30.0, np.nan):
        signal = np.full((3, samples), value, np.float32)
        assert measure(Recording(signal, 500.0, ("I", "II", "V1"), "", "")) == Measurements()


@pytest.mark.parametrize("seed", range(8))
def test_noise_gives_nothing(seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((12, 5000)).astype(np.float32)
    for signal in (noise, np.cumsum(noise, axis=1) * np.float32(0.05)):
        assert measure(Recording(signal, 500.0, LEADS, "", "")) == Measurements()


def test_the_json_form() -> None:
    given = measure(synthesize(seed=1)).to_dict()
    names = ["heart_rate_bpm", "rhythm", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "qtc_formula", "axis_deg", "leads"]
    assert list(given) == names
    assert given["qtc_formula"] == "Fridericia"
    assert list(json.loads(json.dumps(given, allow_nan=False))["leads"]) == list(LEADS)
    nothing = Measurements().to_dict()
    assert [nothing[name] for name in names if name not in ("qtc_formula", "leads")] == [None] * 7
    assert nothing["leads"] == {}

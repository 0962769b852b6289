"""The marks of each beat against the synthetic heart, whose waves are known."""

from dataclasses import replace

import numpy as np
import pytest

from ecg_core.leads import LIMB_LEADS
from ecg_core.measurements import measure
from ecg_core.measurements.marks import BeatMarks, marks
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.waves import NORMAL_T, P_WAVES, RHYTHMS

# A Gaussian wave has ended, to 4 %, after so many standard deviations.
ENDS = 2.5


def edges(beat: BeatMarks) -> list[float]:
    return [time for name, time in beat.to_dict().items() if time is not None and name != "beat_s"]


def whole(found: tuple[BeatMarks, ...]) -> list[BeatMarks]:
    return [beat for beat in found if None not in beat.to_dict().values()]


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("leads", [None, LIMB_LEADS, ("II",)])
def test_the_intervals_between_the_marks_are_those_measured(rhythm: str, leads: tuple[str, ...] | None) -> None:
    recording = synthesize(rhythm, seed=1)
    recording = recording.only(leads) if leads else recording
    measured, found = measure(recording), marks(recording)
    for beat in found[1:-1]:
        for interval_ms, first, last in (
            (measured.pr_ms, beat.p_onset_s, beat.qrs_onset_s),
            (measured.qrs_ms, beat.qrs_onset_s, beat.qrs_end_s),
            (measured.qt_ms, beat.qrs_onset_s, beat.t_end_s),
        ):
            assert (first is None or last is None) == (interval_ms is None)
            if first is not None and last is not None:
                assert 1000 * (last - first) == pytest.approx(interval_ms, abs=1)
        assert edges(beat) == sorted(edges(beat))
        assert beat.qrs_onset_s is not None
        assert beat.qrs_end_s is not None
        assert beat.qrs_onset_s < beat.beat_s < beat.qrs_end_s


def test_p_ends_and_t_begins_where_the_heart_made_them() -> None:
    beat = whole(marks(synthesize(heart_rate_bpm=60, noise_mv=0, wander_mv=0, seed=1)))[2]
    found = [time - beat.beat_s for time in (beat.p_end_s, beat.t_onset_s) if time is not None]
    p, t = P_WAVES[-1], NORMAL_T[0]
    assert found[0] == pytest.approx(p.at_s + ENDS * p.fall_s, abs=0.02)
    # ST rises into T, so its onset is only known roughly.
    assert found[1] == pytest.approx(t.at_s - ENDS * t.rise_s, abs=0.05)


def test_every_beat_is_marked_at_its_own_time() -> None:
    recording = synthesize(heart_rate_bpm=75, noise_mv=0.02, seed=3)
    onsets = [beat.qrs_onset_s for beat in whole(marks(recording))]
    signal, hz = recording.signal[recording.leads.index("II")], recording.fs_hz
    peaks = []
    for onset in onsets:
        assert onset is not None
        start = round(onset * hz)
        peaks.append(int(signal[start : start + 50].argmax()))
    assert len(peaks) >= 10
    assert max(peaks) - min(peaks) <= 4


@pytest.mark.parametrize("fs_hz", [100.0, 250.0, 512.508, 1000.0])
def test_marks_stand_at_the_same_times_at_every_sampling_rate(fs_hz: float) -> None:
    reference, found = marks(synthesize(seed=4)), marks(synthesize(fs_hz=fs_hz, seed=4))
    assert len(found) == len(reference)
    for one, other in zip(whole(found), whole(reference), strict=False):
        assert np.allclose(edges(one), edges(other), atol=0.012)


def test_a_beat_of_another_shape_gets_no_marks() -> None:
    recording = synthesize(heart_rate_bpm=60, seed=5)
    found = marks(recording)
    at = round(found[4].beat_s * recording.fs_hz)
    signal = recording.signal.copy()
    # Wide, tall and upside down, as a ventricular beat.
    time_s = (np.arange(signal.shape[1]) - at) / recording.fs_hz
    signal -= (3 * np.exp(-((time_s / 0.05) ** 2))).astype(np.float32)
    ectopic = marks(replace(recording, signal=signal))
    (other,) = (beat for beat in ectopic if abs(beat.beat_s - found[4].beat_s) < 0.1)
    assert edges(other) == []
    assert len(whole(ectopic)) >= len(whole(found)) - 2


def test_a_p_wave_that_is_missing_in_one_beat_gets_no_mark_there() -> None:
    recording = synthesize(heart_rate_bpm=60, seed=6)
    found = marks(recording)
    onset, end = found[4].p_onset_s, found[4].qrs_onset_s
    assert onset is not None
    assert end is not None
    signal = recording.signal.copy()
    first, last = (round(time * recording.fs_hz) for time in (onset - 0.02, end))
    signal[:, first:last] = np.linspace(signal[:, first], signal[:, last], last - first, axis=1)
    without = marks(replace(recording, signal=signal))[4]
    assert (without.p_onset_s, without.p_end_s) == (None, None)
    assert without.qrs_onset_s == pytest.approx(end, abs=0.01)
    assert found[3].p_onset_s is not None


@pytest.mark.parametrize("rhythm", ["ventricular_fibrillation", "torsade_de_pointes", "ventricular_standstill"])
def test_without_beats_of_one_shape_there_are_no_marks(rhythm: str) -> None:
    assert marks(synthesize(rhythm, seed=1)) == ()


def test_in_flutter_of_the_atria_no_p_is_marked() -> None:
    found = marks(synthesize("atrial_flutter", seed=1))
    assert len(found) >= 20
    assert {(beat.p_onset_s, beat.p_end_s) for beat in found} == {(None, None)}
    assert sum(beat.qrs_onset_s is not None for beat in found) >= 20


@pytest.mark.parametrize("recording", [synthesize(fs_hz=50, seed=1), synthesize("paced", seed=1)])
def test_at_50_hz_and_with_a_pacemaker_only_the_beats_are_marked(recording: Recording) -> None:
    found = marks(recording)
    assert len(found) >= 10
    assert [edges(beat) for beat in found if edges(beat)] == []


def cut(recording: Recording, start_s: float, end_s: float) -> tuple[BeatMarks, ...]:
    return marks(recording.part(start_s, end_s))


def test_a_stretch_has_the_marks_of_the_whole() -> None:
    recording = synthesize(duration_s=40, seed=7)
    there = marks(recording)
    part = [beat.to_dict(12.0) for beat in cut(recording, 12, 32)]
    assert len(part) >= 20
    for beat in part:
        (same,) = (one.to_dict() for one in there if abs(one.beat_s - (beat["beat_s"] or 0)) < 0.1)
        for edge in ("qrs_onset_s", "qrs_end_s"):
            assert beat[edge] == pytest.approx(same[edge], abs=0.01)


def test_too_little_signal_has_no_marks() -> None:
    assert cut(synthesize(seed=1), 0, 1) == ()
    assert marks(replace(synthesize(seed=1), signal=np.empty((12, 0), np.float32))) == ()


def test_t_has_no_onset_where_st_rises_evenly_into_it() -> None:
    found = marks(synthesize("lbbb", seed=1))
    assert {beat.t_onset_s for beat in found} == {None}
    assert sum(beat.t_end_s is not None for beat in found) >= 9


def test_t_that_the_next_beat_cuts_short_gets_no_marks() -> None:
    recording = synthesize(heart_rate_bpm=60, noise_mv=0.005, seed=8)
    found = marks(recording)
    end, onset = found[3].t_end_s, found[5].qrs_onset_s
    assert end is not None
    assert onset is not None
    # The QRS complex of the beat after the next begins 12 ms before T has ended.
    first, then = round((end - 0.012) * recording.fs_hz), round(onset * recording.fs_hz)
    step = recording.signal[:, first : first + 1] - recording.signal[:, then : then + 1]
    spliced = np.concatenate((recording.signal[:, :first], recording.signal[:, then:] + step), axis=1)
    early = marks(replace(recording, signal=spliced))
    assert (early[3].t_onset_s, early[3].t_end_s) == (None, None)
    assert early[3].qrs_end_s is not None
    assert early[2].t_end_s is not None


def test_marks_follow_the_shape_of_a_beat_and_not_its_middle() -> None:
    """The middles of wide complexes are found some milliseconds apart."""
    recording = synthesize("lbbb", noise_mv=0.06, duration_s=30, seed=2)
    lead, hz = recording.signal[recording.leads.index("V2")], recording.fs_hz
    middles, lowest = [], []
    for beat in marks(recording):
        if beat.qrs_onset_s is not None:
            start = round(beat.qrs_onset_s * hz)
            smooth = np.convolve(lead[start : start + 100], np.ones(25) / 25, "same")
            lowest.append(int(smooth.argmin()) / hz)
            middles.append(beat.beat_s - beat.qrs_onset_s)
    assert len(lowest) >= 30
    assert np.std(lowest) < 0.5 * np.std(middles)
